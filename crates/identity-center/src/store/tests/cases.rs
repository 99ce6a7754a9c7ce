//! The cases.

use std::future::Future;
use std::pin::Pin;

use jiff::{SignedDuration, Timestamp};

use crate::authorization::{Authorization, Progress, Purpose, Request};
use crate::client::{Client, Details, Grant, Wire};
use crate::id::{AuthorizationId, SessionId, UserId};
use crate::secret::{Digest, issue};
use crate::session::{
    Authentication, CodeRefusal, Ended, Offer, Redemption, Rotation, Session, State,
};
use crate::store::{Granted, Store, StoreError};
use crate::token::Token;

use super::{audit, copies, holders, once, polls, secrets};

pub(super) type Case = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) const ALL: &[(&str, Case)] = &[
    ("clients", |store| Box::pin(clients(store))),
    ("introspected", |store| {
        Box::pin(holders::introspected(store))
    }),
    ("codes", |store| Box::pin(codes(store))),
    ("code_at_once", |store| Box::pin(a_code_at_once(store))),
    ("rotation", |store| Box::pin(rotation(store))),
    ("rotation_at_once", |store| Box::pin(rotation_pair(store))),
    ("ends", |store| Box::pin(ends(store))),
    ("steps", |store| Box::pin(steps(store))),
    ("forgetting", |store| Box::pin(forgetting(store))),
    ("pushed_requests", |store| {
        Box::pin(once::pushed_requests(store))
    }),
    ("logouts", |store| Box::pin(once::logouts(store))),
    ("logouts_apart", |store| {
        Box::pin(once::logouts_apart(store))
    }),
    ("device_polls", |store| Box::pin(polls::devices(store))),
    ("device_polls_at_once", |store| {
        Box::pin(polls::at_once(store))
    }),
    ("accounts", |store| Box::pin(polls::accounts(store))),
    ("service_keys", |store| {
        Box::pin(secrets::service_keys(store))
    }),
    ("master_key", |store| Box::pin(secrets::master_key(store))),
    ("audit", |store| Box::pin(audit::chain(store))),
    ("audit_at_once", |store| Box::pin(audit::at_once(store))),
    ("audit_keys", |store| Box::pin(audit::of_keys(store))),
    ("audit_with", |store| {
        Box::pin(audit::with_what_it_records(store))
    }),
    ("restored", |store| Box::pin(copies::restored(store))),
    ("keys_at_once", |store| Box::pin(secrets::at_once(store))),
];

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) async fn person(store: &Store) -> UserId {
    let user = UserId::random();
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO organizations (name, title, contact, created_at) VALUES ('acme', 'Acme', '', 0) ON CONFLICT DO NOTHING", &[]).await?;
                let sql = "INSERT INTO users (id, organization, user_name, user_name_folded, display_name, active, created_at, modified_at, version) \
                           VALUES ($1, 'acme', $2, $2, $2, 1, 0, 0, 0)";
                tx.execute(sql, values![user, user.to_string()]).await
            })
        })
        .await
        .unwrap();
    user
}

async fn deactivate(store: &Store, user: UserId) {
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("UPDATE users SET active = 0 WHERE id = $1", values![user])
                    .await
            })
        })
        .await
        .unwrap();
}

pub(super) fn session(user: UserId) -> Session {
    let proved = Authentication {
        upstream_session: Some("sid".to_owned()),
        ..Authentication::here(at(0), &["pwd", "otp"])
    };
    let lifetime = SignedDuration::from_secs(10_000);
    Session {
        scopes: vec!["openid".to_owned(), "profile".to_owned()],
        ..Session::offered(user, "app", proved, at(0), lifetime)
    }
}

pub(super) fn offer() -> Offer {
    Offer {
        redirect_uri: "http://127.0.0.1:7/cb".to_owned(),
        code_challenge: "challenge".to_owned(),
        nonce: Some("nonce".to_owned()),
        expires_at: at(60),
    }
}

pub(super) fn redemption(client: &str) -> Redemption {
    Redemption {
        client: client.to_owned(),
        redirect_uri: offer().redirect_uri,
        challenge: offer().code_challenge,
    }
}

/// A session of a new person that lives.
pub(super) async fn live(store: &Store) -> Session {
    let (session, (_, code)) = (session(person(store).await), issue());
    store.offer_session(session, code, offer()).await.unwrap();
    let redeemed = store
        .redeem_code(code, redemption("app"), None, at(1))
        .await
        .unwrap();
    redeemed.unwrap().session
}

pub(super) fn token(session: &Session, rotation: u32) -> Token {
    Token {
        session: session.id,
        rotation,
        ends: at(5000),
    }
}

async fn clients(store: Store) {
    let (_, secret) = issue();
    let client = Client {
        id: "app".to_owned(),
        organization: None,
        wire: Wire::Aws,
        secret: Some(secret),
        name: "An app — アプリ".to_owned(),
        details: Details {
            redirect_uris: vec!["http://127.0.0.1/cb".to_owned()],
            grants: vec![Grant::AuthorizationCode, Grant::DeviceCode],
            ..Details::default()
        },
        issued_at: at(0),
        expires_at: Some(at(100)),
    };
    store.add_client(client.clone()).await.unwrap();
    assert!(matches!(
        store.add_client(client.clone()).await,
        Err(StoreError::Taken)
    ));
    let found = store.client("app", at(99)).await.unwrap().unwrap();
    assert_eq!(
        (found.name, found.details, found.secret),
        (client.name, client.details, client.secret)
    );
    assert!(
        store.client("app", at(100)).await.unwrap().is_none(),
        "its registration has ended"
    );
    assert!(store.client("another", at(0)).await.unwrap().is_none());
    assert_eq!(store.forget_expired_clients(at(101)).await.unwrap(), 1);
    assert!(store.client("app", at(0)).await.unwrap().is_none());
}

async fn codes(store: Store) {
    let user = person(&store).await;
    let (offered, (_, code)) = (session(user), issue());
    store
        .offer_session(offered.clone(), code, offer())
        .await
        .unwrap();
    let redeem = async |client: &str, now| {
        store
            .redeem_code(code, redemption(client), Some("jkt".to_owned()), at(now))
            .await
            .unwrap()
    };
    assert_eq!(
        store
            .redeem_code(Digest::of("x"), redemption("app"), None, at(1))
            .await
            .unwrap()
            .err(),
        Some(CodeRefusal::Unknown)
    );
    assert_eq!(
        redeem("other", 1).await.err(),
        Some(CodeRefusal::OtherClient)
    );
    assert_eq!(redeem("app", 60).await.err(), Some(CodeRefusal::Expired));
    let redeemed = redeem("app", 59).await.unwrap();
    assert_eq!(redeemed.nonce.as_deref(), Some("nonce"));
    assert_eq!(redeemed.session.state, State::Live);
    assert_eq!(redeemed.session.binding.as_deref(), Some("jkt"));
    assert_eq!(redeemed.session.scopes, offered.scopes);
    assert_eq!(redeemed.session.authentication, offered.authentication);
    assert!(
        store
            .good_session(token(&offered, 0), at(70))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(redeem("app", 59).await.err(), Some(CodeRefusal::Replayed));
    assert!(
        store
            .good_session(token(&offered, 0), at(70))
            .await
            .unwrap()
            .is_none(),
        "the second use ends what the first gave"
    );
    let (ended, _) = store.session(offered.id).await.unwrap().unwrap();
    assert_eq!(
        ended.state,
        State::Ended {
            at: at(59),
            because: Ended::CodeReplayed
        }
    );
}

/// Twenty at once: one is served, and the others' attempts end what it got.
async fn a_code_at_once(store: Store) {
    let (offered, (_, code)) = (session(person(&store).await), issue());
    store.offer_session(offered, code, offer()).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        running.spawn(async move {
            store
                .redeem_code(code, redemption("app"), None, at(1))
                .await
                .unwrap()
                .err()
        });
    }
    let outcomes = running.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_none()).count(),
        1,
        "{outcomes:?}"
    );
}

async fn rotation(store: Store) {
    let session = live(&store).await;
    let rotate = async |rotation, client: &str, now| {
        store
            .rotate(token(&session, rotation), client, at(now))
            .await
            .unwrap()
    };
    let (outcome, after) = rotate(0, "app", 100).await;
    assert_eq!(
        (outcome, after.map(|after| after.rotation)),
        (Rotation::Next, Some(1))
    );
    let (outcome, after) = rotate(0, "app", 130).await;
    assert_eq!(
        (outcome, after.map(|after| after.rotation)),
        (Rotation::Same, Some(1)),
        "the same successor again"
    );
    assert_eq!(rotate(1, "other", 131).await.0, Rotation::Refused);
    assert_eq!(rotate(1, "app", 131).await.0, Rotation::Next);
    assert_eq!(
        rotate(0, "app", 132).await.0,
        Rotation::Reused,
        "its successor was used"
    );
    assert_eq!(
        rotate(2, "app", 133).await.0,
        Rotation::Refused,
        "reuse ended the session"
    );
    let (ended, _) = store.session(session.id).await.unwrap().unwrap();
    assert_eq!(
        ended.state,
        State::Ended {
            at: at(132),
            because: Ended::RefreshTokenReused
        }
    );
    let unknown = Token {
        session: SessionId::random(),
        ..token(&session, 0)
    };
    assert_eq!(
        store.rotate(unknown, "app", at(1)).await.unwrap().0,
        Rotation::Refused
    );
}

/// Fifty at once with one refresh token: all get the same successor, the session goes on.
async fn rotation_pair(store: Store) {
    let session = live(&store).await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (store, token) = (store.clone(), token(&session, 0));
        running.spawn(async move {
            let (outcome, after) = store.rotate(token, "app", at(100)).await.unwrap();
            (outcome, after.unwrap().rotation)
        });
    }
    let outcomes = running.join_all().await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|(outcome, _)| *outcome == Rotation::Next)
            .count(),
        1,
        "{outcomes:?}"
    );
    assert!(
        outcomes.iter().all(|(_, rotation)| *rotation == 1),
        "{outcomes:?}"
    );
}

async fn ends(store: Store) {
    let session = live(&store).await;
    let good = async |now| {
        store
            .good_session(token(&session, 0), at(now))
            .await
            .unwrap()
            .is_some()
    };
    assert!(good(10).await);
    assert_eq!(
        store
            .live_sessions(session.user, at(10))
            .await
            .unwrap()
            .len(),
        1
    );
    store
        .end_session(session.id, Ended::SignedOut, at(11))
        .await
        .unwrap();
    store
        .end_session(session.id, Ended::ByAdministrator, at(12))
        .await
        .unwrap();
    assert!(!good(11).await);
    let (ended, _) = store.session(session.id).await.unwrap().unwrap();
    assert_eq!(
        ended.state,
        State::Ended {
            at: at(11),
            because: Ended::SignedOut
        },
        "the first reason stays"
    );
    assert_eq!(
        store
            .live_sessions(session.user, at(12))
            .await
            .unwrap()
            .len(),
        0
    );

    let another = live(&store).await;
    deactivate(&store, another.user).await;
    assert!(
        store
            .good_session(token(&another, 0), at(10))
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        store
            .rotate(token(&another, 0), "app", at(10))
            .await
            .unwrap()
            .0,
        Rotation::Refused
    );
    assert_eq!(
        store
            .end_sessions_of(another.user, Ended::Deactivated, at(13))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .end_sessions_of(another.user, Ended::Deactivated, at(13))
            .await
            .unwrap(),
        0
    );
}

async fn steps(store: Store) {
    let (_, cookie) = issue();
    let authorization = Authorization {
        id: AuthorizationId::random(),
        cookie,
        request: Request {
            purpose: Purpose::Device(Digest::of("device")),
            organization: Some("acme".to_owned()),
            scopes: vec!["openid".to_owned()],
            prompt: vec![],
            max_age: Some(0),
            login_hint: None,
            hinted: None,
            acr_values: vec![],
            claims: Some("{}".to_owned()),
            ui_locales: vec![],
        },
        progress: Progress::Name,
        version: 0,
        expires_at: at(600),
    };
    let id = authorization.id;
    store
        .begin_authorization(authorization.clone())
        .await
        .unwrap();
    let see = async |cookie, now| store.authorization(id, cookie, at(now)).await.unwrap();
    assert!(see(Digest::of("another browser"), 1).await.is_none());
    assert!(see(cookie, 600).await.is_none(), "its time is up");
    let seen = see(cookie, 599).await.unwrap();
    assert_eq!(
        (&seen.request, &seen.progress),
        (&authorization.request, &Progress::Name)
    );
    let password = Progress::Password {
        user_name: "aiko".to_owned(),
    };
    assert!(
        store
            .advance_authorization(&seen, password.clone())
            .await
            .unwrap()
    );
    assert!(
        !store
            .advance_authorization(&seen, Progress::Name)
            .await
            .unwrap(),
        "somebody else took the step"
    );
    let seen = see(cookie, 1).await.unwrap();
    assert_eq!((&seen.progress, seen.version), (&password, 1));

    let (granted, (_, code)) = (session(person(&store).await), issue());
    assert!(
        store
            .grant(&seen, granted.clone(), code, offer(), vec![])
            .await
            .unwrap()
            == Granted::Yes
    );
    let (_, twice) = issue();
    assert!(
        store
            .grant(&seen, session(granted.user), twice, offer(), vec![])
            .await
            .unwrap()
            == Granted::Overtaken,
        "one sign-in gives one code"
    );
    assert!(see(cookie, 1).await.is_none());
    assert!(
        store
            .redeem_code(code, redemption("app"), None, at(1))
            .await
            .unwrap()
            .is_ok()
    );
}

async fn forgetting(store: Store) {
    let session = live(&store).await;
    let before = at(10_000) + SignedDuration::from_secs(1);
    assert_eq!(store.forget_sessions(at(9_999)).await.unwrap(), 0);
    assert_eq!(store.forget_sessions(before).await.unwrap(), 1);
    assert!(store.session(session.id).await.unwrap().is_none());
}
