//! Device codes, decided once and redeemed once; accounts and roles.

use jiff::SignedDuration;

use super::cases::{at, person};
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::authorization::{Authorization, Progress};
use crate::device::{self, DeviceCode, INTERVAL};
use crate::id::{AuthorizationId, GroupId, SessionId, UserId};
use crate::secret::{Digest, issue};
use crate::session::{Authentication, Ended, Session, State};
use crate::store::device_codes::Polled;
use crate::store::{Store, StoreError};
use crate::token::Token;

fn code(organization: Option<&str>) -> DeviceCode {
    DeviceCode {
        client: "tv".to_owned(),
        organization: organization.map(str::to_owned),
        scopes: vec!["a".to_owned(), "b".to_owned()],
        place: "2001:db8::1".to_owned(),
        state: device::State::Pending,
        interval: INTERVAL,
        asked_at: None,
        created_at: at(0),
        expires_at: at(600),
    }
}

async fn begun(store: &Store, digest: Digest, code: &DeviceCode) -> Authorization {
    let (_, cookie) = issue();
    let authorization = Authorization {
        id: AuthorizationId::random(),
        cookie,
        request: device::request(digest, code),
        progress: Progress::Name,
        version: 0,
        expires_at: at(600),
    };
    let begun = store.begin_authorization(authorization.clone());
    begun.await.unwrap();
    authorization
}

fn session(user: UserId) -> Session {
    Session {
        id: SessionId::random(),
        user,
        client: "tv".to_owned(),
        state: State::Offered,
        scopes: vec!["a".to_owned()],
        authentication: Authentication {
            at: at(5),
            methods: vec![],
            context: None,
            connection: None,
            upstream_session: None,
        },
        binding: None,
        rotation: 0,
        rotated_at: at(5),
        created_at: at(5),
        expires_at: at(10_000),
    }
}

/// A code that was given out, its digest and its user code's.
async fn given(store: &Store, organization: Option<&str>) -> (Digest, Digest) {
    let ((_, digest), (_, user_code)) = (issue(), issue());
    let begun = store.begin_device(code(organization), digest, user_code);
    begun.await.unwrap();
    (digest, user_code)
}

async fn poll(store: &Store, digest: Digest, client: &str, now: i64) -> Polled {
    store.poll_device(digest, client, at(now)).await.unwrap()
}

pub(super) async fn devices(store: Store) {
    let user = person(&store).await;
    let (digest, user_code) = given(&store, Some("acme")).await;
    let (_, another) = issue();
    let taken = store.begin_device(code(None), another, user_code).await;
    assert!(matches!(taken, Err(StoreError::Taken)), "{taken:?}");
    let found = store.device_of(user_code, at(599)).await.unwrap();
    assert_eq!(found, Some((digest, code(Some("acme")))));
    assert!(store.device_of(user_code, at(600)).await.unwrap().is_none());
    assert!(store.device_of(digest, at(1)).await.unwrap().is_none());

    assert!(matches!(
        poll(&store, another, "tv", 1).await,
        Polled::Unknown
    ));
    assert!(matches!(
        poll(&store, digest, "radio", 1).await,
        Polled::Unknown
    ));
    assert!(matches!(
        poll(&store, digest, "tv", 1).await,
        Polled::Pending
    ));
    assert!(matches!(
        poll(&store, digest, "tv", 3).await,
        Polled::SlowDown
    ));
    let slower = store.device(digest, at(3)).await.unwrap().unwrap();
    assert_eq!((slower.interval, slower.asked_at), (10, Some(at(3))));
    assert!(matches!(
        poll(&store, digest, "tv", 9).await,
        Polled::SlowDown
    ));
    assert!(matches!(
        poll(&store, digest, "tv", 24).await,
        Polled::Pending
    ));

    let (first, second) = (
        begun(&store, digest, &slower).await,
        begun(&store, digest, &slower).await,
    );
    let granted = session(user);
    let other = Session {
        client: "radio".to_owned(),
        ..session(user)
    };
    assert!(!store.approve_device(&first, other, at(25)).await.unwrap());
    let approved = store.approve_device(&first, session(user), at(25)).await;
    assert!(!approved.unwrap(), "that sign-in is over");
    let approved = store.approve_device(&second, granted.clone(), at(25)).await;
    assert!(approved.unwrap());
    let third = begun(&store, digest, &slower).await;
    assert!(!store.deny_device(&third, at(25)).await.unwrap());
    assert!(store.device_of(user_code, at(25)).await.unwrap().is_none());

    let token = Token {
        session: granted.id,
        rotation: 0,
        ends: at(5_000),
    };
    let good = async |now| store.good_session(token, at(now)).await.unwrap();
    assert!(good(26).await.is_none(), "the device has not come yet");
    let Polled::Granted(live) = poll(&store, digest, "tv", 26).await else {
        panic!("it was allowed");
    };
    assert_eq!((live.id, live.state), (granted.id, State::Live));
    assert!(good(27).await.is_some());
    assert!(matches!(
        poll(&store, digest, "tv", 27).await,
        Polled::Unknown
    ));
    assert!(good(28).await.is_some(), "asking once more ends nothing");

    // Refused; late; by somebody of another organisation; of nobody's in particular.
    let (digest, _) = given(&store, Some("acme")).await;
    let seen = begun(&store, digest, &code(Some("acme"))).await;
    assert!(store.deny_device(&seen, at(30)).await.unwrap());
    assert!(matches!(
        poll(&store, digest, "tv", 30).await,
        Polled::Denied
    ));
    let (digest, _) = given(&store, Some("acme")).await;
    let seen = begun(&store, digest, &code(Some("acme"))).await;
    let late = store.approve_device(&seen, session(user), at(600)).await;
    assert!(!late.unwrap());
    assert!(matches!(
        poll(&store, digest, "tv", 600).await,
        Polled::Expired
    ));
    let (digest, _) = given(&store, Some("other")).await;
    let seen = begun(&store, digest, &code(Some("other"))).await;
    let strange = store.approve_device(&seen, session(user), at(30)).await;
    assert!(!strange.unwrap());
    assert!(matches!(
        poll(&store, digest, "tv", 30).await,
        Polled::Pending
    ));
    let (digest, _) = given(&store, None).await;
    let seen = begun(&store, digest, &code(None)).await;
    let approved = store.approve_device(&seen, session(user), at(30)).await;
    assert!(approved.unwrap());

    // The person's end reaches what waits.
    let ended = store
        .end_sessions_of(user, Ended::Deactivated, at(31))
        .await;
    assert_eq!(ended.unwrap(), 2);
    assert!(matches!(
        poll(&store, digest, "tv", 31).await,
        Polled::Denied
    ));
    assert!(good(32).await.is_none());

    // So does the end of the waiting session alone.
    let (digest, _) = given(&store, None).await;
    let (seen, waiting) = (begun(&store, digest, &code(None)).await, session(user));
    let approved = store.approve_device(&seen, waiting.clone(), at(40)).await;
    assert!(approved.unwrap());
    let ended = store.end_session(waiting.id, Ended::ByPerson, at(41));
    ended.await.unwrap();
    assert!(matches!(
        poll(&store, digest, "tv", 42).await,
        Polled::Denied
    ));
}

/// Twenty questions at once: one is answered with tokens, and its session lives.
pub(super) async fn at_once(store: Store) {
    let user = person(&store).await;
    let (digest, _) = given(&store, None).await;
    let seen = begun(&store, digest, &code(None)).await;
    let approved = store.approve_device(&seen, session(user), at(1)).await;
    assert!(approved.unwrap());
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        running.spawn(async move { poll(&store, digest, "tv", 2).await });
    }
    let outcomes = running.join_all().await;
    let granted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Polled::Granted(_)));
    assert_eq!(granted.count(), 1, "{outcomes:?}");
    assert_eq!(store.live_sessions(user, at(3)).await.unwrap().len(), 1);

    // Twenty decide at once: one decision stands.
    let (digest, _) = given(&store, None).await;
    let mut running = tokio::task::JoinSet::new();
    for round in 0..20 {
        let (store, seen) = (store.clone(), begun(&store, digest, &code(None)).await);
        running.spawn(async move {
            let taken = match round % 2 {
                0 => store.approve_device(&seen, session(user), at(3)).await,
                _ => store.deny_device(&seen, at(3)).await,
            };
            taken.unwrap()
        });
    }
    let outcomes = running.join_all().await;
    let stood = outcomes.iter().filter(|taken| **taken);
    assert_eq!(stood.count(), 1, "{outcomes:?}");
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
        let assigned = store.assign(organization, assignment(principal));
        assigned.await.unwrap()
    };
    assert!(!assign("acme", Principal::User(user)).await, "no account");
    store.put_account("acme", account("before")).await.unwrap();
    assert!(!assign("acme", Principal::User(user)).await, "no role");
    store.put_permission_set("acme", set(1)).await.unwrap();
    store.put_account("acme", account("after")).await.unwrap();
    store.put_permission_set("acme", set(12)).await.unwrap();
    for _ in 0..2 {
        assert!(assign("acme", Principal::User(user)).await);
    }
    assert!(!assign("none", Principal::User(user)).await);
    assert!(assign("acme", Principal::Group(GroupId::random())).await);

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
    assert!(store.has_organization("acme").await.unwrap());
    assert!(!store.has_organization("ACME").await.unwrap());
}
