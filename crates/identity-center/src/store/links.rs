//! Who somebody at a provider is here. The first match makes a link, and a link is final: whoever gets a person's old name later is
//! somebody else.

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, values};
use crate::directory::fold;
use crate::federation::{Connection, Identity};
use crate::id::{ConnectionId, UserId};

/// A person who may be meant.
struct Candidate {
    user: UserId,
    external_id: Option<String>,
    active: bool,
}

impl Store {
    /// The person whom the connection's provider vouches for: the one who is linked, else the one with that `externalId`, else the one
    /// with that name. A person whom another connection provisioned, or who is linked to somebody else there, is nobody's match.
    ///
    /// Whether they may sign in is not looked at, but a person who may not is not linked.
    pub async fn identify(
        &self,
        connection: &Connection,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let (connection, identity) = (connection.clone(), identity.clone());
        let known = self.read({
            let (connection, identity) = (connection.clone(), identity.clone());
            move |tx| {
                let (connection, identity) = (connection.clone(), identity.clone());
                Box::pin(async move { linked(tx, &connection, &identity).await })
            }
        });
        if let Some(known) = known.await? {
            return Ok(Some(known));
        }
        self.write(move |tx| {
            let (connection, identity) = (connection.clone(), identity.clone());
            Box::pin(async move {
                let Some(found) = matched(tx, &connection, &identity).await? else {
                    return Ok(None);
                };
                link(tx, &connection, &identity, &found, now).await
            })
        })
        .await
    }

    /// The person whom [`Store::identify`] would find; nothing is linked.
    pub async fn would_identify(
        &self,
        connection: &Connection,
        identity: &Identity,
    ) -> Result<Option<UserId>, StoreError> {
        let (connection, identity) = (connection.clone(), identity.clone());
        self.read(move |tx| {
            let (connection, identity) = (connection.clone(), identity.clone());
            Box::pin(async move {
                if let Some(linked) = linked(tx, &connection, &identity).await? {
                    return Ok(Some(linked));
                }
                let Some(found) = matched(tx, &connection, &identity).await? else {
                    return Ok(None);
                };
                let taken = is_taken(tx, &connection, &found).await?;
                Ok((!taken).then_some(found.user))
            })
        })
        .await
    }

    /// Forgets who a person is at a connection: their next sign-in there is a first one. `false` if they were not linked.
    pub async fn unlink(
        &self,
        connection: ConnectionId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM links WHERE connection = $1 AND user_id = $2";
                let gone = tx.execute(sql, values![connection, user]).await? == 1;
                if gone {
                    let detail = json!({ "connection": connection });
                    audit::of_person(tx, user, "link.remove", detail, now).await?;
                }
                Ok(gone)
            })
        })
        .await
    }
}

async fn linked(
    tx: &mut Tx<'_>,
    connection: &Connection,
    identity: &Identity,
) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT user_id FROM links WHERE connection = $1 AND subject = $2";
    let key = values![connection.id, &identity.subject];
    let row = tx.row(sql, key).await?;
    row.map(|row| row.id(0)).transpose()
}

async fn matched(
    tx: &mut Tx<'_>,
    connection: &Connection,
    identity: &Identity,
) -> Result<Option<Candidate>, StoreError> {
    let by_id = one(tx, connection, "external_id", &identity.external_id);
    if let Some(found) = by_id.await? {
        return Ok(Some(found));
    }
    let Some(user_name) = &identity.user_name else {
        return Ok(None);
    };
    let by_name = one(tx, connection, "user_name_folded", &fold(user_name)).await?;
    let is_other = |found: &Candidate| {
        let external_id = found.external_id.as_deref();
        external_id.is_some_and(|known| identity.contradicts(connection.details.kind, known))
    };
    Ok(by_name.filter(|found| !is_other(found)))
}

/// The one person of the organisation of whom this is said, unless another connection provisioned them.
async fn one(
    tx: &mut Tx<'_>,
    connection: &Connection,
    column: &str,
    value: &str,
) -> Result<Option<Candidate>, StoreError> {
    let sql = format!(
        "SELECT u.id, u.external_id, u.active FROM users u \
         WHERE u.organization = $1 AND u.{column} = $2 AND (u.connection IS NULL OR u.connection = $3) LIMIT 2"
    );
    let row = values![&connection.organization, value, connection.id];
    let rows = tx.query(&sql, row).await?;
    let [row] = rows.as_slice() else {
        return Ok(None);
    };
    Ok(Some(Candidate {
        user: row.id(0)?,
        external_id: row.optional(1, Row::text)?.map(str::to_owned),
        active: row.truth(2)?,
    }))
}

async fn link(
    tx: &mut Tx<'_>,
    connection: &Connection,
    identity: &Identity,
    found: &Candidate,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    if !found.active && !is_taken(tx, connection, found).await? {
        return Ok(Some(found.user));
    }
    // Another instance may link in the same moment: one of the two wins, and both go by what it wrote.
    let sql = "INSERT INTO links (connection, subject, user_id, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let row = values![connection.id, &identity.subject, found.user, now];
    if tx.execute(sql, row).await? == 1 {
        let detail = json!({ "connection": connection.id, "subject": identity.subject });
        audit::of_person(tx, found.user, "link.add", detail, now).await?;
    }
    linked(tx, connection, identity).await
}

/// Whether the person has an identity at the connection already.
async fn is_taken(
    tx: &mut Tx<'_>,
    connection: &Connection,
    found: &Candidate,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM links WHERE connection = $1 AND user_id = $2";
    let key = values![connection.id, found.user];
    Ok(tx.row(sql, key).await?.is_some())
}
