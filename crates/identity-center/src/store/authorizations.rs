//! Sign-ins under way in the store: a step is taken from the version that was seen, and the last one leaves a session that is offered.

use jiff::Timestamp;

use super::{Row, Store, StoreError, Tx, clients, connections, groups, sessions, values};
use crate::authorization::{Authorization, Progress};
use crate::id::{AuthorizationId, ConnectionId, GroupId, UserId};
use crate::secret::Digest;
use crate::session::{Authentication, Offer, Session};

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
        let found = self.authorization_of(id, now).await?;
        Ok(found.filter(|found| found.cookie == cookie))
    }

    /// The sign-in of this name, whoever began it, unless its time is up.
    pub async fn authorization_of(
        &self,
        id: AuthorizationId,
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
            .filter(|found: &Authorization| now < found.expires_at))
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

    /// The last step: the sign-in gives way to a session that waits for its code. `groups` are the application's: whether the person
    /// is in one of them, and may sign in at all, is looked up in the same transaction.
    pub async fn grant(
        &self,
        seen: &Authorization,
        session: Session,
        code: Digest,
        offer: Offer,
        groups: Vec<GroupId>,
    ) -> Result<Granted, StoreError> {
        let (id, version) = (seen.id, seen.version);
        self.write(move |tx| {
            let (session, offer, groups) = (session.clone(), offer.clone(), groups.clone());
            Box::pin(async move {
                if !may_use(tx, &session, &groups).await? {
                    return Ok(Granted::Refused);
                }
                let sql = "DELETE FROM authorizations WHERE id = $1 AND version = $2";
                if tx.execute(sql, values![id, version]).await? == 0 {
                    return Ok(Granted::Overtaken);
                }
                sessions::insert(tx, &session, Some((code, &offer))).await?;
                Ok(Granted::Yes)
            })
        })
        .await
    }
}

/// Whether the last step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// It was.
    Yes,
    /// It had been taken before, from another window.
    Overtaken,
    /// The person may not sign in, or not to this application, or everything of theirs was ended since they proved who they are.
    Refused,
}

/// Whether the person may sign in with what they have proved; nobody may by a connection that is off, or gone. The connection's row and
/// theirs stay locked: whatever switches it off, or ends everything of theirs, comes before, and is seen, or after, and finds what is
/// granted here.
pub(super) async fn may(
    tx: &mut Tx<'_>,
    user: UserId,
    authentication: &Authentication,
) -> Result<bool, StoreError> {
    if let Some(connection) = authentication.connection
        && !connections::is_active(tx, connection, " FOR SHARE OF c").await?
    {
        return Ok(false);
    }
    let sql = "SELECT u.active, u.ended_at FROM users u WHERE u.id = $1 FOR UPDATE OF u";
    let Some(row) = tx.row(sql, values![user]).await? else {
        return Ok(false);
    };
    // When somebody proved who they are is kept in seconds.
    Ok(row.truth(0)? && authentication.at.as_second() > row.time(1)?.as_second())
}

/// The same, for a session at an application that was open to these groups when it was looked at. What it is open to now counts, and
/// stays: whatever changes that comes before, or after, and finds what is granted here.
pub(super) async fn may_use(
    tx: &mut Tx<'_>,
    session: &Session,
    seen: &[GroupId],
) -> Result<bool, StoreError> {
    if !may(tx, session.user, &session.authentication).await? {
        return Ok(false);
    }
    let open_to = clients::open_to(tx, &session.client).await?;
    let open_to = open_to.unwrap_or_else(|| seen.to_vec());
    let of = groups::of(tx, session.user).await?;
    Ok(open_to.is_empty() || open_to.iter().any(|group| of.contains(group)))
}

/// Ends the sign-ins that have come as far as to know this person.
pub(super) async fn forget_those_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    forget(tx, format!("%\"user\":\"{user}\"%")).await
}

/// Ends the sign-ins that have led to this connection.
pub(super) async fn forget_those_through(
    tx: &mut Tx<'_>,
    connection: ConnectionId,
) -> Result<(), StoreError> {
    forget(tx, connections::mentioned(connection)).await
}

async fn forget(tx: &mut Tx<'_>, like: String) -> Result<(), StoreError> {
    let sql = "DELETE FROM authorizations WHERE progress LIKE $1";
    tx.execute(sql, values![like]).await?;
    Ok(())
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
