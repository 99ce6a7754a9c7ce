//! Walks through a list: everybody is met once, also where many came in the same millisecond.

use std::collections::BTreeSet;

use kiro_scim::{Filter, USER};
use serde_json::json;

use super::super::cases::at;
use super::super::directory::organization;
use super::{comes, connection, user};
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
                related: false,
                base: String::new(),
            };
            let found = store.list_provisioned(&okta, list).await.unwrap().unwrap();
            assert_eq!(found.total, PEOPLE, "{filter}");
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
}
