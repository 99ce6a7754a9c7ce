//! The `claims` parameter (OpenID Connect Core §5.5) as Entra ID uses it: challenges, and who understands them.

use serde_json::{Map, Value, json};

/// What the authorization request asks for: the challenge's claims and, where the provider wants it declared, that this
/// client understands challenges. `None` asks for nothing.
pub(super) fn requested(challenge: Option<&str>, declares_capabilities: bool) -> Option<String> {
    let mut claims = match challenge {
        Some(text) => match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(claims) if declares_capabilities => claims,
            Ok(_) => return Some(text.to_owned()), // as it came: nothing is to be added
            Err(_) => return None,
        },
        None if declares_capabilities => Map::new(),
        None => return None,
    };
    let token = claims
        .entry("access_token")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(token) = token {
        token
            .entry("xms_cc")
            .or_insert_with(|| json!({"values": ["cp1"]}));
    }
    Some(Value::Object(claims).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_and_the_declaration_stand_side_by_side() {
        let check = |challenge: Option<&str>, declares: bool, expected: Option<&str>| {
            let found = requested(challenge, declares);
            assert_eq!(found.as_deref(), expected, "{challenge:?} {declares}");
        };
        let declared = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        let challenge = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        check(None, false, None);
        check(None, true, Some(declared));
        check(Some(challenge), false, Some(challenge));
        check(
            Some(challenge),
            true,
            Some(
                r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}}}"#,
            ),
        );
        check(Some(declared), true, Some(declared));
        check(
            Some(r#"{"access_token":null}"#),
            true,
            Some(r#"{"access_token":null}"#),
        );
        check(Some("{}"), true, Some(declared));
        for broken in ["", "[]", "{", "\"x\""] {
            check(Some(broken), true, None);
            check(Some(broken), false, None);
        }
    }
}
