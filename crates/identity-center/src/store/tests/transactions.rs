//! What a transaction is: what SQLite's writer was told had failed was not done, either; what is read is of one moment.

use std::sync::{Mutex, mpsc};

use jiff::Timestamp;

use crate::store::tests::server::Server;
use crate::store::{Guess, Store, StoreError};

const INSERT: &str =
    "INSERT INTO organizations (name, title, contact, created_at) VALUES ($1, $1, '', 0)";

async fn add(store: &Store, name: &'static str) -> Result<u64, StoreError> {
    store
        .write(move |tx| Box::pin(async move { tx.execute(INSERT, values![name]).await }))
        .await
}

async fn names(store: &Store) -> Vec<String> {
    let names = store.read(|tx| {
        Box::pin(async move {
            let sql = "SELECT name FROM organizations ORDER BY name";
            let rows = tx.query(sql, &[]).await?;
            let names = rows.iter().map(|row| row.text(0).map(str::to_owned));
            names.collect::<Result<Vec<_>, _>>()
        })
    });
    names.await.unwrap()
}

#[tokio::test]
async fn nothing_is_done_in_a_transaction_that_could_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::sqlite(&path).unwrap();
    let impatient = store.write(|tx| {
        Box::pin(async move { tx.query("PRAGMA busy_timeout = 0", &[]).await.map(drop) })
    });
    impatient.await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let other = Mutex::new(Some(other));
    let outcome = store.write(move |tx| {
        // Whoever held the lock lets go of it between the attempt to begin and the work.
        drop(other.lock().unwrap().take());
        Box::pin(async move { tx.execute(INSERT, values!["locked"]).await })
    });
    let outcome = outcome.await;
    assert!(
        matches!(outcome, Err(StoreError::Unavailable(_))),
        "{outcome:?}"
    );
    assert_eq!(names(&store).await, [""; 0]);
    add(&store, "free").await.unwrap();
    assert_eq!(names(&store).await, ["free"]);
}

#[tokio::test]
async fn nothing_is_done_behind_a_transaction_that_sqlite_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
    let (go, gone) = mpsc::channel();
    let gone = Mutex::new(gone);
    // As SQLite does by itself where the disk is full.
    let ended = store.write(move |tx| {
        gone.lock().unwrap().recv().unwrap();
        Box::pin(async move {
            tx.execute("ROLLBACK", &[]).await?;
            Err::<(), _>(StoreError::Unavailable("full".to_owned()))
        })
    });
    let behind = async {
        let (behind, ()) = tokio::join!(add(&store, "behind"), async { go.send(()).unwrap() });
        behind
    };
    let (ended, behind) = tokio::join!(ended, behind);
    assert!(ended.is_err() && behind.is_err(), "{ended:?} {behind:?}");
    assert_eq!(names(&store).await, [""; 0]);
    add(&store, "later").await.unwrap();
    assert_eq!(names(&store).await, ["later"]);
}

#[tokio::test]
async fn what_is_read_on_postgresql_was_there_at_one_moment() {
    let server = Server::start(None);
    let store = Store::postgres(&server.database("moment")).await.unwrap();
    let other = store.clone();
    let read = store.read(move |tx| {
        let other = other.clone();
        Box::pin(async move {
            let mut counted = Vec::new();
            for _ in 0..2 {
                let row = tx.row("SELECT COUNT(*) FROM attempts", &[]).await?;
                counted.push(row.unwrap().integer(0)?);
                let guess = Guess::of(Some("acme"), "aiko");
                other.attempt(&[guess], Timestamp::UNIX_EPOCH).await?.ok();
            }
            Ok(counted)
        })
    });
    assert_eq!(read.await.unwrap(), [0, 0]);
}
