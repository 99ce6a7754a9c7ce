//! PATCH bodies that cannot be read or done; whatever stands before the bad operation is undone with it.

use super::{Bad, ENTERPRISE, Given, PASSWORD, PATCH};
use serde_json::{Value, json};

/// The operation behind one that could be done.
fn patch(before: Value, operation: &Value) -> String {
    json!({ "schemas": [PATCH], "Operations": [before, operation] }).to_string()
}

fn replace(path: &str, value: Value) -> Value {
    json!({ "op": "replace", "path": path, "value": value })
}

pub(super) fn table(given: &Given) -> Vec<Bad> {
    let mut table = Vec::new();
    let of_user = [
        // What is no operation.
        (json!(7), "invalidSyntax"),
        (json!(null), "invalidSyntax"),
        (json!({}), "invalidSyntax"),
        (json!({ "op": 7 }), "invalidSyntax"),
        (json!({ "op": "move", "path": "title" }), "invalidSyntax"),
        (
            json!({ "op": "replace", "path": 7, "value": 1 }),
            "invalidSyntax",
        ),
        (
            json!({ "op": "test", "path": "title", "value": "Guide" }),
            "invalidSyntax",
        ),
        // Paths that cannot be read, or lead nowhere.
        (replace("shoeSize", json!(1)), "invalidPath"),
        (replace("name.shoe", json!(1)), "invalidPath"),
        (replace("/title", json!("x")), "invalidPath"),
        (replace("title.", json!("x")), "invalidPath"),
        (replace("emails[", json!("x")), "invalidPath"),
        (
            replace("emails[type eq \"work\"", json!("x")),
            "invalidPath",
        ),
        (
            replace("emails[type eq \"work\"]x", json!("x")),
            "invalidPath",
        ),
        (replace("emails[0].value", json!("x")), "invalidPath"),
        (replace("urn:x:User:title", json!("x")), "invalidPath"),
        (replace("../title", json!("x")), "invalidPath"),
        (replace("title'; --", json!("x")), "invalidPath"),
        (replace("\u{0}", json!("x")), "invalidSyntax"),
        (
            replace(&format!("emails[{}", "(".repeat(8000)), json!("x")),
            "invalidPath",
        ),
        (replace(&"(".repeat(100_000), json!("x")), "invalidPath"),
        (
            replace(
                &format!("emails[{}type pr{}]", "(".repeat(33), ")".repeat(33)),
                json!("x"),
            ),
            "invalidPath",
        ),
        (
            replace("emails[type eq \"x\\u0000\"].value", json!("x")),
            "invalidPath",
        ),
        (
            replace("emails[shoe eq \"x\"].value", json!("x")),
            "invalidFilter",
        ),
        (
            replace("name[givenName eq \"a\"]", json!("x")),
            "invalidFilter",
        ),
        (
            replace("emails[primary eq 7].value", json!("x")),
            "invalidFilter",
        ),
        (
            replace("emails[type eq \"other\"]", json!({ "value": "x" })),
            "noTarget",
        ),
        (
            replace("emails[type sw \"o\"].value", json!("x")),
            "noTarget",
        ),
        (json!({ "op": "remove" }), "noTarget"),
        (
            json!({ "op": "remove", "value": { "title": "Guide" } }),
            "noTarget",
        ),
        // What may not be changed.
        (replace("id", json!("x")), "mutability"),
        (
            replace("meta.created", json!("2026-01-01T00:00:00Z")),
            "mutability",
        ),
        (replace("groups", json!([])), "mutability"),
        (
            replace("groups[value eq \"x\"].display", json!("x")),
            "mutability",
        ),
        (
            json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }),
            "mutability",
        ),
        (replace("schemas", json!([])), "mutability"),
        (json!({ "op": "remove", "path": "userName" }), "mutability"),
        (json!({ "op": "remove", "path": "active" }), "mutability"),
        (json!({ "op": "remove", "path": "id" }), "mutability"),
        (
            replace(&format!("{ENTERPRISE}:manager.displayName"), json!("x")),
            "mutability",
        ),
        // Values that are none of their attribute's.
        (replace("userName", json!(7)), "invalidValue"),
        (replace("userName", json!("")), "mutability"),
        (replace("userName", json!("x".repeat(321))), "invalidValue"),
        (replace("userName", json!("a\u{202e}b")), "invalidValue"),
        (replace("active", json!("maybe")), "invalidValue"),
        (replace("active", json!(null)), "mutability"),
        (replace("title", json!({ "a": 1 })), "invalidValue"),
        (replace("name", json!("Ben")), "invalidValue"),
        (replace("emails", json!([7])), "invalidValue"),
        (
            replace(
                "emails",
                json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]),
            ),
            "invalidValue",
        ),
        (
            replace("emails[value pr].primary", json!(true)),
            "invalidValue",
        ),
        (
            replace("emails[type eq \"work\"].value", json!("a".repeat(2000))),
            "invalidValue",
        ),
        (json!({ "op": "replace", "path": "title" }), "invalidValue"),
        (json!({ "op": "replace", "value": "title" }), "invalidValue"),
        (
            json!({ "op": "replace", "value": { "active": "maybe" } }),
            "invalidValue",
        ),
        (
            replace("externalId", json!("x".repeat(2000))),
            "invalidValue",
        ),
        (
            json!({ "op": "add", "path": "emails", "value": (0..101).map(|n| json!({ "value": format!("{n}@x") })).collect::<Value>() }),
            "invalidValue",
        ),
        (replace(ENTERPRISE, json!("Sales")), "invalidValue"),
        (
            replace(&format!("{ENTERPRISE}:department"), json!(7)),
            "invalidValue",
        ),
    ];
    for (operation, scim_type) in of_user {
        let body = patch(replace("nickName", json!(PASSWORD)), &operation);
        table.push(Bad::given("PATCH", &given.user, body, scim_type));
    }
    let taken = patch(
        replace("title", json!("Boss")),
        &replace("userName", json!("ADA")),
    );
    table.push(Bad {
        status: 409,
        ..Bad::given("PATCH", &given.user, taken, "uniqueness")
    });

    let nobody = "0".repeat(32);
    let member = |filter: &str| json!({ "op": "remove", "path": format!("members[{filter}]") });
    let add = |value: Value| json!({ "op": "add", "path": "members", "value": value });
    let of_group = [
        (member("value pr"), "invalidValue"),
        (member("display eq \"ben\""), "invalidValue"),
        (member("not (value eq \"x\")"), "invalidValue"),
        (member("value ne \"x\""), "invalidValue"),
        (member("type eq \"User\""), "invalidValue"),
        (member("value eq null"), "invalidValue"),
        (
            json!({ "op": "remove", "path": "members", "value": null }),
            "invalidValue",
        ),
        (
            json!({ "op": "remove", "path": "members", "value": [{}] }),
            "invalidValue",
        ),
        (replace("members", json!(null)), "invalidValue"),
        (
            replace("members", json!([{ "value": nobody }])),
            "invalidValue",
        ),
        (
            add(json!([{ "value": given.id }, { "value": nobody }])),
            "invalidValue",
        ),
        (add(json!([{ "value": "x" }])), "invalidValue"),
        (
            add(json!([{ "value": "'); DELETE FROM members; --" }])),
            "invalidValue",
        ),
        (
            add(json!([{ "value": given.id, "type": "Group" }])),
            "invalidValue",
        ),
        (add(json!([{ "value": ["a"] }])), "invalidValue"),
        (
            add(json!(vec![json!({ "value": given.id }); 20_001])),
            "invalidValue",
        ),
        (json!({ "op": "remove" }), "noTarget"),
        (
            json!({ "op": "remove", "path": "members.value" }),
            "mutability",
        ),
        (
            replace(
                &format!("members[value eq \"{}\"].type", given.id),
                json!("Group"),
            ),
            "mutability",
        ),
        (replace("id", json!("x")), "mutability"),
        (
            json!({ "op": "remove", "path": "displayName" }),
            "mutability",
        ),
        (replace("displayName", json!("")), "mutability"),
        (replace("displayName", json!("a\u{200b}b")), "invalidValue"),
        (
            replace("externalId", json!("x".repeat(2000))),
            "invalidValue",
        ),
        (replace("userName", json!("x")), "invalidPath"),
    ];
    for (operation, scim_type) in of_group {
        let renamed = replace("displayName", json!("Renamed"));
        table.push(Bad::given(
            "PATCH",
            &given.group,
            patch(renamed, &operation),
            scim_type,
        ));
        let left = json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", given.id) });
        table.push(Bad::given(
            "PATCH",
            &given.group,
            patch(left, &operation),
            scim_type,
        ));
    }
    let left = json!({ "op": "remove", "path": "members" });
    let taken = patch(left, &replace("displayName", json!("TAKEN")));
    table.push(Bad {
        status: 409,
        ..Bad::given("PATCH", &given.group, taken, "uniqueness")
    });

    // The message itself.
    let messages = [
        json!({}),
        json!([]),
        json!({ "schemas": [PATCH] }),
        json!({ "schemas": [PATCH], "Operations": [] }),
        json!({ "schemas": [PATCH], "Operations": {} }),
        json!({ "schemas": ["urn:x"], "Operations": [replace("title", json!("x"))] }),
        json!({ "Operations": [replace("title", json!("x"))] }),
    ];
    for message in messages {
        table.push(Bad::given(
            "PATCH",
            &given.user,
            message.to_string(),
            "invalidSyntax",
        ));
    }
    let many = vec![replace("title", json!("x")); 1001];
    let many = json!({ "schemas": [PATCH], "Operations": many }).to_string();
    table.push(Bad::given("PATCH", &given.user, many, "invalidValue"));
    table
}
