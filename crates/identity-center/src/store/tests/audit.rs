//! The audit log: what is written with what it records, and what shows that somebody wrote in it.

use serde_json::json;

use jiff::SignedDuration;

use super::cases::at;
use super::directory::live;
use crate::audit::{Broken, By, Deed};
use crate::directory::{Organization, Profile};
use crate::id::UserId;
use crate::master_key::MasterKeys;
use crate::secret::issue;
use crate::session::Ended;
use crate::store::secrets::Demand;
use crate::store::{SecondFactor, Store};

fn deed(subject: &str) -> Deed {
    Deed {
        action: "sign_in",
        organization: Some("acme".to_owned()),
        subject: subject.to_owned(),
        done: false,
        detail: json!({ "method": "password" }),
    }
}

async fn tamper(store: &Store, sql: &'static str) {
    let done = store.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await }));
    assert!(done.await.unwrap() > 0, "{sql}");
}

/// What somebody did to the rows, what undoes it, and what the check then says.
type Attack = (&'static [&'static str], &'static [&'static str], Broken);

const ATTACKS: &[Attack] = &[
    (
        &["UPDATE audit SET subject = 'nobody' WHERE number = 2"],
        &["UPDATE audit SET subject = 'two' WHERE number = 2"],
        Broken::Changed(2),
    ),
    (
        &["UPDATE audit SET at = at + 1 WHERE number = 1"],
        &["UPDATE audit SET at = at - 1 WHERE number = 1"],
        Broken::Changed(1),
    ),
    (
        &["UPDATE audit SET number = 99 WHERE number = 2"],
        &["UPDATE audit SET number = 2 WHERE number = 99"],
        Broken::Missing(2),
    ),
    (
        &["UPDATE audit SET number = 99 WHERE number = 4"],
        &["UPDATE audit SET number = 4 WHERE number = 99"],
        Broken::Missing(4),
    ),
    (
        &[
            "UPDATE audit SET number = 99 WHERE number = 2",
            "UPDATE audit SET number = 2 WHERE number = 3",
            "UPDATE audit SET number = 3 WHERE number = 99",
        ],
        &[
            "UPDATE audit SET number = 99 WHERE number = 2",
            "UPDATE audit SET number = 2 WHERE number = 3",
            "UPDATE audit SET number = 3 WHERE number = 99",
        ],
        Broken::Changed(2),
    ),
    (
        &["UPDATE audit_chain SET last_number = 3"],
        &["UPDATE audit_chain SET last_number = 4"],
        Broken::Added(4),
    ),
];

pub(super) async fn chain(store: Store) {
    let nothing = store.verify_audit().await.unwrap().unwrap();
    assert_eq!(nothing.number, 0);
    for (second, subject) in ["one", "two", "three", "four"].iter().enumerate() {
        let second = i64::try_from(second).unwrap();
        store.record(deed(subject), at(second)).await.unwrap();
    }
    let whole = store.verify_audit().await.unwrap().unwrap();
    assert_eq!(whole.number, 4);
    for (change, undo, expected) in ATTACKS {
        for sql in *change {
            tamper(&store, sql).await;
        }
        let found = store.verify_audit().await.unwrap();
        assert_eq!(found.as_ref(), Err(expected), "{change:?}");
        for sql in *undo {
            tamper(&store, sql).await;
        }
        assert_eq!(store.verify_audit().await.unwrap(), Ok(whole), "{change:?}");
    }

    // What is too old goes; the rest is a chain still, whose beginning is guarded.
    assert_eq!(store.forget_audit(at(2)).await.unwrap(), 2);
    assert_eq!(store.forget_audit(at(2)).await.unwrap(), 0);
    assert_eq!(store.verify_audit().await.unwrap(), Ok(whole));
    let left = store.audit_entries(0, 9).await.unwrap();
    let numbers: Vec<i64> = left.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [3, 4]);
    tamper(&store, "DELETE FROM audit WHERE number = 3").await;
    assert_eq!(store.verify_audit().await.unwrap(), Err(Broken::Missing(3)));
    // All of it may go; what comes then goes on behind it.
    assert_eq!(store.forget_audit(at(900)).await.unwrap(), 1);
    store.record(deed("five"), at(901)).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().unwrap().number, 5);
}

pub(super) async fn at_once(store: Store) {
    let mut running = tokio::task::JoinSet::new();
    for number in 0..32 {
        let store = store.clone();
        running.spawn(async move { store.record(deed(&number.to_string()), at(number)).await });
    }
    for recorded in running.join_all().await {
        recorded.unwrap();
    }
    assert_eq!(store.verify_audit().await.unwrap().unwrap().number, 32);
}

/// What else happens to a person: a password, a second factor, a group, a sign-in, a session that ends.
async fn used(store: &Store, user: UserId) {
    store
        .set_password(user, "hash".to_owned(), at(2))
        .await
        .unwrap();
    let factor = SecondFactor {
        sealed: vec![1],
        last_step: 0,
    };
    assert!(store.enrol(user, factor, vec![], at(2)).await.unwrap());
    let group = store.create_group("acme", "Engineers", None, at(2));
    let group = group.await.unwrap().unwrap().id;
    assert_eq!(
        store.add_member(group, user, at(2)).await.unwrap(),
        Ok(true)
    );
    assert_eq!(
        store.add_member(group, user, at(2)).await.unwrap(),
        Ok(false),
        "which is nothing to record"
    );
    let session = live(store, user, "app").await;
    let how = session.authentication.clone();
    let begun = store.begin_browser_session(issue().1, user, how, at(2), at(900));
    assert!(begun.await.unwrap());
    for _ in 0..2 {
        let ended = store.end_session(session.id, Ended::SignedOut, at(2));
        ended.await.unwrap();
    }
    store.remove_member(group, user, at(2)).await.unwrap();
}

/// Each step in the life of the service's keys, once; a start that changes nothing adds nothing.
pub(super) async fn of_keys(store: Store) {
    let master = MasterKeys::of([7; 32]);
    let week = SignedDuration::from_hours(24 * 7);
    let actions = async |demand: Demand, now: i64| {
        store.secrets(&master, week, demand, at(now)).await.unwrap();
        let entries = store.audit_entries(0, 99).await.unwrap();
        entries
            .into_iter()
            .map(|entry| entry.action)
            .collect::<Vec<_>>()
    };
    let begun = actions(Demand::default(), 0).await;
    for action in ["signing_key.publish", "token_key.make"] {
        assert!(begun.iter().any(|found| found == action), "{begun:?}");
    }
    assert_eq!(actions(Demand::default(), 1).await, begun);
    let both = Demand {
        signing_key: true,
        token_key: true,
    };
    assert!(actions(both, 2).await.len() >= begun.len() + 2);
    assert!(store.verify_audit().await.unwrap().is_ok());
}

pub(super) async fn with_what_it_records(store: Store) {
    let organization = Organization {
        name: "acme".to_owned(),
        title: "Acme".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    store
        .create_organization(organization, at(0))
        .await
        .unwrap()
        .unwrap();
    let profile = Profile {
        user_name: "Aiko".to_owned(),
        ..Profile::default()
    };
    let by = By {
        actor: Some("root@here".to_owned()),
        address: Some("192.0.2.1".to_owned()),
        user_agent: Some("kiro".to_owned()),
    };
    let done = by.doing(async {
        let user = store
            .create_user("acme", profile.clone(), at(1))
            .await
            .unwrap()
            .unwrap();
        let again = store.create_user("acme", profile, at(2)).await.unwrap();
        assert!(again.is_err());
        used(&store, user.id).await;
        store
            .deactivate_user(user.id, at(3))
            .await
            .unwrap()
            .unwrap();
        store
            .reactivate_user(user.id, at(4))
            .await
            .unwrap()
            .unwrap();
        store.delete_user(user.id, at(5)).await.unwrap().unwrap();
    });
    done.await;
    let entries = store.audit_entries(0, 99).await.unwrap();
    let found: Vec<(&str, &str)> = entries
        .iter()
        .filter(|entry| entry.subject == "Aiko")
        .map(|entry| (entry.action.as_str(), entry.subject.as_str()))
        .collect();
    let expected = [
        "user.create",
        "password.set",
        "second_factor.enrol",
        "group.join",
        "sign_in",
        "session.end",
        "group.leave",
        "user.deactivate",
        "user.reactivate",
        "user.delete",
    ];
    assert_eq!(found, expected.map(|action| (action, "Aiko")));
    for entry in entries.iter().filter(|entry| entry.subject == "Aiko") {
        assert_eq!(entry.actor, "root@here");
        assert_eq!(entry.address.as_deref(), Some("192.0.2.1"));
        assert_eq!(entry.organization.as_deref(), Some("acme"));
    }
    assert!(store.verify_audit().await.unwrap().is_ok());
}
