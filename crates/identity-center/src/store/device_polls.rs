//! A device asks for its tokens, again and again: what it is told, made durable.

use jiff::Timestamp;

use super::{Row, Store, StoreError, Tx, sessions, values};
use crate::device::{self, Device, Poll, SLOWER, State};
use crate::id::SessionId;
use crate::secret::Digest;
use crate::session::{self, Session};

/// What a device that asks gets: [`Poll`], with its session.
#[derive(Clone, Debug)]
pub enum Polled {
    /// Its session, which lives from now on.
    Granted(Box<Session>),
    /// See [`Poll::Pending`].
    Pending,
    /// See [`Poll::SlowDown`].
    SlowDown,
    /// See [`Poll::Denied`]; also where the person may not sign in any more.
    Denied,
    /// See [`Poll::Expired`].
    Expired,
    /// See [`Poll::Unknown`].
    Unknown,
}

impl Store {
    /// Answers a device that asks (RFC 8628 §3.4): the decision of [`device::poll`], made durable. Its tokens are bound to the key of
    /// this thumbprint, if there is one (RFC 9449 §5).
    pub async fn poll_device(
        &self,
        digest: Digest,
        client: &str,
        binding: Option<String>,
        now: Timestamp,
    ) -> Result<Polled, StoreError> {
        let client = client.to_owned();
        self.write(move |tx| {
            let (client, binding) = (client.clone(), binding.clone());
            Box::pin(async move {
                let sql = "SELECT d.client_id, d.state, d.session_id, d.interval_seconds, d.asked_at, d.expires_at FROM device_codes d \
                           WHERE d.digest = $1 FOR UPDATE OF d";
                let Some(row) = tx.row(sql, values![digest]).await? else {
                    return Ok(Polled::Unknown);
                };
                let asked = "UPDATE device_codes SET asked_at = $2, interval_seconds = interval_seconds + $3 WHERE digest = $1";
                Ok(match device::poll(&read(&row)?, &client, now) {
                    Poll::Granted(id) => redeem(tx, digest, id, binding, now).await?,
                    Poll::Pending => {
                        tx.execute(asked, values![digest, now, 0_u32]).await?;
                        Polled::Pending
                    }
                    Poll::SlowDown => {
                        tx.execute(asked, values![digest, now, SLOWER]).await?;
                        Polled::SlowDown
                    }
                    Poll::Denied => Polled::Denied,
                    Poll::Expired => Polled::Expired,
                    Poll::Unknown => Polled::Unknown,
                })
            })
        })
        .await
    }
}

/// The session that was made when the person allowed it begins to live, if the person may still sign in.
async fn redeem(
    tx: &mut Tx<'_>,
    digest: Digest,
    id: SessionId,
    binding: Option<String>,
    now: Timestamp,
) -> Result<Polled, StoreError> {
    let found = sessions::locked(tx, id).await?;
    let offered =
        found.filter(|(session, active)| *active && session.state == session::State::Offered);
    let Some((mut session, _)) = offered else {
        set_state(tx, digest, "denied").await?;
        return Ok(Polled::Denied);
    };
    set_state(tx, digest, "redeemed").await?;
    let sql = "UPDATE sessions SET state = 'live', binding = $2, rotated_at = $3 WHERE id = $1";
    tx.execute(sql, values![id, binding.clone(), now]).await?;
    (session.state, session.binding, session.rotated_at) = (session::State::Live, binding, now);
    Ok(Polled::Granted(Box::new(session)))
}

async fn set_state(tx: &mut Tx<'_>, digest: Digest, state: &str) -> Result<(), StoreError> {
    let sql = "UPDATE device_codes SET state = $2 WHERE digest = $1";
    tx.execute(sql, values![digest, state]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Device, StoreError> {
    let state = match row.text(1)? {
        "pending" => State::Pending,
        "approved" => State::Approved(row.id(2)?),
        "denied" => State::Denied,
        "redeemed" => State::Redeemed,
        other => return Err(StoreError::Corrupt(format!("a device code is {other}"))),
    };
    Ok(Device {
        client: row.text(0)?.to_owned(),
        state,
        interval: row.count(3)?,
        asked_at: row.optional(4, Row::time)?,
        expires_at: row.time(5)?,
    })
}
