//! PostgreSQL plans by what it knows of its tables: nothing where many have just come, and less than nothing where it was asked first
//! when nobody was there, for it keeps that plan. Whoever has an id is found by it all the same.

use super::super::directory::organization;
use super::connection;
use crate::id::{GroupId, UserId};
use crate::provisioning::Provisioner;
use crate::store::provisioned::{groups, related, users};
use crate::store::{Store, StoreError, Tx};

pub(super) async fn found_by(store: Store) {
    organization(&store, "acme").await;
    let okta = connection(&store, "acme", "okta").await;
    are_used(&store, &okta).await;
    fill(&store, &okta).await;
    are_used(&store, &okta).await;
}

/// Many, of whom nothing is counted.
async fn fill(store: &Store, by: &Provisioner) {
    let by = by.clone();
    let filled = store.write(move |tx| {
        let by = by.clone();
        Box::pin(async move {
            for sql in [
                "INSERT INTO users (id, organization, connection, user_name, user_name_folded, display_name, active, said, created_at, \
                 modified_at, version) SELECT decode(md5('u' || i), 'hex'), $1, $2, 'u' || i, 'u' || i, 'U', 1, '{}', 0, 0, 1 \
                 FROM generate_series(1, 5000) i",
                "INSERT INTO groups (id, organization, connection, display_name, display_name_folded, said, created_at, modified_at, \
                 version) SELECT decode(md5('g' || i), 'hex'), $1, $2, 'g' || i, 'g' || i, '{}', 0, 0, 1 FROM generate_series(1, 500) i",
            ] {
                tx.execute(sql, values![&by.organization, by.id]).await?;
            }
            let sql = "INSERT INTO members SELECT decode(md5('g' || (i * 7 + k * 11) % 500 + 1), 'hex'), decode(md5('u' || i), 'hex') \
                       FROM generate_series(1, 5000) i, generate_series(0, 9) k ON CONFLICT DO NOTHING";
            tx.execute(sql, &[]).await
        })
    });
    assert!(filled.await.unwrap() > 40_000);
}

/// Reads a person and a group with whom they are related to, and looks at how that was done.
async fn are_used(store: &Store, by: &Provisioner) {
    let by = by.clone();
    let plans = store.read(move |tx| {
        let by = by.clone();
        Box::pin(async move {
            let (user, group) = (UserId::random(), GroupId::random());
            users::one(tx, &by, user, "").await?;
            users::groups_of(tx, &by, user).await?;
            groups::one(tx, &by, group, "").await?;
            related::members(tx, &by, group, None, 501).await?;
            let mut plans = Vec::new();
            for sql in tx.asked.clone() {
                plans.push(format!("{sql}\n{}", plan(tx, &sql).await?));
            }
            Ok(plans)
        })
    });
    let plans = plans.await.unwrap();
    assert_eq!(plans.len(), 4);
    for plan in plans {
        for other in ["_provisioned", "_organization_", "_external", "Seq Scan"] {
            assert!(!plan.contains(other), "{plan}");
        }
        assert!(plan.contains("_pkey"), "{plan}");
    }
}

/// The plan that is kept for a statement, whatever its values are.
async fn plan(tx: &mut Tx<'_>, sql: &str) -> Result<String, StoreError> {
    let values = (1..).take_while(|number| sql.contains(&format!("${number}")));
    let values = values.map(|_| "NULL").collect::<Vec<_>>().join(", ");
    tx.execute("SET LOCAL plan_cache_mode = force_generic_plan", &[])
        .await?;
    let prepared = format!("PREPARE looked_at AS {sql}");
    tx.rows(&prepared, &[], false).await?;
    let explained = format!("EXPLAIN EXECUTE looked_at({values})");
    let lines = tx.rows(&explained, &[], false).await?;
    tx.rows("DEALLOCATE looked_at", &[], false).await?;
    let lines = lines.iter().map(|line| line.text(0));
    Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
}
