//! An entry of a connection's log, as one line for whoever looks after the identity provider.

use serde_json::Value;

/// What happened; `None` for what another entry tells as well. `group` names a group by its id.
pub(super) fn line(
    entry: &Value,
    connection: &str,
    group: &dyn Fn(&str) -> String,
) -> Option<String> {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    let (subject, detail) = (text("subject"), &entry["detail"]);
    let ended = match detail["sessions"].as_u64() {
        None | Some(0) => String::new(),
        Some(1) => ", 1 session ended".to_owned(),
        Some(count) => format!(", {count} sessions ended"),
    };
    let of = || group(detail["group"].as_str().unwrap_or_default());
    let members = |count: u64| match count {
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    };
    Some(match text("action") {
        "scim.connect" => format!("✓ {connection} uses the token for the first time"),
        "user.create" if detail["active"] == false => format!("+ {subject}, inactive"),
        "user.create" => format!("+ {subject}, active"),
        "user.change" => match detail["was"].as_str() {
            Some(was) if was != subject => format!("~ {subject}, was {was}"),
            _ => format!("~ {subject}"),
        },
        "user.deactivate" => format!("− {subject} may not sign in any more{ended}"),
        "user.reactivate" => format!("+ {subject} may sign in again"),
        "user.delete" => format!("− {subject}, removed{ended}"),
        "group.create" => {
            let count = detail["members"].as_u64().unwrap_or_default();
            format!("+ group {subject}, {}", members(count))
        }
        "group.change" => format!("~ group {subject}"),
        "group.delete" => format!("− group {subject}"),
        "group.join" => match detail["members"].as_u64() {
            Some(count) => format!("+ {} in {subject}", members(count)),
            None => format!("+ {subject} in {}", of()),
        },
        "group.leave" => match detail["members"].as_u64() {
            Some(count) => format!("− {} from {subject}{ended}", members(count)),
            None => format!("− {subject} from {}{ended}", of()),
        },
        "scim.refuse" => {
            let status = &detail["status"];
            let word = detail["scimType"].as_str();
            let word = word.map_or(String::new(), |word| format!(" {word}"));
            let why = detail["why"].as_str().unwrap_or_default();
            let hint = detail["hint"].as_str();
            let hint = hint.map_or(String::new(), |hint| format!(". {hint}"));
            format!("✗ {subject} refused: {why} ({status}{word}){hint}")
        }
        "scim.alert" => format!(
            "! {} of {} people left within an hour: `admin scim undo {connection}` takes it back",
            detail["people"], detail["of"]
        ),
        "session.end" | "session.end_all" => return None,
        other => format!("· {other} {subject}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_entry_is_a_line_that_says_what_happened() {
        let check = |action: &str, subject: &str, detail: Value, expected: &str| {
            let entry = json!({ "action": action, "subject": subject, "detail": detail });
            let group = |id: &str| format!("<{id}>");
            assert_eq!(
                line(&entry, "okta", &group).as_deref().unwrap_or("-"),
                expected
            );
        };
        check(
            "scim.connect",
            "okta",
            json!({}),
            "✓ okta uses the token for the first time",
        );
        check(
            "user.create",
            "aiko@acme.com",
            json!({ "active": true }),
            "+ aiko@acme.com, active",
        );
        check(
            "user.create",
            "aiko",
            json!({ "active": false }),
            "+ aiko, inactive",
        );
        check("user.change", "aiko", json!({ "was": "aiko" }), "~ aiko");
        check(
            "user.change",
            "aiko",
            json!({ "was": "ai" }),
            "~ aiko, was ai",
        );
        check(
            "user.deactivate",
            "aiko",
            json!({ "sessions": 2 }),
            "− aiko may not sign in any more, 2 sessions ended",
        );
        check(
            "user.delete",
            "aiko",
            json!({ "sessions": 1 }),
            "− aiko, removed, 1 session ended",
        );
        check(
            "group.create",
            "developers",
            json!({ "members": 1 }),
            "+ group developers, 1 member",
        );
        check(
            "group.join",
            "aiko",
            json!({ "group": "g" }),
            "+ aiko in <g>",
        );
        check(
            "group.join",
            "developers",
            json!({ "group": "g", "members": 300 }),
            "+ 300 members in developers",
        );
        check(
            "group.leave",
            "aiko",
            json!({ "group": "g", "sessions": 0 }),
            "− aiko from <g>",
        );
        check(
            "group.leave",
            "developers",
            json!({ "group": "g", "members": 300, "sessions": 2 }),
            "− 300 members from developers, 2 sessions ended",
        );
        check("session.end", "aiko", json!({}), "-");
        check("session.end_all", "aiko", json!({}), "-");
        check(
            "scim.refuse",
            "bob",
            json!({ "status": 409, "scimType": "uniqueness", "why": "`userName` is taken by bob@acme.com", "hint": "Correct it" }),
            "✗ bob refused: `userName` is taken by bob@acme.com (409 uniqueness). Correct it",
        );
        check(
            "scim.refuse",
            "Users",
            json!({ "status": 415, "why": "no" }),
            "✗ Users refused: no (415)",
        );
        check(
            "scim.alert",
            "okta",
            json!({ "people": 12, "of": 40 }),
            "! 12 of 40 people left within an hour: `admin scim undo okta` takes it back",
        );
    }
}
