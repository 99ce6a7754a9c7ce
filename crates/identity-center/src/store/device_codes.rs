//! Device codes in the store: given out, decided about once by a person who signed in, and redeemed once.

use jiff::Timestamp;

use super::{Row, Store, StoreError, Tx, sessions, values};
use crate::authorization::{Authorization, Purpose};
use crate::device::{self, DeviceCode, Poll, SLOWER, State};
use crate::id::SessionId;
use crate::secret::Digest;
use crate::session::{self, Session};

const COLUMNS: &str = "d.client_id, d.organization, d.scopes, d.place, d.state, d.session_id, d.interval_seconds, d.asked_at, \
                       d.created_at, d.expires_at";
/// Behind [`COLUMNS`].
const DIGEST_AT: usize = 10;

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
    /// Keeps a new device code.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if another one that is still kept has this user code.
    pub async fn begin_device(
        &self,
        code: DeviceCode,
        digest: Digest,
        user_code: Digest,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let code = code.clone();
            Box::pin(async move {
                let sql = "INSERT INTO device_codes (digest, user_code_digest, client_id, organization, scopes, place, state, interval_seconds, \
                           created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9)";
                let row = values![
                    digest,
                    user_code,
                    code.client,
                    code.organization,
                    code.scopes.join(" "),
                    code.place,
                    code.interval,
                    code.created_at,
                    code.expires_at,
                ];
                tx.execute(sql, row).await?;
                Ok(())
            })
        })
        .await
    }

    /// The device code that belongs to a user code, and its digest, if somebody may still decide about it.
    pub async fn device_of(
        &self,
        user_code: Digest,
        now: Timestamp,
    ) -> Result<Option<(Digest, DeviceCode)>, StoreError> {
        self.pending("d.user_code_digest", user_code, now).await
    }

    /// The same by its own digest: what [`Purpose::Device`] names.
    pub async fn device(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<DeviceCode>, StoreError> {
        let found = self.pending("d.digest", digest, now).await?;
        Ok(found.map(|(_, code)| code))
    }

    async fn pending(
        &self,
        column: &'static str,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<(Digest, DeviceCode)>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS}, d.digest FROM device_codes d WHERE {column} = $1 AND d.state = 'pending' AND d.expires_at > $2"
                );
                let row = tx.row(&sql, values![digest, now]).await?;
                row.map(|row| Ok((row.digest(DIGEST_AT)?, read(&row)?))).transpose()
            })
        })
        .await
    }

    /// The last step of a sign-in for a device: the person allows it, and `session` waits for the device. `false` where that cannot be any
    /// more: the step was taken already, the code's time is up, or it is another organisation's.
    pub async fn approve_device(
        &self,
        seen: &Authorization,
        session: Session,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.decide(seen, Some(session), now).await
    }

    /// The person refuses. `false` as in [`Store::approve_device`].
    pub async fn deny_device(
        &self,
        seen: &Authorization,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.decide(seen, None, now).await
    }

    async fn decide(
        &self,
        seen: &Authorization,
        session: Option<Session>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, version) = (seen.id, seen.version);
        let digest = match seen.request.purpose {
            Purpose::Device(digest) => digest,
            Purpose::Code { .. } | Purpose::OwnSessions => return Ok(false),
        };
        self.write(move |tx| {
            let session = session.clone();
            Box::pin(async move {
                let sql = "DELETE FROM authorizations WHERE id = $1 AND version = $2";
                if tx.execute(sql, values![id, version]).await? == 0 {
                    return Ok(false);
                }
                let Some(session) = session else {
                    let sql = "UPDATE device_codes SET state = 'denied' WHERE digest = $1 AND state = 'pending' AND expires_at > $2";
                    return Ok(tx.execute(sql, values![digest, now]).await? == 1);
                };
                let sql = "UPDATE device_codes SET state = 'approved', session_id = $3 \
                           WHERE digest = $1 AND state = 'pending' AND expires_at > $2 AND client_id = $4 \
                           AND (organization IS NULL OR organization = (SELECT organization FROM users WHERE id = $5))";
                let row = values![digest, now, session.id, &session.client, session.user];
                let approved = tx.execute(sql, row).await? == 1;
                if approved {
                    sessions::insert(tx, &session, None).await?;
                }
                Ok(approved)
            })
        })
        .await
    }

    /// Answers a device that asks (RFC 8628 §3.4): the decision of [`device::poll`], made durable.
    pub async fn poll_device(
        &self,
        digest: Digest,
        client: &str,
        now: Timestamp,
    ) -> Result<Polled, StoreError> {
        let client = client.to_owned();
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM device_codes d WHERE d.digest = $1 FOR UPDATE OF d");
                let Some(row) = tx.row(&sql, values![digest]).await? else {
                    return Ok(Polled::Unknown);
                };
                let asked = "UPDATE device_codes SET asked_at = $2, interval_seconds = interval_seconds + $3 WHERE digest = $1";
                Ok(match device::poll(&read(&row)?, &client, now) {
                    Poll::Granted(id) => redeem(tx, digest, id, now).await?,
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
    let sql = "UPDATE sessions SET state = 'live', rotated_at = $2 WHERE id = $1";
    tx.execute(sql, values![id, now]).await?;
    (session.state, session.rotated_at) = (session::State::Live, now);
    Ok(Polled::Granted(Box::new(session)))
}

async fn set_state(tx: &mut Tx<'_>, digest: Digest, state: &str) -> Result<(), StoreError> {
    let sql = "UPDATE device_codes SET state = $2 WHERE digest = $1";
    tx.execute(sql, values![digest, state]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<DeviceCode, StoreError> {
    let state = match row.text(4)? {
        "pending" => State::Pending,
        "approved" => State::Approved(row.id(5)?),
        "denied" => State::Denied,
        "redeemed" => State::Redeemed,
        other => return Err(StoreError::Corrupt(format!("a device code is {other}"))),
    };
    let scopes = row.text(2)?.split(' ').filter(|scope| !scope.is_empty());
    Ok(DeviceCode {
        client: row.text(0)?.to_owned(),
        organization: row.optional(1, Row::text)?.map(str::to_owned),
        scopes: scopes.map(str::to_owned).collect(),
        place: row.text(3)?.to_owned(),
        state,
        interval: row.count(6)?,
        asked_at: row.optional(7, Row::time)?,
        created_at: row.time(8)?,
        expires_at: row.time(9)?,
    })
}
