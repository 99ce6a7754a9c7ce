//! Connections to identity providers in the store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, authorizations, provisioning, sessions, values};
use crate::federation::{Connection, ConnectionRefusal};
use crate::id::ConnectionId;
use crate::session::Ended;

impl Store {
    /// Keeps a connection, in place of the one with its id.
    pub async fn keep_connection(
        &self,
        connection: Connection,
        now: Timestamp,
    ) -> Result<Result<(), ConnectionRefusal>, StoreError> {
        self.write(move |tx| {
            let connection = connection.clone();
            Box::pin(async move {
                match refusal(tx, &connection).await? {
                    Some(refusal) => Ok(Err(refusal)),
                    None => {
                        keep(tx, &connection, now).await?;
                        noted(tx, &connection, "connection.set", now).await.map(Ok)
                    }
                }
            })
        })
        .await
    }

    /// The connections of an organisation, or of all, by name.
    pub async fn connections(
        &self,
        organization: Option<&str>,
    ) -> Result<Vec<Connection>, StoreError> {
        let organization = organization.map(str::to_owned);
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let (filter, value) = match organization {
                    Some(name) => ("WHERE c.organization = $1", vec![name.into()]),
                    None => ("", vec![]),
                };
                select(tx, filter, &value).await
            })
        })
        .await
    }

    /// The connection of this id.
    pub async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let mut found = select(tx, "WHERE c.id = $1", values![id]).await?;
                Ok(found.pop())
            })
        })
        .await
    }

    /// When somebody last came through each connection of an organisation, to the minute; none of those that nobody did.
    pub async fn last_sign_ins(
        &self,
        organization: &str,
    ) -> Result<BTreeMap<ConnectionId, Timestamp>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT id, last_sign_in_at FROM connections WHERE organization = $1 AND last_sign_in_at IS NOT NULL";
                let rows = tx.query(sql, values![organization]).await?;
                rows.iter().map(|row| Ok((row.id(0)?, row.time(1)?))).collect()
            })
        })
        .await
    }

    /// Sends people there, or no more. What applications were granted before goes on; nothing more is granted to who came through it
    /// while it is off ([`authorizations::may`]). `false` if there is no such connection.
    pub async fn set_connection_active(
        &self,
        id: ConnectionId,
        active: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE connections SET active = $2, modified_at = $3 WHERE id = $1";
                if tx.execute(sql, values![id, active, now]).await? == 0 {
                    return Ok(false);
                }
                let action = if active {
                    "connection.activate"
                } else {
                    "connection.deactivate"
                };
                noted_by_id(tx, id, action, now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Ends everything that began with a sign-in at this connection: sessions, codes, browsers, device codes that wait, sign-ins under
    /// way. Returns how many sessions lived; `None` if there is no such connection.
    pub async fn end_sessions_through(
        &self,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some(connection) = select(tx, "WHERE c.id = $1", values![id]).await?.pop()
                else {
                    return Ok(None);
                };
                authorizations::forget_those_through(tx, id).await?;
                let sql = "DELETE FROM browser_sessions WHERE authentication LIKE $1";
                let browsers = tx.execute(sql, values![mentioned(id)]).await?;
                let sql = "SELECT s.id, s.user_id, s.client_id FROM sessions s WHERE s.authentication LIKE $1 AND s.state <> 'ended'";
                let mut opened = Vec::new();
                for row in tx.query(sql, values![mentioned(id)]).await? {
                    opened.push((row.id(0)?, row.id(1)?, row.text(2)?.to_owned()));
                }
                let because = Ended::ByAdministrator;
                let all: Vec<_> = opened.iter().map(|(session, ..)| *session).collect();
                let ended = sessions::end_several(tx, &all, because, now).await?;
                opened.retain(|(session, ..)| ended.contains(session));
                let (organization, name) = (&connection.organization, &connection.name);
                let of = json!({ "connection": id });
                sessions::record_closed(tx, organization, name, (opened, because), &of, now)
                    .await?;
                let detail =
                    json!({ "connection": id, "sessions": ended.len(), "browsers": browsers });
                let action = "connection.end_sessions";
                audit::of_organization(tx, organization, action, name, detail, now).await?;
                Ok(Some(ended.len() as u64))
            })
        })
        .await
    }

    /// Removes a connection, and who its people are here. `false` if there is none.
    pub async fn remove_connection(
        &self,
        id: ConnectionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                noted_by_id(tx, id, "connection.remove", now).await?;
                for table in ["links", "realms", "trials"] {
                    let sql = format!("DELETE FROM {table} WHERE connection = $1");
                    tx.execute(&sql, values![id]).await?;
                }
                let sql = "DELETE FROM connections WHERE id = $1";
                let gone = tx.execute(sql, values![id]).await? == 1;
                provisioning::remove(tx, id, now).await?;
                Ok(gone)
            })
        })
        .await
    }
}

/// Whether people are sent there now; `lock` as SQL has it.
pub(super) async fn is_active(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    lock: &str,
) -> Result<bool, StoreError> {
    let sql = format!("SELECT c.active FROM connections c WHERE c.id = $1{lock}");
    let row = tx.row(&sql, values![id]).await?;
    row.map_or(Ok(false), |row| row.truth(0))
}

/// What JSON that names this connection is like: an [`crate::session::Authentication`], or a sign-in's progress. Quotes within a text
/// are escaped there.
pub(super) fn mentioned(id: ConnectionId) -> String {
    format!("%\"connection\":\"{id}\"%")
}

async fn noted_by_id(
    tx: &mut Tx<'_>,
    id: ConnectionId,
    action: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    match select(tx, "WHERE c.id = $1", values![id]).await?.pop() {
        Some(connection) => noted(tx, &connection, action, now).await,
        None => Ok(()),
    }
}

async fn noted(
    tx: &mut Tx<'_>,
    connection: &Connection,
    action: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let detail = json!({
        "connection": connection.id,
        "issuer": connection.details.issuer.as_str(),
        "domains": connection.domains,
        "active": connection.active,
    });
    audit::of_organization(
        tx,
        &connection.organization,
        action,
        &connection.name,
        detail,
        now,
    )
    .await
}

async fn refusal(
    tx: &mut Tx<'_>,
    connection: &Connection,
) -> Result<Option<ConnectionRefusal>, StoreError> {
    let (id, organization) = (connection.id, &connection.organization);
    let sql = "SELECT 1 FROM organizations WHERE name = $1";
    if tx.row(sql, values![organization]).await?.is_none() {
        return Ok(Some(ConnectionRefusal::NoOrganization));
    }
    let sql = "SELECT 1 FROM connections WHERE organization = $1 AND name = $2 AND id <> $3";
    let row = values![organization, &connection.name, id];
    if tx.row(sql, row).await?.is_some() {
        return Ok(Some(ConnectionRefusal::Taken));
    }
    for domain in &connection.domains {
        let sql = "SELECT 1 FROM realms WHERE domain = $1 AND connection <> $2";
        if tx.row(sql, values![domain, id]).await?.is_some() {
            return Ok(Some(ConnectionRefusal::DomainTaken(domain.clone())));
        }
    }
    Ok(None)
}

async fn keep(tx: &mut Tx<'_>, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO connections (id, organization, name, details, sealed, active, created_at, modified_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO UPDATE SET details = excluded.details, \
               sealed = excluded.sealed, active = excluded.active, modified_at = excluded.modified_at";
    let details = serde_json::to_string(&connection.details)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let row = values![
        connection.id,
        &connection.organization,
        &connection.name,
        details,
        connection.sealed.clone(),
        connection.active,
        now,
    ];
    tx.execute(sql, row).await?;
    let sql = "DELETE FROM realms WHERE connection = $1";
    tx.execute(sql, values![connection.id]).await?;
    for domain in &connection.domains {
        let sql = "INSERT INTO realms (domain, connection) VALUES ($1, $2)";
        tx.execute(sql, values![domain, connection.id]).await?;
    }
    Ok(())
}

async fn select(
    tx: &mut Tx<'_>,
    filter: &str,
    values: &[super::Value],
) -> Result<Vec<Connection>, StoreError> {
    let sql = format!(
        "SELECT r.connection, r.domain FROM realms r JOIN connections c ON c.id = r.connection {filter} ORDER BY r.domain"
    );
    let mut domains: BTreeMap<ConnectionId, Vec<String>> = BTreeMap::new();
    for row in tx.query(&sql, values).await? {
        let of = domains.entry(row.id(0)?).or_default();
        of.push(row.text(1)?.to_owned());
    }
    let sql = format!(
        "SELECT c.id, c.organization, c.name, c.details, c.active, c.sealed FROM connections c {filter} ORDER BY c.organization, c.name"
    );
    let rows = tx.query(&sql, values).await?;
    rows.iter().map(|row| read(row, &mut domains)).collect()
}

fn read(
    row: &Row,
    domains: &mut BTreeMap<ConnectionId, Vec<String>>,
) -> Result<Connection, StoreError> {
    let id = row.id(0)?;
    Ok(Connection {
        id,
        organization: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        details: row.json(3)?,
        domains: domains.remove(&id).unwrap_or_default(),
        active: row.truth(4)?,
        sealed: row.bytes(5)?.to_vec(),
    })
}
