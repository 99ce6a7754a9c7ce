//! What Entra ID sends, with and without `aadOptscim062020`.

use kiro_scim::{Filter, GROUP, Manner, PageLimits, Query, Refusal, USER};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, aiko, bare, group, ids, made, patched, received, user};

#[test]
fn a_person_is_looked_for_by_several_attributes() {
    for filter in [
        r#"userName eq "aiko@acme.example""#,
        r#"externalId eq "00ua1""#,
        r#"emails[type eq "work"].value eq "aiko@acme.example""#,
        r#"emails[type eq "work" and value eq "aiko@acme.example"]"#,
    ] {
        let filter = Filter::parse(filter).unwrap();
        assert!(
            filter.bind(&USER).unwrap().matches(aiko().attributes()),
            "{filter}"
        );
    }
    let pairs = [
        ("aadOptscim062020", ""),
        ("filter", r#"userName eq "x""#),
        ("excludedAttributes", "members"),
    ];
    assert!(Query::of_pairs(pairs, &PageLimits::default(), Manner::Rfc).is_ok());
}

#[test]
fn a_person_is_made() {
    let body = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1",
        "active": "True",
        "emails": [{ "primary": "True", "type": "work", "value": "Test_User_fd0ea19b@testuser.com" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName" },
        "roles": [],
        "urn:ietf:params:scim:schemas:extension:custom:2.0:User": { "worksiteId": "180" },
        ENTERPRISE: { "manager": "00aa00bb", "department": "Sales" },
    });
    let limits = kiro_scim::Limits::default();
    let bytes = body.to_string();
    let received = kiro_scim::Received::read(bytes.as_bytes(), &USER, Manner::Rfc, &limits);
    let made = received.unwrap().create().unwrap().resource;
    assert!(made.active());
    assert_eq!(
        Value::Object(made.attributes().clone()),
        json!({
            "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
            "userName": "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1",
            "active": true,
            "emails": [{ "primary": true, "type": "work", "value": "Test_User_fd0ea19b@testuser.com" }],
            "name": { "formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName" },
            ENTERPRISE: { "manager": { "value": "00aa00bb" }, "department": "Sales" },
        })
    );
}

/// Every row: operations, and what is said afterwards of the attributes that they name.
#[test]
fn people_are_changed() {
    let check = |operations: Value, expected: Value| {
        let change = patched(&aiko(), operations.clone()).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            let now = change.resource.attributes().get(name).cloned();
            assert_eq!(now.unwrap_or_default(), *value, "{operations}");
        }
    };
    // Several attributes, each by its path, with a word that begins with a capital.
    check(
        json!([
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updated@microsoft.com" },
            { "op": "Replace", "path": "name.familyName", "value": "updatedFamilyName" },
            { "op": "Add", "path": "title", "value": "Dr." },
            { "op": "Remove", "path": "displayName" },
        ]),
        json!({
            "emails": [{ "value": "updated@microsoft.com", "type": "work", "primary": true }],
            "name": { "givenName": "Aiko", "familyName": "updatedFamilyName" },
            "title": "Dr.",
            "displayName": null,
        }),
    );
    // Truth as text.
    check(
        json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        json!({ "active": false }),
    );
    check(
        json!([{ "op": "Add", "path": "active", "value": "false" }]),
        json!({ "active": false }),
    );
    check(
        json!([{ "op": "replace", "path": "active", "value": false }]),
        json!({ "active": false }),
    );
    // Without a path: dotted keys, filters in keys, URN keys.
    check(
        json!([{ "op": "replace", "value": {
            "displayName": "Bjfe",
            "name.givenName": "Kjetil",
            "emails[type eq \"work\"].value": "kjetil@acme.example",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "20200202",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "division": "North" },
            "urn:ietf:params:scim:schemas:core:2.0:User:title": "Dr.",
            "urn:ietf:params:scim:schemas:extension:custom:2.0:User:worksite": "180",
            "shoeSize": 44,
        }}]),
        json!({
            "displayName": "Bjfe",
            "name": { "givenName": "Kjetil", "familyName": "Tanaka" },
            "emails": [{ "value": "kjetil@acme.example", "type": "work", "primary": true }],
            "title": "Dr.",
            ENTERPRISE: {
                "department": "Sales", "division": "North", "employeeNumber": "20200202", "manager": { "value": "m1" },
            },
        }),
    );
    // A value that is not there yet is made as the filter describes it, part after part.
    check(
        json!([
            { "op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+81 90" },
            { "op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "Columbus" },
            { "op": "Replace", "path": "addresses[type eq \"work\"].country", "value": "US" },
            { "op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Admin" },
            { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "admin" },
        ]),
        json!({
            "phoneNumbers": [{ "type": "mobile", "value": "+81 90" }],
            "addresses": [{ "type": "work", "formatted": "Columbus", "country": "US" }],
            "roles": [{ "primary": true, "display": "Admin", "value": "admin" }],
        }),
    );
    // The manager as a bare string, by path, by URN key, and taken away in three ways.
    let manager = format!("{ENTERPRISE}:manager");
    let department = json!({ "department": "Sales" });
    check(
        json!([{ "op": "Add", "path": manager, "value": "m2" }]),
        json!({ ENTERPRISE: { "department": "Sales", "manager": { "value": "m2" } } }),
    );
    check(
        json!([{ "op": "Replace", "value": { manager.clone(): "m2" } }]),
        json!({ ENTERPRISE: { "department": "Sales", "manager": { "value": "m2" } } }),
    );
    check(
        json!([{ "op": "Remove", "path": manager }]),
        json!({ ENTERPRISE: department }),
    );
    check(
        json!([{ "op": "Replace", "path": manager, "value": "" }]),
        json!({ ENTERPRISE: department }),
    );
    check(
        json!([{ "op": "Replace", "path": manager, "value": null }]),
        json!({ ENTERPRISE: department }),
    );
    // An address whose one part goes is gone.
    check(
        json!([{ "op": "Remove", "path": "emails[type eq \"work\"].value" }]),
        json!({ "emails": null }),
    );
    // Roles as text.
    check(
        json!([{ "op": "Add", "path": "roles", "value": ["admin"] }]),
        json!({ "roles": [{ "value": "admin" }] }),
    );
    // `Remove` of a plain attribute may bring the value that is removed.
    check(
        json!([{ "op": "Remove", "path": "name.givenName", "value": "Aiko" }]),
        json!({ "name": { "familyName": "Tanaka" } }),
    );
}

#[test]
fn an_address_is_made_once_and_only_where_the_filter_describes_it() {
    let bob = user(json!({ "userName": "bob" }));
    let twice = json!([
        { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "bob@acme.example" },
        { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "bob@acme.example" },
    ]);
    let change = patched(&bob, twice).unwrap();
    assert_eq!(
        change.resource.attributes()["emails"],
        json!([{ "type": "work", "value": "bob@acme.example" }])
    );
    for (vague, told) in [
        (r#"emails[type sw "wo"].value"#, "emails[…].value"),
        (
            r#"emails[type eq "work" or type eq "home"].value"#,
            r#"emails[type eq "work" or type eq "home"].value"#,
        ),
        (
            r#"emails[type eq "work" and type eq "home"].value"#,
            r#"emails[type eq "work" and type eq "home"].value"#,
        ),
        (r#"emails[type pr].value"#, r#"emails[type pr].value"#),
    ] {
        let operations = json!([{ "op": "Add", "path": vague, "value": "x" }]);
        let refusal = patched(&bob, operations).unwrap_err();
        assert_eq!(bare(refusal), Refusal::NoTarget(told.into()));
    }
}

#[test]
fn groups_have_a_schema_of_microsoft_s() {
    let body = json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
        "members": [],
        "meta": { "resourceType": "Group" },
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group": { "x": 1 },
    });
    let limits = kiro_scim::Limits::default();
    for manner in [Manner::Rfc, Manner::Aws] {
        let bytes = body.to_string();
        let made = kiro_scim::Received::read(bytes.as_bytes(), &GROUP, manner, &limits);
        let made = made.unwrap().create().unwrap();
        assert_eq!(
            made.resource,
            group(
                json!({ "displayName": "displayName", "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159" })
            )
        );
    }
}

/// T22: who leaves is named, by a filter or by a list, and nobody else leaves.
#[test]
fn removing_one_member_never_removes_all() {
    let tour = made(&GROUP, json!({ "displayName": "Tour" }));
    let before = ids(&["a", "b", "c"]);
    let check = |operations: Value, expected: &[&str]| {
        let change = patched(&tour, operations.clone()).unwrap();
        assert_eq!(change.members.of(&before), ids(expected), "{operations}");
        assert!(!change.changed);
    };
    let remove = |value: Value| json!([{ "op": "Remove", "path": "members", "value": value }]);
    check(remove(json!([{ "value": "b" }])), &["a", "c"]);
    check(remove(json!([{ "$ref": null, "value": "b" }])), &["a", "c"]);
    check(remove(json!({ "value": "b" })), &["a", "c"]);
    check(remove(json!(["a", "b"])), &["c"]);
    check(remove(json!("b")), &["a", "c"]);
    check(remove(json!([{ "value": "x" }])), &["a", "b", "c"]);
    check(remove(json!([])), &["a", "b", "c"]);
    check(
        json!([{ "op": "remove", "path": "members[value eq \"b\"]" }]),
        &["a", "c"],
    );
    check(
        json!([{ "op": "remove", "path": "members[value eq \"a\" or value eq \"b\"]" }]),
        &["c"],
    );
    check(
        json!([{ "op": "remove", "path": "members[value eq \"x\"]" }]),
        &["a", "b", "c"],
    );
    // Only who names the whole list and nobody in it means everybody.
    check(json!([{ "op": "remove", "path": "members" }]), &[]);
    check(
        json!([{ "op": "remove", "path": "members" }, { "op": "add", "path": "members", "value": [{ "value": "c" }] }]),
        &["c"],
    );
    check(
        json!([{ "op": "Replace", "path": "members", "value": [] }]),
        &[],
    );
    // The order counts.
    check(
        json!([
            { "op": "Add", "path": "members", "value": [{ "value": "x" }, { "value": "y" }] },
            { "op": "Remove", "path": "members", "value": [{ "value": "y" }, { "value": "a" }] },
            { "op": "Add", "path": "members", "value": [{ "value": "a" }] },
        ]),
        &["a", "b", "c", "x"],
    );

    let refused = |operations: Value, expected: Refusal| {
        let refusal = patched(&tour, operations.clone()).unwrap_err();
        assert_eq!(bare(refusal), expected, "{operations}");
    };
    refused(remove(json!(null)), Refusal::VagueMembers);
    refused(
        json!([{ "op": "replace", "path": "members", "value": null }]),
        Refusal::VagueMembers,
    );
    for vague in [
        "value pr",
        "type eq \"User\"",
        "not (value eq \"b\")",
        "value ne \"b\"",
        "display eq \"b\"",
        "value eq null",
    ] {
        refused(
            json!([{ "op": "remove", "path": format!("members[{vague}]") }]),
            Refusal::VagueMembers,
        );
    }
    let nobody = Refusal::Value {
        attribute: "members.value".into(),
        expected: "the id of a person",
    };
    refused(remove(json!([{}])), nobody.clone());
    refused(remove(json!({})), nobody.clone());
    refused(remove(json!([{ "display": "b" }])), nobody.clone());
    refused(remove(json!([{ "value": "" }])), nobody);
    refused(
        json!([{ "op": "remove", "value": { "members": [{ "value": "b" }] } }]),
        Refusal::RemoveWithoutPath,
    );
    refused(
        json!([{ "op": "remove", "path": "members[value eq \"b\"].type" }]),
        Refusal::ReadOnly("members[…]".into()),
    );
    refused(
        json!([{ "op": "remove", "path": "members.value" }]),
        Refusal::ReadOnly("members.value".into()),
    );
    refused(
        json!([{ "op": "replace", "path": "members[value eq \"b\"]", "value": { "value": "x" } }]),
        Refusal::ReadOnly("members[…]".into()),
    );
}

#[test]
fn a_group_in_a_group_is_refused_in_words() {
    let member = json!({ "displayName": "All", "members": [{ "value": "g2", "type": "Group" }] });
    assert_eq!(
        received(&GROUP, member, Manner::Rfc).unwrap_err().detail(),
        "`members.type` must be `User`: a group has people in it, and no groups"
    );
}
