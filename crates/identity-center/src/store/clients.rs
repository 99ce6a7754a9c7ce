//! Applications in the store.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::json;

use super::value::among;
use super::{Row, Store, StoreError, Tx, audit, sessions, values};
use crate::client::{Client, Details, Wire};
use crate::id::GroupId;
use crate::session::Ended;

/// An application is seldom open to more groups.
const FEW: usize = 16;

pub(super) const COLUMNS: &str =
    "id, organization, wire, secret_digest, name, details, issued_at, expires_at";
static REGISTERED: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM clients WHERE id = $1"));

impl Store {
    /// Adds an application.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if there is one with its id.
    pub async fn add_client(&self, client: Client) -> Result<(), StoreError> {
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(insert(tx, client))
        })
        .await
    }

    /// Adds an application in place of the one with its id, if there is one. The sessions of that one go on.
    pub async fn put_client(&self, client: Client, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = "DELETE FROM clients WHERE id = $1";
                tx.execute(sql, values![&client.id]).await?;
                let (organization, id) = (client.organization.clone(), client.id.clone());
                let detail =
                    json!({ "name": client.name, "confidential": client.secret.is_some() });
                insert(tx, client).await?;
                match organization {
                    Some(of) => {
                        audit::of_organization(tx, &of, "application.set", &id, detail, now).await
                    }
                    None => Ok(()),
                }
            })
        })
        .await
    }

    /// Keeps an organisation's application as it is now, under this action in the audit log, and ends what people have there who are in
    /// none of its groups. Returns how many sessions lived; `None` if it is gone.
    ///
    /// At once, since nothing ends them later: whoever leaves a group loses what is open to that group then (see [`super::members`]).
    pub async fn change_client(
        &self,
        client: Client,
        action: &'static str,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = "UPDATE clients SET secret_digest = $3, name = $4, details = $5 WHERE id = $1 AND organization = $2";
                let of = client.organization.unwrap_or_default();
                let details = serde_json::to_value(&client.details).unwrap_or_default();
                let row = values![&client.id, &of, client.secret, &client.name, details.to_string()];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(None);
                }
                let closed = close(tx, &client.id, &client.details.groups, now).await?;
                let ended = closed.len() as u64;
                let closed = (closed, Ended::GroupLost);
                sessions::record_closed(tx, &of, &client.id, closed, &json!({}), now).await?;
                let detail = json!({ "name": client.name, "details": details, "sessions": ended });
                audit::of_organization(tx, &of, action, &client.id, detail, now).await?;
                Ok(Some(ended))
            })
        })
        .await
    }

    /// An organisation's applications that speak OpenID Connect, by name; its administration is none of them.
    pub async fn applications(&self, organization: &str) -> Result<Vec<Client>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let own = Client::id_of_administration(&organization);
                let sql = format!(
                    "SELECT {COLUMNS} FROM clients WHERE organization = $1 AND wire = 'oidc' AND id <> $2 ORDER BY name, id"
                );
                let rows = tx.query(&sql, values![organization, own]).await?;
                rows.iter().map(|row| read(row, 0)).collect()
            })
        })
        .await
    }

    /// Removes an application of an organisation, and ends what people had granted it. `None` if there is none; else how many
    /// sessions lived.
    pub async fn remove_application(
        &self,
        organization: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        let (organization, id) = (organization.to_owned(), id.to_owned());
        self.write(move |tx| {
            let (organization, id) = (organization.clone(), id.clone());
            Box::pin(async move {
                let sql = "SELECT name FROM clients WHERE id = $1 AND organization = $2 AND wire = 'oidc' AND id <> $3";
                let own = Client::id_of_administration(&organization);
                let Some(row) = tx.row(sql, values![&id, &organization, own]).await? else {
                    return Ok(None);
                };
                let name = row.text(0)?.to_owned();
                let sql = "SELECT id FROM sessions WHERE client_id = $1 AND state <> 'ended' ORDER BY id";
                let mut ended = 0;
                for row in tx.query(sql, values![&id]).await? {
                    sessions::end(tx, row.id(0)?, Ended::ByAdministrator, now).await?;
                    ended += 1;
                }
                tx.execute("DELETE FROM clients WHERE id = $1", values![&id]).await?;
                let detail = json!({ "name": name, "sessions": ended });
                audit::of_organization(tx, &organization, "application.remove", &id, detail, now).await?;
                Ok(Some(ended))
            })
        })
        .await
    }

    /// The application of this id, unless its registration has ended.
    pub async fn client(&self, id: &str, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let row = self.look_up(&REGISTERED, values![id]).await?;
        let client = row.as_ref().map(|row| read(row, 0)).transpose()?;
        Ok(client.filter(|client| client.is_registered(now)))
    }

    /// Forgets the registrations that ended before `now`, and returns how many.
    pub async fn forget_expired_clients(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM clients WHERE expires_at < $1", values![now])
                    .await
            })
        })
        .await
    }
}

/// Ends what people in none of these groups have at an application. Its row is held: nothing is granted, and no group is left, by what
/// it was before.
async fn close(
    tx: &mut Tx<'_>,
    id: &str,
    groups: &[GroupId],
    now: Timestamp,
) -> Result<Vec<sessions::Closed>, StoreError> {
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = values![id].to_vec();
    let these = among(&mut values, "m.group_id", groups, FEW);
    let sql = format!(
        "SELECT s.id, s.user_id, s.client_id FROM sessions s WHERE s.client_id = $1 AND s.state <> 'ended' \
         AND NOT EXISTS (SELECT 1 FROM members m WHERE m.user_id = s.user_id AND {these}) ORDER BY s.id"
    );
    let mut opened = Vec::new();
    for row in tx.query(&sql, &values).await? {
        opened.push((row.id(0)?, row.id(1)?, row.text(2)?.to_owned()));
    }
    let all: Vec<_> = opened.iter().map(|(session, ..)| *session).collect();
    let ended = sessions::end_several(tx, &all, Ended::GroupLost, now).await?;
    opened.retain(|(session, ..)| ended.contains(session));
    Ok(opened)
}

/// The groups that an application is open to, if there is such an application. It stays as it is until this transaction ends.
pub(super) async fn open_to(tx: &mut Tx<'_>, id: &str) -> Result<Option<Vec<GroupId>>, StoreError> {
    let sql = "SELECT c.details FROM clients c WHERE c.id = $1 FOR SHARE OF c";
    let Some(row) = tx.row(sql, values![id]).await? else {
        return Ok(None);
    };
    Ok(Some(row.json::<Details>(0)?.groups))
}

pub(super) async fn insert(tx: &mut Tx<'_>, client: Client) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO clients ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let wire = serde_json::to_value(client.wire).unwrap_or_default();
    let row = values![
        client.id,
        client.organization,
        wire.as_str().unwrap_or_default(),
        client.secret,
        client.name,
        serde_json::to_string(&client.details).unwrap_or_default(),
        client.issued_at,
        client.expires_at,
    ];
    tx.execute(&sql, row).await?;
    Ok(())
}

/// The application whose [`COLUMNS`] begin there.
pub(super) fn read(row: &Row, at: usize) -> Result<Client, StoreError> {
    let wire = match row.text(at + 2)? {
        "aws" => Wire::Aws,
        "oidc" => Wire::Oidc,
        other => return Err(StoreError::Corrupt(format!("a client speaks {other}"))),
    };
    Ok(Client {
        id: row.text(at)?.to_owned(),
        organization: row.optional(at + 1, Row::text)?.map(str::to_owned),
        wire,
        secret: row.optional(at + 3, Row::digest)?,
        name: row.text(at + 4)?.to_owned(),
        details: row.json(at + 5)?,
        issued_at: row.time(at + 6)?,
        expires_at: row.optional(at + 7, Row::time)?,
    })
}
