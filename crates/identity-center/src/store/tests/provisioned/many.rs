//! Many join a group and leave it at once.

use std::collections::{BTreeMap, BTreeSet};

use kiro_scim::{Expected, GROUP, Refusal};
use serde_json::{Value, json};

use super::super::cases::{at, session, token};
use super::super::directory::{application, client, live, made, organization};
use super::{assert_same, becomes, connection, everything, forms, group, patch, replacement};
use crate::client::Details;
use crate::id::{GroupId, UserId};
use crate::provisioning::Provisioner;
use crate::session::{Ended, Session, State};
use crate::store::members::{self, Of};
use crate::store::{Store, StoreError, audit, groups, sessions};

/// More than one statement has of them.
const MANY: usize = members::TOGETHER + 1;

/// An organisation, its connection, and so many of its people.
async fn given(store: &Store) -> (Provisioner, Vec<UserId>) {
    organization(store, "acme").await;
    let okta = connection(store, "acme", "okta").await;
    let mut people: Vec<UserId> = (0..MANY).map(|_| UserId::random()).collect();
    people.sort();
    let (by, all) = (okta.clone(), people.clone());
    let added = store.write(move |tx| {
        let (by, all) = (by.clone(), all.clone());
        Box::pin(async move {
            for user in all {
                let sql = "INSERT INTO users (id, organization, connection, user_name, user_name_folded, display_name, active, said, \
                           created_at, modified_at, version) VALUES ($1, $2, $3, $4, $4, $4, 1, '{}', 0, 0, 1)";
                let row = values![user, &by.organization, by.id, name(user)];
                tx.execute(sql, row).await?;
            }
            Ok(())
        })
    });
    added.await.unwrap();
    (okta, people)
}

fn name(user: UserId) -> String {
    format!("p{user}")
}

fn values_of(people: &[UserId]) -> Value {
    let value = |user: &UserId| json!({ "value": user.to_string() });
    people.iter().map(value).collect()
}

async fn members_of(store: &Store, group: GroupId) -> BTreeSet<UserId> {
    let found = store.read(move |tx| Box::pin(async move { members::all(tx, group).await }));
    found.await.unwrap()
}

async fn is_good(store: &Store, session: &Session, second: i64) -> bool {
    let found = store.good_session(token(session, 0), at(second));
    found.await.unwrap().is_some()
}

/// What the log says behind this entry: the actions with their subjects and details.
async fn said_since(store: &Store, number: i64) -> Vec<(String, String, Value)> {
    let entries = store.audit_entries(number, 500).await.unwrap();
    let said = entries.into_iter().map(|entry| {
        let detail = serde_json::from_str(&entry.detail).unwrap();
        (entry.action, entry.subject, detail)
    });
    said.collect()
}

/// A device waits for a session that was approved.
async fn waits(store: &Store, session: &Session) {
    let id = session.id;
    let kept = store.write(move |tx| {
        Box::pin(async move {
            let sql = "INSERT INTO device_codes (digest, user_code_digest, client_id, organization, scopes, place, state, session_id, \
                       interval_seconds, created_at, expires_at) VALUES ($1, $1, 'team', 'acme', '', '', 'approved', $1, 5, 0, 9999999)";
            tx.execute(sql, values![id]).await
        })
    });
    kept.await.unwrap();
}

async fn waiting(store: &Store) -> usize {
    let sql = "SELECT digest FROM device_codes WHERE state = 'approved'";
    let found = store.read(move |tx| Box::pin(async move { tx.query(sql, &[]).await }));
    found.await.unwrap().len()
}

/// An application that is told when sessions end.
async fn told_client(store: &Store, id: &str, groups: Vec<GroupId>) {
    let details = Details {
        groups,
        backchannel_logout_uri: Some("https://app.example/out".to_owned()),
        ..Details::default()
    };
    application(store, id, details).await;
}

async fn last_entry(store: &Store) -> i64 {
    store.verify_audit().await.unwrap().unwrap().number
}

/// Puts a list together of which the log has parts: each says how many there are, and all have other people.
fn whole(parts: &[(String, String, Value)], action: &str, list: &str) -> BTreeMap<String, String> {
    let list_action = format!("{action}.list");
    let told = parts.iter().filter(|(it, ..)| it == action).count();
    let parts: Vec<_> = parts.iter().filter(|(it, ..)| *it == list_action).collect();
    assert_eq!(told, usize::from(!parts.is_empty()));
    let mut whole = BTreeMap::new();
    for (number, (_, subject, detail)) in (1..).zip(&parts) {
        assert_eq!(subject, "Team");
        assert_eq!(
            (&detail["part"], &detail["parts"]),
            (&json!(number), &json!(parts.len()))
        );
        let listed: BTreeMap<String, String> =
            serde_json::from_value(detail[list].clone()).unwrap();
        assert!(!listed.is_empty() && listed.len() <= 200);
        let before = whole.len() + listed.len();
        whole.extend(listed);
        assert_eq!(whole.len(), before, "nobody twice");
    }
    for (_, _, detail) in &parts {
        let count = if list == "users" {
            "members"
        } else {
            "sessions"
        };
        assert_eq!(detail[count], json!(whole.len()));
    }
    whole
}

/// Everybody leaves, in each way of leaving: what the group gave is gone, and nothing else; the log names everybody once.
pub(super) async fn leave(store: Store) {
    let (okta, people) = given(&store).await;
    let native = made(&store, "acme", "native").await.id;
    let (first, last) = (people[0], people[MANY - 1]);
    let said = json!({ "displayName": "Team", "members": values_of(&people) });
    let team = forms(&store, &okta, said.clone(), 1).await.unwrap();
    let crew = json!({ "displayName": "Crew", "members": values_of(&[last]) });
    let crew = forms(&store, &okta, crew, 1).await.unwrap();
    let (id, other) = (group(&team), group(&crew));
    let added = store.add_member(id, native, at(1)).await.unwrap();
    assert_eq!(added, Ok(true));
    client(&store, "open", vec![]).await;
    client(&store, "team", vec![id]).await;
    client(&store, "either", vec![id, other]).await;
    told_client(&store, "told", vec![id]).await;
    let his = live(&store, native, "team").await;

    let nobody = || patch(&GROUP, json!([{ "op": "remove", "path": "members" }]));
    let empty = json!([{ "op": "replace", "path": "members", "value": [] }]);
    let named = json!([{ "op": "remove", "path": "members", "value": values_of(&people) }]);
    let put = json!({ "displayName": "Team", "members": [] });
    let ways = [
        Some(nobody()),
        Some(patch(&GROUP, empty)),
        Some(patch(&GROUP, named)),
        Some(replacement(&GROUP, put)),
        None,
    ];
    for (number, way) in (0..).zip(ways) {
        let second = 10 + number * 10;
        let before = last_entry(&store).await;
        let back = becomes(
            &store,
            &okta,
            &team,
            replacement(&GROUP, said.clone()),
            second,
        );
        let back = back.await.unwrap();
        let came = whole(&said_since(&store, before).await, "group.join", "users");
        assert_eq!(came.len(), if number == 0 { 0 } else { MANY }, "{number}");
        let mut closed = Vec::new();
        for (user, app) in [
            (first, "team"),
            (last, "team"),
            (first, "either"),
            (last, "told"),
        ] {
            closed.push(live(&store, user, app).await);
        }
        let told = closed.last().unwrap().id;
        waits(&store, &closed[0]).await;
        assert_eq!(waiting(&store).await, 1);
        let open = [
            live(&store, first, "open").await,
            live(&store, last, "either").await,
        ];
        let before = last_entry(&store).await;

        let deletes = way.is_none();
        match way {
            Some(way) => {
                let now = becomes(&store, &okta, &team, way, second + 1)
                    .await
                    .unwrap();
                assert_eq!(
                    (now.version, now.modified_at),
                    (back.version + 1, at(second + 1))
                );
                let left = members_of(&store, id).await;
                assert_eq!(left, BTreeSet::from([native]), "{number}");
            }
            None => {
                let gone =
                    store.delete_provisioned_group(&okta, id, Expected::default(), at(second + 1));
                assert_eq!(gone.await.unwrap(), Ok(()));
                assert_eq!(members_of(&store, id).await, BTreeSet::new());
            }
        }
        assert_eq!(is_good(&store, &his, second + 2).await, !deletes);
        for session in &closed {
            let (ended, _) = store.session(session.id).await.unwrap().unwrap();
            let state = State::Ended {
                at: at(second + 1),
                because: Ended::GroupLost,
            };
            assert_eq!(ended.state, state, "{number}");
        }
        assert_eq!(waiting(&store).await, 0, "{number}");
        let due = store.claim_logouts(9, at(second + 2)).await.unwrap();
        let due: Vec<_> = due.iter().map(|logout| logout.session).collect();
        assert_eq!(due, [told], "{number}");
        store.logout_heard(told).await.unwrap();
        for session in &open {
            assert!(is_good(&store, session, second + 2).await, "{number}");
        }

        let said = said_since(&store, before).await;
        let left = whole(&said, "group.leave", "users");
        let mut all: BTreeMap<_, _> = people
            .iter()
            .map(|it| (it.to_string(), name(*it)))
            .collect();
        let mut ended: BTreeMap<_, _> = closed
            .iter()
            .map(|it| (it.id.to_string(), it.user.to_string()))
            .collect();
        if deletes {
            all.insert(native.to_string(), "native".to_owned());
            ended.insert(his.id.to_string(), native.to_string());
        }
        assert_eq!(left, all, "{number}");
        let told = said
            .iter()
            .filter(|(action, ..)| action == "session.end.list");
        let mut by_client = BTreeMap::new();
        for (_, _, detail) in told {
            assert_eq!(detail["because"], "group_lost");
            by_client.extend(
                serde_json::from_value::<BTreeMap<String, String>>(detail["ended"].clone())
                    .unwrap(),
            );
        }
        assert_eq!(by_client, ended, "{number}");
        let leaving = said.iter().find(|(action, ..)| action == "group.leave");
        assert_eq!(leaving.unwrap().2["sessions"], json!(ended.len()));
        assert_eq!(last_entry(&store).await, before + said.len() as i64);
    }
}

/// One set of people takes another's place, and nothing that is not so.
pub(super) async fn replace(store: Store) {
    let (okta, people) = given(&store).await;
    let (these, those) = people.split_at(MANY - 2);
    let said = |people: &[UserId]| json!({ "displayName": "Team", "members": values_of(people) });
    let team = forms(&store, &okta, said(these), 1).await.unwrap();
    let id = group(&team);
    let check = async |put: &[UserId], second, version| {
        let changed = becomes(&store, &okta, &team, replacement(&GROUP, said(put)), second);
        assert_eq!(changed.await.unwrap().version, version);
        assert_eq!(members_of(&store, id).await, put.iter().copied().collect());
    };
    check(those, 2, 2).await;
    check(these, 3, 3).await;
    let before = everything(&store).await;
    check(these, 4, 3).await;
    let everybody = json!([{ "op": "add", "path": "members", "value": values_of(these) }]);
    let gone = json!([{ "op": "remove", "path": "members", "value": values_of(those) }]);
    for same in [everybody, gone] {
        let now = becomes(&store, &okta, &team, patch(&GROUP, same), 5).await;
        assert_eq!(now.unwrap().version, 3);
    }
    assert_same(&before, &everything(&store).await, "nobody moves");

    // One of many who is nobody undoes it all, wherever they are among them.
    for stranger in [UserId::from([0; 16]), UserId::from([255; 16])] {
        let mut all = people.clone();
        all.push(stranger);
        let refused = becomes(&store, &okta, &team, replacement(&GROUP, said(&all)), 6).await;
        assert!(matches!(refused, Err(Refusal::Value { .. })), "{refused:?}");
        assert_same(&before, &everything(&store).await, "a stranger");
    }
}

/// How many statements and entries it takes, which others who write wait for.
pub(super) async fn cost(store: Store) {
    let (okta, people) = given(&store).await;
    let team = forms(&store, &okta, json!({ "displayName": "Team" }), 1).await;
    let team = group(&team.unwrap());
    client(&store, "team", vec![team]).await;
    let count = async |people: &[UserId], deletes: bool| {
        let (of, who) = (
            okta.clone(),
            people.iter().copied().collect::<BTreeSet<_>>(),
        );
        let before = last_entry(&store).await;
        let asked = store.write(move |tx| {
            let (of, who) = (of.clone(), who.clone());
            Box::pin(async move {
                let group = Of {
                    id: team,
                    organization: &of.organization,
                    name: "Team",
                };
                match deletes {
                    true => drop(groups::delete(tx, team, at(3)).await?),
                    false => drop(members::join(tx, group, &who, of.id, at(2)).await?),
                }
                audit::write(tx).await?;
                Ok::<_, StoreError>(tx.asked.len())
            })
        });
        let asked = asked.await.unwrap();
        (asked, last_entry(&store).await - before)
    };
    let (asked, entries) = count(&people, false).await;
    assert!(asked <= 12 && entries == 4, "{asked} {entries}");
    let all = people.clone();
    let opened = store.write(move |tx| {
        let all = all.clone();
        Box::pin(async move {
            for user in all {
                let opened = Session {
                    state: State::Live,
                    client: "team".to_owned(),
                    ..session(user)
                };
                sessions::insert(tx, &opened, None).await?;
            }
            Ok(())
        })
    });
    opened.await.unwrap();
    let (asked, entries) = count(&people, true).await;
    assert!(asked <= 36 && entries == 9, "{asked} {entries}");
}
