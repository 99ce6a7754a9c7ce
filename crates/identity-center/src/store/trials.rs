//! Test sign-ins of connections in the store.

use jiff::Timestamp;

use super::{Row, Store, StoreError, values};
use crate::federation::trial::{Outcome, Trial};
use crate::id::ConnectionId;
use crate::secret::Digest;

const COLUMNS: &str = "digest, connection, outcome, expires_at";

impl Store {
    /// Keeps a test sign-in that is offered, and forgets the connection's earlier ones.
    pub async fn offer_trial(&self, trial: Trial, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let trial = trial.clone();
            Box::pin(async move {
                let sql = "DELETE FROM trials WHERE connection = $1 OR expires_at <= $2";
                tx.execute(sql, values![trial.connection, now]).await?;
                let sql = "INSERT INTO trials (digest, connection, expires_at) VALUES ($1, $2, $3)";
                let row = values![trial.digest, trial.connection, trial.expires_at];
                tx.execute(sql, row).await?;
                Ok(())
            })
        })
        .await
    }

    /// The test sign-in of this link, unless its time is up.
    pub async fn trial(&self, link: Digest, now: Timestamp) -> Result<Option<Trial>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql =
                    format!("SELECT {COLUMNS} FROM trials WHERE digest = $1 AND expires_at > $2");
                let row = tx.row(&sql, values![link, now]).await?;
                row.as_ref().map(read).transpose()
            })
        })
        .await
    }

    /// The newest test sign-in of a connection, until its link's time is up.
    pub async fn trial_of(&self, connection: ConnectionId) -> Result<Option<Trial>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM trials WHERE connection = $1");
                let row = tx.row(&sql, values![connection]).await?;
                row.as_ref().map(read).transpose()
            })
        })
        .await
    }

    /// Notes what came of a test sign-in. `false` if something had.
    pub async fn end_trial(&self, link: Digest, outcome: Outcome) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let outcome = outcome.clone();
            Box::pin(async move {
                let outcome = serde_json::to_string(&outcome)
                    .map_err(|error| StoreError::Corrupt(error.to_string()))?;
                let sql = "UPDATE trials SET outcome = $2 WHERE digest = $1 AND outcome IS NULL";
                Ok(tx.execute(sql, values![link, outcome]).await? == 1)
            })
        })
        .await
    }
}

fn read(row: &Row) -> Result<Trial, StoreError> {
    Ok(Trial {
        digest: row.digest(0)?,
        connection: row.id(1)?,
        outcome: row.optional(2, Row::json)?,
        expires_at: row.time(3)?,
    })
}
