//! Addresses, pages, versions and forms.

use super::{Bad, Given, PATCH, USER};
use serde_json::json;

pub(super) fn table(given: &Given) -> Vec<Bad> {
    let mut table = Vec::new();
    // Ids that are nobody's. What cannot be one is no other than what is none.
    let other = given.group.replace("/Groups/", "/Users/");
    let shouted = given.user.to_uppercase().replace("/USERS/", "/Users/");
    let absent = [
        "/Users/0",
        "/Users/00000000000000000000000000000000",
        "/Users/..",
        "/Users/%2e%2e",
        "/Users/..%2F..%2F..%2Fetc%2Fpasswd",
        "/Users/%00",
        "/Users/%ff",
        "/Users/%c0%af",
        "/Users/%ed%a0%80",
        "/Users/'%20OR%20'1'='1",
        "/Users/*",
        "/Users/%2A",
        "/Users/null",
        "/Users/-1",
        "/Users/%F0%9F%98%80",
        "/Users/.search/x",
        "/Users/a/b/c/d",
        &other,
        &format!("{}%20", given.user),
        &format!("{}%00", given.user),
        &format!("{}%2F..", given.user),
        &format!("/Users/{}", "a".repeat(30_000)),
        &shouted,
    ]
    .map(str::to_owned);
    let patch = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "title", "value": "x" }] }).to_string();
    let put = json!({ "schemas": [USER], "userName": "new" }).to_string();
    for path in absent {
        // The upper case of digits alone is the id itself.
        if path == given.user {
            continue;
        }
        table.push(Bad::get(path.clone(), "").status(404));
        if path.matches('/').count() == 2 && !path.contains("%2F") {
            table.push(Bad::given("PATCH", path.clone(), patch.clone(), "").status(404));
            table.push(Bad::given("PUT", path.clone(), put.clone(), "").status(404));
            table.push(Bad::given("DELETE", path, "", "").status(404));
        }
    }
    for path in [
        "/Nowhere",
        "/users",
        "/USERS",
        "/User",
        "/Users%20",
        "/%2e%2e/%2e%2e/Users",
        "/Schemas/x/y",
        "/.search/x",
        "/Groups/.search/x",
        "/%ff",
    ] {
        table.push(Bad::get(path, "").status(404));
    }
    // Pages.
    for count in [
        "count=a",
        "count=",
        "count=1.5",
        "count=1e3",
        "count=%00",
        "count=--1",
        "count=0x10",
        "count=%F0%9D%9F%8F",
    ] {
        table.push(Bad::get(format!("/Users?{count}"), "invalidCount"));
        table.push(Bad::get(format!("/Groups?{count}"), "invalidCount"));
    }
    for start in [
        "startIndex=a",
        "startIndex=",
        "startIndex=1,2",
        "startIndex=1&cursor=",
    ] {
        table.push(Bad::get(format!("/Users?{start}"), "invalidValue"));
        table.push(Bad::get(format!("/Groups?{start}"), "invalidValue"));
    }
    let forged = [
        "cursor=x",
        "cursor=AAAA",
        "cursor=%00",
        "cursor=%22",
        "cursor=..%2F",
        "cursor=MC4w",
        "cursor=%F0%9F%98%80",
        "cursor=bnVsbA",
        "cursor=%27+OR+1%3D1",
    ];
    for cursor in forged {
        table.push(Bad::get(format!("/Users?{cursor}"), "invalidCursor"));
    }
    table.push(Bad::get(
        format!("/Users?cursor={}", "A".repeat(30_000)),
        "invalidCursor",
    ));
    // Versions.
    for version in [
        "W/\"0\"",
        "W/\"2\"",
        "\"01\"",
        "1",
        "W/1",
        "",
        "\"",
        "W/\"1",
        "'1'",
        "\u{e9}",
        "W/\"-1\"",
        "W/\"99999999999999999999\"",
    ] {
        for (method, body) in [("PUT", put.as_str()), ("PATCH", &patch), ("DELETE", "")] {
            let mut bad = Bad::given(method, &given.user, body, "").status(412);
            bad.headers.push(("if-match", version.to_owned()));
            table.push(bad);
        }
    }
    // Forms.
    for form in [
        "text/plain",
        "text/html",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json-patch+json",
        "application",
        "",
        ";",
        "\u{e9}",
    ] {
        for (method, path, body) in [
            ("POST", "/Users", put.as_str()),
            ("PUT", &given.user, &put),
            ("PATCH", &given.user, &patch),
            ("POST", "/Bulk", "{}"),
        ] {
            let mut bad = Bad::given(method, path, body, "").status(415);
            bad.headers = vec![("content-type", form.to_owned())];
            table.push(bad);
        }
    }
    // Names of attributes.
    for query in [
        "attributes=user+name",
        "attributes=userName,emails%5Btype+eq+%22work%22%5D",
        "excludedAttributes=name.",
        "excludedAttributes=*",
    ] {
        for path in ["/Users", "/Groups", &given.user] {
            table.push(Bad::get(format!("{path}?{query}"), "invalidValue"));
        }
        let put = format!("{{\"schemas\": [\"{USER}\"], \"userName\": \"renamed\"}}");
        table.push(Bad::given(
            "PUT",
            format!("{}?{query}", given.user),
            put,
            "invalidValue",
        ));
    }
    // Methods.
    for (method, path) in [
        ("PUT", "/Users"),
        ("PATCH", "/Groups"),
        ("DELETE", "/Users"),
        ("POST", &given.user),
        ("DELETE", "/Schemas"),
        ("PUT", "/Bulk"),
        ("GET", "/.search"),
    ] {
        table.push(Bad::given(method, path, "{}", "").status(405));
    }
    for (method, path) in [("GET", "/Me"), ("POST", "/Me"), ("DELETE", "/Me")] {
        table.push(Bad::given(method, path, "{}", "").status(501));
    }
    let long = format!(
        "{{\"schemas\": [\"{USER}\"], \"userName\": \"new\", \"title\": \"{}\"}}",
        "x".repeat(super::super::super::LIMIT)
    );
    table.push(Bad::given("POST", "/Users", long.clone(), "").status(413));
    table.push(Bad::given("PUT", &given.user, long, "").status(413));
    table
}
