//! What a PATCH is refused for, and how (RFC 7644 §3.5.2, §3.12).

use kiro_scim::{FilterFault, GROUP, Limits, Manner, Patch, Refusal, USER};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, bare, patch, patched, user};
use super::patch::babs;

#[test]
fn what_is_refused_and_how() {
    let check = |operation: Value, expected: Refusal| {
        let refusal = patched(&babs(), json!([operation])).unwrap_err();
        assert_eq!(bare(refusal), expected, "{operation}");
    };
    let unknown = |name: &str| Refusal::UnknownAttribute(name.into());
    let read_only = |name: &str| Refusal::ReadOnly(name.into());
    let value = |attribute: &str, expected| Refusal::Value {
        attribute: attribute.into(),
        expected,
    };
    let replace =
        |path: &str, value: Value| json!({ "op": "replace", "path": path, "value": value });
    check(
        json!({ "op": "move", "path": "title" }),
        Refusal::Message {
            member: "op",
            expected: "`add`, `replace` or `remove`",
        },
    );
    check(
        json!({ "path": "title" }),
        Refusal::Message {
            member: "op",
            expected: "`add`, `replace` or `remove`",
        },
    );
    check(
        json!(1),
        Refusal::Message {
            member: "Operations",
            expected: "a list of objects",
        },
    );
    check(replace("shoeSize", json!(1)), unknown("shoeSize"));
    check(replace("name.shoe", json!(1)), unknown("name.shoe"));
    check(
        replace("urn:x:User:title", json!("x")),
        unknown("urn:x:User:title"),
    );
    check(
        replace("emails[", json!("x")),
        Refusal::Path {
            at: 8,
            fault: FilterFault::Attribute,
        },
    );
    check(
        replace("/title", json!("x")),
        Refusal::Path {
            at: 1,
            fault: FilterFault::Attribute,
        },
    );
    check(
        json!({ "op": "replace", "path": 7, "value": 1 }),
        Refusal::Message {
            member: "path",
            expected: "text",
        },
    );
    check(replace("id", json!("x")), read_only("id"));
    check(
        replace("meta.version", json!("x")),
        read_only("meta.version"),
    );
    check(
        replace("groups", json!([{ "value": "g" }])),
        read_only("groups"),
    );
    check(
        json!({ "op": "remove", "path": "groups[value eq \"g\"]" }),
        read_only("groups"),
    );
    check(
        replace(&format!("{ENTERPRISE}:manager.displayName"), json!("x")),
        read_only(&format!("{ENTERPRISE}:manager.displayName")),
    );
    check(
        json!({ "op": "remove", "path": "userName" }),
        Refusal::Irremovable("userName".into()),
    );
    check(
        replace("userName", json!(null)),
        Refusal::Irremovable("userName".into()),
    );
    check(
        replace("userName", json!("")),
        Refusal::Irremovable("userName".into()),
    );
    check(
        json!({ "op": "remove", "path": "active" }),
        Refusal::Irremovable("active".into()),
    );
    check(
        replace("active", json!(null)),
        Refusal::Irremovable("active".into()),
    );
    check(json!({ "op": "remove" }), Refusal::RemoveWithoutPath);
    check(
        json!({ "op": "replace", "path": "title" }),
        value("title", "given"),
    );
    check(
        json!({ "op": "add" }),
        value("value", "an object of attributes where there is no `path`"),
    );
    check(
        json!({ "op": "add", "value": [1] }),
        value("value", "an object of attributes where there is no `path`"),
    );
    check(replace("title", json!(7)), value("title", "text"));
    check(replace("title", json!(["x"])), value("title", "text"));
    check(
        replace("active", json!("maybe")),
        value("active", "true or false"),
    );
    check(
        replace("active", json!(0)),
        value("active", "true or false"),
    );
    check(replace("name", json!("x")), value("name", "an object"));
    check(
        replace("name.givenName", json!({})),
        value("name.givenName", "text"),
    );
    check(
        replace("emails", json!([7])),
        value("emails", "a list of objects"),
    );
    check(
        replace("emails", json!([[]])),
        value("emails", "a list of objects"),
    );
    check(
        replace("emails", json!([{ "value": 7 }])),
        value("emails.value", "text"),
    );
    check(
        replace("emails[type eq \"work\"].primary", json!("x")),
        value("emails[type eq \"work\"].primary", "true or false"),
    );
    check(
        replace("x509Certificates", json!([{ "value": "not base64" }])),
        value("x509Certificates.value", "base64"),
    );
    check(
        replace(ENTERPRISE, json!("x")),
        value(ENTERPRISE, "an object"),
    );
    check(
        replace(
            "emails",
            json!([{ "value": "a", "primary": true }, { "value": "b", "primary": "True" }]),
        ),
        Refusal::Primary("emails".into()),
    );
    check(
        replace("emails.primary", json!(true)),
        Refusal::Primary("emails".into()),
    );
    check(
        replace("name[givenName eq \"x\"]", json!({})),
        Refusal::FilterComparison {
            attribute: "name".into(),
            reason: "it is no list",
        },
    );
    check(
        replace("emails[shoe eq \"x\"].value", json!("x")),
        Refusal::FilterAttribute("emails.shoe".into()),
    );
    check(
        json!({ "op": "remove", "path": "emails", "value": [{}] }),
        value("emails", "a list of values to remove"),
    );
    check(
        json!({ "op": "remove", "path": "emails", "value": 7 }),
        value("emails", "a list of objects"),
    );
}

#[test]
fn a_message_is_what_it_says_and_no_longer_than_allowed() {
    let limits = Limits {
        operations: 3,
        members: 4,
        values: 3,
        ..Limits::default()
    };
    let read = |text: &str| Patch::read(text.as_bytes(), &USER, Manner::Rfc, &limits);
    let urn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    assert_eq!(read("{}").err(), Some(Refusal::Schemas(urn)));
    assert_eq!(
        read(r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}"#).err(),
        Some(Refusal::Schemas(urn))
    );
    let empty = Refusal::Message {
        member: "Operations",
        expected: "a list with at least one operation",
    };
    for operations in [
        "",
        r#", "Operations": []"#,
        r#", "Operations": {}"#,
        r#", "Operations": "x""#,
    ] {
        assert_eq!(
            read(&format!("{{\"schemas\": [\"{urn}\"]{operations}}}")).err(),
            Some(empty.clone())
        );
    }
    // Names of messages have no case, either.
    let shouted = r#"{"SCHEMAS": ["URN:IETF:params:scim:api:messages:2.0:PatchOp"],
        "operations": [{"OP": "ADD", "Path": "TITLE", "Value": "x"}]}"#;
    assert_eq!(
        read(shouted)
            .unwrap()
            .apply(&babs())
            .unwrap()
            .resource
            .text("title"),
        Some("x")
    );

    let one = json!({ "op": "add", "path": "title", "value": "x" });
    let body = json!({ "schemas": [urn], "Operations": [one, one, one, one] }).to_string();
    assert_eq!(
        read(&body).err(),
        Some(Refusal::TooManyChanges {
            what: "operations",
            limit: 3
        })
    );

    let emails: Vec<Value> = (0..4).map(|n| json!({ "value": n.to_string() })).collect();
    let too_many = Refusal::TooManyValues {
        attribute: "emails".into(),
        limit: 3,
    };
    for op in ["add", "replace", "remove"] {
        let body = json!({ "schemas": [urn], "Operations": [{ "op": op, "path": "emails", "value": emails }] });
        let refusal = read(&body.to_string()).err();
        assert_eq!(refusal.map(bare), Some(too_many.clone()), "{op}");
    }
    // Nor does a list grow from operation to operation, though it would shrink in the end.
    let add = |emails: &[Value]| json!({ "op": "add", "path": "emails", "value": emails });
    let label = json!({ "op": "add", "path": "emails[type eq \"work\"].display", "value": "W" });
    let gone = json!({ "op": "remove", "path": "emails" });
    for growing in [
        json!([add(&emails[..2]), add(&emails[2..]), gone]),
        json!([add(&emails[..3]), label, gone]),
    ] {
        let body = json!({ "schemas": [urn], "Operations": growing }).to_string();
        let nobody = user(json!({ "userName": "x" }));
        let refusal = read(&body).unwrap().apply(&nobody).map_err(bare);
        assert_eq!(refusal, Err(too_many.clone()), "{growing}");
    }

    let members = |n: usize| {
        (0..n)
            .map(|n| json!({ "value": n.to_string() }))
            .collect::<Vec<_>>()
    };
    let body = json!({ "schemas": [urn], "Operations": [
        { "op": "add", "path": "members", "value": members(3) },
        { "op": "remove", "path": "members", "value": members(2) },
    ]});
    let refusal = Patch::read(body.to_string().as_bytes(), &GROUP, Manner::Rfc, &limits).err();
    let too_many = Refusal::TooManyChanges {
        what: "changes of members",
        limit: 4,
    };
    assert_eq!(refusal.map(bare), Some(too_many));
}

#[test]
fn paths_are_read_before_anything_is_loaded() {
    let refusal = patch(
        &GROUP,
        json!([{ "op": "add", "path": "displayName", "value": 1 }]),
        Manner::Rfc,
    );
    assert!(refusal.is_err());
}

/// Among what clients compare with and set are passwords: a refusal has the names, and of text the schema's own words.
#[test]
fn no_refusal_repeats_what_a_client_sent() {
    let check = |path: &str, value: Value, told: &str| {
        let operations = json!([{ "op": "replace", "path": path, "value": value }]);
        let detail = patched(&babs(), operations).unwrap_err().detail();
        assert!(detail.contains(told), "{detail}");
        assert!(!detail.contains("s3cret"), "{detail}");
    };
    check("ims[type eq \"s3cret\"]", json!({}), "`ims[…]`");
    check(
        "ims[type eq \"skype\" and value eq \"s3cret\"]",
        json!({}),
        "`ims[…]`",
    );
    check(
        "ims[not (value eq \"s3cret\")].value",
        json!("x"),
        "`ims[…].value`",
    );
    check(
        "emails[value eq \"s3cret\"].primary",
        json!("s3cret"),
        "`emails[…].primary`",
    );
    check(
        "emails[type eq \"work\"].primary",
        json!("s3cret"),
        "`emails[type eq \"work\"].primary`",
    );
    check("shoes[value eq \"s3cret\"].size", json!(1), "`shoes.size`");
    let long = vec!["type eq \"work\""; 50].join(" and ");
    check(&format!("ims[{long}]"), json!({}), "`ims[…]`");
}
