//! Sign-ins under way in the store: a step is taken from the version that was seen, and the last one leaves a session that is offered.

use jiff::Timestamp;

use super::{Row, Store, StoreError, sessions, values};
use crate::authorization::{Authorization, Progress};
use crate::id::AuthorizationId;
use crate::secret::Digest;
use crate::session::{Offer, Session};

impl Store {
    /// Keeps a sign-in that begins.
    pub async fn begin_authorization(
        &self,
        authorization: Authorization,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let authorization = authorization.clone();
            Box::pin(async move {
                let sql = "INSERT INTO authorizations (id, cookie_digest, request, progress, version, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
                let row = values![
                    authorization.id,
                    authorization.cookie,
                    json(&authorization.request)?,
                    json(&authorization.progress)?,
                    authorization.version,
                    authorization.expires_at,
                ];
                tx.execute(sql, row).await?;
                Ok(())
            })
        })
        .await
    }

    /// The sign-in of this name that the browser with this cookie began, unless its time is up.
    pub async fn authorization(
        &self,
        id: AuthorizationId,
        cookie: Digest,
        now: Timestamp,
    ) -> Result<Option<Authorization>, StoreError> {
        let found = self.read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT id, cookie_digest, request, progress, version, expires_at FROM authorizations WHERE id = $1";
                tx.row(sql, values![id]).await?.map(|row| read(&row)).transpose()
            })
        });
        Ok(found
            .await?
            .filter(|found: &Authorization| found.cookie == cookie && now < found.expires_at))
    }

    /// Takes a step from the version that was seen. `false` where it went on without us: the page is asked for anew.
    pub async fn advance_authorization(
        &self,
        seen: &Authorization,
        to: Progress,
    ) -> Result<bool, StoreError> {
        let (id, version) = (seen.id, seen.version);
        self.write(move |tx| {
            let to = to.clone();
            Box::pin(async move {
                let sql = "UPDATE authorizations SET progress = $3, version = version + 1 WHERE id = $1 AND version = $2";
                Ok(tx.execute(sql, values![id, version, json(&to)?]).await? == 1)
            })
        })
        .await
    }

    /// Ends a sign-in that led to nothing.
    pub async fn drop_authorization(&self, id: AuthorizationId) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM authorizations WHERE id = $1", values![id])
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// The last step: the sign-in gives way to a session that waits for its code. `false` where it was taken already.
    pub async fn grant(
        &self,
        seen: &Authorization,
        session: Session,
        code: Digest,
        offer: Offer,
    ) -> Result<bool, StoreError> {
        let (id, version) = (seen.id, seen.version);
        self.write(move |tx| {
            let (session, offer) = (session.clone(), offer.clone());
            Box::pin(async move {
                let sql = "DELETE FROM authorizations WHERE id = $1 AND version = $2";
                if tx.execute(sql, values![id, version]).await? == 0 {
                    return Ok(false);
                }
                sessions::insert(tx, &session, Some((code, &offer))).await?;
                Ok(true)
            })
        })
        .await
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn read(row: &Row) -> Result<Authorization, StoreError> {
    Ok(Authorization {
        id: row.id(0)?,
        cookie: row.digest(1)?,
        request: row.json(2)?,
        progress: row.json(3)?,
        version: row.count(4)?,
        expires_at: row.time(5)?,
    })
}
