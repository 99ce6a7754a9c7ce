//! Device codes in the store (RFC 8628): kept when a device asks, looked up by what a person types, approved or denied once.

use jiff::Timestamp;

use super::authorizations::{Granted, may_use};
use super::{Row, Store, StoreError, sessions, values};
use crate::authorization::Authorization;
use crate::id::GroupId;
use crate::secret::Digest;
use crate::session::Session;

/// A device that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// Of the code that the device polls with.
    pub code: Digest,
    /// Of the code that the person types.
    pub user_code: Digest,
    /// The application.
    pub client: String,
    /// Whose people may approve it.
    pub organization: String,
    /// What was asked for.
    pub scopes: Vec<String>,
    /// Where the device asked from, as the person is shown it.
    pub place: String,
    /// When it asked.
    pub created_at: Timestamp,
    /// Its end.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a device's codes. It polls at most every `interval` seconds.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if somebody else has the code that the person types: another is tried.
    pub async fn keep_device_code(
        &self,
        device: DeviceCode,
        interval: u32,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let device = device.clone();
            Box::pin(async move {
                let sql = "INSERT INTO device_codes (digest, user_code_digest, client_id, organization, scopes, place, state, interval_seconds, \
                           created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9)";
                let row = values![
                    device.code,
                    device.user_code,
                    device.client,
                    device.organization,
                    device.scopes.join(" "),
                    device.place,
                    interval,
                    device.created_at,
                    device.expires_at,
                ];
                tx.execute(sql, row).await?;
                Ok(())
            })
        })
        .await
    }

    /// The device that waits for what was typed.
    pub async fn waiting_device(
        &self,
        user_code: Digest,
        now: Timestamp,
    ) -> Result<Option<DeviceCode>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT digest, user_code_digest, client_id, organization, scopes, place, created_at, expires_at FROM device_codes \
                           WHERE user_code_digest = $1 AND state = 'pending' AND expires_at > $2";
                let row = tx.row(sql, values![user_code, now]).await?;
                row.as_ref().map(read).transpose()
            })
        })
        .await
    }

    /// The last step of a sign-in that began with a device's code: the session waits for the device. `groups` are the application's.
    pub async fn approve_device(
        &self,
        seen: &Authorization,
        device: &DeviceCode,
        session: Session,
        groups: Vec<GroupId>,
        now: Timestamp,
    ) -> Result<Granted, StoreError> {
        let (id, version, code) = (seen.id, seen.version, device.code);
        self.write(move |tx| {
            let (session, groups) = (session.clone(), groups.clone());
            Box::pin(async move {
                if !may_use(tx, &session, &groups).await? {
                    return Ok(Granted::Refused);
                }
                let sql = "DELETE FROM authorizations WHERE id = $1 AND version = $2";
                if tx.execute(sql, values![id, version]).await? == 0 {
                    return Ok(Granted::Overtaken);
                }
                let sql = "UPDATE device_codes SET state = 'approved', session_id = $2 WHERE digest = $1 AND state = 'pending' AND expires_at > $3 \
                           AND organization = (SELECT organization FROM users WHERE id = $4)";
                if tx.execute(sql, values![code, session.id, now, session.user]).await? == 0 {
                    return Ok(Granted::Overtaken);
                }
                sessions::insert(tx, &session, None).await?;
                Ok(Granted::Yes)
            })
        })
        .await
    }

    /// The person does not know the device: it gets nothing, and the sign-in ends.
    pub async fn deny_device(
        &self,
        seen: &Authorization,
        device: &DeviceCode,
    ) -> Result<(), StoreError> {
        let (id, code) = (seen.id, device.code);
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE device_codes SET state = 'denied' WHERE digest = $1 AND state = 'pending'";
                tx.execute(sql, values![code]).await?;
                tx.execute("DELETE FROM authorizations WHERE id = $1", values![id]).await?;
                Ok(())
            })
        })
        .await
    }
}

fn read(row: &Row) -> Result<DeviceCode, StoreError> {
    let words = row.text(4)?.split(' ').filter(|word| !word.is_empty());
    Ok(DeviceCode {
        code: row.digest(0)?,
        user_code: row.digest(1)?,
        client: row.text(2)?.to_owned(),
        organization: row.text(3)?.to_owned(),
        scopes: words.map(str::to_owned).collect(),
        place: row.text(5)?.to_owned(),
        created_at: row.time(6)?,
        expires_at: row.time(7)?,
    })
}
