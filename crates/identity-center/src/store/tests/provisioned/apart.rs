//! A connection sees and changes what it has provisioned, and nothing else.

use kiro_scim::{Expected, GROUP, Refusal, USER};
use serde_json::json;

use super::super::cases::at;
use super::super::directory::{made, organization};
use super::super::federation::connected;
use super::{
    assert_same, becomes, comes, connection, everything, forms, found, group, list, patch, read,
    replacement, user,
};
use crate::federation::Kind;
use crate::provisioning::{Admitted, Provisioned, Provisioner, ProvisioningRefusal, issue};
use crate::store::Store;

/// What `one` is to a connection that has not provisioned it: nothing.
async fn is_nothing_to(store: &Store, by: &Provisioner, one: &Provisioned) {
    let before = everything(store).await;
    let person = *one.resource.kind() == USER;
    let what = if person { "user" } else { "group" };
    let nothing = Err(Refusal::NotFound(what));
    assert_eq!(read(store, by, one).await, nothing);
    let (kind, name) = if person {
        (&USER, "userName")
    } else {
        (&GROUP, "displayName")
    };
    let renamed = json!([{ "op": "replace", "path": name, "value": "mine" }]);
    assert_eq!(
        becomes(store, by, one, patch(kind, renamed), 50).await,
        nothing
    );
    let deleted = match person {
        true => {
            store
                .delete_provisioned_user(by, user(one), Expected::default(), at(50))
                .await
        }
        false => {
            store
                .delete_provisioned_group(by, group(one), Expected::default(), at(50))
                .await
        }
    };
    assert_eq!(deleted.unwrap(), Err(Refusal::NotFound(what)));
    let said = one.resource.text(name).unwrap();
    for filter in [
        format!("id eq \"{}\"", one.id),
        format!("{name} eq \"{said}\""),
        format!("{name} co \"{said}\""),
    ] {
        assert_eq!(found(store, by, kind, &filter).await, [""; 0], "{filter}");
    }
    let all = list(store, by, kind, None).await.page;
    assert!(all.iter().all(|other| other.id != one.id));
    assert_same(&before, &everything(store).await, what);
}

pub(super) async fn of_each_other(store: Store) {
    organization(&store, "acme").await;
    organization(&store, "hinoki").await;
    let okta = connection(&store, "acme", "okta").await;
    let others = [
        connection(&store, "acme", "entra").await,
        connection(&store, "hinoki", "okta").await,
    ];
    let aiko = comes(
        &store,
        &okta,
        json!({ "userName": "aiko", "externalId": "e" }),
        1,
    )
    .await
    .unwrap();
    let team =
        json!({ "displayName": "Team", "externalId": "e", "members": [{ "value": aiko.id }] });
    let team = forms(&store, &okta, team, 1).await.unwrap();
    for other in &others {
        let ben = comes(
            &store,
            other,
            json!({ "userName": "ben", "externalId": "e" }),
            2,
        )
        .await
        .unwrap();
        let own = json!({ "displayName": "Own", "members": [{ "value": ben.id }] });
        let own = forms(&store, other, own, 2).await.unwrap();
        is_nothing_to(&store, other, &aiko).await;
        is_nothing_to(&store, other, &team).await;
        is_nothing_to(&store, &okta, &ben).await;
        is_nothing_to(&store, &okta, &own).await;
        assert_eq!(
            found(&store, other, &USER, "externalId eq \"e\"").await,
            ["ben"]
        );
        assert_eq!(
            found(&store, other, &USER, "not (userName eq \"x\")").await,
            ["ben"]
        );
        assert_eq!(
            found(
                &store,
                other,
                &USER,
                &format!("groups.value eq \"{}\"", team.id)
            )
            .await,
            [""; 0]
        );
        assert_eq!(
            found(
                &store,
                other,
                &GROUP,
                &format!("members.value eq \"{}\"", aiko.id)
            )
            .await,
            [""; 0]
        );

        // Nobody of another's comes into a group, or leaves one.
        let before = everything(&store).await;
        let stolen = json!([{ "op": "add", "path": "members", "value": [{ "value": aiko.id }] }]);
        let refused = becomes(&store, other, &own, patch(&GROUP, stolen), 3).await;
        assert!(matches!(refused, Err(Refusal::Value { .. })), "{refused:?}");
        let made = json!({ "displayName": "Stolen", "members": [{ "value": aiko.id }] });
        let refused = forms(&store, other, made, 3).await;
        assert!(matches!(refused, Err(Refusal::Value { .. })), "{refused:?}");
        assert_same(&before, &everything(&store).await, &other.name);
    }
}

/// Whom and what an administrator added a connection neither sees nor takes away, even within its own groups.
pub(super) async fn of_natives(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let native = made(&store, "acme", "native").await;
    let natives = store
        .create_group("acme", "Natives", None, at(0))
        .await
        .unwrap()
        .unwrap();
    let aiko = comes(&store, &okta, json!({ "userName": "aiko" }), 1)
        .await
        .unwrap();
    let team = json!({ "displayName": "Team", "members": [{ "value": aiko.id }] });
    let team = forms(&store, &okta, team, 1).await.unwrap();
    let joined = |to, who| {
        let store = store.clone();
        async move { store.add_member(to, who, at(2)).await.unwrap().unwrap() }
    };
    assert!(joined(group(&team), native.id).await);
    assert!(joined(natives.id, user(&aiko)).await);
    assert!(joined(natives.id, native.id).await);

    let not_theirs = Provisioned {
        id: native.id.to_string(),
        ..aiko.clone()
    };
    assert_eq!(
        read(&store, &okta, &not_theirs).await,
        Err(Refusal::NotFound("user"))
    );
    let ids = |one: &Provisioned| {
        one.related
            .iter()
            .map(|it| it.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&read(&store, &okta, &team).await.unwrap()),
        std::slice::from_ref(&aiko.id)
    );
    assert_eq!(
        ids(&read(&store, &okta, &aiko).await.unwrap()),
        std::slice::from_ref(&team.id)
    );
    let of = async |kind, filter: String| found(&store, &okta, kind, &filter).await;
    assert_eq!(
        of(&USER, format!("groups.value eq \"{}\"", natives.id)).await,
        [""; 0]
    );
    assert_eq!(
        of(&USER, "groups.display eq \"natives\"".to_owned()).await,
        [""; 0]
    );
    assert_eq!(
        of(&GROUP, format!("members.value eq \"{}\"", native.id)).await,
        [""; 0]
    );
    assert_eq!(of(&GROUP, "members pr".to_owned()).await, ["Team"]);

    // Everybody of the connection's leaves; the native one stays.
    for operations in [
        json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", native.id) }]),
        json!([{ "op": "replace", "path": "members", "value": [] }]),
        json!([{ "op": "remove", "path": "members" }]),
    ] {
        becomes(&store, &okta, &team, patch(&GROUP, operations.clone()), 3)
            .await
            .unwrap();
        let left = store.members(group(&team)).await.unwrap();
        assert!(left.iter().any(|one| one.id == native.id), "{operations}");
    }
    assert_eq!(of(&GROUP, "members pr".to_owned()).await, [""; 0]);

    // Handed over, they are the connection's, and its group has one more.
    let before = read(&store, &okta, &team).await.unwrap().version;
    let handed = store.hand_over_user(&okta, native.id, at(4)).await.unwrap();
    assert_eq!(handed, Ok(()));
    let after = read(&store, &okta, &team).await.unwrap().version;
    assert_eq!(after, before + 1);
    let handed = store
        .hand_over_group(&okta, natives.id, at(4))
        .await
        .unwrap();
    assert_eq!(handed, Ok(()));
    assert_eq!(
        of(
            &USER,
            "userName eq \"NATIVE\" and displayName co \"—\"".to_owned()
        )
        .await,
        ["native"]
    );
    assert_eq!(
        of(&GROUP, format!("members.value eq \"{}\"", native.id))
            .await
            .len(),
        2
    );
}

/// Once nobody provisions them, people and groups are the administrator's: another connection may take them over, and calls them what
/// it likes.
pub(super) async fn left_behind(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    let said = json!({ "userName": "aiko", "externalId": "1" });
    let aiko = comes(&store, &okta, said.clone(), 1).await.unwrap();
    let team =
        json!({ "displayName": "Team", "externalId": "1", "members": [{ "value": aiko.id }] });
    let team = forms(&store, &okta, team, 1).await.unwrap();
    let digest = issue().1;
    store
        .add_scim_token(okta.id, digest, at(1))
        .await
        .unwrap()
        .unwrap();
    let other = connection(&store, "acme", "entra").await;
    let handed = async |to: &Provisioner, second: i64| {
        let person = store
            .hand_over_user(to, user(&aiko), at(second))
            .await
            .unwrap();
        assert_eq!(
            store
                .hand_over_group(to, group(&team), at(second))
                .await
                .unwrap(),
            person
        );
        person
    };
    assert_eq!(handed(&other, 2).await, Err(ProvisioningRefusal::Anothers));

    store.remove_provisioner(&okta, at(3)).await.unwrap();
    assert_eq!(
        store.admit_provisioner(digest, at(3)).await.unwrap(),
        Admitted::No
    );
    let left = store.user(user(&aiko)).await.unwrap().unwrap();
    assert!(left.active, "they sign in as before");
    assert_eq!(
        (left.profile.connection, left.profile.external_id),
        (None, None)
    );
    let left = store.group(group(&team)).await.unwrap().unwrap();
    assert_eq!((left.connection, left.external_id), (None, None));
    let entries = store.audit_of("acme", i64::MAX, 1).await.unwrap();
    assert_eq!(entries[0].action, "scim.remove");
    assert_eq!(
        entries[0].detail,
        json!({ "users": 1, "groups": 1 }).to_string()
    );

    // The same name is another connection; whose it is not, it is told, and it may be handed over.
    let again = connection(&store, "acme", "okta").await;
    assert_ne!(again.id, okta.id);
    let taken = comes(&store, &again, said.clone(), 4).await;
    let expected = Refusal::Taken {
        attribute: "userName",
        by: "aiko, whom no connection provisions".to_owned(),
    };
    assert_eq!(taken, Err(expected));
    assert_eq!(handed(&again, 5).await, Ok(()));
    let read_again = read(&store, &again, &aiko).await.unwrap();
    assert_eq!(read_again.resource.text("externalId"), None);
    assert_eq!(
        read_again.related[0].id, team.id,
        "their group is theirs still"
    );
    let named = becomes(&store, &again, &aiko, replacement(&USER, said), 6)
        .await
        .unwrap();
    assert_eq!(named.resource.text("externalId"), Some("1"));
    assert_eq!(handed(&other, 7).await, Err(ProvisioningRefusal::Anothers));
}

/// Those of an identity provider stay its own when its provisioning ends, and so does what it calls them; to whom they are handed over
/// then, it says nothing.
pub(super) async fn handed_over(store: Store) {
    organization(&store, "acme").await;
    let provider = connected(&store, "acme", "okta", Kind::Okta).await;
    let okta = connection(&store, "acme", "okta").await;
    assert_eq!(okta.id, provider.id);
    let other = connection(&store, "acme", "entra").await;
    let said = json!({ "userName": "aiko", "externalId": "1" });
    let aiko = comes(&store, &okta, said, 1).await.unwrap();
    let team = json!({ "displayName": "Team", "externalId": "1" });
    let team = forms(&store, &okta, team, 1).await.unwrap();
    let handed = async |to: &Provisioner, second: i64| {
        let person = store.hand_over_user(to, user(&aiko), at(second));
        assert_eq!(person.await.unwrap(), Ok(()));
        let its = store.hand_over_group(to, group(&team), at(second));
        assert_eq!(its.await.unwrap(), Ok(()));
        let mut called = Vec::new();
        for one in [&aiko, &team] {
            let one = read(&store, to, one).await.unwrap();
            called.push(one.resource.text("externalId").map(str::to_owned));
        }
        called
    };
    store.remove_provisioner(&okta, at(2)).await.unwrap();
    let again = connection(&store, "acme", "okta").await;
    let own = Some("1".to_owned());
    assert_eq!(handed(&again, 3).await, [own.clone(), own]);
    store.remove_provisioner(&again, at(4)).await.unwrap();
    assert_eq!(handed(&other, 5).await, [None, None]);
}

/// Whoever was away before they were handed over comes back by no event of their new connection, with or without an identity provider that
/// they are still of meanwhile.
pub(super) async fn away_before(store: Store) {
    for (name, provider) in [("acme", true), ("hinoki", false)] {
        organization(&store, name).await;
        if provider {
            connected(&store, name, "okta", Kind::Okta).await;
        }
        let okta = connection(&store, name, "okta").await;
        let other = connection(&store, name, "entra").await;
        let comes = async |by: &Provisioner, called: &str| {
            comes(&store, by, json!({ "userName": called }), 1)
                .await
                .unwrap()
        };
        let aiko = comes(&okta, "aiko").await;
        let (ben, carl) = (comes(&other, "ben").await, comes(&other, "carl").await);
        let leaves = async |by: &Provisioner, who: &Provisioned, second: i64| {
            let away = json!([{ "op": "replace", "path": "active", "value": false }]);
            let left = becomes(&store, by, who, patch(&USER, away), second).await;
            assert!(!left.unwrap().resource.active());
        };
        leaves(&other, &ben, 10).await;
        leaves(&okta, &aiko, 11).await;
        store.remove_provisioner(&okta, at(12)).await.unwrap();
        let handed = store.hand_over_user(&other, user(&aiko), at(13)).await;
        assert_eq!(handed.unwrap(), Ok(()));
        leaves(&other, &carl, 14).await;
        let undone = store.undo_leaving(&other, at(15)).await.unwrap().unwrap();
        assert_eq!((undone.reactivated, undone.gone), (2, 0), "{name}");
        let aiko = read(&store, &other, &aiko).await.unwrap();
        assert!(!aiko.resource.active(), "{name}");
    }
}
