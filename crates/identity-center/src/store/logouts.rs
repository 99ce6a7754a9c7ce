//! Ended sessions whose applications are to be told, in the store.

use jiff::Timestamp;

use super::members::TOGETHER;
use super::value::among;
use super::{Store, StoreError, Tx, Value, values};
use crate::id::{SessionId, UserId};
use crate::oidc::backchannel_logout::{ATTEMPTS, EACH, Logout, next_attempt};

/// Notes that the application of this session, which is about to end, is to be told.
pub(super) async fn note(
    tx: &mut Tx<'_>,
    session: SessionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    note_those(tx, "s.id = $1", values![session].to_vec(), now).await
}

/// The same for several sessions.
pub(super) async fn note_several(
    tx: &mut Tx<'_>,
    some: &[SessionId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut values = Vec::new();
    let these = among(&mut values, "s.id", some, TOGETHER);
    note_those(tx, &these, values, now).await
}

/// The same for all sessions of a person.
pub(super) async fn note_all(
    tx: &mut Tx<'_>,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    note_those(tx, "s.user_id = $1", values![user].to_vec(), now).await
}

/// The same for everybody's.
pub(super) async fn note_everybodys(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    note_those(tx, "1 = 1", Vec::new(), now).await
}

/// The sessions are held first, and read by a statement of its own: a code that is being redeemed is waited for, and its application told.
/// Once they have ended, nothing says which of them lived.
async fn note_those(
    tx: &mut Tx<'_>,
    these: &str,
    mut values: Vec<Value>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT s.id FROM sessions s WHERE {these} AND s.state <> 'ended' ORDER BY s.id FOR UPDATE OF s"
    );
    tx.query(&sql, &values).await?;
    values.push(now.into());
    let due = values.len();
    let sql = format!(
        "INSERT INTO logouts (session_id, user_id, client_id, attempts, due_at) \
         SELECT s.id, s.user_id, s.client_id, 0, CAST(${due} AS BIGINT) FROM sessions s JOIN clients c ON c.id = s.client_id \
         WHERE s.state = 'live' AND c.details LIKE '%\"backchannel_logout_uri\":\"%' AND {these} ON CONFLICT DO NOTHING"
    );
    tx.execute(&sql, &values).await?;
    Ok(())
}

impl Store {
    /// What is due, at most `most` of it and [`EACH`] of one application's; the next attempt is due only later, so that no two instances
    /// tell the same.
    pub async fn claim_logouts(
        &self,
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Logout>, StoreError> {
        // By a transaction that only reads: it may go through very many, and nobody has to wait for that.
        let due = self.read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT client_id FROM logouts WHERE due_at <= $1 GROUP BY client_id ORDER BY MIN(due_at), client_id LIMIT $2";
                let rows = tx.query(sql, values![now, most]).await?;
                rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<Vec<_>, _>>()
            })
        });
        let due = due.await?;
        let Some(share) = u32::try_from(due.len())
            .ok()
            .and_then(|all| most.checked_div(all))
        else {
            return Ok(Vec::new());
        };
        let share = share.min(EACH);
        self.write(move |tx| {
            let due = due.clone();
            Box::pin(async move {
                let sql = "DELETE FROM logouts WHERE attempts >= $1";
                tx.execute(sql, values![ATTEMPTS]).await?;
                let mut claimed = Vec::new();
                for client in due {
                    claim_of(tx, &client, share, now, &mut claimed).await?;
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

async fn claim_of(
    tx: &mut Tx<'_>,
    client: &str,
    most: u32,
    now: Timestamp,
    claimed: &mut Vec<Logout>,
) -> Result<(), StoreError> {
    let sql = "SELECT session_id, user_id, attempts FROM logouts l WHERE client_id = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 \
               FOR UPDATE OF l SKIP LOCKED";
    for row in tx.query(sql, values![client, now, most]).await? {
        let logout = Logout {
            session: row.id(0)?,
            user: row.id(1)?,
            client: client.to_owned(),
            attempts: row.count(2)?,
        };
        let sql = "UPDATE logouts SET attempts = attempts + 1, due_at = $2 WHERE session_id = $1";
        let next = next_attempt(logout.attempts, now);
        tx.execute(sql, values![logout.session, next]).await?;
        claimed.push(logout);
    }
    Ok(())
}
