//! AWS's manner: the documented limits of IAM Identity Center's endpoint.

use kiro_scim::{
    Filter, GROUP, Manner, PageLimits, Paging, Projection, Query, Refusal, USER, answer,
};
use serde_json::{Value, json};

use super::given::{ENTERPRISE, aiko, bare, group, patch, received};
use super::projection::facts;

#[test]
fn only_these_filters_are_answered() {
    let check = |kind, filter: &str, answered: bool| {
        let query = Query::of_pairs([("filter", filter)], &PageLimits::default(), Manner::Aws);
        let bound = query.unwrap().bound(kind);
        let refused = matches!(bound, Err(Refusal::FilterUnsupported(_)));
        assert_eq!((bound.is_ok(), refused), (answered, !answered), "{filter}");
    };
    for filter in [
        r#"userName eq "x""#,
        r#"externalId eq "x""#,
        r#"groups.value eq "x""#,
        r#"id eq "x""#,
        r#"id eq "x" and manager eq "y""#,
        r#"manager eq "y" and id eq "x""#,
    ] {
        check(&USER, filter, true);
    }
    for filter in [
        r#"userName sw "x""#,
        r#"userName eq "x" or userName eq "y""#,
        r#"not (userName eq "x")"#,
        r#"userName eq "x" and externalId eq "y""#,
        r#"manager eq "y""#,
        r#"id eq "x" or manager eq "y""#,
        r#"emails.value eq "x""#,
        r#"emails[value eq "x"]"#,
        r#"displayName eq "x""#,
        r#"(id eq "x" and manager eq "y") and id eq "z""#,
        "userName pr",
    ] {
        check(&USER, filter, false);
    }
    for filter in [
        r#"displayName eq "x""#,
        r#"externalId eq "x""#,
        r#"id eq "x""#,
        r#"id eq "x" and members eq "y""#,
        r#"members.value eq "y" and id eq "x""#,
    ] {
        check(&GROUP, filter, true);
    }
    check(&GROUP, r#"members eq "y""#, false);
    check(&GROUP, r#"displayName co "x""#, false);
    assert!(
        Filter::parse(r#"userName sw "x""#)
            .unwrap()
            .bind(&USER)
            .is_ok(),
        "the RFCs' manner answers it"
    );
}

fn complete() -> Value {
    json!({
        "externalId": "701984", "userName": "bjensen", "displayName": "Babs Jensen", "title": "Tour Guide",
        "name": { "formatted": "Ms. Barbara J Jensen", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane" },
        "emails": [{ "value": "bjensen@example.com", "type": "work", "primary": true }],
        "addresses": [{ "type": "work", "country": "USA", "primary": true }],
        "phoneNumbers": [{ "value": "555-555-5555", "type": "work" }],
        "active": true,
        ENTERPRISE: { "employeeNumber": "701984", "manager": { "value": "9067729b3d" } },
    })
}

#[test]
fn a_person_has_names_and_one_address() {
    let made =
        |said: Value| received(&USER, said, Manner::Aws).and_then(|it| Ok(it.create()?.resource));
    assert!(made(complete()).is_ok());
    let check = |name: &str, value: Value, expected: Refusal| {
        let mut said = complete();
        said[name] = value.clone();
        assert_eq!(made(said), Err(expected), "{name}: {value}");
    };
    let missing = |name: &str| Refusal::Missing(name.into());
    let two = json!([{ "value": "a", "primary": true }, { "value": "b" }]);
    check("displayName", json!(null), missing("displayName"));
    check(
        "name",
        json!({ "familyName": "x" }),
        missing("name.givenName"),
    );
    check(
        "name",
        json!({ "givenName": "x" }),
        missing("name.familyName"),
    );
    check("userName", json!(null), missing("userName"));
    for list in ["emails", "phoneNumbers", "roles"] {
        check(
            list,
            two.clone(),
            Refusal::TooManyValues {
                attribute: list.into(),
                limit: 1,
            },
        );
    }
    check(
        "emails",
        json!([{ "value": "a" }]),
        Refusal::Value {
            attribute: "emails.primary".into(),
            expected: "true",
        },
    );
    check(
        "emails",
        json!([{ "value": "a", "primary": true, "display": "A" }]),
        Refusal::Unsupported("`display` of a list's value"),
    );
    for (name, said) in [
        ("ims", "`ims`"),
        ("photos", "`photos`"),
        ("entitlements", "`entitlements`"),
        ("x509Certificates", "`x509Certificates`"),
        ("password", "`password`"),
        ("groups", "`groups` of a user"),
    ] {
        check(name, json!(null), Refusal::Unsupported(said));
    }
    let replaced = received(&USER, json!({ "userName": "x" }), Manner::Aws);
    assert_eq!(
        replaced.unwrap().replace(&aiko()),
        Err(missing("name.givenName"))
    );
    check(
        "shoeSize",
        json!(1),
        Refusal::UnknownAttribute("shoeSize".into()),
    );
    check(
        "name",
        json!({ "shoe": 1 }),
        Refusal::UnknownAttribute("name.shoe".into()),
    );
}

#[test]
fn a_person_is_changed_within_limits() {
    let patched = |operations: Value| {
        let change = patch(&USER, operations, Manner::Aws).and_then(|patch| patch.apply(&aiko()));
        change.map(|change| change.resource).map_err(bare)
    };
    assert!(patched(json!([{ "op": "replace", "path": "active", "value": "false" }])).is_ok());
    assert!(
        patched(json!([{ "op": "replace", "value": { "active": false, "title": "x" } }])).is_ok()
    );
    assert!(patched(json!([{ "op": "remove", "path": "title" }])).is_ok());
    let twice = Refusal::Unsupported("changing `userName` or `active` twice");
    let active = |value: bool| json!({ "op": "replace", "path": "active", "value": value });
    assert_eq!(patched(json!([active(false), active(true)])), Err(twice));
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "active" }])),
        Err(Refusal::Irremovable("active".into()))
    );
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "userName" }])),
        Err(Refusal::Irremovable("userName".into()))
    );
    // What AWS would not keep may stay as it is.
    let bare = super::given::user(json!({ "userName": "x" }));
    let active = |active: bool| {
        let operations = json!([{ "op": "replace", "path": "active", "value": active }]);
        patch(&USER, operations, Manner::Aws).unwrap().apply(&bare)
    };
    assert!(active(true).is_ok() && active(false).is_err());
    assert_eq!(
        patched(json!([{ "op": "add", "path": "ims", "value": [] }])),
        Err(Refusal::Unsupported("`ims`"))
    );
    assert_eq!(
        patched(json!([{ "op": "add", "path": "roles", "value": [] }])),
        Err(Refusal::Unsupported("PATCH of `roles`"))
    );
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "displayName" }])),
        Err(Refusal::Missing("displayName".into()))
    );
    assert_eq!(
        patched(json!([{ "op": "add", "path": "emails", "value": [{ "value": "second" }] }])),
        Err(Refusal::TooManyValues {
            attribute: "emails".into(),
            limit: 1
        })
    );
    assert_eq!(
        patched(json!([{ "op": "add", "value": { "shoeSize": 1 } }])),
        Err(Refusal::UnknownAttribute("shoeSize".into()))
    );
}

#[test]
fn a_group_s_members_change_a_hundred_at_a_time_and_never_as_a_whole() {
    let members = |count: usize| {
        (0..count)
            .map(|n| json!({ "value": n.to_string() }))
            .collect::<Vec<_>>()
    };
    let patched = |operations: Value| {
        patch(&GROUP, operations, Manner::Aws)
            .map(drop)
            .map_err(bare)
    };
    let add = |count: usize| json!({ "op": "add", "path": "members", "value": members(count) });
    let too_many = Refusal::TooManyChanges {
        what: "changes of members",
        limit: 100,
    };
    assert_eq!(patched(json!([add(100)])), Ok(()));
    assert_eq!(patched(json!([add(101)])), Err(too_many.clone()));
    assert_eq!(patched(json!([add(60), add(41)])), Err(too_many.clone()));
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "members", "value": members(100) }])),
        Ok(())
    );
    let named = |count: usize| {
        let ids: Vec<_> = (0..count).map(|id| format!("value eq \"{id}\"")).collect();
        json!({ "op": "remove", "path": format!("members[{}]", ids.join(" or ")) })
    };
    assert_eq!(patched(json!([named(100)])), Ok(()));
    assert_eq!(
        patched(json!([named(100), named(1)])),
        Err(too_many.clone())
    );
    let made = received(
        &GROUP,
        json!({ "displayName": "x", "members": members(101) }),
        Manner::Aws,
    );
    assert_eq!(made.map(drop), Err(too_many));
    let all = Refusal::Unsupported("replacing or removing all members of a group");
    assert_eq!(
        patched(json!([{ "op": "remove", "path": "members" }])),
        Err(all.clone())
    );
    assert_eq!(
        patched(json!([{ "op": "replace", "path": "members", "value": members(1) }])),
        Err(all)
    );
}

#[test]
fn answers_are_aws_s() {
    let (facts, everything) = (facts(), Projection::default());
    let tour = answer(
        &group(json!({ "displayName": "Tour" })),
        &facts,
        &everything,
        Manner::Aws,
    );
    assert_eq!(tour["members"], json!([]), "who is in it, nobody is told");
    assert_eq!(
        tour["meta"],
        json!({ "resourceType": "Group", "created": "2026-11-25T10:00:00Z", "lastModified": "2026-11-25T10:04:00.25Z" })
    );
    let aiko = answer(&aiko(), &facts, &everything, Manner::Aws);
    assert!(!aiko.contains_key("groups"));
}

#[test]
fn pages_have_a_hundred_and_projections_and_orders_are_passed_over() {
    let in_manner = |default, most| {
        let limits = PageLimits { default, most }.in_manner(Manner::Aws);
        (limits.default, limits.most)
    };
    assert_eq!(in_manner(200, 1000), (100, 100));
    assert_eq!(in_manner(20, 50), (20, 50));
    let limits = PageLimits::default().in_manner(Manner::Aws);
    let pairs = [
        ("count", "500"),
        ("sortBy", "userName"),
        ("attributes", "id"),
        ("excludedAttributes", "id"),
    ];
    let query = Query::of_pairs(pairs, &limits, Manner::Aws).unwrap();
    assert_eq!(
        query.paging,
        Paging::Index {
            start: 1,
            count: 100
        }
    );
    assert_eq!(
        (query.sort, query.projection),
        (None, Projection::default())
    );
}
