//! What Okta sends: look-up before create, GET and PUT, a PATCH of `active` without a path, group push.

use kiro_scim::{Bound, GROUP, Manner, PageLimits, Paging, Query, Resource, USER, present};
use serde_json::{Value, json};

use super::given::{aiko, group, ids, patch, patched, received, user};

fn query(pairs: &[(&str, &str)]) -> Query {
    let pairs = pairs.iter().copied();
    Query::of_pairs(pairs, &PageLimits::default(), Manner::Rfc).unwrap()
}

fn filter(query: &Query) -> Bound {
    query.bound(&USER).unwrap().unwrap()
}

#[test]
fn a_person_is_looked_for_and_made() {
    let query = query(&[
        ("filter", r#"userName eq "test.user@okta.local""#),
        ("startIndex", "1"),
        ("count", "100"),
    ]);
    assert_eq!(
        query.paging,
        Paging::Index {
            start: 1,
            count: 100
        }
    );
    let made = user(json!({
        "userName": "test.user@okta.local",
        "name": { "givenName": "Test", "familyName": "User", "middleName": "" },
        "emails": [{ "primary": true, "value": "test.user@okta.local", "type": "work" }],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    }));
    assert!(filter(&query).matches(made.attributes()));
    let text = Value::Object(made.attributes().clone()).to_string();
    assert!(
        !text.contains("1mz050nq") && !text.contains("password"),
        "{text}"
    );
    assert!(
        !text.contains("middleName"),
        "what is empty is not said: {text}"
    );
}

/// Okta reads, changes, and writes the whole back: what the service said itself included.
#[test]
fn a_person_is_read_and_written_back() {
    let before = aiko();
    let mut whole = before.attributes().clone();
    whole.insert("id".into(), "23a35c27-23d3-4c03-b4c5-6443c09e7173".into());
    whole.insert(
        "meta".into(),
        json!({ "resourceType": "User", "version": "W/\"0\"" }),
    );
    whole.insert("groups".into(), json!([{ "value": "g1", "display": "G" }]));
    let put = |whole: &serde_json::Map<String, Value>| {
        let received = received(&USER, Value::Object(whole.clone()), Manner::Rfc).unwrap();
        received.replace(&before).unwrap()
    };
    let same = put(&whole);
    assert!(!same.changed);
    assert_eq!(same.resource, before);

    whole.insert("displayName".into(), "Aiko Suzuki".into());
    let renamed = put(&whole);
    assert!(renamed.changed);
    assert_eq!(renamed.resource.text("displayName"), Some("Aiko Suzuki"));

    whole.insert("active".into(), false.into());
    assert!(!put(&whole).resource.active());
}

#[test]
fn a_person_is_deactivated_and_comes_back_by_a_patch_without_a_path() {
    let active = |active: bool| json!([{ "op": "replace", "value": { "active": active } }]);
    let gone = patched(&aiko(), active(false)).unwrap();
    assert!(gone.changed && !gone.resource.active());
    assert!(!patched(&gone.resource, active(false)).unwrap().changed);
    assert_eq!(
        patched(&gone.resource, active(true)).unwrap().resource,
        aiko()
    );
}

#[test]
fn a_group_is_pushed() {
    let made = received(
        &GROUP,
        json!({ "displayName": "Test SCIMv2", "members": [
            { "value": "23a35c27", "display": "test.user@okta.local" },
            { "value": "23a35c27" },
        ]}),
        Manner::Rfc,
    );
    let made = made.unwrap().create().unwrap();
    assert_eq!(made.members.add, ids(&["23a35c27"]));
    assert!(made.resource.attributes().get("members").is_none());

    // A rename carries the id along.
    let renamed =
        json!([{ "op": "replace", "value": { "id": "abf4dd94", "displayName": "Test SCIMv0" } }]);
    let renamed = patched(&made.resource, renamed).unwrap();
    assert_eq!(renamed.resource.text("displayName"), Some("Test SCIMv0"));
    assert!(renamed.changed && renamed.members.is_nothing());

    let all = json!([{ "op": "replace", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] }]);
    let all = patched(&made.resource, all).unwrap();
    assert!(!all.changed, "the group itself is as it was");
    assert_eq!(all.members.of(&ids(&["x", "a"])), ids(&["a", "b"]));

    let one = json!([
        { "op": "remove", "path": "members[value eq \"x\"]" },
        { "op": "add", "path": "members", "value": [{ "value": "c", "display": "c@acme.example" }] },
    ]);
    let one = patched(&made.resource, one).unwrap();
    assert_eq!(one.members.of(&ids(&["x", "a"])), ids(&["a", "c"]));
}

#[test]
fn a_group_is_written_as_a_whole() {
    let tour = group(json!({ "displayName": "Tour", "externalId": "g1" }));
    let put = |said: Value| {
        let received = received(&GROUP, said, Manner::Rfc).unwrap();
        received.replace(&tour).unwrap()
    };
    let before = ids(&["a", "b"]);
    let with = put(json!({ "displayName": "Tour", "members": [{ "value": "b" }] }));
    assert_eq!(with.members.of(&before), ids(&["b"]));
    assert_eq!(
        with.resource.text("externalId"),
        Some("g1"),
        "not named, not lost"
    );
    let empty = put(json!({ "displayName": "Tour", "members": [] }));
    assert_eq!(empty.members.of(&before), ids(&[]));
    for kept in [
        json!({ "displayName": "Tour guides" }),
        json!({ "displayName": "Tour guides", "members": null }),
    ] {
        let kept = put(kept);
        assert!(kept.members.is_nothing(), "who is not named stays");
        assert!(kept.changed);
    }
}

#[test]
fn pages_are_walked_by_numbers() {
    let page = |start: &str| query(&[("startIndex", start), ("count", "2")]).paging;
    assert_eq!(page("1"), Paging::Index { start: 1, count: 2 });
    assert_eq!(page("3"), Paging::Index { start: 3, count: 2 });
}

#[test]
fn disabled_people_are_found() {
    let gone: Resource = user(json!({ "userName": "bob", "active": false }));
    let facts = super::projection::facts();
    let filter = filter(&query(&[("filter", r#"userName eq "BOB""#)]));
    assert!(filter.matches(&present(&gone, &facts)));
}

#[test]
fn a_password_by_patch_makes_no_login() {
    let change = patched(
        &aiko(),
        json!([
            { "op": "replace", "value": { "password": "t1meMa$heen" } },
            { "op": "replace", "path": "password", "value": "t1meMa$heen" },
        ]),
    );
    let change = change.unwrap();
    assert!(!change.changed);
    let read = patch(
        &USER,
        json!([{ "op": "add", "path": "password", "value": "t1meMa$heen" }]),
        Manner::Rfc,
    );
    assert!(!format!("{read:?}").contains("t1meMa$heen"));
}
