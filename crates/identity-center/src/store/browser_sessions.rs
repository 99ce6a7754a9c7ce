//! Browsers in which somebody has signed in, and what a person sees of their own sessions.

use jiff::{SignedDuration, Timestamp};

use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, connections, directory, sessions, values};
use crate::directory::User;
use crate::id::{SessionId, UserId};
use crate::secret::Digest;
use crate::session::{Authentication, Ended, Session};

/// A browser in which somebody has signed in.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// Who.
    pub user: User,
    /// How that was proved.
    pub authentication: Authentication,
}

impl Store {
    /// Keeps that somebody has signed in in the browser with this cookie. `false` if everything of theirs was ended since they
    /// proved who they are, or they may not sign in.
    pub async fn begin_browser_session(
        &self,
        cookie: Digest,
        user: UserId,
        authentication: Authentication,
        now: Timestamp,
        ends: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let authentication = authentication.clone();
            Box::pin(async move {
                if let Some(connection) = authentication.connection {
                    // To the minute: everybody who signs in there would change the row. Before it is locked for reading: two who go on
                    // from there to writing would wait for each other.
                    let sql = "UPDATE connections SET last_sign_in_at = $2 WHERE id = $1 AND active = 1 \
                               AND (last_sign_in_at IS NULL OR last_sign_in_at < $3)";
                    let minute = now - SignedDuration::from_mins(1);
                    tx.execute(sql, values![connection, now, minute]).await?;
                }
                if !super::authorizations::may(tx, user, &authentication).await? {
                    return Ok(false);
                }
                insert(tx, cookie, user, &authentication, now, ends).await?;
                let how = json!({ "methods": authentication.methods, "connection": authentication.connection });
                audit::of_person(tx, user, "sign_in", how, now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Who is signed in in the browser with this cookie. Nobody who may not sign in, or came through a connection that is off.
    pub async fn browser_session(
        &self,
        cookie: Digest,
        now: Timestamp,
    ) -> Result<Option<BrowserSession>, StoreError> {
        let found = self.read(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {}, b.authentication FROM browser_sessions b JOIN users u ON u.id = b.user_id \
                     WHERE b.digest = $1 AND b.expires_at > $2 AND u.active = 1",
                    directory::COLUMNS
                );
                let Some(row) = tx.row(&sql, values![cookie, now]).await? else {
                    return Ok(None);
                };
                let authentication: Authentication = row.json(13)?;
                if let Some(connection) = authentication.connection
                    && !connections::is_active(tx, connection, "").await?
                {
                    return Ok(None);
                }
                Ok(Some(BrowserSession {
                    user: directory::read(&row)?,
                    authentication,
                }))
            })
        });
        found.await
    }

    /// A person's sessions that live, newest first, each with its application's name.
    pub async fn own_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<(Session, Option<String>)>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {}, c.name {} LEFT JOIN clients c ON c.id = s.client_id \
                     WHERE s.user_id = $1 AND s.state = 'live' AND s.expires_at > $2 ORDER BY s.created_at DESC, s.id",
                    sessions::COLUMNS,
                    sessions::FROM
                );
                let rows = tx.query(&sql, values![user, now]).await?;
                let read = |row: &Row| {
                    let (session, _) = sessions::read(row)?;
                    let name = row.optional(sessions::BEHIND, Row::text)?;
                    Ok((session, name.map(str::to_owned)))
                };
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// Ends one of a person's own sessions. `false` if it is not theirs, or had ended.
    pub async fn end_own_session(
        &self,
        user: UserId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "SELECT s.id FROM sessions s WHERE s.id = $1 AND s.user_id = $2 AND s.state <> 'ended' FOR UPDATE OF s";
                if tx.row(sql, values![session, user]).await?.is_none() {
                    return Ok(false);
                }
                sessions::end(tx, session, Ended::ByPerson, now).await?;
                Ok(true)
            })
        })
        .await
    }
}

/// Keeps that somebody has signed in in the browser with this cookie.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    cookie: Digest,
    user: UserId,
    authentication: &Authentication,
    now: Timestamp,
    ends: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO browser_sessions (digest, user_id, authentication, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let how = serde_json::to_string(authentication).unwrap_or_default();
    tx.execute(sql, values![cookie, user, how, now, ends])
        .await?;
    Ok(())
}
