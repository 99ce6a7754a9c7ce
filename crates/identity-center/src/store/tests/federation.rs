//! Connections, and whose an identity is: each identity against each state of the directory.

use kiro_scim::Manner;

use super::cases::{Case, at};
use super::directory::organization;
use crate::directory::{Profile, User};
use crate::federation::{Connection, ConnectionRefusal, Details, Identity, Kind};
use crate::id::{ConnectionId, UserId};
use crate::master_key::MasterKeys;
use crate::store::secrets::{Demand, purpose};
use crate::store::{Store, Value};

pub(super) const ALL: &[(&str, Case)] = &[
    ("connections", |store| Box::pin(connections(store))),
    ("identities", |store| Box::pin(identities(store))),
    ("links_are_final", |store| Box::pin(links_are_final(store))),
    ("first_sign_ins_at_once", |store| {
        Box::pin(first_sign_ins_at_once(store))
    }),
    ("left_by_a_connection", |store| {
        Box::pin(left_by_a_connection(store))
    }),
];

fn connection(organization: &str, name: &str, kind: Kind, domains: &[&str]) -> Connection {
    Connection {
        id: ConnectionId::random(),
        organization: organization.to_owned(),
        name: name.to_owned(),
        details: Details {
            kind,
            issuer: "https://idp.example".parse().unwrap(),
            client_id: "kiro".to_owned(),
            scopes: vec!["openid".to_owned()],
            tenants: vec![],
            origin: "https://idp.example".to_owned(),
            saml: None,
        },
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        active: false,
        sealed: b"sealed".to_vec(),
    }
}

async fn keep(store: &Store, connection: &Connection) -> Result<(), ConnectionRefusal> {
    let kept = store.keep_connection(connection.clone(), at(0));
    kept.await.unwrap()
}

pub(super) async fn connected(
    store: &Store,
    organization: &str,
    name: &str,
    kind: Kind,
) -> Connection {
    let domain = format!("{name}.{organization}.example");
    let made = connection(organization, name, kind, &[&domain]);
    keep(store, &made).await.unwrap();
    made
}

async fn connections(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let mut okta = connection("acme", "okta", Kind::Okta, &["acme.example", "acme.test"]);
    assert_eq!(keep(&store, &okta).await, Ok(()));
    let refused = async |organization: &str, name: &str, domain: &str| {
        keep(
            &store,
            &connection(organization, name, Kind::Oidc, &[domain]),
        )
        .await
    };
    assert_eq!(
        refused("nobody", "x", "x.example").await,
        Err(ConnectionRefusal::NoOrganization)
    );
    assert_eq!(
        refused("acme", "okta", "x.example").await,
        Err(ConnectionRefusal::Taken)
    );
    let taken = Err(ConnectionRefusal::DomainTaken("acme.test".to_owned()));
    assert_eq!(refused("acme", "x", "acme.test").await, taken);
    assert_eq!(refused("hinoki", "okta", "acme.test").await, taken);
    assert_eq!(refused("hinoki", "okta", "hinoki.example").await, Ok(()));
    let of = async |organization: Option<&str>| store.connections(organization).await.unwrap();
    assert_eq!(of(Some("acme")).await, std::slice::from_ref(&okta));
    assert_eq!(of(None).await.len(), 2);
    assert_eq!(of(Some("nobody")).await, []);

    okta.domains = vec!["acme.test".to_owned()];
    okta.details.client_id = "another".to_owned();
    okta.sealed = b"another".to_vec();
    assert_eq!(keep(&store, &okta).await, Ok(()));
    assert_eq!(refused("hinoki", "x", "acme.example").await, Ok(()));
    let active = store.set_connection_active(okta.id, true, at(1));
    assert!(active.await.unwrap());
    okta.active = true;
    assert_eq!(store.connection(okta.id).await.unwrap(), Some(okta.clone()));
    let nobody = store.set_connection_active(ConnectionId::random(), true, at(1));
    assert!(!nobody.await.unwrap());

    // A rotation of the master key reaches what is sealed here.
    let (old, both) = (
        MasterKeys::of([7; 32]),
        MasterKeys::of([7; 32]).followed_by([9; 32]),
    );
    let lifetime = jiff::SignedDuration::from_hours(1);
    let keys = store.secrets(&old, lifetime, Demand::default(), at(0));
    keys.await.unwrap();
    for other in of(None).await {
        assert!(other.id == okta.id || store.remove_connection(other.id, at(0)).await.unwrap());
    }
    let place = purpose("connections", &Value::from(okta.id));
    okta.sealed = old.seal(&place, b"secret");
    assert_eq!(keep(&store, &okta).await, Ok(()));
    store.reseal(&both, at(0)).await.unwrap();
    let sealed = store.connection(okta.id).await.unwrap().unwrap().sealed;
    let opened = MasterKeys::of([9; 32]).open(&place, &sealed);
    assert_eq!(opened.unwrap().as_slice(), b"secret");
    assert!(store.remove_connection(okta.id, at(0)).await.unwrap());
    assert_eq!(of(None).await, []);
}

fn identity(subject: &str, external_id: &str, user_name: Option<&str>) -> Identity {
    Identity {
        subject: subject.to_owned(),
        external_id: external_id.to_owned(),
        user_name: user_name.map(str::to_owned),
        shown: subject.to_owned(),
    }
}

/// A person of the organisation.
async fn person(
    store: &Store,
    organization: &str,
    user_name: &str,
    external_id: Option<&str>,
    connection: Option<ConnectionId>,
) -> User {
    let profile = Profile {
        user_name: user_name.to_owned(),
        display_name: user_name.to_owned(),
        email: Some("ceo@okta.acme.example".to_owned()),
        external_id: external_id.map(str::to_owned),
        connection,
        ..Profile::default()
    };
    let made = store.create_user(organization, profile, at(0));
    made.await.unwrap().unwrap()
}

async fn identified(store: &Store, connection: &Connection, identity: &Identity) -> Option<UserId> {
    let found = store.identify(connection, identity, at(1));
    found.await.unwrap()
}

async fn identities(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let okta = connected(&store, "acme", "okta", Kind::Okta).await;
    let entra = connected(&store, "acme", "entra", Kind::Entra).await;
    let oidc = connected(&store, "acme", "oidc", Kind::Oidc).await;
    let hinoki = connected(&store, "hinoki", "okta", Kind::Okta).await;
    let guid = "0b1e0000-0000-4000-8000-00000000000f";
    let other_guid = "0b1e0000-0000-4000-8000-00000000000e";
    let ours = Some(okta.id);
    // (user name, external id, provisioned by)
    let by_id = person(&store, "acme", "renamed", Some("00u-id"), ours).await;
    let by_name = person(&store, "acme", "Straße@okta.acme.example", None, None).await;
    let known = person(
        &store,
        "acme",
        "known@okta.acme.example",
        Some("00u-k"),
        ours,
    )
    .await;
    let theirs = person(
        &store,
        "acme",
        "theirs@okta.acme.example",
        None,
        Some(entra.id),
    )
    .await;
    let twin = person(&store, "acme", "one", Some("00u-twin"), ours).await;
    person(&store, "acme", "two", Some("00u-twin"), ours).await;
    person(
        &store,
        "hinoki",
        "away@okta.acme.example",
        Some("00u-away"),
        None,
    )
    .await;
    let nick = person(
        &store,
        "acme",
        "nick@entra.acme.example",
        Some("nick"),
        Some(entra.id),
    )
    .await;
    let object = person(
        &store,
        "acme",
        "object@entra.acme.example",
        Some(guid),
        Some(entra.id),
    )
    .await;
    let any = person(
        &store,
        "acme",
        "any@oidc.acme.example",
        Some("x-1"),
        Some(oidc.id),
    )
    .await;
    let gone = person(&store, "acme", "gone@okta.acme.example", None, None).await;
    let deactivated = store.deactivate_user(gone.id, at(0));
    deactivated.await.unwrap().unwrap();

    let check = async |connection: &Connection, identity: &Identity, expected: Option<&User>| {
        let found = identified(&store, connection, identity).await;
        assert_eq!(found, expected.map(|user| user.id), "{identity:?}");
        // Once and again.
        let found = identified(&store, connection, identity).await;
        assert_eq!(found, expected.map(|user| user.id), "again: {identity:?}");
    };
    let named = |name: &'static str| Some(name);
    // By the provider's own id, whatever the name; it comes before the name.
    check(&okta, &identity("00u-id", "00u-id", None), Some(&by_id)).await;
    let both = identity("00u-k", "00u-k", named("strasse@okta.acme.example"));
    check(&okta, &both, Some(&known)).await;
    // By the name, whatever its case.
    let folded = identity("00u-n", "00u-n", named("STRASSE@OKTA.acme.example"));
    check(&okta, &folded, Some(&by_name)).await;
    // The name fits, the id is somebody else's.
    let another = identity("00u-x", "00u-x", named("known@okta.acme.example"));
    check(&okta, &another, None).await;
    // Another connection provisioned them.
    let foreign = identity("00u-t", "00u-t", named("theirs@okta.acme.example"));
    check(&okta, &foreign, None).await;
    check(&entra, &identity("t/00u-k", "00u-k", None), None).await;
    // Two have the id: neither is taken.
    check(&okta, &identity("00u-twin", "00u-twin", None), None).await;
    // Another organisation's.
    let away = identity("00u-away", "00u-away", named("away@okta.acme.example"));
    check(&okta, &away, None).await;
    check(&hinoki, &identity("00u-id", "00u-id", None), None).await;
    // An e-mail address, a name without its domain, nothing.
    let mail = identity(
        "00u-m",
        "ceo@okta.acme.example",
        named("ceo@okta.acme.example"),
    );
    check(&okta, &mail, None).await;
    check(&okta, &identity("00u-none", "00u-none", None), None).await;
    check(&okta, &identity("", "", Some("")), None).await;
    // A mail nickname at Entra ID is no object's id; an object's id is.
    let nicked = identity("t/o1", other_guid, named("nick@entra.acme.example"));
    check(&entra, &nicked, Some(&nick)).await;
    let not_it = identity("t/o2", other_guid, named("object@entra.acme.example"));
    check(&entra, &not_it, None).await;
    check(&entra, &identity("t/o3", guid, None), Some(&object)).await;
    // Elsewhere an external id may be anything.
    let anything = identity("s-1", "s-1", named("any@oidc.acme.example"));
    check(&oidc, &anything, Some(&any)).await;
    // Who may not sign in is found, so that they are told; but the name is not given away.
    let first = identity("00u-g1", "00u-g1", named("gone@okta.acme.example"));
    let second = identity("00u-g2", "00u-g2", named("gone@okta.acme.example"));
    check(&okta, &first, Some(&gone)).await;
    check(&okta, &second, Some(&gone)).await;
    let reactivated = store.reactivate_user(gone.id, at(2));
    reactivated.await.unwrap().unwrap();
    check(&okta, &second, Some(&gone)).await;
    check(&okta, &first, None).await;
    // Once the twin is alone, the id is theirs.
    let renamed = Profile {
        user_name: "one".to_owned(),
        external_id: Some("00u-one".to_owned()),
        ..twin.profile.clone()
    };
    store
        .change_user(twin.id, renamed, at(2))
        .await
        .unwrap()
        .unwrap();
    check(&okta, &identity("00u-one", "00u-one", None), Some(&twin)).await;
    drop(theirs);
}

async fn links_are_final(store: Store) {
    organization(&store, "acme").await;
    let okta = connected(&store, "acme", "okta", Kind::Okta).await;
    let oidc = connected(&store, "acme", "oidc", Kind::Oidc).await;
    let name = "aiko@okta.acme.example";
    let user = person(&store, "acme", name, None, None).await;
    let first = identity("00u-1", "00u-1", Some(name));
    let second = identity("00u-2", "00u-2", Some(name));
    assert_eq!(identified(&store, &okta, &first).await, Some(user.id));
    // Whoever gets the name, or claims the id, later.
    assert_eq!(identified(&store, &okta, &second).await, None);
    let provisioned = Profile {
        external_id: Some("00u-2".to_owned()),
        ..user.profile.clone()
    };
    let changed = store.change_user(user.id, provisioned, at(1));
    changed.await.unwrap().unwrap();
    assert_eq!(identified(&store, &okta, &second).await, None);
    assert_eq!(identified(&store, &okta, &first).await, Some(user.id));
    // At another connection the same subject is somebody else, and the person has an identity of their own.
    assert_eq!(identified(&store, &oidc, &first).await, Some(user.id));
    assert_eq!(identified(&store, &oidc, &second).await, None);

    assert!(store.unlink(okta.id, user.id, at(0)).await.unwrap());
    assert!(!store.unlink(okta.id, user.id, at(0)).await.unwrap());
    assert_eq!(identified(&store, &okta, &second).await, Some(user.id));
    assert_eq!(identified(&store, &okta, &first).await, None);
    // A person who is removed leaves no link behind for the next of that name.
    store.delete_user(user.id, at(2)).await.unwrap().unwrap();
    assert_eq!(identified(&store, &okta, &second).await, None);
    let next = person(&store, "acme", name, None, None).await;
    assert_eq!(identified(&store, &okta, &first).await, Some(next.id));
    // Nor does a connection.
    assert!(store.remove_connection(okta.id, at(0)).await.unwrap());
    keep(&store, &okta).await.unwrap();
    assert_eq!(identified(&store, &okta, &second).await, Some(next.id));
}

/// Whom a removed connection had provisioned signs in at another one, found by name: what the removed one called them means nothing
/// there.
async fn left_by_a_connection(store: Store) {
    organization(&store, "acme").await;
    let okta = connected(&store, "acme", "okta", Kind::Okta).await;
    let kept = store.keep_provisioner("acme", "okta", Manner::Rfc, at(0));
    let provisioner = kept.await.unwrap();
    assert_eq!(provisioner.id, okta.id);
    let name = "aiko@oidc.acme.example";
    let aiko = person(&store, "acme", name, Some("1"), Some(okta.id)).await;
    let ben = person(&store, "acme", "ben", Some("2"), Some(okta.id)).await;
    let first = identity("1", "1", None);
    assert_eq!(identified(&store, &okta, &first).await, Some(aiko.id));

    // Nobody provisions any more; they sign in there as before, and are the connection's again once it does.
    store.remove_provisioner(&provisioner, at(1)).await.unwrap();
    let second = identity("2", "2", None);
    assert_eq!(identified(&store, &okta, &second).await, Some(ben.id));
    let of = async |who: UserId| store.user(who).await.unwrap().unwrap().profile;
    assert_eq!(of(ben.id).await.connection, Some(okta.id));
    let again = store.keep_provisioner("acme", "okta", Manner::Rfc, at(2));
    assert_eq!(again.await.unwrap().id, okta.id);

    assert!(store.remove_connection(okta.id, at(3)).await.unwrap());
    assert_eq!(store.provisioners("acme").await.unwrap(), []);
    for who in [aiko.id, ben.id] {
        assert_eq!(
            (of(who).await.connection, of(who).await.external_id),
            (None, None)
        );
    }
    let oidc = connected(&store, "acme", "oidc", Kind::Oidc).await;
    assert_eq!(
        identified(&store, &oidc, &second).await,
        None,
        "another provider's 2"
    );
    let named = identity("s-1", "s-1", Some(name));
    assert_eq!(identified(&store, &oidc, &named).await, Some(aiko.id));
}

/// Two identities with one name sign in for the first time in the same moment: one of them is the person, for good.
async fn first_sign_ins_at_once(store: Store) {
    organization(&store, "acme").await;
    let okta = connected(&store, "acme", "okta", Kind::Okta).await;
    let name = "aiko@okta.acme.example";
    let user = person(&store, "acme", name, None, None).await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, okta) = (store.clone(), okta.clone());
        let subject = format!("00u-{}", number % 2);
        running.spawn(async move {
            let identity = identity(&subject, &subject, Some(name));
            let found = identified(&store, &okta, &identity).await;
            found.map(|found| (subject, found))
        });
    }
    let found: Vec<(String, UserId)> = running.join_all().await.into_iter().flatten().collect();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(
        found
            .iter()
            .all(|each| *each == (found[0].0.clone(), user.id))
    );
}
