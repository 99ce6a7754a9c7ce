//! What a database is asked, and what memory is: together they find what memory alone finds.

use jiff::Timestamp;
use kiro_scim::{
    Bound, Column, Comparison, Condition, Datum, Facts, Filter, GROUP, Reference, Relation,
    Resource, USER, fold, present,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::filter::filters;
use super::given::{aiko, group, user};

const COLUMNS: [Column; 12] = [
    Column::Id,
    Column::ExternalId,
    Column::UserName,
    Column::DisplayName,
    Column::GivenName,
    Column::FamilyName,
    Column::Active,
    Column::Created,
    Column::LastModified,
    Column::Email,
    Column::Group,
    Column::Member,
];

fn bound(filter: &str) -> Bound {
    Filter::parse(filter).unwrap().bind(&USER).unwrap()
}

#[test]
fn look_ups_are_left_to_the_database() {
    let equals = |column: Column, value: Datum| {
        Condition::Is(column, Relation::Compare(Comparison::Eq, value))
    };
    let text = |text: &str| Datum::Text(text.into());
    let check = |filter: &str, condition: Condition, exact: bool| {
        let lowered = bound(filter).lower(&COLUMNS);
        assert_eq!(
            (lowered.condition, lowered.exact),
            (condition, exact),
            "{filter}"
        );
    };
    check(
        r#"userName eq "AIKO""#,
        equals(Column::UserName, text("aiko")),
        true,
    );
    check(
        r#"externalId eq "E1""#,
        equals(Column::ExternalId, text("E1")),
        true,
    );
    check(
        r#"id eq "x" and manager eq "y""#,
        equals(Column::Id, text("x")),
        false,
    );
    check(
        r#"active ne "false""#,
        Condition::Not(Box::new(equals(Column::Active, Datum::Bool(false)))),
        true,
    );
    check(
        r#"not (userName eq "a" or externalId eq "b")"#,
        Condition::All(vec![
            Condition::Not(Box::new(equals(Column::UserName, text("a")))),
            Condition::Not(Box::new(equals(Column::ExternalId, text("b")))),
        ]),
        true,
    );
    // Entra ID's look-up: the relation narrows, memory decides about the type.
    check(
        r#"emails[type eq "work"].value eq "A@B""#,
        equals(Column::Email, text("a@b")),
        false,
    );
    check(
        r#"emails[value eq "A@B"]"#,
        equals(Column::Email, text("a@b")),
        true,
    );
    check(
        r#"groups.value eq "g1""#,
        equals(Column::Group, text("g1")),
        true,
    );
    check(
        r#"emails[value eq "a" or value sw "b"]"#,
        Condition::Any(vec![
            equals(Column::Email, text("a")),
            Condition::Is(Column::Email, Relation::Compare(Comparison::Sw, text("b"))),
        ]),
        true,
    );
    // Both of one address: the relation finds somebody, too, who has an address for each.
    let ends =
        |comparison, end| Condition::Is(Column::Email, Relation::Compare(comparison, text(end)));
    check(
        r#"emails[value sw "a" and value ew "b"]"#,
        Condition::All(vec![ends(Comparison::Sw, "a"), ends(Comparison::Ew, "b")]),
        false,
    );
    check(
        "externalId eq null",
        Condition::Not(Box::new(Condition::Is(
            Column::ExternalId,
            Relation::Present,
        ))),
        true,
    );
    // What cannot be asked for excludes nobody, neither plainly nor in a negation.
    check(r#"title eq "x""#, Condition::All(vec![]), false);
    check(r#"not (title eq "x")"#, Condition::All(vec![]), false);
    check(
        r#"userName eq "a" or title eq "x""#,
        Condition::All(vec![]),
        false,
    );
    check(
        r#"not (emails[type eq "work" and value eq "a"])"#,
        Condition::All(vec![]),
        false,
    );
    check(r#"emails.value ne "a""#, Condition::All(vec![]), false);

    let without = bound(r#"emails.value eq "a""#).lower(&[Column::UserName]);
    assert_eq!(
        (without.condition, without.exact),
        (Condition::All(vec![]), false)
    );
    let members = Filter::parse(r#"id eq "g" and members eq "u""#)
        .unwrap()
        .bind(&GROUP)
        .unwrap();
    assert_eq!(
        members.lower(&COLUMNS).condition,
        Condition::All(vec![
            equals(Column::Id, text("g")),
            equals(Column::Member, text("u"))
        ])
    );
}

#[test]
fn each_operator_and_column_keeps_its_meaning() {
    let time = "2026-11-25T10:00:00Z".parse::<Timestamp>().unwrap();
    let text = || Datum::Text("a".into());
    let check = |kind, attribute: &str, word: &str, column, comparison, datum: Datum| {
        let literal = match &datum {
            Datum::Text(text) => format!("\"{text}\""),
            Datum::Bool(truth) => truth.to_string(),
            Datum::Time(time) => format!("\"{time}\""),
            Datum::Number(number) => number.to_string(),
        };
        let filter = Filter::parse(&format!("{attribute} {word} {literal}")).unwrap();
        let lowered = filter.bind(kind).unwrap().lower(&COLUMNS);
        let expected = Condition::Is(column, Relation::Compare(comparison, datum));
        assert_eq!((lowered.condition, lowered.exact), (expected, true));
    };
    for (word, comparison) in [
        ("eq", Comparison::Eq),
        ("co", Comparison::Co),
        ("sw", Comparison::Sw),
        ("ew", Comparison::Ew),
        ("gt", Comparison::Gt),
        ("lt", Comparison::Lt),
        ("ge", Comparison::Ge),
        ("le", Comparison::Le),
    ] {
        check(
            &USER,
            "userName",
            word,
            Column::UserName,
            comparison,
            text(),
        );
    }
    let eq = Comparison::Eq;
    for (attribute, column, datum) in [
        ("id", Column::Id, text()),
        ("externalId", Column::ExternalId, text()),
        ("displayName", Column::DisplayName, text()),
        ("name.givenName", Column::GivenName, text()),
        ("name.familyName", Column::FamilyName, text()),
        ("active", Column::Active, Datum::Bool(true)),
        ("meta.created", Column::Created, Datum::Time(time)),
        ("meta.lastModified", Column::LastModified, Datum::Time(time)),
        ("emails", Column::Email, text()),
        ("groups", Column::Group, text()),
    ] {
        check(&USER, attribute, "eq", column, eq, datum);
    }
    check(&GROUP, "members", "eq", Column::Member, eq, text());
    check(&GROUP, "displayName", "eq", Column::DisplayName, eq, text());
    // An extension's attribute of the same name is another one.
    let manager = bound(r#"manager.displayName eq "a""#).lower(&COLUMNS);
    assert!(!manager.exact);

    let relations = COLUMNS.into_iter().filter(|column| column.is_relation());
    let expected = [Column::Email, Column::Group, Column::Member];
    assert!(relations.eq(expected));
    let folded = COLUMNS.into_iter().filter(|column| column.is_folded());
    let expected = [
        Column::UserName,
        Column::DisplayName,
        Column::GivenName,
        Column::FamilyName,
        Column::Email,
    ];
    assert!(folded.eq(expected));
}

/// The columns of a row, as a store would fill them.
fn row(resource: &Resource, facts: &Facts<'_>) -> impl Fn(Column) -> Vec<Datum> {
    let columns = resource.user_columns();
    let emails: Vec<Datum> = resource
        .attributes()
        .get("emails")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|email| Some(Datum::Text(fold(email["value"].as_str()?))))
        .collect();
    let groups: Vec<Datum> = facts
        .related
        .unwrap_or_default()
        .iter()
        .map(|group| Datum::Text(group.id.clone()))
        .collect();
    let (id, created, modified) = (facts.id.to_owned(), facts.created, facts.last_modified);
    move |column| {
        let exact = |text: Option<&str>| {
            text.map(|text| Datum::Text(text.to_owned()))
                .into_iter()
                .collect()
        };
        let folded = |text: Option<&str>| {
            text.map(|text| Datum::Text(fold(text)))
                .into_iter()
                .collect()
        };
        match column {
            Column::Id => exact(Some(&id)),
            Column::ExternalId => exact(columns.external_id.as_deref()),
            Column::UserName => exact(Some(&columns.folded_user_name)),
            Column::DisplayName => folded(columns.display_name.as_deref()),
            Column::GivenName => folded(columns.given_name.as_deref()),
            Column::FamilyName => folded(columns.family_name.as_deref()),
            Column::Active => vec![Datum::Bool(columns.active)],
            Column::Created => vec![Datum::Time(created)],
            Column::LastModified => vec![Datum::Time(modified)],
            Column::Email => emails.clone(),
            Column::Group => groups.clone(),
            Column::Member => Vec::new(),
        }
    }
}

fn people() -> impl Strategy<Value = Resource> {
    let text = || proptest::option::of("[abAB\u{e9}ß\" ]{1,3}");
    let email = (text(), proptest::option::of(Just("work")), any::<bool>())
        .prop_map(|(value, kind, display)| json!({ "value": value, "type": kind, "display": display.then_some("a") }));
    (text(), text(), text(), text(), any::<bool>(), prop::collection::vec(email, 0..3)).prop_map(
        |(name, given, title, external, active, emails)| {
            user(json!({
                "userName": format!("{}a", name.clone().unwrap_or_default()), "displayName": name, "name": { "givenName": given }, "title": title,
                "externalId": external, "active": active, "emails": emails,
            }))
        },
    )
}

proptest! {
    #[test]
    fn the_database_excludes_nobody_whom_the_filter_holds_of(
        text in filters(),
        person in people(),
        known in proptest::sample::subsequence(&COLUMNS[..], 0..=12),
    ) {
        let related = [Reference { id: "g1".to_owned(), display: "G".to_owned() }];
        let facts = Facts {
            id: "a",
            base: "https://id.example/scim/v2",
            created: Timestamp::from_millisecond(1_767_225_600_500).unwrap(),
            last_modified: Timestamp::from_millisecond(1_767_225_600_500).unwrap(),
            version: 0,
            related: Some(&related),
        };
        let filter = bound(&text);
        let found = filter.matches(&present(&person, &facts));
        let lowered = filter.lower(&known);
        let narrowed = lowered.condition.holds(&row(&person, &facts));
        prop_assert!(narrowed || !found, "{text}: {lowered:?}");
        prop_assert!(!lowered.exact || narrowed == found, "{text}: {lowered:?}");
    }
}

#[test]
fn columns_and_back_lose_nothing() {
    for person in [
        aiko(),
        user(json!({ "userName": "x" })),
        user(
            json!({ "userName": "x", "active": false, "emails": [{ "value": "a", "type": "home" }, { "value": "b", "primary": true }] }),
        ),
        user(
            json!({ "userName": "x", "addresses": [{ "country": "JP" }], "name": { "formatted": "X Y" } }),
        ),
    ] {
        assert_eq!(Resource::from_user(person.user_columns()), person);
    }
    let two = user(json!({ "userName": "x", "emails": ["a", { "value": "b", "primary": true }] }));
    let mut columns = two.user_columns();
    assert_eq!(columns.email.as_deref(), Some("b"), "the primary one");
    columns.email = Some("c".into());
    assert_eq!(
        Resource::from_user(columns).attributes()["emails"],
        json!([{ "value": "a" }, { "value": "c", "primary": true }])
    );
    let tour = group(json!({ "displayName": "Tour", "externalId": "g1" }));
    assert_eq!(Resource::from_group(tour.group_columns()), tour);
    assert_eq!(tour.group_columns().folded_display_name, "tour");
}

#[test]
fn an_address_that_another_hand_has_changed_is_the_preferred_one() {
    let mut columns = aiko().user_columns();
    assert_eq!(columns.email.as_deref(), Some("aiko@acme.example"));
    columns.email = Some("tanaka@acme.example".into());
    let emails = |resource: &Resource| resource.attributes().get("emails").cloned();
    assert_eq!(
        emails(&Resource::from_user(columns.clone())),
        Some(json!([{ "value": "tanaka@acme.example", "type": "work", "primary": true }]))
    );
    columns.email = None;
    assert_eq!(emails(&Resource::from_user(columns)), None);
    let mut bare = user(json!({ "userName": "x" })).user_columns();
    bare.email = Some("x@y".into());
    assert_eq!(
        emails(&Resource::from_user(bare)),
        Some(json!([{ "value": "x@y", "type": "work", "primary": true }]))
    );
}

#[test]
fn somebody_without_a_display_name_is_called_by_what_there_is() {
    let check = |said: Value, expected: &str| {
        assert_eq!(user(said).user_columns().called(), expected);
    };
    check(
        json!({ "userName": "x", "displayName": "D", "name": { "formatted": "F" } }),
        "D",
    );
    check(
        json!({ "userName": "x", "name": { "formatted": "F", "givenName": "G" } }),
        "F",
    );
    check(
        json!({ "userName": "x", "name": { "familyName": "N", "givenName": "G" } }),
        "G N",
    );
    check(json!({ "userName": "x" }), "x");
}
