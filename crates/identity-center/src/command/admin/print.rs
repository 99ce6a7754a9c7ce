//! What people read: tables, times, how things stand.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::scim;
use crate::directory::is_invisible;

/// A member of the answer, and what its column is called.
pub(super) type Column = (&'static str, &'static str);

/// Rows under their columns, each as wide as its widest cell. One row alone is a list of its members.
pub(super) fn table(rows: &[Value], columns: &[Column]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|(member, _)| cell(member, &row[member]))
                .collect()
        })
        .collect();
    let mut heads: Vec<String> = columns
        .iter()
        .map(|(_, head)| head.to_uppercase())
        .collect();
    let width = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = heads.iter().map(|head| width(head)).collect();
    for row in &cells {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = String::new();
    let mut line = |row: &[String]| {
        let mut said = String::new();
        for (cell, widest) in row.iter().zip(&widths) {
            let gap = " ".repeat(widest + 2 - width(cell));
            said.push_str(cell);
            said.push_str(&gap);
        }
        text.push_str(said.trim_end());
        text.push('\n');
    };
    line(&std::mem::take(&mut heads));
    for row in &cells {
        line(row);
    }
    text
}

/// A cell: a line of its own whatever is in it.
fn cell(member: &str, value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if member == "at" || member.ends_with("_at") || member == "since" => {
            read(text).unwrap_or_else(|| text.clone())
        }
        Value::String(text) => text.clone(),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(|each| cell(member, each)).collect();
            all.join(" ")
        }
        Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    text.chars()
        .filter(|character| !is_invisible(*character))
        .collect()
}

/// A time in the machine's zone.
pub(super) fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    read(text).unwrap_or_else(|| text.to_owned())
}

/// The same of today, to the second.
pub(super) fn clock(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    written(text, "%H:%M:%S").unwrap_or_else(|| text.to_owned())
}

fn read(text: &str) -> Option<String> {
    written(text, "%F %H:%M")
}

fn written(text: &str, form: &str) -> Option<String> {
    let time: Timestamp = text.parse().ok()?;
    let here = time.to_zoned(TimeZone::system());
    Some(here.strftime(form).to_string())
}

/// How things stand, in a few lines.
pub(super) fn status(status: &Value, now: Timestamp) -> String {
    let text = |name: &str| cell(name, &status[name]);
    let mut said = format!(
        "{} · {} · version {} on {}\n",
        text("title"),
        text("issuer"),
        text("version"),
        text("store")
    );
    for connection in status["connections"].as_array().into_iter().flatten() {
        said.push_str(&format!(
            "IdP {} {}, last sign-in {}\n",
            cell("name", &connection["name"]),
            if connection["active"] == true {
                "active"
            } else {
                "inactive"
            },
            last("last_sign_in_at", connection),
        ));
        said.push_str(&certificates(connection, now));
    }
    for one in status["provisioning"].as_array().into_iter().flatten() {
        said.push_str(&scim::status(one, now));
    }
    said.push_str(&format!(
        "{} · {} · {}\n",
        counted(&status["users"], "user"),
        counted(&status["groups"], "group"),
        counted(&status["sessions"], "session")
    ));
    said.push_str(&format!(
        "Next signing key {}\n",
        text("next_signing_key_at")
    ));
    if status["store"] == "postgresql" {
        said.push_str("Back-ups are the database’s own (PostgreSQL)\n");
    } else {
        let warning = if status["last_back_up_at"].is_null() {
            " ⚠"
        } else {
            ""
        };
        let last = last("last_back_up_at", status);
        said.push_str(&format!("Last back-up {last}{warning}\n"));
    }
    if status["local_owners"] == 0 {
        said.push_str("! No owner could sign in without an identity provider: give one a password by `admin user setup-link`\n");
    }
    said
}

/// When something last happened.
pub(super) fn last(member: &str, of: &Value) -> String {
    let time = &of[member];
    if time.is_null() {
        return "never".to_owned();
    }
    cell(member, time)
}

/// When a provider's certificates end, and a warning a month before the last of them does: nobody signs in there then.
fn certificates(connection: &Value, now: Timestamp) -> String {
    const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);
    let ends = &connection["certificates_end_at"];
    let read = |end: &Value| end.as_str()?.parse::<Timestamp>().ok();
    let all = ends.as_array().into_iter().flatten();
    let Some(last) = all.filter_map(read).max() else {
        return String::new();
    };
    let name = cell("name", &connection["name"]);
    let many = if ends.as_array().is_some_and(|all| all.len() > 1) {
        ("s", "")
    } else {
        ("", "s")
    };
    let said = cell("certificates_end_at", ends);
    let mut line = format!("    its certificate{} end{} {said}\n", many.0, many.1);
    if last < now + MONTH {
        line.push_str(&format!("! Nobody signs in at {name} from then on: give its new metadata to `admin idp connect`\n"));
    }
    line
}

fn counted(count: &Value, what: &str) -> String {
    let many = if *count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_aligned_and_nothing_in_it_breaks_a_line() {
        let rows = [
            json!({ "name": "aiko", "active": true, "domains": ["a.example", "b.example"] }),
            json!({ "name": "田中\n\u{202e}愛子", "active": false, "domains": null }),
        ];
        let columns = [
            ("name", "name"),
            ("active", "active"),
            ("domains", "domains"),
        ];
        let expected =
            "NAME  ACTIVE  DOMAINS\naiko  yes     a.example b.example\n田中愛子  no      –\n";
        assert_eq!(table(&rows, &columns), expected);
        assert_eq!(table(&[], &columns), "NAME  ACTIVE  DOMAINS\n");
    }

    #[test]
    fn how_things_stand_is_said_in_a_few_lines() {
        let mut given = json!({
            "title": "Acme", "issuer": "https://id.acme.example", "version": "0.1.0", "store": "sqlite",
            "users": 1, "groups": 2, "sessions": 0, "local_owners": 0,
            "last_back_up_at": null, "next_signing_key_at": "2027-02-01T00:00:00Z",
            "connections": [
                { "name": "okta", "active": false, "last_sign_in_at": null, "certificates_end_at": [] },
                { "name": "entra", "active": true, "last_sign_in_at": null,
                  "certificates_end_at": ["2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z"] },
            ],
            "provisioning": [
                { "name": "okta", "last_push_at": null, "refused": 1, "alert": null,
                  "tokens": [{ "expires_at": "2027-01-01T00:00:00Z" }, { "expires_at": "2027-03-01T00:00:00Z" }] },
                { "name": "entra", "last_push_at": null, "refused": 0, "tokens": [{ "expires_at": "2026-12-31T00:00:00Z" }],
                  "alert": { "since": "x", "people": 12, "of": 40 } },
                { "name": "hr", "last_push_at": null, "refused": 0, "alert": null, "tokens": [] },
            ],
        });
        let now: Timestamp = "2026-11-26T00:00:00Z".parse().unwrap();
        let local = |text: &str| time(&json!(text));
        let (key, one, two) = (
            local("2027-02-01T00:00:00Z"),
            local("2026-12-01T00:00:00Z"),
            local("2027-12-01T00:00:00Z"),
        );
        assert_eq!(
            status(&given, now),
            "Acme · https://id.acme.example · version 0.1.0 on sqlite\n\
             IdP okta inactive, last sign-in never\n\
             IdP entra active, last sign-in never\n"
                .to_owned()
                + &format!("    its certificates end {one} {two}\n")
                + "SCIM okta last push never (1 refused), token 95 d\n\
             SCIM entra last push never, token 35 d ⚠\n\
             ! 12 of 40 people left through entra since x: `admin scim undo entra` takes it back\n\
             SCIM hr last push never, no token ⚠\n\
             1 user · 2 groups · 0 sessions\n"
                + &format!("Next signing key {key}\n")
                + "Last back-up never ⚠\n\
             ! No owner could sign in without an identity provider: give one a password by `admin user setup-link`\n"
        );
        given["store"] = json!("postgresql");
        given["connections"][1]["certificates_end_at"] = json!(["2026-12-01T00:00:00Z"]);
        let said = status(&given, now);
        assert!(said.contains("Back-ups are the database’s own"), "{said}");
        assert!(!said.contains("Last back-up"), "{said}");
        let ends = format!("its certificate ends {one}\n! Nobody signs in at entra from then on");
        assert!(said.contains(&ends), "{said}");
    }
}
