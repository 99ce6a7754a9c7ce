//! Walks through a list: everybody is met once, also where many came in the same millisecond.

use std::collections::BTreeSet;

use kiro_scim::{Filter, Patience, Refusal, USER};
use serde_json::json;

use super::super::cases::at;
use super::super::directory::organization;
use super::{comes, connection, user};
use crate::provisioning::Provisioner;
use crate::store::provisioned::list::find;
use crate::store::{Behind, List, Store};

/// More than memory looks at together.
const PEOPLE: usize = 1010;

pub(super) async fn walks(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    for number in 0..PEOPLE {
        let said = json!({ "userName": format!("u{number}"), "title": "Guide" });
        comes(&store, &okta, said, 1).await.unwrap();
    }
    // The database's, memory's, and what both decide.
    for filter in [
        "userName pr",
        "title eq \"guide\"",
        "userName sw \"u\" and title pr",
    ] {
        let (mut met, mut from) = (BTreeSet::new(), Behind::Place(0));
        loop {
            let list = List {
                kind: &USER,
                filter: Some(Filter::parse(filter).unwrap().bind(&USER).unwrap()),
                sort: None,
                from: from.clone(),
                count: 400,
                at_once: 400,
                related: false,
                counted: true,
                patience: kiro_scim::Patience::FILTER,
                base: String::new(),
            };
            let found = store.list_provisioned(&okta, list).await.unwrap().unwrap();
            assert_eq!(found.total, Some(PEOPLE), "{filter}");
            for one in &found.page {
                assert!(met.insert(one.id.clone()), "{filter}: {} twice", one.id);
            }
            let Some(last) = found.page.last().filter(|_| found.more) else {
                break;
            };
            from = Behind::Behind(at(1), user(last).bytes().to_vec());
        }
        assert_eq!(met.len(), PEOPLE, "{filter}");
    }
    uncounted(&store, &okta).await;
    dear(&store, &okta).await;
}

/// Whose total is not told are not counted.
async fn uncounted(store: &Store, okta: &Provisioner) {
    for from in [Behind::Place(0), Behind::Behind(at(1), vec![0; 16])] {
        for counted in [true, false] {
            let list = List {
                kind: &USER,
                filter: None,
                sort: None,
                from: from.clone(),
                count: 400,
                at_once: 100,
                counted,
                related: false,
                patience: Patience::FILTER,
                base: String::new(),
            };
            let by = okta.clone();
            let found = store.read(move |tx| {
                let (by, list) = (by.clone(), list.clone());
                Box::pin(async move {
                    let found = find(tx, &by, &list).await?.unwrap();
                    Ok((found, tx.asked.join("\n")))
                })
            });
            let (found, asked) = found.await.unwrap();
            assert_eq!((found.len(), found.more), (400, true));
            assert_eq!(found.total, counted.then_some(PEOPLE));
            assert_eq!(asked.contains("COUNT("), counted, "{asked}");
        }
    }
}

/// What memory asks of everybody has an end; what the database looks up needs none.
async fn dear(store: &Store, okta: &Provisioner) {
    let scans = |count: usize| vec!["userName co \"u\""; count].join(" or ");
    let asked = |filter: &str, enough: u64, counted: bool| List {
        kind: &USER,
        filter: Some(Filter::parse(filter).unwrap().bind(&USER).unwrap()),
        sort: None,
        from: Behind::Place(0),
        count: 1,
        at_once: 1,
        counted,
        related: false,
        patience: Patience::of(enough),
        base: String::new(),
    };
    let check = async |filter: &str, enough: u64, expected: Option<usize>| {
        let list = asked(filter, enough, true);
        let found = store.list_provisioned(okta, list).await.unwrap();
        match expected {
            Some(expected) => assert_eq!(found.unwrap().total, Some(expected), "{filter}"),
            None => assert_eq!(found.err(), Some(Refusal::FilterTooDear), "{filter}"),
        }
    };
    let (little, plenty) = (5_000_000, 500_000_000);
    check("userName sw \"u\"", little, Some(PEOPLE)).await;
    check("title co \"u\"", plenty, Some(PEOPLE)).await;
    check("title co \"u\"", little, None).await;
    let uncounted = asked("title co \"u\"", little, false);
    let found = store.list_provisioned(okta, uncounted).await.unwrap();
    let found = found.unwrap();
    assert_eq!((found.len(), found.more, found.total), (1, true, None));
    check("userName eq \"u7\" and title co \"u\"", little, Some(1)).await;
    check(&scans(32), little, Some(PEOPLE)).await;
    check(&scans(33), plenty, Some(PEOPLE)).await;
    check(&scans(33), little, None).await;
    // As many names as one may ask for are looked up.
    let names: Vec<String> = (0..300)
        .map(|number| format!("userName eq \"u{number}\""))
        .collect();
    check(&names.join(" or "), little, Some(300)).await;
}
