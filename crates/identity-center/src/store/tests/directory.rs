//! People, groups, and what ends with them.

use super::cases::{Case, at, offer, redemption, session, token};
use super::factors;
use crate::authorization::{Authorization, Progress, Purpose, Request};
use crate::client::{Client, Details, Wire};
use crate::directory::{DirectoryRefusal, NotAName, Organization, Profile, User};
use crate::id::{AuthorizationId, GroupId, UserId};
use crate::secret::{Digest, issue};
use crate::session::{CodeRefusal, Ended, Session, State};
use crate::store::{Granted, Store};

pub(super) const ALL: &[(&str, Case)] = &[
    ("users", |store| Box::pin(users(store))),
    ("longest_names", |store| Box::pin(longest_names(store))),
    ("groups", |store| Box::pin(groups(store))),
    ("ends_of_users", |store| Box::pin(ends_of_users(store))),
    ("factors", |store| Box::pin(factors::factors(store))),
    ("guesses", |store| Box::pin(factors::guesses(store))),
    ("devices", |store| Box::pin(factors::devices(store))),
    ("grants_and_ends_at_once", |store| {
        Box::pin(grants_and_ends_at_once(store))
    }),
];

fn profile(user_name: &str) -> Profile {
    Profile {
        user_name: user_name.to_owned(),
        display_name: format!("{user_name} —"),
        ..Profile::default()
    }
}

pub(super) async fn organization(store: &Store, name: &str) {
    let organization = Organization {
        name: name.to_owned(),
        title: name.to_uppercase(),
        contact: format!("it@{name}.example"),
        second_factor: true,
    };
    let made = store.create_organization(organization.clone(), at(0));
    assert_eq!(made.await.unwrap(), Ok(()));
    assert_eq!(store.organization(name).await.unwrap(), Some(organization));
}

pub(super) async fn made(store: &Store, organization: &str, user_name: &str) -> User {
    let made = store.create_user(organization, profile(user_name), at(0));
    made.await.unwrap().unwrap()
}

/// The longest names that there are: an index of either database takes them.
async fn longest_names(store: Store) {
    organization(&store, "acme").await;
    // No database makes these shorter.
    let mut state: u64 = 1;
    let mut noise = |from: char, kinds: u32, length: usize| -> String {
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let kind = u32::try_from(state >> 33).unwrap() % kinds;
            char::from_u32(u32::from(from) + kind).unwrap()
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let names = [
        noise('\u{20000}', 40_000, 320),
        // Each is three, folded.
        noise('\u{1d160}', 5, 170),
    ];
    for name in names {
        let profile = Profile {
            display_name: name.clone(),
            ..profile(&name)
        };
        let made = store.create_user("acme", profile, at(0)).await.unwrap();
        let user = made.unwrap();
        let found = store.user_by_name(Some("acme"), &name).await.unwrap();
        assert_eq!(found.map(|found| found.id), Some(user.id));
        let group = store.create_group("acme", &name, None, at(0)).await;
        assert_eq!(group.unwrap().unwrap().display_name, name);
    }
}

pub(super) async fn client(store: &Store, id: &str, groups: Vec<GroupId>) {
    let details = Details {
        groups,
        ..Details::default()
    };
    application(store, id, details).await;
}

pub(super) async fn application(store: &Store, id: &str, details: Details) {
    let client = Client {
        id: id.to_owned(),
        organization: Some("acme".to_owned()),
        wire: Wire::Oidc,
        secret: None,
        name: id.to_owned(),
        details,
        issued_at: at(0),
        expires_at: None,
    };
    store.add_client(client).await.unwrap();
}

/// A session that lives, at this application.
pub(super) async fn live(store: &Store, user: UserId, client: &str) -> Session {
    let session = Session {
        client: client.to_owned(),
        ..session(user)
    };
    let (_, code) = issue();
    let offered = store.offer_session(session, code, offer());
    offered.await.unwrap();
    let redeemed = store.redeem_code(code, redemption(client), None, at(1));
    redeemed.await.unwrap().unwrap().session
}

async fn is_good(store: &Store, session: &Session, now: i64) -> bool {
    let found = store.good_session(token(session, 0), at(now));
    found.await.unwrap().is_some()
}

pub(super) async fn begun(store: &Store, progress: Progress) -> Authorization {
    let authorization = Authorization {
        id: AuthorizationId::random(),
        cookie: Digest::of("cookie"),
        request: Request {
            purpose: Purpose::OwnSessions,
            organization: None,
            scopes: vec![],
            prompt: vec![],
            max_age: None,
            login_hint: None,
            hinted: None,
            acr_values: vec![],
            claims: None,
            ui_locales: vec![],
        },
        progress,
        version: 0,
        expires_at: at(600),
    };
    let kept = store.begin_authorization(authorization.clone());
    kept.await.unwrap();
    authorization
}

async fn users(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let refused = async |organization: &str, name: &str| {
        let made = store.create_user(organization, profile(name), at(0));
        made.await.unwrap().err()
    };
    let straße = made(&store, "acme", " Straße@Acme.example ").await;
    assert_eq!(straße.profile.user_name, "Straße@Acme.example");
    assert_eq!(
        refused("acme", "STRASSE@acme.EXAMPLE").await,
        Some(DirectoryRefusal::Taken)
    );
    assert_eq!(
        refused("nobody", "a").await,
        Some(DirectoryRefusal::NoOrganization)
    );
    assert_eq!(
        refused("acme", "a\u{202e}b").await,
        Some(DirectoryRefusal::NotAName(NotAName::Invisible))
    );
    let by_name = async |organization: Option<&str>, name: &str| {
        let found = store.user_by_name(organization, name);
        found.await.unwrap().map(|user| user.id)
    };
    assert_eq!(
        by_name(Some("acme"), "strasse@ACME.example").await,
        Some(straße.id)
    );
    assert_eq!(by_name(None, "strasse@ACME.example").await, Some(straße.id));
    assert_eq!(by_name(Some("hinoki"), "strasse@ACME.example").await, None);
    let other = made(&store, "hinoki", "STRASSE@acme.example").await;
    assert_eq!(
        by_name(None, "strasse@acme.example").await,
        None,
        "two have it"
    );
    assert_eq!(
        by_name(Some("hinoki"), "strasse@acme.example").await,
        Some(other.id)
    );

    let aiko = made(&store, "acme", "aiko").await;
    let change = async |name: &str| {
        let changed = store.change_user(aiko.id, profile(name), at(5));
        changed
            .await
            .unwrap()
            .map(|user| (user.profile.user_name, user.version))
    };
    assert_eq!(
        change("STRASSE@acme.example").await,
        Err(DirectoryRefusal::Taken)
    );
    assert_eq!(
        change("AIKO").await,
        Ok(("AIKO".to_owned(), 1)),
        "her own name"
    );
    assert_eq!(change("愛子").await, Ok(("愛子".to_owned(), 2)));
    assert_eq!(by_name(Some("acme"), "aiko").await, None);
    let nobody = store.change_user(UserId::random(), profile("x"), at(5));
    assert_eq!(nobody.await.unwrap(), Err(DirectoryRefusal::NoUser));
}

async fn groups(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let user = made(&store, "acme", "aiko").await;
    let group = async |organization: &str, name: &str| {
        let made = store.create_group(organization, name, None, at(0));
        made.await.unwrap()
    };
    let developers = group("acme", "Developers").await.unwrap();
    let writers = group("acme", "Writers").await.unwrap();
    let strangers = group("hinoki", "developers").await.unwrap();
    assert_eq!(
        group("acme", "DEVELOPERS").await,
        Err(DirectoryRefusal::Taken)
    );
    let add =
        async |group: GroupId, user: UserId| store.add_member(group, user, at(2)).await.unwrap();
    assert_eq!(add(developers.id, user.id).await, Ok(true));
    assert_eq!(add(developers.id, user.id).await, Ok(false));
    assert_eq!(add(writers.id, user.id).await, Ok(true));
    assert_eq!(
        add(strangers.id, user.id).await,
        Err(DirectoryRefusal::NoUser)
    );
    assert_eq!(
        add(GroupId::random(), user.id).await,
        Err(DirectoryRefusal::NoGroup)
    );
    let members = store.members(developers.id).await.unwrap();
    assert_eq!(members, std::slice::from_ref(&user));
    assert_eq!(
        store.group(developers.id).await.unwrap().unwrap().version,
        1
    );

    client(&store, "open", vec![]).await;
    client(&store, "either", vec![developers.id, writers.id]).await;
    client(&store, "developers", vec![developers.id]).await;
    let open = live(&store, user.id, "open").await;
    let either = live(&store, user.id, "either").await;
    let closed = live(&store, user.id, "developers").await;
    let (_, code) = issue();
    let offered = Session {
        client: "developers".to_owned(),
        ..session(user.id)
    };
    store.offer_session(offered, code, offer()).await.unwrap();
    let bystander = made(&store, "acme", "ben").await;
    add(developers.id, bystander.id).await.unwrap();
    let his = live(&store, bystander.id, "developers").await;

    let lose = async |group: GroupId| store.remove_member(group, user.id, at(3)).await.unwrap();
    assert_eq!(lose(strangers.id).await, 0);
    assert_eq!(
        lose(developers.id).await,
        2,
        "the session and the code that waited"
    );
    assert_eq!(lose(developers.id).await, 0, "again");
    let (ended, _) = store.session(closed.id).await.unwrap().unwrap();
    let state = State::Ended {
        at: at(3),
        because: Ended::GroupLost,
    };
    assert_eq!(ended.state, state);
    let redeemed = store.redeem_code(code, redemption("developers"), None, at(4));
    assert_eq!(redeemed.await.unwrap().err(), Some(CodeRefusal::Replayed));
    assert!(is_good(&store, &open, 4).await && is_good(&store, &either, 4).await);
    assert!(is_good(&store, &his, 4).await, "another member");
    add(developers.id, user.id).await.unwrap();
    assert!(
        !is_good(&store, &closed, 4).await,
        "coming back revives nothing"
    );
    let deleted = store.delete_group(developers.id, at(5));
    assert_eq!(deleted.await.unwrap(), Ok(()));
    assert!(!is_good(&store, &his, 6).await);
    assert!(is_good(&store, &either, 6).await, "there is another group");
    assert_eq!(store.groups_of(user.id).await.unwrap(), [writers.id]);
}

async fn ends_of_users(store: Store) {
    organization(&store, "acme").await;
    client(&store, "app", vec![]).await;
    let user = made(&store, "acme", "aiko").await;
    let (_, browser) = issue();
    let signs_in = async |cookie, second| {
        let proved = session(user.id).authentication;
        let proved = crate::session::Authentication {
            at: at(second),
            ..proved
        };
        let begun = store.begin_browser_session(cookie, user.id, proved, at(second), at(900));
        begun.await.unwrap()
    };
    assert!(signs_in(browser, 0).await);
    let known = async |cookie, now| {
        let known = store.browser_session(cookie, at(now)).await.unwrap();
        known.map(|known| known.user.id)
    };
    assert_eq!(known(browser, 899).await, Some(user.id));
    assert_eq!(known(browser, 900).await, None, "its end");
    assert_eq!(known(Digest::of("another"), 1).await, None);
    let lives = live(&store, user.id, "app").await;
    let under_way = begun(&store, Progress::Name).await;

    let ended = store.deactivate_user(user.id, at(100)).await.unwrap();
    assert_eq!(ended, Ok(1));
    assert!(!is_good(&store, &lives, 101).await);
    assert_eq!(known(browser, 101).await, None);
    let grant = async |second| {
        let granted = Session {
            authentication: crate::session::Authentication {
                at: at(second),
                ..session(user.id).authentication
            },
            ..session(user.id)
        };
        let (_, code) = issue();
        let granted = store.grant(&under_way, granted, code, offer(), vec![]);
        granted.await.unwrap()
    };
    assert_eq!(grant(101).await, Granted::Refused, "inactive");
    let back = store.reactivate_user(user.id, at(200)).await.unwrap();
    assert_eq!(back, Ok(()));
    assert!(
        !is_good(&store, &lives, 201).await,
        "coming back revives nothing"
    );
    assert_eq!(known(browser, 201).await, None);
    for second in [0, 99, 100] {
        assert_eq!(
            grant(second).await,
            Granted::Refused,
            "proved before the end"
        );
        let (_, cookie) = issue();
        assert!(!signs_in(cookie, second).await);
    }
    assert_eq!(grant(201).await, Granted::Yes);

    let again = live(&store, user.id, "app").await;
    store
        .set_password(user.id, "hash".to_owned(), at(0))
        .await
        .unwrap();
    let deleted = store.delete_user(user.id, at(300)).await.unwrap();
    assert_eq!(deleted, Ok(()));
    assert!(store.user(user.id).await.unwrap().is_none());
    assert!(store.session(again.id).await.unwrap().is_none());
    assert!(store.factors(Some(&user)).await.unwrap().password.is_none());
    for gone in [
        store.delete_user(user.id, at(1)).await.unwrap(),
        store.reactivate_user(user.id, at(1)).await.unwrap(),
    ] {
        assert_eq!(gone, Err(DirectoryRefusal::NoUser));
    }
    made(&store, "acme", "AIKO").await; // the name is free
}

/// Whatever is granted while everything of a person's ends was granted before, and ends, or after, and is refused.
async fn grants_and_ends_at_once(store: Store) {
    organization(&store, "acme").await;
    let user = made(&store, "acme", "aiko").await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        running.spawn(async move {
            if number == 20 {
                store
                    .deactivate_user(user.id, at(5))
                    .await
                    .unwrap()
                    .unwrap();
                return None;
            }
            let seen = begun(&store, Progress::Name).await;
            let granted = session(user.id);
            let (id, (_, code)) = (granted.id, issue());
            let outcome = store.grant(&seen, granted, code, offer(), vec![]);
            (outcome.await.unwrap() == Granted::Yes).then_some(id)
        });
    }
    for granted in running.join_all().await.into_iter().flatten() {
        let (session, _) = store.session(granted).await.unwrap().unwrap();
        assert!(matches!(session.state, State::Ended { .. }), "{session:?}");
    }
}
