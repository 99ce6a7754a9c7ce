//! Lists: pages, cursors, orders, searches (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::cmp::Ordering;

use kiro_scim::{Column, Manner, Page, PageLimits, Paging, Query, Refusal, USER};
use serde_json::{Value, json};

const LIMITS: PageLimits = PageLimits {
    default: 20,
    most: 50,
};

fn query(pairs: &[(&str, &str)]) -> Result<Query, Refusal> {
    Query::of_pairs(pairs.iter().copied(), &LIMITS, Manner::Rfc)
}

#[test]
fn numbers_are_brought_into_their_range() {
    let check = |pairs: &[(&str, &str)], start: usize, count: usize| {
        let paging = query(pairs).map(|query| query.paging);
        assert_eq!(paging, Ok(Paging::Index { start, count }), "{pairs:?}");
    };
    check(&[], 1, 20);
    check(&[("startIndex", "0"), ("count", "-1")], 1, 0);
    check(&[("startIndex", "-7"), ("count", "51")], 1, 50);
    check(&[("StartIndex", "8"), ("COUNT", "0")], 8, 0);
    check(&[("count", "99999999999999999999999")], 1, 50);
    check(
        &[("startIndex", "99999999999999999999999")],
        i64::MAX as usize,
        20,
    );
    check(&[("count", "-99999999999999999999999")], 1, 0);
    for wrong in ["", "x", "1.5", "--1", "1e3", "+1", "١"] {
        assert_eq!(
            query(&[("count", wrong)]),
            Err(Refusal::Count("count")),
            "{wrong}"
        );
        assert_eq!(
            query(&[("startIndex", wrong)]),
            Err(Refusal::Count("startIndex")),
            "{wrong}"
        );
    }
    assert_eq!(
        query(&[("count", "1"), ("Count", "2")]),
        Err(Refusal::Twice("Count".into()))
    );
}

#[test]
fn cursors() {
    let check = |cursor: &str, after: Option<&str>| {
        let after = after.map(str::to_owned);
        let paging = query(&[("cursor", cursor), ("count", "7")]).map(|query| query.paging);
        assert_eq!(paging, Ok(Paging::Cursor { after, count: 7 }));
    };
    check("", None);
    check("YWJj-_.~", Some("YWJj-_.~"));
    check(&"a".repeat(512), Some(&"a".repeat(512)));
    for wrong in ["a b", "é", "a'--", "a+=", &"a".repeat(513)] {
        assert_eq!(query(&[("cursor", wrong)]), Err(Refusal::Cursor), "{wrong}");
    }
    assert_eq!(
        query(&[("cursor", ""), ("startIndex", "1")]),
        Err(Refusal::Count("startIndex"))
    );
}

#[test]
fn a_list_tells_where_it_is() {
    let list = |paging: &Paging, next, manner| {
        let page = Page {
            paging,
            total: paging.tells_total(manner).then_some(7),
            next,
        };
        Value::Object(page.around(1))
    };
    let index = Paging::Index { start: 3, count: 1 };
    let cursor = Paging::Cursor {
        after: None,
        count: 1,
    };
    let with = |mut more: Value| {
        more["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]);
        more["itemsPerPage"] = json!(1);
        more["Resources"] = json!([]);
        more
    };
    for manner in [Manner::Rfc, Manner::Aws] {
        assert_eq!(
            list(&index, None, manner),
            with(json!({ "totalResults": 7, "startIndex": 3 }))
        );
    }
    assert_eq!(
        list(&cursor, Some("n"), Manner::Rfc),
        with(json!({ "totalResults": 7, "nextCursor": "n" }))
    );
    assert_eq!(
        list(&cursor, None, Manner::Rfc),
        with(json!({ "totalResults": 7 }))
    );
    assert_eq!(
        list(&cursor, Some("n"), Manner::Aws),
        with(json!({ "nextCursor": "n" }))
    );
}

#[test]
fn a_search_asks_as_a_query_does() {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["displayName", "userName"], "filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10,
        "sortBy": "userName", "sortOrder": "descending",
    });
    let search = |body: &Value| Query::of_search(body.as_object().unwrap(), &LIMITS, Manner::Rfc);
    let pairs = [
        ("attributes", "displayName,userName"),
        ("filter", "displayName sw \"smith\""),
        ("startIndex", "1"),
        ("count", "10"),
        ("sortBy", "userName"),
        ("sortOrder", "descending"),
        ("unknown", "x"),
    ];
    assert_eq!(search(&body), query(&pairs));
    let blank = query(&[("filter", " ")]).unwrap();
    assert_eq!((blank.filter, blank.sort), (None, None));
    assert!(matches!(search(&json!({})), Err(Refusal::Schemas(_))));
    for (name, wrong) in [
        ("filter", json!({})),
        ("attributes", json!([1])),
        ("count", json!(true)),
    ] {
        let mut body = body.clone();
        body[name] = wrong;
        assert!(
            matches!(search(&body), Err(Refusal::Message { .. })),
            "{name}"
        );
    }
    let mut fraction = body.clone();
    fraction["count"] = json!(1.5);
    assert_eq!(search(&fraction), Err(Refusal::Count("count")));
}

#[test]
fn orders() {
    let check = |by: &str, order: &str, left: Value, right: Value, expected: Ordering| {
        let key = query(&[("sortBy", by), ("sortOrder", order)])
            .unwrap()
            .sort
            .unwrap();
        let value = |of: &Value| key.value(&USER, of.as_object().unwrap());
        let (first, second) = (value(&left), value(&right));
        assert_eq!(first.cmp(&second), expected, "{by}: {left} {right}");
        assert_eq!(second.cmp(&first), expected.reverse());
    };
    let name = |name: &str| json!({ "userName": name });
    check("userName", "", name("a"), name("B"), Ordering::Less);
    check(
        "USERNAME",
        "ascending",
        name("b"),
        name("A"),
        Ordering::Greater,
    );
    check(
        "userName",
        "Descending",
        name("a"),
        name("B"),
        Ordering::Greater,
    );
    check("userName", "", name("a"), name("A"), Ordering::Equal);
    check(
        "title",
        "",
        json!({}),
        json!({ "title": "z" }),
        Ordering::Greater,
    );
    check(
        "title",
        "descending",
        json!({}),
        json!({ "title": "z" }),
        Ordering::Less,
    );
    check("title", "", json!({}), json!({}), Ordering::Equal);
    check(
        "externalId",
        "",
        json!({ "externalId": "a" }),
        json!({ "externalId": "B" }),
        Ordering::Greater,
    );
    let emails = json!({ "emails": [{ "value": "z" }, { "value": "a", "primary": true }] });
    check(
        "emails",
        "",
        emails,
        json!({ "emails": [{ "value": "b" }] }),
        Ordering::Less,
    );
    let created = |time: &str| json!({ "meta": { "created": time } });
    check(
        "meta.created",
        "",
        created("2026-11-25T10:00:00Z"),
        created("2026-11-25T10:00:00.5Z"),
        Ordering::Less,
    );
    check("shoeSize", "", name("a"), name("b"), Ordering::Equal);
    let key = |by: &str| {
        query(&[("sortBy", by)])
            .unwrap()
            .sort
            .unwrap()
            .column(&USER)
    };
    assert_eq!(key("name.familyName"), Some(Column::FamilyName));
    assert_eq!(
        (key("emails"), key("title"), key("shoeSize")),
        (None, None, None)
    );
    assert_eq!(
        query(&[("sortBy", "; DROP")]),
        Err(Refusal::UnknownAttribute(";DROP".into()))
    );
}
