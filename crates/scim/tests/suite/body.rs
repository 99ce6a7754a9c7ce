//! The body of a POST or PUT: what is taken, passed over, refused.

use kiro_scim::{GROUP, Limits, Manner, Received, Refusal, USER};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, aiko, body, received, user};

#[test]
fn names_are_spelled_as_the_schema_spells_them_and_what_says_nothing_is_not_there() {
    let said = json!({
        "USERNAME": "x", "Name": { "GIVENNAME": "G", "middleName": null, "familyName": "" }, "nickname": null, "phoneNumbers": [],
        "emails": { "Value": "a@b", "PRIMARY": "TRUE", "$ref": "x" }, "ims": [{ "type": "x", "primary": false, "display": "X" }], "addresses": [{}],
        "photos": [{ "value": "https://p.example/1" }, { "value": "https://p.example/1" }],
        "shoeSize": 44, "id": "mine", "meta": { "version": "9" }, "groups": [{ "value": "g" }], "schemas_": 1,
        ENTERPRISE.to_uppercase(): { "Department": "D", "shoe": 1, "manager": { "$ref": "../Users/m", "value": "m", "displayName": "M" } },
    });
    assert_eq!(
        Value::Object(user(said).attributes().clone()),
        json!({
            "userName": "x", "name": { "givenName": "G" }, "active": true,
            "emails": [{ "value": "a@b", "primary": true }],
            "photos": [{ "value": "https://p.example/1" }],
            ENTERPRISE: { "department": "D", "manager": { "$ref": "../Users/m", "value": "m" } },
        })
    );
}

#[test]
fn a_new_person_may_sign_in_unless_it_is_said_that_they_may_not() {
    assert!(user(json!({ "userName": "x" })).active());
    assert!(user(json!({ "userName": "x", "active": null })).active());
    assert!(!user(json!({ "userName": "x", "active": "FALSE" })).active());
}

#[test]
fn the_space_around_a_name_says_nothing() {
    let said = json!({ "userName": " aiko\u{3000}", "displayName": " Aiko ", "externalId": " e " });
    let aiko = user(said.clone());
    let names = ["userName", "displayName", "externalId"].map(|name| aiko.text(name));
    assert_eq!(names, [Some("aiko"), Some(" Aiko "), Some(" e ")]);
    let put = received(&USER, said, Manner::Rfc).unwrap();
    assert!(!put.replace(&aiko).unwrap().changed);
    let tour = super::given::group(json!({ "displayName": "\tTour guides " }));
    assert_eq!(tour.text("displayName"), Some("Tour guides"));
    let nothing = received_error(json!({ "userName": " \u{a0}" }));
    assert_eq!(nothing, Refusal::Missing("userName".into()));
}

#[test]
fn a_password_is_dropped_wherever_it_stands() {
    let secret = "s3cret";
    let said = json!({ "userName": "x", "Password": secret, "name": { "password": secret }, ENTERPRISE: { "password": secret } });
    let received = received(&USER, said, Manner::Rfc).unwrap();
    assert!(!format!("{received:?}").contains(secret));
    let refused = received_error(json!({ "userName": 7, "password": secret }));
    assert!(!format!("{refused:?} {}", refused.detail()).contains(secret));
}

fn received_error(said: Value) -> Refusal {
    let made = received(&USER, said, Manner::Rfc).and_then(Received::create);
    made.unwrap_err()
}

#[test]
fn what_is_refused_and_how() {
    let check = |said: Value, expected: Refusal| {
        assert_eq!(received_error(said.clone()), expected, "{said}")
    };
    let value = |attribute: &str, expected| Refusal::Value {
        attribute: attribute.into(),
        expected,
    };
    check(json!({}), Refusal::Missing("userName".into()));
    check(
        json!({ "userName": "" }),
        Refusal::Missing("userName".into()),
    );
    check(json!({ "userName": 7 }), value("userName", "text"));
    check(json!({ "userName": ["x"] }), value("userName", "text"));
    check(
        json!({ "userName": "x", "active": 1 }),
        value("active", "true or false"),
    );
    check(
        json!({ "userName": "x", "name": "N" }),
        value("name", "an object"),
    );
    check(
        json!({ "userName": "x", "name": [] }),
        value("name", "an object"),
    );
    check(
        json!({ "userName": "x", "emails": [1] }),
        value("emails", "a list of objects"),
    );
    check(
        json!({ "userName": "x", "emails": [{ "value": {} }] }),
        value("emails.value", "text"),
    );
    check(
        json!({ "userName": "x", "addresses": "Tokyo" }),
        value("addresses", "a list of objects"),
    );
    check(
        json!({ "userName": "x", ENTERPRISE: [] }),
        value(ENTERPRISE, "an object"),
    );
    check(
        json!({ "userName": "x", "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }),
        Refusal::Primary("emails".into()),
    );
    let many: Vec<Value> = (0..101)
        .map(|n| json!({ "value": n.to_string() }))
        .collect();
    check(
        json!({ "userName": "x", "emails": many }),
        Refusal::TooManyValues {
            attribute: "emails".into(),
            limit: 100,
        },
    );

    assert!(
        received(
            &USER,
            json!({ "userName": "x", ENTERPRISE: null }),
            Manner::Rfc
        )
        .is_ok()
    );
    let most: Vec<Value> = (0..100)
        .map(|n| json!({ "value": n.to_string() }))
        .collect();
    user(json!({ "userName": "x", "emails": most }));

    let long = |attribute: &str, limit: usize| Refusal::TooLong {
        attribute: attribute.into(),
        limit,
    };
    let title = |length: usize| json!({ "userName": "x", "title": "é".repeat(length / 2) });
    assert!(received(&USER, title(1024), Manner::Rfc).is_ok());
    check(title(1026), long("title", 1024));
    let photo = |length: usize| json!({ "userName": "x", "photos": ["p".repeat(length)] });
    assert!(received(&USER, photo(16 * 1024), Manner::Rfc).is_ok());
    check(photo(16 * 1024 + 1), long("photos.value", 16 * 1024));

    let limits = Limits::default();
    let read = |text: &str| Received::read(text.as_bytes(), &USER, Manner::Rfc, &limits);
    let schemas = Refusal::Schemas("urn:ietf:params:scim:schemas:core:2.0:User");
    for text in [
        r#"{"userName": "x"}"#,
        r#"{"schemas": [], "userName": "x"}"#,
        r#"{"schemas": "urn:ietf:params:scim:schemas:core:2.0:User", "userName": "x"}"#,
        r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "userName": "x"}"#,
    ] {
        assert_eq!(read(text), Err(schemas.clone()), "{text}");
    }
    let twice = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "x", "UserName": "y"}"#;
    assert_eq!(read(twice), Err(Refusal::Twice("UserName".into())));
    let group = Received::read(
        &body(&GROUP, json!({ "members": [] })),
        &GROUP,
        Manner::Rfc,
        &limits,
    );
    assert_eq!(
        group.and_then(Received::create),
        Err(Refusal::Missing("displayName".into()))
    );
}

#[test]
fn a_put_unassigns_what_it_does_not_name_but_activates_nobody_and_forgets_no_identity() {
    let gone = super::given::patched(
        &aiko(),
        json!([{ "op": "replace", "path": "active", "value": false }]),
    );
    let gone = gone.unwrap().resource;
    let put = |said: Value| {
        let change = received(&USER, said, Manner::Rfc)
            .unwrap()
            .replace(&gone)
            .unwrap();
        (
            Value::Object(change.resource.attributes().clone()),
            change.changed,
        )
    };
    let kept = json!({ "userName": "aiko@acme.example", "externalId": "00ua1", "active": false });
    assert_eq!(
        put(json!({ "userName": "aiko@acme.example" })),
        (kept.clone(), true)
    );
    assert_eq!(
        put(json!({ "userName": "aiko@acme.example", "active": null })),
        (kept, true)
    );
    assert_eq!(
        put(json!({ "userName": "aiko@acme.example", "externalId": null, "active": true })),
        (
            json!({ "userName": "aiko@acme.example", "active": true }),
            true
        )
    );
    let unchanged = Value::Object(gone.attributes().clone());
    assert_eq!(put(unchanged.clone()), (unchanged, false));
}
