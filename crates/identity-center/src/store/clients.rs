//! Applications in the store.

use jiff::Timestamp;

use super::{Row, Store, StoreError, Tx, values};
use crate::client::{Client, Wire};

const COLUMNS: &str = "id, organization, wire, secret_digest, name, details, issued_at, expires_at";

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
    pub async fn put_client(&self, client: Client) -> Result<(), StoreError> {
        self.write(move |tx| {
            let client = client.clone();
            Box::pin(async move {
                let sql = "DELETE FROM clients WHERE id = $1";
                tx.execute(sql, values![&client.id]).await?;
                insert(tx, client).await
            })
        })
        .await
    }

    /// The application of this id, unless its registration has ended.
    pub async fn client(&self, id: &str, now: Timestamp) -> Result<Option<Client>, StoreError> {
        let id = id.to_owned();
        let found = self
            .read(move |tx| {
                let id = id.clone();
                Box::pin(async move {
                    let sql = format!("SELECT {COLUMNS} FROM clients WHERE id = $1");
                    tx.row(&sql, values![id])
                        .await?
                        .map(|row| read(&row))
                        .transpose()
                })
            })
            .await?;
        Ok(found.filter(|client| client.expires_at.is_none_or(|end| now < end)))
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

async fn insert(tx: &mut Tx<'_>, client: Client) -> Result<(), StoreError> {
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

fn read(row: &Row) -> Result<Client, StoreError> {
    let wire = match row.text(2)? {
        "aws" => Wire::Aws,
        "oidc" => Wire::Oidc,
        other => return Err(StoreError::Corrupt(format!("a client speaks {other}"))),
    };
    Ok(Client {
        id: row.text(0)?.to_owned(),
        organization: row.optional(1, Row::text)?.map(str::to_owned),
        wire,
        secret: row.optional(3, Row::digest)?,
        name: row.text(4)?.to_owned(),
        details: row.json(5)?,
        issued_at: row.time(6)?,
        expires_at: row.optional(7, Row::time)?,
    })
}
