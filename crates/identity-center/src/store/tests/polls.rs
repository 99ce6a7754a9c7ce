//! Device codes, decided once and redeemed once; accounts and roles.

use jiff::{SignedDuration, Timestamp};

use super::cases::{at, person};
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::authorization::{Authorization, Progress, Purpose, Request};
use crate::device::INTERVAL;
use crate::id::{AuthorizationId, GroupId, UserId};
use crate::secret::issue;
use crate::session::{Authentication, Ended, Session, State};
use crate::store::{DeviceCode, Granted, Polled, Store, StoreError};
use crate::token::Token;

fn device(organization: &str) -> DeviceCode {
    let ((_, code), (_, user_code)) = (issue(), issue());
    DeviceCode {
        code,
        user_code,
        client: "tv".to_owned(),
        organization: organization.to_owned(),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        place: "2001:db8::1".to_owned(),
        created_at: at(0),
        expires_at: at(600),
    }
}

/// The sign-in of a person who has typed the code of this device.
pub(crate) async fn begun(
    store: &Store,
    device: &DeviceCode,
    expires_at: Timestamp,
) -> Authorization {
    let (_, cookie) = issue();
    let authorization = Authorization {
        id: AuthorizationId::random(),
        cookie,
        request: Request {
            purpose: Purpose::Device(device.user_code),
            organization: Some(device.organization.clone()),
            scopes: device.scopes.clone(),
            prompt: vec![],
            max_age: None,
            login_hint: None,
            hinted: None,
            acr_values: vec![],
            claims: None,
            ui_locales: vec![],
        },
        progress: Progress::Name,
        version: 0,
        expires_at,
    };
    let begun = store.begin_authorization(authorization.clone());
    begun.await.unwrap();
    authorization
}

fn session(user: UserId) -> Session {
    let lifetime = SignedDuration::from_secs(10_000);
    Session {
        scopes: vec!["a".to_owned()],
        ..Session::offered(
            user,
            "tv",
            Authentication::here(at(5), &[]),
            at(5),
            lifetime,
        )
    }
}

/// A device that waits.
pub(super) async fn waiting(store: &Store, organization: &str) -> DeviceCode {
    let device = device(organization);
    let kept = store.keep_device_code(device.clone(), INTERVAL);
    kept.await.unwrap();
    device
}

async fn approve(store: &Store, device: &DeviceCode, session: &Session, now: i64) -> Granted {
    let seen = begun(store, device, at(600)).await;
    let approved = store.approve_device(&seen, device, session.clone(), vec![], at(now));
    approved.await.unwrap()
}

async fn poll(store: &Store, device: &DeviceCode, client: &str, now: i64) -> Polled {
    let polled = store.poll_device(device.code, client, None, at(now));
    polled.await.unwrap()
}

pub(super) async fn devices(store: Store) {
    let user = person(&store).await;
    let tv = waiting(&store, "acme").await;
    let twin = DeviceCode {
        user_code: tv.user_code,
        ..device("acme")
    };
    let taken = store.keep_device_code(twin.clone(), INTERVAL).await;
    assert!(matches!(taken, Err(StoreError::Taken)), "{taken:?}");

    let check = async |device: &DeviceCode, client: &str, now, expected: &str| {
        let found = poll(&store, device, client, now).await;
        assert_eq!(format!("{found:?}"), expected, "{client} {now}");
    };
    check(&twin, "tv", 1, "Unknown").await;
    check(&tv, "radio", 1, "Unknown").await;
    check(&tv, "tv", 1, "Pending").await;
    check(&tv, "tv", 3, "SlowDown").await; // 10 s from now on
    check(&tv, "tv", 9, "SlowDown").await; // 15 s
    check(&tv, "tv", 23, "SlowDown").await; // 20 s
    check(&tv, "tv", 43, "Pending").await;
    check(&tv, "tv", 63, "Pending").await;

    let granted = session(user);
    let token = Token {
        session: granted.id,
        rotation: 0,
        ends: at(5_000),
    };
    let good = async |now| store.good_session(token, at(now)).await.unwrap();
    assert_eq!(approve(&store, &tv, &granted, 64).await, Granted::Yes);
    assert!(good(65).await.is_none(), "the device has not come yet");
    let Polled::Granted(live) = poll(&store, &tv, "tv", 65).await else {
        panic!("it was allowed");
    };
    assert_eq!((live.id, live.state), (granted.id, State::Live));
    assert!(good(66).await.is_some());
    check(&tv, "tv", 66, "Unknown").await;
    assert!(good(67).await.is_some(), "asking once more ends nothing");

    // Refused; late; by somebody of another organisation.
    let tv = waiting(&store, "acme").await;
    let seen = begun(&store, &tv, at(600)).await;
    store.deny_device(&seen, &tv).await.unwrap();
    check(&tv, "tv", 70, "Denied").await;
    let tv = waiting(&store, "acme").await;
    assert_eq!(
        approve(&store, &tv, &session(user), 600).await,
        Granted::Overtaken
    );
    check(&tv, "tv", 600, "Expired").await;
    let tv = waiting(&store, "other").await;
    assert_eq!(
        approve(&store, &tv, &session(user), 70).await,
        Granted::Overtaken
    );
    check(&tv, "tv", 70, "Pending").await;

    // Allowed, and not fetched in time.
    let tv = waiting(&store, "acme").await;
    assert_eq!(
        approve(&store, &tv, &session(user), 599).await,
        Granted::Yes
    );
    check(&tv, "tv", 600, "Expired").await;

    // The end of the waiting session reaches the device, and so does the end of everything of the person's.
    let (tv, ended) = (waiting(&store, "acme").await, session(user));
    assert_eq!(approve(&store, &tv, &ended, 70).await, Granted::Yes);
    let end = store.end_session(ended.id, Ended::ByPerson, at(71));
    end.await.unwrap();
    check(&tv, "tv", 72, "Denied").await;
    let tv = waiting(&store, "acme").await;
    assert_eq!(approve(&store, &tv, &session(user), 70).await, Granted::Yes);
    let end = store.end_sessions_of(user, Ended::Deactivated, at(71));
    assert_eq!(end.await.unwrap(), 3);
    check(&tv, "tv", 72, "Denied").await;
    assert!(good(73).await.is_none());
}

/// Twenty questions at once: one is answered with tokens, and its session lives.
pub(super) async fn at_once(store: Store) {
    let user = person(&store).await;
    let tv = waiting(&store, "acme").await;
    assert_eq!(approve(&store, &tv, &session(user), 10).await, Granted::Yes);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, tv) = (store.clone(), tv.clone());
        running.spawn(async move { poll(&store, &tv, "tv", 11).await });
    }
    let outcomes = running.join_all().await;
    let granted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Polled::Granted(_)));
    assert_eq!(granted.count(), 1, "{outcomes:?}");
    assert_eq!(store.live_sessions(user, at(12)).await.unwrap().len(), 1);
}

pub(super) async fn accounts(store: Store) {
    let (user, other) = (person(&store).await, person(&store).await);
    let account = |name: &str| Account {
        id: "111122223333".to_owned(),
        name: name.to_owned(),
        email: "aws@acme.example".to_owned(),
    };
    let set = |hours| PermissionSet {
        name: "Developer".to_owned(),
        description: "開発".to_owned(),
        session: SignedDuration::from_hours(hours),
    };
    let assignment = |principal| Assignment {
        account: "111122223333".to_owned(),
        role: "Developer".to_owned(),
        principal,
    };
    let assign = async |organization, principal| {
        let assigned = store.assign(organization, assignment(principal), at(0));
        assigned.await.unwrap()
    };
    assert!(!assign("acme", Principal::User(user)).await, "no account");
    store
        .put_account("acme", account("before"), at(0))
        .await
        .unwrap();
    assert!(!assign("acme", Principal::User(user)).await, "no role");
    store
        .put_permission_set("acme", set(1), at(0))
        .await
        .unwrap();
    store
        .put_account("acme", account("after"), at(0))
        .await
        .unwrap();
    store
        .put_permission_set("acme", set(12), at(0))
        .await
        .unwrap();
    for _ in 0..2 {
        assert!(assign("acme", Principal::User(user)).await);
    }
    assert!(!assign("none", Principal::User(user)).await);
    assert!(
        !assign("acme", Principal::Group(GroupId::random())).await,
        "no group"
    );

    let of = async |user| {
        let accounts = store.accounts_of(user, "", 10).await.unwrap();
        let roles = store.roles_of(user, "111122223333", "", 10).await.unwrap();
        let role = store.role_of(user, "111122223333", "Developer");
        (accounts, roles, role.await.unwrap())
    };
    let all = (
        vec![account("after")],
        vec!["Developer".to_owned()],
        Some(set(12)),
    );
    assert_eq!(of(user).await, all);
    assert_eq!(of(other).await, (vec![], vec![], None));
    let behind = store.accounts_of(user, "111122223333", 10).await.unwrap();
    assert_eq!(behind, []);
}
