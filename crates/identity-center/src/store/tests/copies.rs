//! A store that moves, and one that was put back.

use super::cases::{at, live, offer, person, session};
use super::polls::begun;
use super::*;
use crate::secret::{Digest, issue};
use crate::session::{Ended, State};

/// The table's rows, in an order of their own.
async fn rows(store: &Store, table: &str) -> Vec<String> {
    let sql = format!("SELECT * FROM {table}");
    let found = store.read(move |tx| {
        let sql = sql.clone();
        Box::pin(async move { tx.query(&sql, &[]).await })
    });
    let mut rows: Vec<String> = found
        .await
        .unwrap()
        .iter()
        .map(|row| format!("{:?}", row.0))
        .collect();
    rows.sort();
    rows
}

/// The tables of the schema, with their columns' types.
async fn tables(store: &Store) -> Vec<(String, Vec<(String, String)>)> {
    let found = store.read(|tx| {
        Box::pin(async move {
            let sql =
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'store_version'";
            let mut tables = Vec::new();
            for row in tx.query(sql, &[]).await? {
                let name = row.text(0)?.to_owned();
                let sql = "SELECT name, type FROM pragma_table_info($1)";
                let columns = tx.query(sql, values![&name]).await?;
                let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
                tables.push((
                    name,
                    columns
                        .iter()
                        .map(read)
                        .collect::<Result<_, StoreError>>()?,
                ));
            }
            Ok(tables)
        })
    });
    found.await.unwrap()
}

/// As soon as the last user of the file has closed it.
async fn taken(to: &Store, from: &Path) -> Result<u64, CopyError> {
    loop {
        match to.take_file(from, at(9)).await {
            Err(CopyError::Store(StoreError::InUse)) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

#[tokio::test]
async fn every_table_of_the_schema_is_copied() {
    let (folder, server) = (tempfile::tempdir().unwrap(), server::Server::start(None));
    let path = folder.path().join("store.db");
    let store = Store::sqlite(&path).unwrap();
    let tables = tables(&store).await;
    assert!(tables.len() > 20, "{tables:?}");
    for (table, columns) in tables.clone() {
        // The same in every column of a type: what refers to another row finds it.
        let one = |(_, kind): &(String, String)| match kind.as_str() {
            "BIGINT" => Value::Integer(1),
            "TEXT" => Value::from("x"),
            _ => Value::Bytes(vec![7; 32]),
        };
        let row: Vec<Value> = columns.iter().map(one).collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let places: Vec<String> = (1..=row.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            names.join(", "),
            places.join(", ")
        );
        let put = store.write(move |tx| {
            let (sql, row) = (sql.clone(), row.clone());
            Box::pin(async move {
                tx.execute("PRAGMA defer_foreign_keys = ON", &[]).await?;
                tx.execute(&sql, &row).await
            })
        });
        assert_eq!(put.await.unwrap(), 1, "{table}");
    }
    let mut expected = Vec::new();
    for (table, _) in &tables {
        expected.push(rows(&store, table).await);
    }
    drop(store);
    let database = Store::postgres(&server.database("kiro")).await.unwrap();
    assert_eq!(taken(&database, &path).await.unwrap(), tables.len() as u64);
    for ((table, _), expected) in tables.iter().zip(expected) {
        let found = rows(&database, table).await;
        match table.as_str() {
            "audit" => assert_eq!(found.len(), 2, "that it was copied is written there"),
            "audit_chain" => assert_eq!(found.len(), 1),
            _ => assert_eq!(found, expected, "{table}"),
        }
    }
}

#[tokio::test]
async fn many_rows_are_copied_once_from_a_store_that_nobody_has_open_to_one_that_is_empty() {
    let (folder, server) = (tempfile::tempdir().unwrap(), server::Server::start(None));
    let path = folder.path().join("store.db");
    let store = Store::sqlite(&path).unwrap();
    for number in 0..450 {
        let deed = crate::audit::Deed {
            action: "sign_in",
            organization: None,
            subject: number.to_string(),
            done: true,
            detail: serde_json::json!({}),
        };
        store.record(deed, at(number)).await.unwrap();
    }
    let database = Store::postgres(&server.database("kiro")).await.unwrap();
    let refused = database.take_file(&path, at(9)).await;
    assert!(
        matches!(refused, Err(CopyError::Store(StoreError::InUse))),
        "{refused:?}"
    );
    drop(store);
    assert_eq!(taken(&database, &path).await.unwrap(), 451);
    let head = database.verify_audit().await.unwrap().unwrap();
    assert_eq!(head.number, 451);
    let again = taken(&database, &path).await;
    assert!(matches!(again, Err(CopyError::NotEmpty(_))), "{again:?}");
    // The file is a store still.
    let store = Store::sqlite(&path).unwrap();
    assert_eq!(store.verify_audit().await.unwrap().unwrap().number, 450);
}

/// Whatever lets somebody in, or goes on to, has ended; people and their factors stay.
pub(super) async fn restored(store: Store) {
    let alive = live(&store).await;
    let user = person(&store).await;
    let (offered, (_, code)) = (session(user), issue());
    let kept = store.offer_session(offered.clone(), code, offer());
    kept.await.unwrap();
    let gone = session(user);
    let kept = store.offer_session(gone.clone(), issue().1, offer());
    kept.await.unwrap();
    let ended = store.end_session(gone.id, Ended::ByPerson, at(1));
    ended.await.unwrap();
    let device = polls::waiting(&store, "acme").await;
    let seen = begun(&store, &device, at(600)).await;
    let (browser, link) = (Digest::of("browser"), Digest::of("link"));
    let put = store.write(move |tx| {
        Box::pin(async move {
            let sql = "INSERT INTO browser_sessions (digest, user_id, authentication, created_at, expires_at) VALUES ($1, $2, '{}', 0, $3)";
            tx.execute(sql, values![browser, user, at(900)]).await?;
            let sql = "INSERT INTO setup_links (digest, organization, expires_at) VALUES ($1, 'acme', $2)";
            tx.execute(sql, values![link, at(900)]).await
        })
    });
    put.await.unwrap();

    let okta = super::provisioned::connection(&store, "acme", "okta").await;
    let token = store.add_scim_token(okta.id, Digest::of("kscim_x"), at(2));
    token.await.unwrap().unwrap();

    let factor = SecondFactor {
        sealed: vec![7],
        last_step: 0,
    };
    let codes = [Digest::of("one"), Digest::of("two")];
    let enrolled = store.enrol(user, factor, codes.to_vec(), at(2));
    assert!(enrolled.await.unwrap());
    let due = async || {
        let person = store.user(user).await.unwrap();
        let factors = store.factors(person.as_ref()).await.unwrap();
        (factors.recovery_codes, factors.recovery_due)
    };
    assert_eq!(due().await, (2, false));

    let ended = |sessions, scim_tokens, recovery_codes| Restored {
        sessions,
        scim_tokens,
        recovery_codes,
    };
    assert_eq!(store.restored(at(20)).await.unwrap(), ended(2, 1, 1));
    assert_eq!(due().await, (0, true));
    assert!(!store.use_recovery_code(user, codes[0]).await.unwrap());
    // Two windows: the codes of one are shown, and good.
    for (code, first) in [("three", true), ("four", false)] {
        let new = vec![Digest::of(code)];
        let replaced = store.replace_void_recovery_codes(user, new, at(21));
        assert_eq!(replaced.await.unwrap(), first, "{code}");
    }
    assert_eq!(due().await, (1, false));
    assert!(
        !store
            .use_recovery_code(user, Digest::of("four"))
            .await
            .unwrap()
    );
    assert!(
        store
            .use_recovery_code(user, Digest::of("three"))
            .await
            .unwrap()
    );
    let admitted = store.admit_provisioner(Digest::of("kscim_x"), at(21));
    assert_eq!(admitted.await.unwrap(), crate::provisioning::Admitted::No);
    assert_eq!(store.provisioners("acme").await.unwrap().len(), 1);
    for (id, because) in [
        (alive.id, Ended::Restored),
        (offered.id, Ended::Restored),
        (gone.id, Ended::ByPerson),
    ] {
        let (found, _) = store.session(id).await.unwrap().unwrap();
        assert!(
            matches!(found.state, State::Ended { because: found, .. } if found == because),
            "{found:?}"
        );
    }
    let refused = store.redeem_code(code, cases::redemption("app"), None, at(21));
    assert!(refused.await.unwrap().is_err());
    let polled = store.poll_device(device.code, "tv", None, at(21));
    assert!(matches!(polled.await.unwrap(), Polled::Denied));
    let found = store.authorization(seen.id, seen.cookie, at(21));
    assert!(found.await.unwrap().is_none());
    for table in ["browser_sessions", "setup_links", "authorizations"] {
        assert_eq!(rows(&store, table).await, Vec::<String>::new(), "{table}");
    }
    assert!(store.user(user).await.unwrap().is_some());
    assert_eq!(store.restored(at(22)).await.unwrap(), ended(0, 0, 0));
    let noted = store.audit_entries(0, 100).await.unwrap();
    let noted = noted.iter().filter(|entry| entry.action == "store.restore");
    assert_eq!(noted.count(), 2);

    assert_eq!(store.last_back_up().await.unwrap(), None);
    for second in [30, 40] {
        store.note_back_up(at(second)).await.unwrap();
        assert_eq!(store.last_back_up().await.unwrap(), Some(at(second)));
    }
    assert!(store.verify_audit().await.unwrap().is_ok());
}
