//! What of a resource is answered (RFC 7644 §3.9), and what the service itself says of it (RFC 7643 §3.1).

use std::sync::LazyLock;

use jiff::Timestamp;
use kiro_scim::{
    EntityTag, Expected, Facts, GROUP, Manner, Projection, Reference, Refusal, USER, answer,
    present,
};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, aiko, group};

/// What the service says of somebody.
pub(crate) fn facts() -> Facts<'static> {
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    static RELATED: LazyLock<[Reference; 1]> = LazyLock::new(|| {
        [Reference {
            id: "r1".to_owned(),
            display: "R".to_owned(),
        }]
    });
    Facts {
        id: "2819c223",
        base: "https://id.example/acme/scim/v2",
        created: time("2026-11-25T10:00:00Z"),
        last_modified: time("2026-11-25T10:04:00.25Z"),
        version: 3,
        related: Some(&*RELATED),
    }
}

#[test]
fn the_whole_of_a_resource() {
    assert_eq!(
        Value::Object(present(&aiko(), &facts())),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "id": "2819c223", "externalId": "00ua1", "userName": "aiko@acme.example", "displayName": "Aiko Tanaka", "active": true,
            "name": { "givenName": "Aiko", "familyName": "Tanaka" },
            "emails": [{ "value": "aiko@acme.example", "type": "work", "primary": true }],
            "groups": [{ "value": "r1", "display": "R", "type": "direct", "$ref": "https://id.example/acme/scim/v2/Groups/r1" }],
            ENTERPRISE: { "department": "Sales", "manager": { "value": "m1" } },
            "meta": {
                "resourceType": "User", "created": "2026-11-25T10:00:00Z", "lastModified": "2026-11-25T10:04:00.25Z",
                "location": "https://id.example/acme/scim/v2/Users/2819c223", "version": "W/\"3.bfab6ea2acc18046\"",
            },
        })
    );
    let bare = present(&super::given::user(json!({ "userName": "x" })), &facts());
    assert_eq!(bare["schemas"], json!([USER.schema.id]));
    let tour = present(&group(json!({ "displayName": "Tour" })), &facts());
    assert_eq!(
        tour["members"],
        json!([{ "value": "r1", "display": "R", "type": "User", "$ref": "https://id.example/acme/scim/v2/Users/r1" }])
    );
}

#[test]
fn attributes_and_excluded_attributes() {
    let names = |attributes: Option<&str>, excluded: Option<&str>| -> Vec<String> {
        let projection = Projection::new(attributes, excluded).unwrap();
        let answer = answer(&aiko(), &facts(), &projection, Manner::Rfc);
        let mut names: Vec<String> = answer
            .keys()
            .map(|name| name.replace(ENTERPRISE, "E"))
            .collect();
        names.sort_unstable();
        names
    };
    let all = [
        "E",
        "active",
        "displayName",
        "emails",
        "externalId",
        "groups",
        "id",
        "meta",
        "name",
        "schemas",
        "userName",
    ];
    let but = |gone: &[&str]| -> Vec<&str> {
        all.into_iter()
            .filter(|name| !gone.contains(name))
            .collect()
    };
    assert_eq!(names(None, None), all);
    assert_eq!(names(Some(""), Some(" ")), all);
    assert_eq!(names(Some("USERNAME"), None), ["id", "schemas", "userName"]);
    assert_eq!(
        names(Some("userName, shoeSize,,"), None),
        ["id", "schemas", "userName"]
    );
    assert_eq!(names(Some("shoeSize"), None), ["id", "schemas"]);
    assert_eq!(names(Some(ENTERPRISE), None), ["E", "id", "schemas"]);
    assert_eq!(
        names(Some(&USER.schema.id.to_uppercase()), None),
        but(&["E", "externalId", "meta"])
    );
    assert_eq!(names(Some("password"), None), ["id", "schemas"]);
    assert_eq!(
        names(
            Some("urn:ietf:params:scim:schemas:core:2.0:User:userName"),
            None
        ),
        ["id", "schemas", "userName"]
    );
    assert_eq!(
        names(None, Some("groups,emails")),
        but(&["groups", "emails"])
    );
    assert_eq!(names(None, Some("id,schemas")), all);
    assert_eq!(names(None, Some(ENTERPRISE)), but(&["E"]));

    let part = |attributes: Option<&str>, excluded: Option<&str>, name: &str| {
        let projection = Projection::new(attributes, excluded).unwrap();
        answer(&aiko(), &facts(), &projection, Manner::Rfc)
            .remove(name)
            .unwrap_or_default()
    };
    assert_eq!(
        part(Some("name.givenName"), None, "name"),
        json!({ "givenName": "Aiko" })
    );
    assert_eq!(
        part(Some("emails.value,emails.type"), None, "emails"),
        json!([{ "value": "aiko@acme.example", "type": "work" }])
    );
    assert_eq!(
        part(None, Some("name.givenName"), "name"),
        json!({ "familyName": "Tanaka" })
    );
    assert_eq!(
        part(Some(&format!("{ENTERPRISE}:department")), None, ENTERPRISE),
        json!({ "department": "Sales" })
    );
    assert_eq!(
        part(None, Some(&format!("{ENTERPRISE}:manager")), ENTERPRISE),
        json!({ "department": "Sales" })
    );
    // Of what has no such part, nothing is left.
    assert_eq!(part(Some("name.middleName"), None, "name"), json!(null));
    assert_eq!(part(Some("emails.display"), None, "emails"), json!(null));
    let named_twice =
        "name.givenName,name,name.familyName,urn:ietf:params:scim:schemas:core:2.0:Group";
    assert_eq!(
        part(Some(named_twice), None, "name"),
        json!({ "givenName": "Aiko", "familyName": "Tanaka" })
    );
    assert!(matches!(
        Projection::new(Some("id"), Some("id")),
        Err(Refusal::Unsupported(_))
    ));
}

#[test]
fn what_cannot_be_a_name_is_refused_and_what_names_nothing_is_passed_over() {
    let wrong = [
        "emails[type eq \"work\"]",
        "user name",
        "name.",
        ".name",
        "1",
        "a:b",
        "a..b",
        "userName;title",
        "*",
    ];
    for wrong in wrong {
        let list = format!("id,{wrong}");
        for (attributes, excluded, parameter) in [
            (Some(list.as_str()), None, "attributes"),
            (None, Some(list.as_str()), "excludedAttributes"),
        ] {
            match Projection::new(attributes, excluded) {
                Err(Refusal::Value { attribute, .. }) => {
                    assert_eq!(attribute, parameter, "{wrong}")
                }
                other => panic!("{wrong}: {other:?}"),
            }
        }
    }
    for nothing in ["shoeSize", "urn:x:shoes:size", "", ",", " , "] {
        assert!(Projection::new(Some(nothing), None).is_ok(), "{nothing:?}");
    }
    // Commas and spaces too many say nothing.
    let names = |text| Projection::new(Some(text), None).unwrap();
    assert_eq!(names(" ,userName, ,title,"), names("userName,title"));
    assert_eq!(names(","), Projection::default());
}

#[test]
fn members_need_not_be_looked_for_where_nobody_asks() {
    let wants = |attributes, excluded, kind, name| {
        Projection::new(attributes, excluded)
            .unwrap()
            .wants(kind, name)
    };
    assert!(wants(None, None, &GROUP, "members"));
    assert!(!wants(None, Some("members"), &GROUP, "members"));
    assert!(!wants(Some("displayName"), None, &GROUP, "members"));
    assert!(wants(Some("members.value"), None, &GROUP, "members"));
    assert!(wants(None, Some("members.display"), &GROUP, "members"));
    assert!(!wants(Some("userName"), None, &USER, "groups"));
    assert!(!wants(Some("password"), None, &USER, "password"));
}

#[test]
fn versions() {
    let check =
        |if_match: Option<&str>, if_none_match: Option<&str>, expected: Result<(), Refusal>| {
            let asked = Expected {
                if_match: if_match.map(str::to_owned),
                if_none_match: if_none_match.map(str::to_owned),
            };
            assert_eq!(asked.check(3), expected, "{asked:?}");
        };
    check(None, None, Ok(()));
    for same in [
        "*",
        "W/\"3\"",
        "\"1\", W/\"2\",\"3\"",
        "W/\"3.0123456789abcdef\"",
    ] {
        check(Some(same), None, Ok(()));
        check(None, Some(same), Err(Refusal::VersionExcluded));
        check(Some("\"2\""), Some(same), Err(Refusal::VersionMismatch));
    }
    for other in [
        "W/\"2\"", "3", "", "\"33\"", "W/3", "w/\"3\"", "\"3", "\".3\"", "\"2.3\"", "\"",
    ] {
        check(Some(other), None, Err(Refusal::VersionMismatch));
        check(None, Some(other), Ok(()));
    }
}

/// A person's groups change without them: who has read other ones has not read what is there now.
#[test]
fn a_person_s_tag_has_the_groups_that_are_told() {
    let groups = |of: &[(&str, &str)]| -> Vec<Reference> {
        let group = |(id, display): &(&str, &str)| Reference {
            id: (*id).to_owned(),
            display: (*display).to_owned(),
        };
        of.iter().map(group).collect()
    };
    let told = |of: &[(&str, &str)]| EntityTag::of(&USER, 3, &groups(of));
    let (none, one) = (told(&[]), told(&[("a", "Team")]));
    assert_eq!(none.to_string(), "W/\"3\"");
    assert!(one.is_in(&one.to_string()));
    let others: [&[(&str, &str)]; 5] = [
        &[],
        &[("b", "Team")],
        &[("a", "Crew")],
        &[("a", "Team"), ("b", "Team")],
        &[("aT", "eam")],
    ];
    for other in others {
        assert!(!told(other).is_in(&one.to_string()), "{other:?}");
    }
    let members = groups(&[("a", "Aiko")]);
    let group = EntityTag::of(&GROUP, 3, &members);
    assert_eq!(group.to_string(), "W/\"3\"", "who is in a group is counted");
}
