//! The versions of the store, oldest first. A version that was released is never edited.

use super::{StoreError, Tx, Value};

/// Each version's statements, in the SQL of both databases but for two words: `BYTES`, and `KEYED` after a table whose rows live in
/// the tree of their key.
const VERSIONS: &[&[&str]] = &[
    &[
        include_str!("schema/directory.sql"),
        include_str!("schema/clients.sql"),
        include_str!("schema/sessions.sql"),
        include_str!("schema/accounts.sql"),
        include_str!("schema/secrets.sql"),
        include_str!("schema/oidc.sql"),
    ],
    &[include_str!("schema/federation.sql")],
    &[include_str!("schema/audit.sql")],
    &[include_str!("schema/administration.sql")],
    &[include_str!("schema/back_ups.sql")],
    &[include_str!("schema/provisioning.sql")],
    &[include_str!("schema/plans.sql")],
    &[
        include_str!("schema/claims.sql"),
        include_str!("schema/recovery.sql"),
    ],
    &[
        include_str!("schema/leaving.sql"),
        include_str!("schema/orphans.sql"),
    ],
];

/// Brings the store to the newest version; each step is part of the one transaction that this runs in.
pub(super) async fn migrate(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "CREATE TABLE IF NOT EXISTS store_version (version BIGINT NOT NULL)",
        &[],
    )
    .await?;
    let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
    let found = match tx.row("SELECT version FROM store_version", &[]).await? {
        Some(row) => row.integer(0)?,
        None => {
            tx.execute("INSERT INTO store_version VALUES (0)", &[])
                .await?;
            0
        }
    };
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for version in VERSIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        for statement in version.iter().flat_map(|part| statements(part)) {
            let statement = tx.spelled(&statement);
            tx.execute(&statement, &[]).await?;
        }
    }
    tx.execute(
        "UPDATE store_version SET version = $1",
        &[Value::Integer(known)],
    )
    .await?;
    Ok(())
}

/// The statements of a script, without comments: a semicolon at a line's end closes one.
fn statements(script: &str) -> Vec<String> {
    let lines: Vec<&str> = script
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default().trim_end())
        .collect();
    lines
        .join("\n")
        .split(";\n")
        .map(|statement| statement.trim().trim_end_matches(';').to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}
