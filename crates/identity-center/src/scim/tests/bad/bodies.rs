//! Bodies of POST, PUT, searches and bulk requests that are none, or say what cannot be.

use super::{BULK, Bad, ENTERPRISE, GROUP, Given, PASSWORD, SEARCH, USER};
use serde_json::{Value, json};

fn person(name: &str, value: Value) -> Value {
    let mut said = json!({ "schemas": [USER], "userName": "new", "password": PASSWORD });
    said[name] = value;
    said
}

pub(super) fn table(given: &Given) -> Vec<Bad> {
    let mut table = Vec::new();
    let start = format!("{{\"schemas\": [\"{USER}\"], \"password\": \"{PASSWORD}\", ");
    let said = |rest: &str| format!("{start}{rest}");
    // No JSON, or no object.
    let unread = [
        String::new(),
        "{".into(),
        "[]".into(),
        "null".into(),
        "7".into(),
        "\"userName\"".into(),
        "true".into(),
        "{}{}".into(),
        "\u{feff}{}".into(),
        said("\"userName\": \"new\""),
        said("\"userName\": \"new\"},"),
        said("\"userName\": \"new\",}"),
        said("userName: \"new\"}"),
        said("'userName': 'new'}"),
        said("\"userName\": new}"),
        said("\"userName\": \"new\" /* */}"),
        said("\"userName\": \"n\new\"}"),
        said("\"userName\": \"\\ud800\"}"),
        said("\"userName\": \"\\udfff\\ud800\"}"),
        said("\"userName\": \"\\u0000\"}"),
        said("\"userName\": \"new\", \"title\": \"a\\u0000b\"}"),
        said("\"userName\": \"new\", \"a\\u0000\": 1}"),
        said("\"userName\": \"new\", \"title\": NaN}"),
        said("\"userName\": \"new\", \"title\": 01}"),
        said("\"userName\": \"new\", \"x\": 1e99999}"),
        // No name twice, whatever its case, at any depth.
        said("\"userName\": \"new\", \"userName\": \"newer\"}"),
        said("\"userName\": \"new\", \"USERNAME\": \"newer\"}"),
        said("\"userName\": \"new\", \"name\": {\"givenName\": \"a\", \"givenname\": \"b\"}}"),
        said("\"userName\": \"new\", \"emails\": [{\"value\": \"a\", \"value\": \"b\"}]}"),
        said("\"userName\": \"new\", \"x\": {\"y\": 1, \"y\": 2}}"),
        said("\"userName\": \"new\", \"active\": true, \"Active\": false}"),
        // Not too deep.
        said(&format!("\"x\": {}{}}}", "[".repeat(17), "]".repeat(17))),
        said(&format!("\"x\": {}}}", "[".repeat(100_000))),
        said(&format!("\"x\": {}1", "{\"x\":".repeat(100_000))),
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        // Says what it is.
        "{}".into(),
        "{\"userName\": \"new\"}".into(),
        "{\"schemas\": [], \"userName\": \"new\"}".into(),
        format!("{{\"schemas\": \"{USER}\", \"userName\": \"new\"}}"),
        format!("{{\"schemas\": [\"{GROUP}\"], \"userName\": \"new\"}}"),
        "{\"schemas\": [7, null, {}], \"userName\": \"new\"}".into(),
        format!("{{\"schemas\": {{\"0\": \"{USER}\"}}, \"userName\": \"new\"}}"),
    ];
    for body in &unread {
        table.push(Bad::given(
            "POST",
            "/Users",
            body.as_bytes(),
            "invalidSyntax",
        ));
    }
    let invalid: [&[u8]; 4] = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"];
    for bytes in invalid {
        let body = [said("\"userName\": \"").as_bytes(), bytes, b"\"}"].concat();
        table.push(Bad::given("POST", "/Users", body.clone(), "invalidSyntax"));
        table.push(Bad::given("PUT", &given.user, body, "invalidSyntax"));
    }
    // Values that are none of their attribute's.
    let long = "x".repeat(321);
    let values = [
        ("userName", json!(null)),
        ("userName", json!("")),
        ("userName", json!("  ")),
        ("userName", json!(7)),
        ("userName", json!(["new"])),
        ("userName", json!({ "value": "new" })),
        ("userName", json!(long)),
        ("userName", json!("a\u{202e}b")),
        ("userName", json!("a\u{7}b")),
        ("active", json!("maybe")),
        ("active", json!(1)),
        ("active", json!({})),
        ("name", json!("Ben")),
        ("name", json!(["a"])),
        ("name", json!({ "givenName": 7 })),
        ("name", json!({ "givenName": ["a"] })),
        ("emails", json!(7)),
        ("emails", json!([7])),
        ("emails", json!([[{ "value": "a" }]])),
        ("emails", json!([{ "value": 7 }])),
        ("emails", json!([{ "value": { "value": "a" } }])),
        (
            "emails",
            json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]),
        ),
        ("emails", json!([{ "value": "a", "primary": "maybe" }])),
        ("emails", json!([{ "value": "a".repeat(2000) }])),
        (
            "emails",
            (0..101)
                .map(|number| json!({ "value": format!("{number}@acme.example") }))
                .collect(),
        ),
        ("externalId", json!(7)),
        ("externalId", json!("x".repeat(2000))),
        ("title", json!(7)),
        ("title", json!(["a"])),
        ("profileUrl", json!(7)),
        ("x509Certificates", json!([{ "value": "not base64!" }])),
        (ENTERPRISE, json!("Sales")),
        (ENTERPRISE, json!(["a"])),
        (ENTERPRISE, json!({ "department": 7 })),
        (ENTERPRISE, json!({ "manager": 7 })),
        (ENTERPRISE, json!({ "manager": ["a"] })),
    ];
    for (name, value) in values {
        let body = person(name, value).to_string();
        table.push(Bad::given("POST", "/Users", body.clone(), "invalidValue"));
        table.push(Bad::given("PUT", &given.user, body, "invalidValue"));
    }
    for taken in ["ada", "ADA", " ada "] {
        let body = person("userName", json!(taken)).to_string();
        table.push(Bad {
            status: 409,
            ..Bad::given("POST", "/Users", body.clone(), "uniqueness")
        });
        table.push(Bad {
            status: 409,
            ..Bad::given("PUT", &given.user, body, "uniqueness")
        });
    }
    let nobody = "0".repeat(32);
    let groups = [
        json!({}),
        json!({ "displayName": null }),
        json!({ "displayName": "" }),
        json!({ "displayName": 7 }),
        json!({ "displayName": long }),
        json!({ "displayName": "a\u{200b}b" }),
        json!({ "displayName": "New", "members": 7 }),
        json!({ "displayName": "New", "members": [7] }),
        json!({ "displayName": "New", "members": [{}] }),
        json!({ "displayName": "New", "members": [{ "value": 7 }] }),
        json!({ "displayName": "New", "members": [{ "value": nobody }] }),
        json!({ "displayName": "New", "members": [{ "value": "' OR 1=1 --" }] }),
        json!({ "displayName": "New", "members": [{ "value": given.id }, { "value": nobody }] }),
        json!({ "displayName": "New", "members": [{ "value": given.id, "type": "Group" }] }),
        json!({ "displayName": "New", "members": [{ "value": format!("{}/", given.id) }] }),
        json!({ "displayName": "New", "externalId": { "a": 1 } }),
        json!({ "displayName": "New", "externalId": "x".repeat(2000) }),
        json!({ "displayName": "New", "members": vec![json!({ "value": given.id }); 20_001] }),
    ];
    for mut said in groups {
        said["schemas"] = json!([GROUP]);
        table.push(Bad::given(
            "POST",
            "/Groups",
            said.to_string(),
            "invalidValue",
        ));
        table.push(Bad::given(
            "PUT",
            &given.group,
            said.to_string(),
            "invalidValue",
        ));
    }
    let taken = json!({ "schemas": [GROUP], "displayName": "TAKEN", "members": [] }).to_string();
    table.push(Bad {
        status: 409,
        ..Bad::given("PUT", &given.group, taken.clone(), "uniqueness")
    });
    table.push(Bad {
        status: 409,
        ..Bad::given("POST", "/Groups", taken, "uniqueness")
    });
    // Searches and bulk requests.
    let searches = [
        (json!({}), "invalidSyntax"),
        (json!({ "filter": { "a": 1 } }), "invalidSyntax"),
        (json!({ "filter": true }), "invalidSyntax"),
        (json!({ "attributes": [7] }), "invalidSyntax"),
        (json!({ "count": "many" }), "invalidCount"),
        (json!({ "count": 1.5 }), "invalidCount"),
        (json!({ "startIndex": [1, 2] }), "invalidSyntax"),
        (json!({ "cursor": "", "startIndex": 1 }), "invalidValue"),
        (json!({ "cursor": "x" }), "invalidCursor"),
    ];
    for (number, (mut said, scim_type)) in searches.into_iter().enumerate() {
        if number > 0 {
            said["schemas"] = json!([SEARCH]);
        }
        table.push(Bad::given(
            "POST",
            "/Users/.search",
            said.to_string(),
            scim_type,
        ));
    }
    let makes = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": person("userName", json!("new")) });
    let bulks = [
        json!({}),
        json!({ "Operations": {} }),
        json!({ "Operations": [7] }),
        json!({ "Operations": [{}] }),
        json!({ "Operations": [{ "method": "GET", "path": "/Users" }] }),
        json!({ "Operations": [{ "method": "POST", "path": "/Users", "data": {} }] }),
        json!({ "Operations": [{ "method": "DELETE" }] }),
        json!({ "Operations": [{ "method": "DELETE", "path": 7 }] }),
        json!({ "Operations": [makes, makes] }),
        json!({ "Operations": [makes, { "method": "PUT", "path": "/Users/x", "data": [] }] }),
        json!({ "Operations": [makes], "failOnErrors": 0 }),
        json!({ "Operations": [makes], "failOnErrors": -1 }),
        json!({ "Operations": [makes], "failOnErrors": "1" }),
        json!({ "Operations": [makes, { "method": "PATCH", "path": "/Users/x", "version": 1 }] }),
    ];
    for mut said in bulks {
        said["schemas"] = json!([BULK]);
        table.push(Bad::given(
            "POST",
            "/Bulk",
            said.to_string(),
            "invalidSyntax",
        ));
    }
    table
}
