//! PATCH by the RFC (RFC 7644 §3.5.2).

use kiro_scim::{Refusal, Resource};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, aiko, patched, user};

/// Somebody with two addresses.
pub(crate) fn babs() -> Resource {
    user(json!({
        "userName": "babs",
        "emails": [
            { "value": "babs@work.example", "type": "work", "primary": true },
            { "value": "babs@home.example", "type": "home" },
        ],
        "addresses": [{ "type": "work", "locality": "Hollywood" }],
    }))
}

#[track_caller]
fn check(operations: Value, attribute: &str, expected: Value) {
    let change = patched(&babs(), operations.clone()).unwrap();
    let now = change.resource.attributes().get(attribute).cloned();
    assert_eq!(now.unwrap_or_default(), expected, "{operations}");
}

#[test]
fn a_list_is_added_to_replaced_and_removed_from() {
    let work = json!({ "value": "babs@work.example", "type": "work", "primary": true });
    let home = json!({ "value": "babs@home.example", "type": "home" });
    let third = json!({ "value": "third@x.example", "type": "other" });
    let add = |value: Value| json!([{ "op": "add", "path": "emails", "value": value }]);
    check(add(json!([third])), "emails", json!([work, home, third]));
    check(add(third.clone()), "emails", json!([work, home, third]));
    check(add(json!([])), "emails", json!([work, home]));
    // The same address with the same type is not another one, whatever its case.
    check(
        add(json!({ "value": "BABS@home.example", "type": "Home", "display": "B" })),
        "emails",
        json!([work, { "value": "BABS@home.example", "type": "Home", "display": "B" }]),
    );
    // Who becomes the primary one is the only one.
    check(
        add(json!({ "value": "third@x.example", "primary": true })),
        "emails",
        json!([
            { "value": "babs@work.example", "type": "work", "primary": false },
            home,
            { "value": "third@x.example", "primary": true },
        ]),
    );
    check(
        json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]),
        "emails",
        json!([
            { "value": "babs@work.example", "type": "work", "primary": false },
            { "value": "babs@home.example", "type": "home", "primary": true },
        ]),
    );
    let second = json!({ "value": "babs@work.example", "type": "work", "primary": false });
    let new = json!({ "value": "third@x.example", "type": "other", "primary": true });
    check(
        json!([{ "op": "replace", "path": "emails[type eq \"home\"]", "value": new }]),
        "emails",
        json!([second, new]),
    );
    check(
        json!([{ "op": "add", "path": "emails[type eq \"other\" and primary eq true].value", "value": "third@x.example" }]),
        "emails",
        json!([second, home, new]),
    );
    check(
        json!([{ "op": "replace", "path": "emails", "value": [third] }]),
        "emails",
        json!([third]),
    );
    check(
        json!([{ "op": "replace", "path": "emails", "value": [] }]),
        "emails",
        json!(null),
    );
    check(
        json!([{ "op": "replace", "path": "emails", "value": null }]),
        "emails",
        json!(null),
    );
    check(
        json!([{ "op": "replace", "path": "emails[type eq \"home\"]", "value": third }]),
        "emails",
        json!([work, third]),
    );
    check(
        json!([{ "op": "add", "path": "emails[type eq \"home\"]", "value": { "display": "H" } }]),
        "emails",
        json!([work, { "value": "babs@home.example", "type": "home", "display": "H" }]),
    );
    check(
        json!([{ "op": "remove", "path": "emails" }]),
        "emails",
        json!(null),
    );
    check(
        json!([{ "op": "remove", "path": "emails[type eq \"home\"]" }]),
        "emails",
        json!([work]),
    );
    check(
        json!([{ "op": "remove", "path": "emails[type eq \"x\"]" }]),
        "emails",
        json!([work, home]),
    );
    check(
        json!([{ "op": "remove", "path": "emails[value pr]" }]),
        "emails",
        json!(null),
    );
    check(
        json!([{ "op": "remove", "path": "emails[type eq \"work\"].primary" }]),
        "emails",
        json!([{ "value": "babs@work.example", "type": "work" }, home]),
    );
    check(
        json!([{ "op": "remove", "path": "emails.type" }]),
        "emails",
        json!([
            { "value": "babs@work.example", "primary": true }, { "value": "babs@home.example" },
        ]),
    );
    check(
        json!([{ "op": "remove", "path": "emails", "value": [{ "value": "babs@HOME.example" }] }]),
        "emails",
        json!([work]),
    );
    check(
        json!([{ "op": "remove", "path": "emails", "value": [{ "value": "babs@home.example", "type": "work" }] }]),
        "emails",
        json!([work, home]),
    );
    check(
        json!([{ "op": "remove", "path": "emails", "value": [] }]),
        "emails",
        json!([work, home]),
    );
    check(
        json!([{ "op": "remove", "path": "addresses", "value": [{ "locality": "Hollywood" }] }]),
        "addresses",
        json!(null),
    );
    check(
        json!([{ "op": "replace", "path": "addresses.locality", "value": "Tokyo" }]),
        "addresses",
        json!([
            { "type": "work", "locality": "Tokyo" },
        ]),
    );
    // Addresses are told apart by all that they say.
    check(
        json!([{ "op": "add", "path": "addresses", "value": { "type": "work", "locality": "Tokyo" } }]),
        "addresses",
        json!([{ "type": "work", "locality": "Hollywood" }, { "type": "work", "locality": "Tokyo" }]),
    );
    check(
        json!([{ "op": "replace", "path": "addresses[country eq \"JP\"].region", "value": "" }]),
        "addresses",
        json!([{ "type": "work", "locality": "Hollywood" }]),
    );
    check(
        json!([{ "op": "add", "path": "ims.value", "value": "b" }]),
        "ims",
        json!([{ "value": "b" }]),
    );
}

#[test]
fn a_complex_attribute_keeps_the_parts_that_are_not_named() {
    let named = user(json!({ "userName": "x", "name": { "givenName": "G", "familyName": "F" } }));
    let check = |value: Value, expected: Value| {
        let change = patched(
            &named,
            json!([{ "op": "replace", "path": "name", "value": value }]),
        );
        let now = change.unwrap().resource.attributes().get("name").cloned();
        assert_eq!(now.unwrap_or_default(), expected);
    };
    check(
        json!({ "givenName": "H" }),
        json!({ "givenName": "H", "familyName": "F" }),
    );
    check(json!({ "givenName": null }), json!({ "familyName": "F" }));
    check(
        json!({ "middlename": "M" }),
        json!({ "givenName": "G", "familyName": "F", "middleName": "M" }),
    );
    check(json!({}), json!({ "givenName": "G", "familyName": "F" }));
    check(json!(null), json!(null));
    check(json!(""), json!(null));
    let change = patched(&aiko(), json!([{ "op": "remove", "path": ENTERPRISE }])).unwrap();
    assert!(!change.resource.attributes().contains_key(ENTERPRISE));
    let change = patched(
        &aiko(),
        json!([{ "op": "add", "path": ENTERPRISE, "value": { "costCenter": "7" } }]),
    )
    .unwrap();
    assert_eq!(
        change.resource.attributes()[ENTERPRISE],
        json!({ "costCenter": "7", "department": "Sales", "manager": { "value": "m1" } })
    );
}

#[test]
fn what_changes_nothing_is_told_as_such() {
    for operations in [
        json!([{ "op": "replace", "path": "displayName", "value": "Aiko Tanaka" }]),
        json!([{ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "aiko@acme.example" }] }]),
        json!([{ "op": "remove", "path": "nickName" }]),
        json!([{ "op": "remove", "path": "phoneNumbers[type eq \"fax\"]" }]),
        json!([{ "op": "replace", "path": "title", "value": "x" }, { "op": "remove", "path": "title" }]),
        json!([{ "op": "replace", "value": { "id": "other", "schemas": [], "groups": [] } }]),
        json!([{ "op": "add", "value": {} }]),
        json!([{ "op": "add", "path": "", "value": { "title": "" } }]),
        json!([{ "op": "add", "path": ENTERPRISE, "value": { "shoe": 1, "manager": { "displayName": "M" } } }]),
        json!([{ "op": "replace", "path": "active", "value": "true" }]),
    ] {
        let change = patched(&aiko(), operations.clone()).unwrap();
        assert!(!change.changed, "{operations}");
        assert_eq!(change.resource, aiko());
    }
}

#[test]
fn one_operation_that_cannot_be_done_undoes_the_others() {
    let before = babs();
    let operations = json!([
        { "op": "replace", "path": "title", "value": "x" },
        { "op": "remove", "path": "emails" },
        { "op": "replace", "path": "ims[type eq \"skype\"]", "value": { "value": "y" } },
    ]);
    let refusal = patched(&before, operations).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Operation {
            number: 3,
            refusal: Box::new(Refusal::NoTarget("ims[type eq \"skype\"]".into())),
        }
    );
    assert_eq!(before, babs());
    assert_eq!(
        refusal.detail(),
        "Operation 3: no value of this resource matches the path `ims[type eq \"skype\"]`"
    );
}
