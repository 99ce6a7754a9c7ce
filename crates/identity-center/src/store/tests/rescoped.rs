//! An application is opened to other groups, and what people have there who are in none of them is ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::cases::{Case, at, offer, redemption, session, token};
use super::directory::{application, live, made, organization};
use super::server::Server;
use super::switched_off::{device, log};
use crate::client::{Client, Details};
use crate::id::{GroupId, UserId};
use crate::secret::issue;
use crate::session::{CodeRefusal, Ended, Session, State};
use crate::store::members::{self, Of};
use crate::store::{Granted, Polled, Store, Tx, Work, authorizations, sessions};

pub(super) const ALL: &[(&str, Case)] = &[("rescoped", |store| Box::pin(rescoped(store)))];

pub(super) async fn group(store: &Store, name: &str, people: &[UserId]) -> GroupId {
    let group = store.create_group("acme", name, None, at(0)).await;
    let group = group.unwrap().unwrap().id;
    for user in people {
        let added = store.add_member(group, *user, at(0)).await.unwrap();
        assert_eq!(added, Ok(true));
    }
    group
}

/// An application that is told when sessions end.
pub(super) async fn told(store: &Store, id: &str, groups: Vec<GroupId>) {
    let details = Details {
        groups,
        backchannel_logout_uri: Some("https://app.example/out".to_owned()),
        ..Details::default()
    };
    application(store, id, details).await;
}

/// Opens the application to these groups alone; to everybody, if there are none.
async fn open_to(store: &Store, groups: Vec<GroupId>) -> Option<u64> {
    let app = store.client("app", at(3)).await.unwrap().unwrap();
    let app = Client {
        details: Details {
            groups,
            ..app.details
        },
        ..app
    };
    let changed = store.change_client(app, "application.change", at(3));
    changed.await.unwrap()
}

async fn is_good(store: &Store, session: &Session) -> bool {
    let found = store.good_session(token(session, 0), at(4));
    found.await.unwrap().is_some()
}

async fn rescoped(store: Store) {
    organization(&store, "acme").await;
    let aiko = made(&store, "acme", "aiko").await.id;
    let ben = made(&store, "acme", "ben").await.id;
    let first = group(&store, "First", &[aiko, ben]).await;
    let second = group(&store, "Second", &[ben]).await;
    told(&store, "app", vec![first]).await;
    told(&store, "other", vec![first]).await;
    let hers = live(&store, aiko, "app").await;
    let his = live(&store, ben, "app").await;
    let elsewhere = live(&store, aiko, "other").await;
    let (_, code) = issue();
    let waits = store.offer_session(session(aiko), code, offer());
    waits.await.unwrap();
    let (allowed, tv) = device(&store, aiko, None).await;
    assert_eq!(allowed, Granted::Yes);
    let (allowed, radio) = device(&store, ben, None).await;
    assert_eq!(allowed, Granted::Yes);

    assert_eq!(open_to(&store, vec![first]).await, Some(0), "as it was");
    assert_eq!(open_to(&store, vec![first, second]).await, Some(0), "wider");
    assert!(is_good(&store, &hers).await);
    let ended = open_to(&store, vec![second]).await;
    assert_eq!(ended, Some(3), "one lives, a code, a device");
    let (found, _) = store.session(hers.id).await.unwrap().unwrap();
    let state = State::Ended {
        at: at(3),
        because: Ended::GroupLost,
    };
    assert_eq!(found.state, state);
    assert!(is_good(&store, &his).await, "in the other group, too");
    assert!(is_good(&store, &elsewhere).await, "another application");
    let redeemed = store.redeem_code(code, redemption("app"), None, at(4));
    assert_eq!(redeemed.await.unwrap().err(), Some(CodeRefusal::Replayed));
    let polled = async |code| store.poll_device(code, "app", None, at(9)).await.unwrap();
    assert!(matches!(polled(tv).await, Polled::Denied));
    assert!(matches!(polled(radio).await, Polled::Granted(_)));
    let told = store.claim_logouts(9, at(3)).await.unwrap();
    let told: Vec<_> = told.into_iter().map(|it| it.session).collect();
    assert_eq!(told, [hers.id], "what nobody redeemed, it never heard of");
    let detail = async |action: &str| {
        let last = log(&store, action).await.pop().unwrap();
        assert_eq!(last.subject, "app");
        serde_json::from_str::<serde_json::Value>(&last.detail).unwrap()
    };
    assert_eq!(detail("application.change").await["sessions"], 3);
    let listed = detail("session.end.list").await;
    assert_eq!(listed["because"], "group_lost");
    assert_eq!(listed["ended"][hers.id.to_string()], aiko.to_string());

    // Opened again, and no more than that: nothing comes back, and a group is lost as ever.
    assert_eq!(open_to(&store, vec![]).await, Some(0));
    assert!(!is_good(&store, &hers).await);
    let again = live(&store, aiko, "app").await;
    assert_eq!(open_to(&store, vec![first]).await, Some(0));
    assert!(is_good(&store, &again).await && is_good(&store, &his).await);
    let lost = store.remove_member(first, aiko, at(3)).await.unwrap();
    assert_eq!(lost, 2, "here and elsewhere");
    assert!(!is_good(&store, &again).await);
}

/// Does this, and holds what it holds until somebody waits for it or it is too late.
pub(super) async fn held(
    store: &Store,
    meanwhile: impl Future<Output = ()>,
    work: impl for<'a> Fn(&'a mut Tx<'_>) -> Work<'a, ()> + Send + Sync + 'static,
) {
    let (done, has_done) = oneshot::channel();
    let done = Arc::new(Mutex::new(Some(done)));
    let too_late = Arc::new(AtomicBool::new(false));
    let work = Arc::new(work);
    let holding = tokio::spawn({
        let (store, too_late) = (store.clone(), Arc::clone(&too_late));
        async move {
            let held = store.write(move |tx| {
                let (work, done) = (Arc::clone(&work), Arc::clone(&done));
                let too_late = Arc::clone(&too_late);
                Box::pin(async move {
                    work(tx).await?;
                    done.lock().unwrap().take().unwrap().send(()).unwrap();
                    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted";
                    while !too_late.load(Ordering::Relaxed) && tx.row(waiting, &[]).await?.is_none()
                    {
                    }
                    Ok(())
                })
            });
            held.await.unwrap();
        }
    });
    has_done.await.unwrap();
    meanwhile.await;
    too_late.store(true, Ordering::Relaxed);
    holding.await.unwrap();
}

/// What is being granted, and who is leaving a group, when an application is opened to another is waited for. (On SQLite one writes at
/// a time.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_or_leaves_meanwhile_is_seen() {
    let server = Server::start(None);
    let store = Store::postgres(&server.database("rescoping"))
        .await
        .unwrap();
    organization(&store, "acme").await;
    let aiko = made(&store, "acme", "aiko").await.id;
    let first = group(&store, "First", &[aiko]).await;
    let second = group(&store, "Second", &[]).await;
    told(&store, "app", vec![first]).await;
    let ended = async |id| {
        let (found, _) = store.session(id).await.unwrap().unwrap();
        matches!(found.state, State::Ended { .. })
    };

    let granted = session(aiko);
    let id = granted.id;
    let opens = async || assert_eq!(open_to(&store, vec![second]).await, Some(1));
    let grants = held(&store, opens(), move |tx| {
        let granted = granted.clone();
        Box::pin(async move {
            assert!(authorizations::may_use(tx, &granted, &[first]).await?);
            sessions::insert(tx, &granted, None).await
        })
    });
    grants.await;
    assert!(ended(id).await);
    let seen = super::directory::begun(&store, crate::authorization::Progress::Name).await;
    let (_, code) = issue();
    let late = store.grant(&seen, session(aiko), code, offer(), vec![first]);
    assert_eq!(
        late.await.unwrap(),
        Granted::Refused,
        "it was looked at before"
    );

    assert_eq!(open_to(&store, vec![first]).await, Some(0));
    store
        .add_member(second, aiko, at(3))
        .await
        .unwrap()
        .unwrap();
    let hers = live(&store, aiko, "app").await;
    let leaves = held(&store, opens(), move |tx| {
        Box::pin(async move {
            let of = Of {
                id: second,
                organization: "acme",
                name: "Second",
            };
            let left = members::leave(tx, of, &[aiko].into(), None, at(3)).await?;
            assert_eq!(left, Some(0), "there is another group");
            Ok(())
        })
    });
    leaves.await;
    assert!(ended(hers.id).await);
}
