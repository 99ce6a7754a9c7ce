//! Several requests in the same moment.

use kiro_scim::{Expected, GROUP, Refusal, USER};
use serde_json::json;

use super::super::cases::at;
use super::super::directory::organization;
use super::{comes, connection, forms, found, group, if_match, list, patch, read, user};
use crate::store::{Store, StoreError};

const AT_ONCE: usize = 32;

/// Forms of one name, as many as there are requests.
fn forms_of_a_name() -> impl Iterator<Item = (usize, String)> {
    let forms = [
        "Straße-José",
        "STRASSE-JOSÉ",
        "strasse-jose\u{301}",
        "STRAẞE-josé",
    ];
    forms
        .into_iter()
        .cycle()
        .map(str::to_owned)
        .enumerate()
        .take(AT_ONCE)
}

/// Of 32 who come with one name in different forms, one comes; so of groups.
pub(super) async fn created(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let entra = connection(&store, "acme", "entra").await;
    for people in [true, false] {
        let mut running = tokio::task::JoinSet::new();
        for (number, name) in forms_of_a_name() {
            let store = store.clone();
            let by = if number % 2 == 0 {
                okta.clone()
            } else {
                entra.clone()
            };
            running.spawn(async move {
                match people {
                    true => comes(&store, &by, json!({ "userName": name }), 1).await,
                    false => forms(&store, &by, json!({ "displayName": name }), 1).await,
                }
            });
        }
        let outcomes = running.join_all().await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
        let refused =
            |outcome: &Result<_, Refusal>| matches!(outcome, Ok(_) | Err(Refusal::Taken { .. }));
        assert!(outcomes.iter().all(refused), "{outcomes:?}");
        let kind = if people { &USER } else { &GROUP };
        let (theirs, others) = (
            list(&store, &okta, kind, None).await,
            list(&store, &entra, kind, None).await,
        );
        assert_eq!(theirs.total.unwrap() + others.total.unwrap(), 1);
    }
}

/// Of several who take one name, one has it.
pub(super) async fn renamed(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let mut running = tokio::task::JoinSet::new();
    for (number, name) in forms_of_a_name() {
        let (store, by) = (store.clone(), okta.clone());
        let one = comes(&store, &by, json!({ "userName": format!("n{number}") }), 1)
            .await
            .unwrap();
        running.spawn(async move {
            let change = patch(
                &USER,
                json!([{ "op": "replace", "path": "userName", "value": name }]),
            );
            let changed = store
                .change_provisioned_user(&by, user(&one), Expected::default(), change, true, at(2))
                .await;
            match changed {
                Ok(decided) => decided.is_ok(),
                Err(StoreError::Taken) => false,
                Err(other) => panic!("{other}"),
            }
        });
    }
    let outcomes = running.join_all().await;
    assert_eq!(outcomes.into_iter().filter(|renamed| *renamed).count(), 1);
    assert_eq!(
        found(&store, &okta, &USER, "userName eq \"strasse-josé\"")
            .await
            .len(),
        1
    );
}

/// Of changes that expect the same version one is made; changes that expect none are all made.
pub(super) async fn patched(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let aiko = comes(&store, &okta, json!({ "userName": "aiko" }), 1)
        .await
        .unwrap();
    let team = forms(&store, &okta, json!({ "displayName": "Team" }), 1)
        .await
        .unwrap();
    let mut people = Vec::new();
    for number in 0..AT_ONCE {
        let one = json!({ "userName": format!("m{number}") });
        people.push(comes(&store, &okta, one, 1).await.unwrap());
    }
    for expects in [if_match("W/\"1\""), Expected::default()] {
        let mut running = tokio::task::JoinSet::new();
        for (number, member) in people.iter().enumerate() {
            let (store, by, expects) = (store.clone(), okta.clone(), expects.clone());
            let (aiko, team, member) = (user(&aiko), group(&team), member.id.clone());
            running.spawn(async move {
                let title = json!([{ "op": "replace", "path": "title", "value": format!("{expects:?} {number}") }]);
                let one = store.change_provisioned_user(&by, aiko, expects.clone(), patch(&USER, title), true, at(2));
                let one = one.await.unwrap();
                let joins = json!([{ "op": "add", "path": "members", "value": [{ "value": member }] }]);
                let other = store.change_provisioned_group(&by, team, expects, patch(&GROUP, joins), true, at(2));
                let other = other.await.unwrap();
                for outcome in [&one, &other] {
                    assert!(matches!(outcome, Ok(_) | Err(Refusal::VersionMismatch)), "{outcome:?}");
                }
                [one.is_ok(), other.is_ok()]
            });
        }
        let outcomes = running.join_all().await;
        let won = |which: usize| outcomes.iter().filter(|outcome| outcome[which]).count();
        let expected = if expects == Expected::default() {
            AT_ONCE
        } else {
            1
        };
        assert_eq!((won(0), won(1)), (expected, expected), "{expects:?}");
    }
    let after = read(&store, &okta, &aiko).await.unwrap();
    assert_eq!(after.version, 2 + u32::try_from(AT_ONCE).unwrap());
    let after = read(&store, &okta, &team).await.unwrap();
    // Whoever won with the version was in the group already.
    assert_eq!(
        (after.related.len(), after.version),
        (AT_ONCE, 1 + u32::try_from(AT_ONCE).unwrap())
    );
}

/// Whoever is removed in the same moment is in the group before, or was nobody whom it could have had; and a decision is made.
pub(super) async fn removed(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let team = forms(&store, &okta, json!({ "displayName": "Team" }), 1)
        .await
        .unwrap();
    for round in 0..8 {
        let mut running = tokio::task::JoinSet::new();
        for number in 0..AT_ONCE {
            let one = json!({ "userName": format!("m{round}.{number}") });
            let one = comes(&store, &okta, one, 1).await.unwrap();
            let (leaver, joiner) = ((store.clone(), okta.clone()), (store.clone(), okta.clone()));
            let (id, team) = (user(&one), group(&team));
            running.spawn(async move {
                let (store, by) = leaver;
                let gone = store.delete_provisioned_user(&by, id, Expected::default(), at(2));
                assert_eq!(gone.await.unwrap(), Ok(()));
            });
            running.spawn(async move {
                let (store, by) = joiner;
                let joins =
                    json!([{ "op": "add", "path": "members", "value": [{ "value": one.id }] }]);
                let change = patch(&GROUP, joins);
                let joined = store.change_provisioned_group(
                    &by,
                    team,
                    Expected::default(),
                    change,
                    false,
                    at(2),
                );
                let joined = joined.await.unwrap();
                assert!(
                    matches!(joined, Ok(_) | Err(Refusal::Value { .. })),
                    "{joined:?}"
                );
            });
        }
        running.join_all().await;
    }
    assert!(read(&store, &okta, &team).await.unwrap().related.is_empty());
}
