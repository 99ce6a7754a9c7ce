//! Every decision of the store, on both databases: the same cases, one after the other, each on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod administration;
mod audit;
mod cases;
mod copies;
mod directory;
mod factors;
mod federation;
mod holders;
mod once;
mod plans;
pub(crate) mod polls;
pub(crate) mod provisioned;
mod rescoped;
mod secrets;
pub(crate) mod server;
mod switched_off;
mod tls;
mod transactions;

use super::*;

/// Text is ordered as people order it, and not by code points.
const AS_PEOPLE: [&str; 3] = [
    "--template=template0",
    "--locale-provider=icu",
    "--icu-locale=en-US",
];

fn every() -> impl Iterator<Item = &'static (&'static str, cases::Case)> {
    cases::ALL
        .iter()
        .chain(directory::ALL)
        .chain(federation::ALL)
        .chain(switched_off::ALL)
        .chain(rescoped::ALL)
        .chain(administration::ALL)
        .chain(plans::ALL)
        .chain(provisioned::ALL)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_what_every_store_keeps() {
    let folder = tempfile::tempdir().unwrap();
    for (name, case) in every() {
        let store = Store::sqlite(&folder.path().join(name)).unwrap();
        case(store).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_keeps_what_every_store_keeps() {
    let server = server::Server::start(None);
    for (name, case) in every().chain(provisioned::OF_POSTGRESQL) {
        let store = Store::postgres(&server.database(name)).await.unwrap();
        case(store).await;
    }
    for (name, case) in provisioned::OF_TEXT {
        let database = server.made(&format!("{name}_collated"), &AS_PEOPLE);
        case(Store::postgres(&database).await.unwrap()).await;
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::sqlite(&path).unwrap();
    store
        .write(|tx| {
            Box::pin(async move {
                tx.execute("UPDATE store_version SET version = 99", &[])
                    .await
            })
        })
        .await
        .unwrap();
    drop(store);
    let again = Store::sqlite(&path).err();
    assert!(
        matches!(again, Some(StoreError::Newer { found: 99, .. })),
        "{again:?}"
    );
}

/// Those whom a removed connection left behind, before it let them go.
#[tokio::test]
async fn whom_nobody_can_provision_any_more_is_the_administrator_s() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::sqlite(&path).unwrap();
    directory::organization(&store, "acme").await;
    let okta = provisioned::connection(&store, "acme", "okta").await;
    for (name, connection) in [
        ("gone", crate::id::ConnectionId::random()),
        ("there", okta.id),
    ] {
        let profile = crate::directory::Profile {
            user_name: name.to_owned(),
            external_id: Some("1".to_owned()),
            connection: Some(connection),
            ..crate::directory::Profile::default()
        };
        let made = store.create_user("acme", profile, jiff::Timestamp::UNIX_EPOCH);
        made.await.unwrap().unwrap();
    }
    let before = store.write(|tx| {
        Box::pin(async move {
            for sql in [
                "ALTER TABLE provisioners DROP COLUMN left_until",
                "ALTER TABLE provisioners DROP COLUMN left_lately",
                "UPDATE store_version SET version = 8",
            ] {
                tx.execute(sql, &[]).await?;
            }
            Ok(())
        })
    });
    before.await.unwrap();
    drop(store);
    let store = Store::sqlite(&path).unwrap();
    for (name, connection) in [("gone", None), ("there", Some(okta.id))] {
        let user = store
            .user_by_name(Some("acme"), name)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(user.profile.connection, connection, "{name}");
        assert_eq!(
            user.profile.external_id.is_some(),
            connection.is_some(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_decision_that_fails_undoes_its_own_part_of_the_commit_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
    let organization = |name: &'static str, fail: bool| {
        let store = store.clone();
        async move {
            store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.execute(
                            "INSERT INTO organizations (name, title, contact, created_at) VALUES ($1, $1, '', 0)",
                            values![name],
                        )
                        .await?;
                        assert!(name != "panics", "a decision that panics");
                        if fail { Err(StoreError::Taken) } else { Ok(()) }
                    })
                })
                .await
        }
    };
    let mut running = tokio::task::JoinSet::new();
    for round in ["a", "b", "c", "d", "e", "f"] {
        running.spawn(organization(round, round == "c"));
    }
    running.spawn(organization("panics", false));
    let outcomes = running.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        5,
        "{outcomes:?}"
    );
    let names = store
        .read(|tx| {
            Box::pin(async move {
                let rows = tx
                    .query("SELECT name FROM organizations ORDER BY name", &[])
                    .await?;
                rows.iter()
                    .map(|row| row.text(0).map(str::to_owned))
                    .collect::<Result<Vec<_>, _>>()
            })
        })
        .await
        .unwrap();
    assert_eq!(names, ["a", "b", "d", "e", "f"]);
}
