//! Administrators, set-up links, and what both leave in the audit log.

use super::cases::{Case, at};
use super::directory::{live, made, organization};
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::administrator::{Role, SetupRefusal};
use crate::client::Client;
use crate::directory::{DirectoryRefusal, Organization, Profile, User};
use crate::id::UserId;
use crate::secret::{Digest, issue};
use crate::session::Ended;
use crate::setup::SetupLink;
use crate::store::Store;

pub(super) const ALL: &[(&str, Case)] = &[
    ("last_owner", |store| Box::pin(last_owner(store))),
    ("owners_at_once", |store| Box::pin(owners_at_once(store))),
    ("setup_links", |store| Box::pin(setup_links(store))),
    ("overtaken_links", |store| Box::pin(overtaken_links(store))),
    ("setup_at_once", |store| Box::pin(setup_at_once(store))),
    ("administration_audit", |store| Box::pin(records(store))),
];

async fn owner(store: &Store, user_name: &str) -> User {
    let user = made(store, "acme", user_name).await;
    let set = store.set_administrator(user.id, Some(Role::Owner), at(1));
    assert_eq!(set.await.unwrap(), Ok(()));
    user
}

async fn local(store: &Store, user: UserId) {
    let hash = "hash".to_owned();
    store.set_password(user, hash, at(1)).await.unwrap();
}

async fn last_owner(store: Store) {
    organization(&store, "acme").await;
    let first = owner(&store, "first").await.id;
    let lost = store.set_administrator(first, None, at(2)).await.unwrap();
    assert_eq!(lost, Ok(()), "nobody could sign in by it");
    let again = store.set_administrator(first, Some(Role::Owner), at(2));
    again.await.unwrap().unwrap();
    local(&store, first).await;

    let kept = async |with: &str| {
        let refused = Err(DirectoryRefusal::LastOwner);
        for role in [None, Some(Role::Operator), Some(Role::ReadOnly)] {
            let set = store.set_administrator(first, role, at(3)).await.unwrap();
            assert_eq!(set, refused, "{with}: {role:?}");
        }
        let off = store.deactivate_user(first, at(3)).await.unwrap();
        assert_eq!(off.map(|_| ()), refused, "{with}");
        assert_eq!(
            store.delete_user(first, at(3)).await.unwrap(),
            refused,
            "{with}"
        );
        let user = store.user(first).await.unwrap().unwrap();
        assert!(user.active, "{with}");
    };
    kept("alone").await;
    let second = owner(&store, "second").await.id;
    kept("with one who has no password").await;
    local(&store, second).await;
    store
        .set_administrator(second, Some(Role::Operator), at(3))
        .await
        .unwrap()
        .unwrap();
    kept("with an operator").await;
    store
        .set_administrator(second, Some(Role::Owner), at(3))
        .await
        .unwrap()
        .unwrap();
    store.deactivate_user(second, at(3)).await.unwrap().unwrap();
    kept("with one who may not sign in").await;
    organization(&store, "other").await;
    let elsewhere = made(&store, "other", "elsewhere").await.id;
    store
        .set_administrator(elsewhere, Some(Role::Owner), at(3))
        .await
        .unwrap()
        .unwrap();
    local(&store, elsewhere).await;
    kept("with another organisation's").await;

    store.reactivate_user(second, at(4)).await.unwrap().unwrap();
    let known = store.administrators("acme").await.unwrap();
    let known: Vec<_> = known
        .iter()
        .map(|one| (one.user_name.as_str(), one.role, one.local))
        .collect();
    assert_eq!(
        known,
        [("first", Role::Owner, true), ("second", Role::Owner, true)]
    );
    assert_eq!(store.delete_user(first, at(5)).await.unwrap(), Ok(()));
    assert_eq!(store.administrator(first).await.unwrap(), None);
    let last = store.deactivate_user(second, at(5)).await.unwrap();
    assert_eq!(last, Err(DirectoryRefusal::LastOwner));
    let nobody = store.set_administrator(UserId::random(), Some(Role::Owner), at(5));
    assert_eq!(nobody.await.unwrap(), Err(DirectoryRefusal::NoUser));
}

/// Two owners are removed in the same moment, in each of three ways: one of them stays.
async fn owners_at_once(store: Store) {
    for round in 0..12 {
        let name = format!("at-once-{round}");
        organization(&store, &name).await;
        let mut owners = Vec::new();
        for user_name in ["one", "other"] {
            let user = made(&store, &name, user_name).await.id;
            store
                .set_administrator(user, Some(Role::Owner), at(1))
                .await
                .unwrap()
                .unwrap();
            local(&store, user).await;
            owners.push(user);
        }
        let mut running = tokio::task::JoinSet::new();
        for owner in owners {
            let store = store.clone();
            running.spawn(async move {
                match round % 3 {
                    0 => store
                        .set_administrator(owner, None, at(2))
                        .await
                        .unwrap()
                        .is_ok(),
                    1 => store.deactivate_user(owner, at(2)).await.unwrap().is_ok(),
                    _ => store.delete_user(owner, at(2)).await.unwrap().is_ok(),
                }
            });
        }
        let went = running.join_all().await;
        assert_eq!(
            went.iter().filter(|went| **went).count(),
            1,
            "round {round}"
        );
    }
}

pub(super) fn link(user: Option<UserId>) -> (Digest, SetupLink) {
    let (_, digest) = issue();
    let link = SetupLink {
        digest,
        organization: "acme".to_owned(),
        user,
        expires_at: at(1800),
    };
    (digest, link)
}

fn named(user_name: &str) -> Profile {
    Profile {
        user_name: user_name.to_owned(),
        display_name: user_name.to_owned(),
        ..Profile::default()
    }
}

async fn used(
    store: &Store,
    link: Digest,
    user_name: &str,
    now: i64,
) -> Result<User, SetupRefusal> {
    let set = store.set_up(link, named(user_name), "hash".to_owned(), at(now));
    set.await.unwrap()
}

async fn setup_links(store: Store) {
    organization(&store, "acme").await;
    // The first owner.
    let (first, offered) = link(None);
    store.offer_setup(offered.clone(), at(0)).await.unwrap();
    assert_eq!(
        store.setup_link(first, at(1799)).await.unwrap(),
        Some(offered)
    );
    assert_eq!(store.setup_link(first, at(1800)).await.unwrap(), None);
    let ends = async |now| store.owner_link_ends("acme", at(now)).await.unwrap();
    assert_eq!((ends(1799).await, ends(1800).await), (Some(at(1800)), None));
    assert_eq!(
        used(&store, first, "root", 1800).await,
        Err(SetupRefusal::Over)
    );
    let (newer, offered) = link(None);
    store.offer_setup(offered, at(0)).await.unwrap();
    assert_eq!(
        used(&store, first, "root", 1).await,
        Err(SetupRefusal::Over),
        "replaced"
    );
    made(&store, "acme", "taken").await;
    for (name, expected) in [
        ("TAKEN", DirectoryRefusal::Taken),
        (" ", crate::directory::NotAName::Empty.into()),
    ] {
        assert_eq!(
            used(&store, newer, name, 1).await,
            Err(expected.into()),
            "{name}"
        );
    }
    let root = used(&store, newer, "root", 1).await.unwrap();
    let administrator = store.administrator(root.id).await.unwrap().unwrap();
    assert_eq!(
        (administrator.role, administrator.local),
        (Role::Owner, true)
    );
    assert_eq!(
        used(&store, newer, "root2", 1).await,
        Err(SetupRefusal::Over),
        "once"
    );

    // Somebody else's: whoever they are stands in the link, and what they had open ends.
    let maya = made(&store, "acme", "maya").await;
    local(&store, maya.id).await;
    let session = live(&store, maya.id, "app").await;
    let (old, offered) = link(Some(maya.id));
    store.offer_setup(offered, at(2)).await.unwrap();
    let (theirs, offered) = link(Some(maya.id));
    store.offer_setup(offered, at(2)).await.unwrap();
    assert_eq!(store.setup_link(old, at(2)).await.unwrap(), None);
    let (owners, offered) = link(None);
    store.offer_setup(offered, at(2)).await.unwrap();
    assert!(
        store.setup_link(theirs, at(2)).await.unwrap().is_some(),
        "an owner's replaces none of theirs"
    );
    let set_up = used(&store, theirs, "root", 3).await.unwrap();
    assert_eq!(
        (set_up.id, set_up.profile.user_name.as_str()),
        (maya.id, "maya")
    );
    assert_eq!(store.administrator(maya.id).await.unwrap(), None);
    assert!(store.factors(Some(&maya)).await.unwrap().password.is_some());
    let (session, _) = store.session(session.id).await.unwrap().unwrap();
    assert!(matches!(
        session.state,
        crate::session::State::Ended {
            because: Ended::PasswordReset,
            ..
        }
    ));
    assert_eq!(
        used(&store, theirs, "maya", 3).await,
        Err(SetupRefusal::Over)
    );

    // Whoever is removed has none.
    let (gone, offered) = link(Some(maya.id));
    store.offer_setup(offered, at(4)).await.unwrap();
    store.delete_user(maya.id, at(5)).await.unwrap().unwrap();
    assert_eq!(used(&store, gone, "maya", 6).await, Err(SetupRefusal::Over));
    assert!(store.setup_link(owners, at(6)).await.unwrap().is_some());
}

/// A link that waits opens nothing to whoever holds it once its person may do more, or everything of theirs has ended.
async fn overtaken_links(store: Store) {
    organization(&store, "acme").await;
    let (owners, offered) = link(None);
    store.offer_setup(offered, at(0)).await.unwrap();
    let user = made(&store, "acme", "maya").await.id;
    let bystander = made(&store, "acme", "ben").await.id;
    let (his, offered) = link(Some(bystander));
    store.offer_setup(offered, at(0)).await.unwrap();
    let waits = async |link: Digest| store.setup_link(link, at(5)).await.unwrap().is_some();
    let offer = async || {
        let (theirs, offered) = link(Some(user));
        store.offer_setup(offered, at(1)).await.unwrap();
        assert!(waits(theirs).await);
        theirs
    };
    let over = async |link: Digest, why: &str| {
        assert!(!waits(link).await, "{why}");
        let used = used(&store, link, "maya", 5).await;
        assert_eq!(used, Err(SetupRefusal::Over), "{why}");
    };

    for role in [
        Some(Role::Operator),
        Some(Role::Owner),
        Some(Role::ReadOnly),
        None,
    ] {
        let theirs = offer().await;
        let set = store.set_administrator(user, role, at(2));
        set.await.unwrap().unwrap();
        over(theirs, &format!("{role:?}")).await;
    }
    let theirs = offer().await;
    store.deactivate_user(user, at(3)).await.unwrap().unwrap();
    over(theirs, "deactivated").await;
    store.reactivate_user(user, at(4)).await.unwrap().unwrap();
    over(theirs, "coming back revives nothing").await;
    let theirs = offer().await;
    let end = store.end_sessions_of(user, Ended::ByAdministrator, at(4));
    end.await.unwrap();
    over(theirs, "everything of theirs ended").await;
    let theirs = offer().await;
    store.forget_second_factor(user, at(4)).await.unwrap();
    over(theirs, "a lost phone").await;

    assert!(waits(his).await && waits(owners).await, "somebody else's");
    let theirs = offer().await;
    assert_eq!(used(&store, theirs, "", 5).await.unwrap().id, user);
}

async fn setup_at_once(store: Store) {
    organization(&store, "acme").await;
    let (digest, offered) = link(None);
    store.offer_setup(offered, at(0)).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        running.spawn(async move {
            used(&store, digest, &format!("owner-{number}"), 1)
                .await
                .is_ok()
        });
    }
    let made = running.join_all().await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(store.administrators("acme").await.unwrap().len(), 1);
}

/// Whatever an administrator changes is in the log, once; what changes nothing is not.
async fn records(store: Store) {
    organization(&store, "acme").await;
    let since = store.audit_entries(0, 99).await.unwrap().len();
    let user = made(&store, "acme", "maya").await.id;
    let (_, offered) = link(Some(user));
    store.offer_setup(offered, at(1)).await.unwrap();
    store
        .set_administrator(user, Some(Role::Operator), at(1))
        .await
        .unwrap()
        .unwrap();
    store.forget_second_factor(user, at(1)).await.unwrap();
    let group = store.create_group("acme", "Engineers", None, at(1));
    let group = group.await.unwrap().unwrap().id;
    let account = Account {
        id: "111122223333".to_owned(),
        name: "Development".to_owned(),
        email: String::new(),
    };
    store.put_account("acme", account, at(1)).await.unwrap();
    let set = PermissionSet {
        name: "Developer".to_owned(),
        description: String::new(),
        session: jiff::SignedDuration::from_hours(1),
    };
    store.put_permission_set("acme", set, at(1)).await.unwrap();
    for principal in [Principal::Group(group), Principal::User(user)] {
        let assignment = Assignment {
            account: "111122223333".to_owned(),
            role: "Developer".to_owned(),
            principal,
        };
        for _ in 0..2 {
            assert!(
                store
                    .assign("acme", assignment.clone(), at(1))
                    .await
                    .unwrap()
            );
        }
    }
    assert_eq!(store.assignments("acme").await.unwrap().len(), 2);
    let app = Client {
        id: "app".to_owned(),
        ..Client::of_administration("acme", at(1))
    };
    store.put_client(app, at(1)).await.unwrap();
    assert_eq!(
        store.applications("acme").await.unwrap().len(),
        1,
        "without its administration"
    );
    live(&store, user, "app").await;
    let own = Client::id_of_administration("acme");
    for (organization, id) in [("other", "app"), ("acme", own.as_str()), ("acme", "none")] {
        let gone = store
            .remove_application(organization, id, at(1))
            .await
            .unwrap();
        assert_eq!(gone, None, "{organization} {id}");
    }
    assert_eq!(
        store
            .remove_application("acme", "app", at(1))
            .await
            .unwrap(),
        Some(1)
    );
    assert!(
        store
            .remove_permission_set("acme", "Developer", at(1))
            .await
            .unwrap()
    );
    assert!(
        !store
            .remove_permission_set("acme", "Developer", at(1))
            .await
            .unwrap()
    );
    assert!(store.assignments("acme").await.unwrap().is_empty());
    assert!(
        store
            .remove_account("acme", "111122223333", at(1))
            .await
            .unwrap()
    );
    assert!(
        !store
            .remove_account("other", "111122223333", at(1))
            .await
            .unwrap()
    );
    store.delete_group(group, at(1)).await.unwrap().unwrap();
    let changed = Organization {
        name: "acme".to_owned(),
        title: "Acme GmbH".to_owned(),
        contact: String::new(),
        second_factor: false,
    };
    store
        .change_organization(changed, at(1))
        .await
        .unwrap()
        .unwrap();
    let entries = store.audit_entries(0, 99).await.unwrap();
    let found: Vec<_> = entries[since..]
        .iter()
        .map(|entry| (entry.action.as_str(), entry.subject.as_str()))
        .collect();
    let expected = [
        ("user.create", "maya"),
        ("setup_link.offer", "maya"),
        ("administrator.set", "maya"),
        ("second_factor.forget", "maya"),
        ("group.create", "Engineers"),
        ("account.set", "111122223333"),
        ("permission_set.set", "Developer"),
        ("assignment.add", "111122223333"),
        ("assignment.add", "111122223333"),
        ("application.set", "app"),
        ("session.end", "maya"),
        ("application.remove", "app"),
        ("permission_set.remove", "Developer"),
        ("account.remove", "111122223333"),
        ("group.delete", "Engineers"),
        ("organization.change", "Acme GmbH"),
    ];
    assert_eq!(found, expected);
    let of = store.audit_of("acme", i64::MAX, 3).await.unwrap();
    assert_eq!(of[0].action, "organization.change", "the newest first");
    assert!(
        store
            .audit_of("other", i64::MAX, 3)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.verify_audit().await.unwrap().is_ok());
}
