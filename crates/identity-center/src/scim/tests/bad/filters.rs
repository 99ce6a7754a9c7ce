//! Filters and orders that cannot be read, or mean nothing.

use super::{Bad, Given, SEARCH, filtered};
use serde_json::json;

pub(super) fn table(given: &Given) -> Vec<Bad> {
    let long = |start: &str, part: &str, end: &str, times: usize| {
        format!("{start}{}{end}", part.repeat(times))
    };
    let unread = [
        "userName",
        "userName eq",
        "userName eq ",
        "eq \"a\"",
        "\"a\" eq userName",
        "userName is \"a\"",
        "userName = \"a\"",
        "userName == \"a\"",
        "userName eq 'a'",
        "userName eq a",
        "userName eq \"a",
        "userName eq a\"",
        "userName eq \"a\\\"",
        "userName eq \"\\x41\"",
        "userName eq \"\\u00\"",
        "userName eq \"\\u0000\"",
        "userName eq \"\\ud800\"",
        "userName eq \"\\udc00\\ud800\"",
        "userName eq \"\0\"",
        "userName eq \"a\nb\"",
        "userName eq 01",
        "userName eq 1e999",
        "userName eq NaN",
        "userName eq nil",
        "userName eq \"a\" or",
        "or userName eq \"a\"",
        "userName eq \"a\" and and title pr",
        "userName pr title pr",
        "userName pr)",
        "(userName pr",
        "((userName pr)",
        "()",
        "not",
        "not userName pr",
        "not ()",
        "not (",
        "emails[type pr",
        "emails[type pr)",
        "emails[]",
        "emails[ims[type pr]]",
        "emails.value[type pr]",
        "emails[type pr]]",
        "a..b pr",
        ".a pr",
        "a. pr",
        "a.b.c pr",
        "1a pr",
        "-a pr",
        "urn: pr",
        "http:a pr",
        "*",
        "%",
        "userName eq *",
        "userName eq \"x\"; DROP TABLE users",
        "userName eq \"x\" -- ",
        "userName eq \"x\" /* */",
        "userName pr\u{0}",
        "userName\u{a0}eq \"a\"",
        "userName eq \u{201c}a\u{201d}",
        "userName pr and",
        "userName in (\"a\", \"b\")",
        "userName between \"a\" and \"b\"",
        "userName like \"%\"",
        "1 eq 1",
        "true",
        "(select 1)",
    ];
    let meaningless = [
        "shoeSize pr",
        "name.shoe pr",
        "emails[shoe pr]",
        "urn:other:User:userName pr",
        "password sw \"t1me\"",
        "password pr",
        "urn:ietf:params:scim:schemas:core:2.0:User:password eq \"t1meMa$heen\"",
        "not (password co \"a\")",
        "userName eq 1",
        "userName eq true",
        "active eq 1",
        "active eq \"maybe\"",
        "active gt true",
        "active co \"tr\"",
        "meta.created gt 1",
        "meta.created gt \"yesterday\"",
        "meta.created gt \"2026-02-30T00:00:00Z\"",
        "meta.created sw \"2026\"",
        "meta.lastModified eq \"2026-01-01T00:00:00\"",
        "title gt null",
        "title co null",
        "name eq \"a\"",
        "meta eq \"a\"",
        "name[givenName eq \"a\"]",
        "userName[value eq \"a\"]",
        "x509Certificates.value gt \"a\"",
        "members pr",
        "displayName.value pr",
        "addresses eq \"a\"",
    ];
    let mut table: Vec<Bad> = unread
        .iter()
        .chain(&meaningless)
        .map(|filter| Bad::get(format!("/Users?{}", filtered(filter)), "invalidFilter"))
        .collect();
    let large = [
        long("", "(", "", 20_000),
        long("", "not (", "", 8000),
        long("", "emails[", "", 5000),
        long(&"(".repeat(33), "title pr", &")".repeat(33), 1),
        long("title eq \"", "a", "\"", 8200),
        long("title pr", " or title pr", "", 1000),
        long("userName eq \"a\" and (", "(", "", 4000),
    ];
    table.extend(
        large
            .iter()
            .map(|filter| Bad::get(format!("/Groups?{}", filtered(filter)), "invalidFilter")),
    );
    let searched = [
        long("", "(", ")", 100_000),
        long("", "not(", "", 100_000),
        "shoeSize pr".to_owned(),
        long("a[", "(", "", 100_000),
    ];
    for filter in searched {
        let body = json!({ "schemas": [SEARCH], "filter": filter });
        table.push(Bad::given(
            "POST",
            "/Users/.search",
            body.to_string(),
            "invalidFilter",
        ));
    }
    let open = json!({ "schemas": [SEARCH], "filter": "(".repeat(100_000) });
    table.push(Bad::given(
        "POST",
        "/.search",
        open.to_string(),
        "invalidFilter",
    ));
    // One resource may be asked for in the same words.
    let of_one = [
        format!("{}?filter=%28", given.user),
        format!("{}?filter=a", given.group),
    ];
    table.extend(of_one.map(|path| Bad::get(path, "invalidFilter")));
    for order in ["sortBy=1a", "sortBy=a..b", "sortBy=%00", "sortBy=%27%3B--"] {
        table.push(Bad::get(format!("/Users?{order}"), "invalidPath"));
    }
    for twice in [
        "filter=title+pr&filter=userName+pr",
        "count=1&COUNT=2",
        "sortBy=id&sortBy=id",
    ] {
        table.push(Bad::get(format!("/Users?{twice}"), "invalidSyntax"));
    }
    table
}
