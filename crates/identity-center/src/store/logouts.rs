//! Ended sessions whose applications are to be told, in the store.

use jiff::Timestamp;

use super::members::TOGETHER;
use super::value::among;
use super::{Store, StoreError, Tx, values};
use crate::id::{SessionId, UserId};
use crate::oidc::backchannel_logout::{ATTEMPTS, Logout, next_attempt};

const INSERT: &str = "INSERT INTO logouts (session_id, user_id, client_id, attempts, due_at) \
    SELECT s.id, s.user_id, s.client_id, 0, CAST($2 AS BIGINT) FROM sessions s JOIN clients c ON c.id = s.client_id \
    WHERE s.state = 'live' AND c.details LIKE '%\"backchannel_logout_uri\":\"%'";

/// Notes that the application of this session, which is about to end, is to be told.
pub(super) async fn note(
    tx: &mut Tx<'_>,
    session: SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!("{INSERT} AND s.id = $1 ON CONFLICT DO NOTHING");
    tx.execute(&sql, values![session, now]).await?;
    Ok(())
}

/// The same for several sessions.
pub(super) async fn note_several(
    tx: &mut Tx<'_>,
    some: &[SessionId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut values = values![now].to_vec();
    let these = among(&mut values, "s.id", some, TOGETHER);
    let sql = format!("{INSERT} AND {these} ON CONFLICT DO NOTHING");
    tx.execute(&sql.replacen("$2", "$1", 1), &values).await?;
    Ok(())
}

/// The same for all sessions of a person.
pub(super) async fn note_all(
    tx: &mut Tx<'_>,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!("{INSERT} AND s.user_id = $1 ON CONFLICT DO NOTHING");
    tx.execute(&sql, values![user, now]).await?;
    Ok(())
}

/// The same for everybody's.
pub(super) async fn note_everybodys(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let sql = format!("{INSERT} ON CONFLICT DO NOTHING").replace("$2", "$1");
    tx.execute(&sql, values![now]).await?;
    Ok(())
}

impl Store {
    /// What is due, at most `most` of it; the next attempt is due only later, so that no two instances tell the same.
    pub async fn claim_logouts(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Logout>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM logouts WHERE attempts >= $1";
                tx.execute(sql, values![ATTEMPTS]).await?;
                let sql = "SELECT session_id, user_id, client_id, attempts FROM logouts l WHERE due_at <= $1 ORDER BY due_at LIMIT $2 \
                           FOR UPDATE OF l SKIP LOCKED";
                let mut claimed = Vec::new();
                for row in tx.query(sql, values![now, most]).await? {
                    let logout = Logout {
                        session: row.id(0)?,
                        user: row.id(1)?,
                        client: row.text(2)?.to_owned(),
                        attempts: row.count(3)?,
                    };
                    let sql = "UPDATE logouts SET attempts = attempts + 1, due_at = $2 WHERE session_id = $1";
                    let next = next_attempt(logout.attempts, now);
                    tx.execute(sql, values![logout.session, next]).await?;
                    claimed.push(logout);
                }
                Ok(claimed)
            })
        })
        .await
    }

    /// The application has heard it, or is none any more.
    pub async fn logout_heard(&self, session: SessionId) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM logouts WHERE session_id = $1";
                tx.execute(sql, values![session]).await?;
                Ok(())
            })
        })
        .await
    }
}
