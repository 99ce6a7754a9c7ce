//! The `claims` parameter (OpenID Connect Core §5.5): what an application asks for by name, and what of it it is given.
//!
//! A claim about the person is given where the application is registered with the scope that has it (§5.4), whether or not it asked
//! for the scope this time: it could have. Consent names what it learns. Everything else is left out, as §5.5.1 has it: no error is
//! made of a claim that is not given. Two claims decide: `sub`, of which no other person comes back (§3.1.2.2), and `acr`, which an
//! application may insist on (§5.5.1.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::UserId;
use crate::session::Authentication;

/// A parameter is no longer.
const LONGEST: usize = 8192;
/// So many claims stand in a member, and so many values of one.
const MOST: usize = 64;

/// The claims about a person, and the scope that each belongs to.
const ABOUT: &[(&str, &str)] = &[
    ("name", "profile"),
    ("given_name", "profile"),
    ("family_name", "profile"),
    ("preferred_username", "profile"),
    ("updated_at", "profile"),
    ("email", "email"),
];
/// What every ID token says, where it is known.
const ALWAYS: &[&str] = &[
    "iss", "sub", "aud", "azp", "exp", "iat", "nonce", "at_hash", "amr", "sid",
];

/// It is not what §5.5 describes, or too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claims must be a JSON object of requested claims")]
pub struct Malformed;

/// What was asked for. Members that are not understood are ignored here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Asked {
    #[serde(default, deserialize_with = "member")]
    id_token: BTreeMap<String, Claim>,
    #[serde(default, deserialize_with = "member")]
    userinfo: BTreeMap<String, Claim>,
    /// For others: an upstream provider's.
    #[serde(flatten)]
    further: BTreeMap<String, Value>,
}

/// How one claim is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
struct Claim {
    #[serde(default)]
    essential: bool,
    value: Option<Value>,
    #[serde(default)]
    values: Vec<Value>,
}

/// Either may be `null`, as a claim may: asked for in the usual way.
fn member<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Claim>, D::Error> {
    let all: Option<BTreeMap<String, Option<Claim>>> = Deserialize::deserialize(from)?;
    let all = all.unwrap_or_default().into_iter();
    Ok(all
        .map(|(name, claim)| (name, claim.unwrap_or_default()))
        .collect())
}

impl Claim {
    fn values(&self) -> impl Iterator<Item = &Value> {
        self.value.iter().chain(&self.values)
    }

    fn is_open_to(&self, value: Option<&str>) -> bool {
        let mut wanted = self.values().peekable();
        wanted.peek().is_none() || wanted.any(|wanted| wanted.as_str() == value && value.is_some())
    }
}

impl Asked {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(text: &str) -> Result<Asked, Malformed> {
        if text.len() > LONGEST || !text.trim_start().starts_with('{') {
            return Err(Malformed);
        }
        let asked: Asked = serde_json::from_str(text).map_err(|_| Malformed)?;
        let members = [&asked.id_token, &asked.userinfo];
        let is_short = members.iter().all(|member| {
            member.len() <= MOST && member.values().all(|claim| claim.values.len() <= MOST)
        });
        is_short.then_some(asked).ok_or(Malformed)
    }

    /// What the application is given, if it is registered with these scopes.
    #[must_use]
    pub fn granted(&self, registered: &[String]) -> Claims {
        let has = |scope: &str| registered.iter().any(|known| known == scope);
        let of = |asked: &BTreeMap<String, Claim>| {
            let given = ABOUT
                .iter()
                .filter(|(name, scope)| asked.contains_key(*name) && has(scope));
            given.map(|(name, _)| (*name).to_owned()).collect()
        };
        Claims {
            id_token: of(&self.id_token),
            userinfo: of(&self.userinfo),
        }
    }

    /// Whether this person may come back: where a `sub` is named, nobody else does.
    #[must_use]
    pub fn is_open_to(&self, user: UserId) -> bool {
        let user = user.to_string();
        [&self.id_token, &self.userinfo]
            .into_iter()
            .filter_map(|member| member.get("sub"))
            .all(|sub| sub.is_open_to(Some(&user)))
    }

    /// The classes of authentication that are asked for, best first.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        let acr = self.id_token.get("acr");
        acr.into_iter()
            .flat_map(Claim::values)
            .filter_map(Value::as_str)
    }

    /// Whether the application insists on a class that this is not of.
    #[must_use]
    pub fn is_unmet(&self, authentication: &Authentication) -> bool {
        let acr = self.id_token.get("acr").filter(|acr| acr.essential);
        acr.is_some_and(|acr| !acr.is_open_to(authentication.context.as_deref()))
    }

    /// Whether there is something in it that an upstream provider alone can do: another's members, and what is essential and not known
    /// here.
    #[must_use]
    pub fn leads_on(&self, authentication: &Authentication) -> bool {
        let is_known = |name: &str| match name {
            "acr" => authentication.context.is_some(),
            "auth_time" => authentication.authenticated_at().is_some(),
            _ => ALWAYS.contains(&name) || ABOUT.iter().any(|(about, _)| *about == name),
        };
        let members = [&self.id_token, &self.userinfo].into_iter().flatten();
        let mut foreign = members.filter(|(name, claim)| claim.essential && !is_known(name));
        !self.further.is_empty() || foreign.next().is_some()
    }
}

/// The parameter as it goes on to an upstream provider: without `sub`, which names one of our people, and nobody there.
#[must_use]
pub fn onwards(text: &str) -> String {
    let mut asked: BTreeMap<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let members = ["id_token", "userinfo"];
    let mut named = false;
    for member in members {
        if let Some(Value::Object(claims)) = asked.get_mut(member) {
            named |= claims.remove("sub").is_some();
        }
    }
    match named {
        true => serde_json::to_string(&asked).unwrap_or_default(),
        false => text.to_owned(),
    }
}

/// The names of the claims that a session gives its application beside those of its scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// In ID tokens.
    pub id_token: Vec<String>,
    /// At userinfo.
    pub userinfo: Vec<String>,
}

impl Claims {
    /// The scopes that have any of them.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        let all = self.id_token.iter().chain(&self.userinfo);
        all.filter_map(|name| {
            let known = ABOUT.iter().find(|(about, _)| about == name)?;
            Some(known.1)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_for_claims_is_refused() {
        let many = |count: usize| {
            let claims: Vec<String> = (0..count).map(|n| format!("\"c{n}\":null")).collect();
            format!("{{\"userinfo\":{{{}}}}}", claims.join(","))
        };
        let values = |count: usize| {
            let values = vec!["\"v\""; count].join(",");
            format!("{{\"id_token\":{{\"acr\":{{\"values\":[{values}]}}}}}}")
        };
        let deep = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let check = |text: &str, is_read: bool| {
            assert_eq!(Asked::read(text).is_ok(), is_read, "{text:.80}");
        };
        for read in [
            "{}",
            r#" {"id_token":null,"userinfo":{}}"#,
            r#"{"id_token":{"email":null,"acr":{"essential":true,"values":["a"],"more":1}},"access_token":{"x":[[]]}}"#,
            r#"{"userinfo":{"http://x.example/is":{"value":true}}}"#,
        ] {
            check(read, true);
        }
        for refused in [
            "",
            "null",
            "[]",
            "[null,{}]",
            "\"x\"",
            "{",
            "{}{}",
            r#"{"id_token":[]}"#,
            r#"{"id_token":"email"}"#,
            r#"{"id_token":{"email":true}}"#,
            r#"{"id_token":{"email":["a"]}}"#,
            r#"{"id_token":{"email":{"essential":"true"}}}"#,
            r#"{"userinfo":{"email":{"values":"a"}}}"#,
            r#"{"id_token":{},"id_token":{}}"#,
        ] {
            check(refused, false);
        }
        check(&many(MOST), true);
        check(&many(MOST + 1), false);
        check(&values(MOST), true);
        check(&values(MOST + 1), false);
        check(&deep(100), true);
        check(&deep(200), false);
        check(&format!("{{\"x\":\"{}\"}}", "y".repeat(LONGEST)), false);
    }

    #[test]
    fn an_application_is_given_what_it_is_registered_for() {
        let check = |text: &str, registered: &[&str], id_token: &[&str], userinfo: &[&str]| {
            let registered: Vec<String> = registered.iter().map(|s| (*s).to_owned()).collect();
            let given = Asked::read(text).unwrap().granted(&registered);
            assert_eq!(given.id_token, id_token, "{text} {registered:?}");
            assert_eq!(given.userinfo, userinfo, "{text} {registered:?}");
        };
        let both = r#"{"id_token":{"email":null,"name":{"essential":true}},"userinfo":{"given_name":null,"groups":null,"sub":null}}"#;
        check(
            both,
            &["openid", "profile", "email"],
            &["name", "email"],
            &["given_name"],
        );
        check(both, &["openid", "email"], &["email"], &[]);
        check(both, &["openid"], &[], &[]);
        check(r#"{"access_token":{"email":null}}"#, &["email"], &[], &[]);
        let given = Asked::read(both).unwrap();
        let given = given.granted(&["profile".to_owned(), "email".to_owned()]);
        assert_eq!(
            given.scopes().collect::<Vec<_>>(),
            ["profile", "email", "profile"]
        );
    }

    #[test]
    fn whom_we_call_so_is_nobody_elsewhere() {
        let check = |text: &str, expected: &str| assert_eq!(onwards(text), expected, "{text}");
        check(
            r#"{"id_token":{"sub":{"value":"USER"},"acrs":{"value":"c1"}},"userinfo":{"sub":null},"x":1}"#,
            r#"{"id_token":{"acrs":{"value":"c1"}},"userinfo":{},"x":1}"#,
        );
        for as_it_came in [
            "{}",
            r#" {"userinfo":null, "id_token":{"acrs" :null}}"#,
            r#"{"access_token":{"sub":{"value":"theirs"}}}"#,
        ] {
            check(as_it_came, as_it_came);
        }
    }

    #[test]
    fn sub_and_acr_decide_who_comes_back_and_how() {
        let user = UserId::from([7; 16]);
        let check = |text: &str, class: Option<&str>, expected: (bool, bool, bool)| {
            let asked = Asked::read(&text.replace("USER", &user.to_string())).unwrap();
            let authentication = Authentication {
                context: class.map(str::to_owned),
                ..Authentication::here(jiff::Timestamp::UNIX_EPOCH, &[])
            };
            let found = (
                asked.is_open_to(user),
                asked.is_unmet(&authentication),
                asked.leads_on(&authentication),
            );
            assert_eq!(found, expected, "{text} {class:?}");
        };
        let fine = (true, false, false);
        check("{}", None, fine);
        check(
            r#"{"id_token":{"sub":null,"email":{"essential":true}}}"#,
            None,
            fine,
        );
        check(r#"{"id_token":{"sub":{"value":"USER"}}}"#, None, fine);
        check(
            r#"{"id_token":{"sub":{"values":["x","USER"]}}}"#,
            None,
            fine,
        );
        check(
            r#"{"id_token":{"sub":{"value":"x"}}}"#,
            None,
            (false, false, false),
        );
        check(
            r#"{"userinfo":{"sub":{"value":7}}}"#,
            None,
            (false, false, false),
        );
        let insists = r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#;
        check(insists, Some("b"), fine);
        check(insists, Some("c"), (true, true, false));
        check(insists, None, (true, true, true));
        check(
            r#"{"id_token":{"acr":{"essential":true,"value":7}}}"#,
            None,
            (true, true, true),
        );
        check(r#"{"id_token":{"acr":{"values":["a"]}}}"#, None, fine);
        check(
            r#"{"id_token":{"acr":{"essential":true}}}"#,
            None,
            (true, false, true),
        );
        check(
            r#"{"id_token":{"acr":{"essential":true,"value":null}}}"#,
            Some("a"),
            fine,
        );
        check(
            r#"{"id_token":{"auth_time":{"essential":true}}}"#,
            None,
            fine,
        );
        check(
            r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#,
            None,
            (true, false, true),
        );
        check(r#"{"id_token":{"acrs":{"value":"c1"}}}"#, None, fine);
        check(
            r#"{"access_token":{"acrs":{"essential":true}}}"#,
            None,
            (true, false, true),
        );
    }
}
