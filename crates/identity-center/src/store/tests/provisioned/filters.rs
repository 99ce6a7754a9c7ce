//! What a database finds by a filter is what memory finds among everybody, and so are the order and the pages.

use jiff::SignedDuration;
use kiro_scim::json::Object;
use kiro_scim::{Filter, GROUP, Manner, PageLimits, Query, ResourceType, USER, present};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::super::cases::at;
use super::super::directory::organization;
use super::{comes, connection, forms, found, list};
use crate::provisioning::{Provisioned, Provisioner};
use crate::store::{Behind, List, Store};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// One of each kind, and what a database might take for something else.
pub(super) async fn each_kind(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let people = [
        json!({ "userName": "Aiko", "externalId": "E1", "displayName": "愛子", "title": "Guide",
            "emails": [{ "value": "AIKO@acme.example", "type": "work" }, { "value": "a%b_c@home.example", "type": "home" }] }),
        json!({ "userName": "O'Hara%", "externalId": "e1", "displayName": "Ünïcödé", "active": false }),
        json!({ "userName": "straße_\"\\", "emails": [{ "value": "'); DROP TABLE users; --" }] }),
        json!({ "userName": "😀", "externalId": "\u{ffff}", "displayName": "\u{10ffff}" }),
    ];
    let mut made = Vec::new();
    for (second, said) in (0..).zip(people) {
        made.push(comes(&store, &okta, said, second).await.unwrap());
    }
    let team = json!({ "displayName": "Team", "members": [{ "value": made[0].id }, { "value": made[1].id }] });
    let team = forms(&store, &okta, team, 1).await.unwrap();
    let names = ["Aiko", "O'Hara%", "straße_\"\\", "😀"];
    let check = async |filter: &str, expected: &[usize]| {
        let expected: Vec<&str> = expected.iter().map(|index| names[*index]).collect();
        assert_eq!(
            found(&store, &okta, &USER, filter).await,
            expected,
            "{filter}"
        );
    };
    check("userName eq \"AIKO\"", &[0]).await;
    check("userName eq \"STRASSE_\\\"\\\\\"", &[2]).await;
    check("userName co \"%\"", &[1]).await;
    check("userName co \"_\"", &[2]).await;
    check("userName sw \"o'\"", &[1]).await;
    check("userName sw \"_\"", &[]).await;
    check("userName ew \"\\\\\"", &[2]).await;
    check("userName ew \"%\"", &[1]).await;
    check("userName sw \"\"", &[0, 1, 2, 3]).await;
    check("userName ew \"a longer text than any name has here\"", &[]).await;
    check("userName co \"ss\"", &[2]).await;
    check("externalId eq \"E1\"", &[0]).await;
    check("externalId co \"1\"", &[0, 1]).await;
    check("externalId ne \"E1\"", &[1, 2, 3]).await;
    check("not (externalId eq \"E1\")", &[1, 2, 3]).await;
    check("not (externalId co \"1\" or displayName pr)", &[2]).await;
    check("externalId pr", &[0, 1, 3]).await;
    check("externalId eq null", &[2]).await;
    check("externalId gt \"E1\"", &[1, 3]).await;
    check("displayName gt \"\u{fffd}\"", &[3]).await;
    check("displayName lt \"a\"", &[]).await;
    check(
        "displayName ge \"ünïcödé\" and displayName le \"ÜNÏCÖDÉ\"",
        &[1],
    )
    .await;
    check("displayName eq null", &[2]).await;
    check("active eq true", &[0, 2, 3]).await;
    check("active ne \"True\"", &[1]).await;
    check("not (active eq true) or userName pr", &[0, 1, 2, 3]).await;
    check("emails.value eq \"aiko@ACME.example\"", &[0]).await;
    check("emails co \"%b_\"", &[0]).await;
    check("emails.value co \"DROP TABLE users\"", &[2]).await;
    check("emails[type eq \"home\" and value sw \"aiko\"]", &[]).await;
    check("emails[type eq \"work\"].value sw \"aiko\"", &[0]).await;
    check("not (emails pr)", &[1, 3]).await;
    check("emails.value ne \"aiko@acme.example\"", &[0, 1, 2, 3]).await;
    check(&format!("groups.value eq \"{}\"", team.id), &[0, 1]).await;
    check(
        &format!("groups eq \"{}\" and active eq true", team.id),
        &[0],
    )
    .await;
    check(
        &format!("groups.value eq \"{}\"", team.id.to_uppercase()),
        &[],
    )
    .await;
    check("groups.display eq \"TEAM\"", &[0, 1]).await;
    check("not (groups pr)", &[2, 3]).await;
    check(&format!("id eq \"{}\"", made[3].id), &[3]).await;
    check(&format!("id ne \"{}\"", made[3].id), &[0, 1, 2]).await;
    check(&format!("id sw \"{}\"", &made[3].id[..31]), &[3]).await;
    check("id eq \"x' OR '1'='1\"", &[]).await;
    check("id pr and title eq \"GUIDE\"", &[0]).await;
    check("title pr or displayName pr", &[0, 1, 3]).await;
    check(&format!("meta.created ge \"{}\"", at(2)), &[2, 3]).await;
    check(&format!("meta.lastModified lt \"{}\"", at(1)), &[0]).await;
    check(
        "userName eq \"x\" or active eq false and externalId eq \"e1\"",
        &[1],
    )
    .await;
    // The longest ones: no database gives up on them.
    let most = |part: &str, joint: &str| {
        vec![part; (kiro_scim::LONGEST + joint.len()) / (part.len() + joint.len())].join(joint)
    };
    check(&most("id pr", " and "), &[0, 1, 2, 3]).await;
    check(&most("id eq \"\"", " or "), &[]).await;
    check(&most("active eq true", " and "), &[0, 2, 3]).await;
    check(&most("not (userName ew \"a\")", " and "), &[0, 1, 2, 3]).await;
    check(&most("title pr", " or "), &[0]).await;
    let deep = format!("{}active eq false{}", "not (".repeat(32), ")".repeat(32));
    check(&deep, &[1]).await;
}

/// What people are made of: folded, composed and ordered in every way that differs, and signs of SQL's.
const LETTERS: &[&str] = &[
    "a",
    "A",
    "b",
    "ß",
    "ss",
    "S",
    "é",
    "e\u{301}",
    "ﬃ",
    "İ",
    "Σ",
    "ς",
    "%",
    "_",
    "'",
    "\"",
    "\\",
    "*",
    " ",
    "-",
    "愛",
    "\u{fffd}",
    "\u{10ffff}",
    "😀",
];

fn text() -> impl Strategy<Value = String> {
    let letters = prop::collection::vec(prop::sample::select(LETTERS), 1..4);
    letters.prop_map(|letters| letters.concat())
}

fn name() -> impl Strategy<Value = String> {
    text().prop_filter("a name", |text| {
        crate::directory::name(text) == Ok(text.as_str())
    })
}

fn person() -> impl Strategy<Value = Value> {
    let some = || prop::option::of(text());
    let kind = || prop::option::of(prop::sample::select(&["work", "home"][..]));
    let email = (text(), kind(), some()).prop_map(
        |(value, kind, display)| json!({ "value": value, "type": kind, "display": display }),
    );
    let name = (some(), some())
        .prop_map(|(given, family)| json!({ "givenName": given, "familyName": family }));
    let all = (
        self::name(),
        some(),
        some(),
        name,
        some(),
        any::<bool>(),
        prop::collection::vec(email, 0..3),
        some(),
    );
    all.prop_map(|(user_name, display, external, name, title, active, emails, department)| {
        json!({
            "userName": user_name, "displayName": display, "externalId": external, "name": name, "title": title, "active": active,
            "emails": emails, ENTERPRISE: { "department": department },
        })
    })
}

/// Times that a store keeps, written with digits that it does not keep.
fn time() -> impl Strategy<Value = String> {
    (
        0..6_i64,
        prop::sample::select(&["", ".5", ".12", ".1239", ".000001"][..]),
        any::<bool>(),
    )
        .prop_map(|(second, part, offset)| {
            let time = at(second).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            format!("{time}{part}{}", if offset { "+00:00" } else { "Z" })
        })
}

/// Filters that have a meaning, over attributes that the database has a column for, and others.
fn filters(kind: &'static ResourceType, ids: Vec<String>) -> BoxedStrategy<String> {
    let texts: &[&str] = match *kind == USER {
        true => &[
            "userName",
            "displayName",
            "externalId",
            "name.givenName",
            "name.familyName",
            "title",
            "emails",
            "emails.value",
            "emails.display",
            "groups.display",
            "department",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        ],
        false => &["displayName", "externalId", "members.display"],
    };
    let references: &[&str] = if *kind == USER {
        &["id", "groups", "groups.value"]
    } else {
        &["id", "members", "members.value"]
    };
    let operator =
        || prop::sample::select(&["eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"][..]);
    let order = || prop::sample::select(&["eq", "ne", "gt", "lt", "ge", "le"][..]);
    let quoted = |text: String| Value::from(text).to_string();
    let literal = prop_oneof![8 => text(), 1 => Just(String::new())].prop_map(quoted);
    let of_text = (prop::sample::select(texts), operator(), literal.clone())
        .prop_map(|(name, operator, value)| format!("{name} {operator} {value}"));
    let id = prop_oneof![6 => prop::sample::select(ids), 1 => "[0-9a-fA-F]{32}", 1 => text()]
        .prop_map(quoted);
    let of_id = (
        prop::sample::select(references),
        prop_oneof![4 => Just("eq"), 1 => operator()],
        id,
    )
        .prop_map(|(name, operator, value)| format!("{name} {operator} {value}"));
    let of_time = (
        prop::sample::select(&["meta.created", "meta.lastModified"][..]),
        order(),
        time(),
    )
        .prop_map(|(name, operator, value)| format!("{name} {operator} \"{value}\""));
    let any_name: Vec<&str> = texts.iter().chain(references).copied().collect();
    let presence = (
        prop::sample::select(any_name),
        prop::sample::select(&["pr", "eq null", "ne null"][..]),
    )
        .prop_map(|(name, what)| format!("{name} {what}"));
    let test = match *kind == USER {
        false => prop_oneof![3 => of_text, 2 => of_id, 1 => of_time, 1 => presence].boxed(),
        true => {
            let truth = prop::sample::select(
                &[
                    "active eq true",
                    "active ne true",
                    "active eq \"False\"",
                    "active pr",
                ][..],
            );
            let part = (
                prop::sample::select(&["type", "value", "display"][..]),
                operator(),
                literal,
            )
                .prop_map(|(part, operator, value)| format!("{part} {operator} {value}"));
            let list = part
                .prop_recursive(2, 6, 3, joined)
                .prop_map(|inside| format!("emails[{inside}]"));
            let truth = truth.prop_map(str::to_owned);
            prop_oneof![6 => of_text, 2 => of_id, 1 => of_time, 2 => presence, 1 => truth, 2 => list].boxed()
        }
    };
    test.prop_recursive(4, 12, 3, joined).boxed()
}

fn joined(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let several = prop::collection::vec(inner.clone(), 2..4);
    prop_oneof![
        several.clone().prop_map(|all| all.join(" and ")),
        several
            .clone()
            .prop_map(|all| format!("({})", all.join(" or "))),
        inner.prop_map(|one| format!("not ({one})")),
    ]
}

fn document(one: &Provisioned) -> Object {
    present(&one.resource, &one.facts(""))
}

/// A page as memory alone makes it of everybody.
fn expected(
    everybody: &[Provisioned],
    kind: &'static ResourceType,
    asked: &Asked,
) -> (usize, Vec<String>, bool) {
    let filter = Filter::parse(&asked.filter).unwrap().bind(kind).unwrap();
    let mut all: Vec<(Object, &str)> = everybody
        .iter()
        .map(|one| (document(one), one.id.as_str()))
        .collect();
    all.retain(|(document, _)| filter.matches(document));
    if let Some(sort) = &asked.query.sort {
        all.sort_by_key(|(document, _)| sort.value(kind, document));
    }
    let page = all.iter().skip(asked.behind).take(asked.count);
    let page = page.map(|(_, id)| (*id).to_owned()).collect();
    (all.len(), page, all.len() > asked.behind + asked.count)
}

/// What one list is asked for.
#[derive(Debug)]
struct Asked {
    filter: String,
    query: Query,
    how: String,
    behind: usize,
    count: usize,
}

fn asked(kind: &'static ResourceType, ids: Vec<String>, runner: &mut TestRunner) -> Vec<Asked> {
    const KEYS: &[&str] = &[
        "",
        "userName",
        "displayName",
        "externalId",
        "active",
        "meta.created",
        "meta.lastModified",
        "id",
        "name.familyName",
        "emails",
        "title",
    ];
    let page = (
        prop::sample::select(KEYS),
        any::<bool>(),
        0..12_usize,
        0..12_usize,
    );
    let all = (filters(kind, ids), page).prop_map(|(filter, (sort, descending, behind, count))| {
        let order = if descending {
            "descending"
        } else {
            "ascending"
        };
        let pairs = [("sortBy", sort), ("sortOrder", order)];
        let pairs = pairs.into_iter().filter(|_| !sort.is_empty());
        Asked {
            filter,
            query: Query::of_pairs(pairs, &PageLimits::default(), Manner::Rfc).unwrap(),
            how: format!("by {sort} {order}, {behind} + {count}"),
            behind,
            count,
        }
    });
    some(&all, 100, runner)
}

pub(super) async fn agree(store: Store) {
    organization(&store, "acme").await;
    let seed: [u8; 32] = crate::secret::random();
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    for round in 0..2 {
        let by = connection(&store, "acme", &format!("c{round}")).await;
        let (people, groups) = populate(&store, &by, &mut runner).await;
        for (kind, everybody, related) in [(&USER, &people, &groups), (&GROUP, &groups, &people)] {
            let ids = everybody.iter().chain(related).map(|one| one.id.clone());
            for asked in asked(kind, ids.collect(), &mut runner) {
                let filter = &asked.filter;
                let list = List {
                    kind,
                    filter: Some(Filter::parse(filter).unwrap().bind(kind).unwrap()),
                    sort: asked.query.sort.clone(),
                    from: Behind::Place(asked.behind),
                    count: asked.count,
                    at_once: 3,
                    related: false,
                    counted: true,
                    patience: kiro_scim::Patience::FILTER,
                    base: String::new(),
                };
                let found = store.list_provisioned(&by, list).await;
                let found = found
                    .unwrap_or_else(|error| panic!("{error}: {filter}"))
                    .unwrap();
                let rest = store.provisioned_at(&by, kind, found.rest, false);
                let page = found.page.into_iter().chain(rest.await.unwrap().0);
                let ids = page.map(|one| one.id).collect();
                assert_eq!(
                    (found.total.unwrap(), ids, found.more),
                    expected(everybody, kind, &asked),
                    "{filter}, {}; seed {seed:?}; {:#?}",
                    asked.how,
                    everybody.iter().map(document).collect::<Vec<_>>()
                );
            }
        }
    }
}

/// People and groups, as the store gives them again.
async fn populate(
    store: &Store,
    by: &Provisioner,
    runner: &mut TestRunner,
) -> (Vec<Provisioned>, Vec<Provisioned>) {
    let mut ids = Vec::new();
    for (number, said) in (0..).zip(some(&person(), 24, runner)) {
        let resource = super::received(&USER, said).create().unwrap().resource;
        let part = [0, 500, 120, 123].into_iter().cycle().nth(number).unwrap();
        let second = at(i64::try_from(number / 4).unwrap());
        let made = store.provision_user(by, resource, second + SignedDuration::from_millis(part));
        // A name that is taken is another's.
        ids.extend(made.await.unwrap().ok().map(|made| made.id));
    }
    let members = prop::sample::subsequence(ids, 0..8);
    for (second, (name, external, members)) in (0..).zip(some(
        &(name(), prop::option::of(text()), members),
        8,
        runner,
    )) {
        let members: Vec<Value> = members
            .into_iter()
            .map(|id| json!({ "value": id }))
            .collect();
        let said = json!({ "displayName": name, "externalId": external, "members": members });
        drop(forms(store, by, said, second).await);
    }
    let people = list(store, by, &USER, None).await.page;
    let groups = list(store, by, &GROUP, None).await.page;
    assert!(people.len() > 8 && !groups.is_empty());
    (people, groups)
}

fn some<S: Strategy>(strategy: &S, count: usize, runner: &mut TestRunner) -> Vec<S::Value> {
    (0..count)
        .map(|_| strategy.new_tree(runner).unwrap().current())
        .collect()
}
