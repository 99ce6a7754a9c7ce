//! A connection is switched off, and what began with a sign-in there is ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::cases::{Case, at, offer, redemption, session, token};
use super::directory::{begun, client, made, organization};
use super::federation::connected;
use super::server::Server;
use crate::audit::Entry;
use crate::authorization::Progress;
use crate::federation::Kind;
use crate::id::{ConnectionId, UserId};
use crate::secret::{Digest, issue};
use crate::session::{Authentication, CodeRefusal, Ended, Session, State};
use crate::store::{DeviceCode, Granted, Polled, Store, authorizations, sessions};

pub(super) const ALL: &[(&str, Case)] = &[("switched_off", |store| Box::pin(switched_off(store)))];

/// A connection that people are sent to.
async fn active(store: &Store, name: &str) -> ConnectionId {
    let made = connected(store, "acme", name, Kind::Okta).await.id;
    set(store, made, true).await;
    made
}

async fn set(store: &Store, connection: ConnectionId, active: bool) {
    let set = store.set_connection_active(connection, active, at(2));
    assert!(set.await.unwrap());
}

fn through(connection: Option<ConnectionId>, second: i64) -> Authentication {
    Authentication {
        connection,
        // No name of a connection, whatever a provider says.
        context: connection.map(|id| format!("\"connection\":\"{id}\"")),
        ..Authentication::here(at(second), &["pwd"])
    }
}

fn offered(user: UserId, connection: Option<ConnectionId>) -> Session {
    Session {
        authentication: through(connection, 1),
        ..session(user)
    }
}

pub(super) async fn live(store: &Store, session: Session) -> Session {
    let (_, code) = issue();
    let client = session.client.clone();
    store.offer_session(session, code, offer()).await.unwrap();
    let redeemed = store.redeem_code(code, redemption(&client), None, at(1));
    redeemed.await.unwrap().unwrap().session
}

async fn is_good(store: &Store, session: &Session) -> bool {
    let found = store.good_session(token(session, 0), at(4));
    found.await.unwrap().is_some()
}

async fn signs_in(store: &Store, user: UserId, connection: Option<ConnectionId>) -> Option<Digest> {
    let (_, cookie) = issue();
    let proved = through(connection, 1);
    let begun = store.begin_browser_session(cookie, user, proved, at(1), at(900));
    begun.await.unwrap().then_some(cookie)
}

async fn is_signed_in(store: &Store, cookie: Option<Digest>) -> bool {
    let known = store.browser_session(cookie.unwrap(), at(4)).await;
    known.unwrap().is_some()
}

async fn grant(store: &Store, user: UserId, connection: Option<ConnectionId>) -> Granted {
    let seen = begun(store, Progress::Name).await;
    let (_, code) = issue();
    let granted = store.grant(&seen, offered(user, connection), code, offer(), vec![]);
    granted.await.unwrap()
}

/// A device that this person has allowed.
pub(super) async fn device(
    store: &Store,
    user: UserId,
    connection: Option<ConnectionId>,
) -> (Granted, Digest) {
    let ((_, code), (_, user_code)) = (issue(), issue());
    let device = DeviceCode {
        code,
        user_code,
        client: "app".to_owned(),
        organization: "acme".to_owned(),
        scopes: vec![],
        place: String::new(),
        created_at: at(1),
        expires_at: at(600),
    };
    store.keep_device_code(device.clone(), 5).await.unwrap();
    let seen = begun(store, Progress::Name).await;
    let session = offered(user, connection);
    let approved = store.approve_device(&seen, &device, session, vec![], at(1));
    (approved.await.unwrap(), code)
}

pub(super) async fn log(store: &Store, action: &str) -> Vec<Entry> {
    let all = store.audit_entries(0, 500).await.unwrap();
    all.into_iter().filter(|it| it.action == action).collect()
}

async fn switched_off(store: Store) {
    organization(&store, "acme").await;
    client(&store, "app", vec![]).await;
    let (okta, entra) = (active(&store, "okta").await, active(&store, "entra").await);
    let aiko = made(&store, "acme", "aiko").await.id;
    let ben = made(&store, "acme", "ben").await.id;
    let theirs = [
        live(&store, offered(aiko, Some(okta))).await,
        live(&store, offered(ben, Some(okta))).await,
    ];
    let others = [
        live(&store, offered(aiko, Some(entra))).await,
        live(&store, offered(aiko, None)).await,
    ];
    let (_, code) = issue();
    let waits = store.offer_session(offered(ben, Some(okta)), code, offer());
    waits.await.unwrap();
    let browser = signs_in(&store, aiko, Some(okta)).await;
    let elsewhere = signs_in(&store, aiko, Some(entra)).await;
    let (allowed, tv) = device(&store, aiko, Some(okta)).await;
    assert_eq!(allowed, Granted::Yes);
    let (allowed, radio) = device(&store, aiko, Some(entra)).await;
    assert_eq!(allowed, Granted::Yes);
    let asked = |authentication: Authentication| Progress::Consent {
        user: aiko,
        authentication,
    };
    let away = |connection| Progress::Upstream {
        connection,
        expected: serde_json::Value::Null,
    };
    let mut under_way = Vec::new();
    for (progress, ends) in [
        (asked(through(Some(okta), 1)), true),
        (asked(through(Some(entra), 1)), false),
        (asked(through(None, 1)), false),
        (away(okta), true),
        (away(entra), false),
    ] {
        under_way.push((begun(&store, progress).await, ends));
    }

    // Off: what was granted goes on; nobody gets more by what was proved there.
    set(&store, okta, false).await;
    for session in theirs.iter().chain(&others) {
        assert!(is_good(&store, session).await);
    }
    assert!(!is_signed_in(&store, browser).await && is_signed_in(&store, elsewhere).await);
    assert_eq!(grant(&store, aiko, Some(okta)).await, Granted::Refused);
    assert_eq!(device(&store, aiko, Some(okta)).await.0, Granted::Refused);
    assert_eq!(signs_in(&store, aiko, Some(okta)).await, None);
    let gone = Some(ConnectionId::random());
    assert_eq!(grant(&store, aiko, gone).await, Granted::Refused);
    for other in [Some(entra), None] {
        assert_eq!(grant(&store, aiko, other).await, Granted::Yes);
    }

    let end = async |connection| {
        let ended = store.end_sessions_through(connection, at(3));
        ended.await.unwrap()
    };
    assert_eq!(end(ConnectionId::random()).await, None);
    assert_eq!(end(okta).await, Some(4), "two live, a code, a device");
    assert_eq!(end(okta).await, Some(0), "again");
    set(&store, okta, true).await;
    let state = State::Ended {
        at: at(3),
        because: Ended::ByAdministrator,
    };
    for session in &theirs {
        let (found, _) = store.session(session.id).await.unwrap().unwrap();
        assert_eq!(found.state, state);
    }
    for session in &others {
        assert!(is_good(&store, session).await);
    }
    let redeemed = store.redeem_code(code, redemption("app"), None, at(4));
    assert_eq!(redeemed.await.unwrap().err(), Some(CodeRefusal::Replayed));
    assert!(!is_signed_in(&store, browser).await && is_signed_in(&store, elsewhere).await);
    let polled = async |code| store.poll_device(code, "app", None, at(9)).await.unwrap();
    assert!(matches!(polled(tv).await, Polled::Denied));
    assert!(matches!(polled(radio).await, Polled::Granted(_)));
    for (seen, ends) in under_way {
        let found = store.authorization_of(seen.id, at(4)).await.unwrap();
        assert_eq!(found.is_none(), ends, "{:?}", seen.progress);
    }
    assert_eq!(grant(&store, aiko, Some(okta)).await, Granted::Yes);

    let said = log(&store, "connection.end_sessions").await;
    assert_eq!(said.len(), 2);
    assert_eq!(
        (said[0].subject.as_str(), said[0].organization.as_deref()),
        ("okta", Some("acme"))
    );
    let detail: serde_json::Value = serde_json::from_str(&said[0].detail).unwrap();
    assert_eq!(
        (&detail["sessions"], &detail["browsers"]),
        (&4.into(), &1.into())
    );
    // Whose they were.
    let listed = log(&store, "session.end.list").await;
    let detail: serde_json::Value = serde_json::from_str(&listed[0].detail).unwrap();
    assert_eq!(detail["ended"][theirs[1].id.to_string()], ben.to_string());
    assert_eq!(detail["because"], "by_administrator");
}

/// What is being granted when the connection is switched off is waited for, and ended with the rest. (On SQLite one writes at a time.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_granted_ends_with_the_rest() {
    let server = Server::start(None);
    let store = Store::postgres(&server.database("granting")).await.unwrap();
    organization(&store, "acme").await;
    client(&store, "app", vec![]).await;
    let okta = active(&store, "okta").await;
    let aiko = made(&store, "acme", "aiko").await.id;
    let session = offered(aiko, Some(okta));
    let id = session.id;
    let (looked, has_looked) = oneshot::channel();
    let looked = Arc::new(Mutex::new(Some(looked)));
    let too_early = Arc::new(AtomicBool::new(false));
    let granting = tokio::spawn({
        let (store, too_early) = (store.clone(), Arc::clone(&too_early));
        async move {
            let granted = store.write(move |tx| {
                let (session, looked) = (session.clone(), Arc::clone(&looked));
                let too_early = Arc::clone(&too_early);
                Box::pin(async move {
                    let may = authorizations::may(tx, aiko, &session.authentication).await?;
                    looked.lock().unwrap().take().unwrap().send(()).unwrap();
                    let waiting = "SELECT 1 FROM pg_locks WHERE NOT granted";
                    while !too_early.load(Ordering::Relaxed)
                        && tx.row(waiting, &[]).await?.is_none()
                    {}
                    sessions::insert(tx, &session, None).await?;
                    Ok(may)
                })
            });
            granted.await.unwrap()
        }
    });
    has_looked.await.unwrap();
    set(&store, okta, false).await;
    let ended = store.end_sessions_through(okta, at(3)).await.unwrap();
    too_early.store(true, Ordering::Relaxed);
    assert!(granting.await.unwrap());
    assert_eq!(ended, Some(1));
    let (found, _) = store.session(id).await.unwrap().unwrap();
    assert!(matches!(found.state, State::Ended { .. }), "{found:?}");
}
