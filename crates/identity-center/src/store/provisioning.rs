//! Connections that provision, and their tokens, in the store. A token is kept as its digest.

use jiff::{SignedDuration, Timestamp};
use kiro_scim::Manner;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, values};
use crate::id::{ConnectionId, ScimTokenId};
use crate::provisioning::{
    Provisioner, ProvisioningRefusal, ScimToken, TOKEN_LIFETIME, TOKENS, manner, word,
};
use crate::secret::Digest;

const COLUMNS: &str = "p.id, p.organization, p.name, p.manner, p.last_push_at";
const TOKEN: &str = "t.id, t.created_at, t.expires_at, t.last_used_at";
/// How exactly it is kept when something was last used.
const EXACT: SignedDuration = SignedDuration::from_mins(1);

type Decided<T> = Result<Result<T, ProvisioningRefusal>, StoreError>;

impl Store {
    /// Lets a connection provision, or changes its manner. Its id is that of the identity provider's connection of this name, where
    /// there is one.
    pub async fn keep_provisioner(
        &self,
        organization: &str,
        name: &str,
        manner: Manner,
        now: Timestamp,
    ) -> Result<Provisioner, StoreError> {
        let (organization, name) = (organization.to_owned(), name.to_owned());
        self.write(move |tx| {
            let (organization, name) = (organization.clone(), name.clone());
            Box::pin(async move {
                let sql = "SELECT id FROM connections WHERE organization = $1 AND name = $2";
                let connection = tx.row(sql, values![&organization, &name]).await?;
                let id = match connection {
                    Some(row) => row.id(0)?,
                    None => ConnectionId::random(),
                };
                let sql = "INSERT INTO provisioners (id, organization, name, manner, created_at) VALUES ($1, $2, $3, $4, $5) \
                           ON CONFLICT (organization, name) DO UPDATE SET manner = excluded.manner";
                tx.execute(sql, values![id, &organization, &name, word(manner), now]).await?;
                let detail = json!({ "manner": word(manner) });
                audit::of_organization(tx, &organization, "scim.set", &name, detail, now).await?;
                let kept = named(tx, &organization, &name).await?;
                kept.ok_or_else(|| StoreError::Corrupt("a connection that was just kept".to_owned()))
            })
        })
        .await
    }

    /// The connections that provision an organisation, by name.
    pub async fn provisioners(&self, organization: &str) -> Result<Vec<Provisioner>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM provisioners p WHERE p.organization = $1 ORDER BY p.name"
                );
                let rows = tx.query(&sql, values![organization]).await?;
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// The connection that provisions, of this name.
    pub async fn provisioner(
        &self,
        organization: &str,
        name: &str,
    ) -> Result<Option<Provisioner>, StoreError> {
        let (organization, name) = (organization.to_owned(), name.to_owned());
        self.read(move |tx| {
            let (organization, name) = (organization.clone(), name.clone());
            Box::pin(async move { named(tx, &organization, &name).await })
        })
        .await
    }

    /// Keeps a token's digest. A connection has two at most that have not ended.
    pub async fn add_scim_token(
        &self,
        provisioner: ConnectionId,
        digest: Digest,
        now: Timestamp,
    ) -> Decided<ScimToken> {
        self.write(move |tx| {
            Box::pin(async move {
                // Locked: two administrators do not make a third one together.
                let sql = format!("SELECT {COLUMNS} FROM provisioners p WHERE p.id = $1 FOR UPDATE OF p");
                let Some(row) = tx.row(&sql, values![provisioner]).await? else {
                    return Ok(Err(ProvisioningRefusal::NoConnection));
                };
                let of = read(&row)?;
                let sql = "DELETE FROM scim_tokens WHERE provisioner = $1 AND expires_at <= $2";
                tx.execute(sql, values![provisioner, now]).await?;
                if tokens(tx, provisioner).await?.len() >= TOKENS {
                    return Ok(Err(ProvisioningRefusal::TwoTokens));
                }
                let token = ScimToken {
                    id: ScimTokenId::random(),
                    created_at: now,
                    expires_at: now + TOKEN_LIFETIME,
                    last_used_at: None,
                };
                let sql = "INSERT INTO scim_tokens (digest, id, provisioner, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
                tx.execute(sql, values![digest, token.id, provisioner, now, token.expires_at]).await?;
                let detail = json!({ "token": token.id, "expires_at": token.expires_at });
                audit::of_organization(tx, &of.organization, "scim.token.add", &of.name, detail, now).await?;
                Ok(Ok(token))
            })
        })
        .await
    }

    /// A connection's tokens, the oldest first.
    pub async fn scim_tokens(
        &self,
        provisioner: ConnectionId,
    ) -> Result<Vec<ScimToken>, StoreError> {
        self.read(move |tx| Box::pin(async move { tokens(tx, provisioner).await }))
            .await
    }

    /// A token is good no more.
    pub async fn revoke_scim_token(
        &self,
        of: &Provisioner,
        token: ScimTokenId,
        now: Timestamp,
    ) -> Decided<()> {
        let of = of.clone();
        self.write(move |tx| {
            let of = of.clone();
            Box::pin(async move {
                let sql = "DELETE FROM scim_tokens WHERE provisioner = $1 AND id = $2";
                if tx.execute(sql, values![of.id, token]).await? == 0 {
                    return Ok(Err(ProvisioningRefusal::NoToken));
                }
                let detail = json!({ "token": token });
                audit::of_organization(
                    tx,
                    &of.organization,
                    "scim.token.revoke",
                    &of.name,
                    detail,
                    now,
                )
                .await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// The connection whose token this is, if it is good. That it was used is kept, to the minute; its first use is in the audit log.
    pub async fn admit_provisioner(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<Provisioner>, StoreError> {
        let found = self
            .read(move |tx| {
                Box::pin(async move {
                    let sql = format!(
                        "SELECT {COLUMNS}, {TOKEN} FROM scim_tokens t JOIN provisioners p ON p.id = t.provisioner WHERE t.digest = $1"
                    );
                    let Some(row) = tx.row(&sql, values![digest]).await? else {
                        return Ok(None);
                    };
                    Ok(Some((read(&row)?, read_token(&row, 5)?)))
                })
            })
            .await?;
        let Some((of, token)) = found.filter(|(_, token)| now < token.expires_at) else {
            return Ok(None);
        };
        if token.last_used_at.is_none_or(|last| now - EXACT >= last) {
            self.scim_token_used(of.clone(), token, now).await?;
        }
        Ok(Some(of))
    }

    async fn scim_token_used(
        &self,
        of: Provisioner,
        token: ScimToken,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let of = of.clone();
            Box::pin(async move {
                let sql = "UPDATE scim_tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at IS NULL";
                if tx.execute(sql, values![token.id, now]).await? == 1 {
                    let detail = json!({ "token": token.id });
                    return audit::of_organization(tx, &of.organization, "scim.connect", &of.name, detail, now).await;
                }
                let sql = "UPDATE scim_tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2";
                tx.execute(sql, values![token.id, now]).await?;
                Ok(())
            })
        })
        .await
    }
}

/// Something changed through it.
pub(super) async fn pushed(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    now: Timestamp,
) -> Result<(), StoreError> {
    if by.last_push_at.is_none_or(|last| now - EXACT >= last) {
        let sql = "UPDATE provisioners SET last_push_at = $2 WHERE id = $1";
        tx.execute(sql, values![by.id, now]).await?;
    }
    Ok(())
}

/// With an identity provider's connection goes what provisions through it; the people stay.
pub(super) async fn remove(tx: &mut Tx<'_>, connection: ConnectionId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM scim_tokens WHERE provisioner = $1",
        "DELETE FROM provisioners WHERE id = $1",
    ] {
        tx.execute(sql, values![connection]).await?;
    }
    Ok(())
}

async fn named(
    tx: &mut Tx<'_>,
    organization: &str,
    name: &str,
) -> Result<Option<Provisioner>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM provisioners p WHERE p.organization = $1 AND p.name = $2");
    let row = tx.row(&sql, values![organization, name]).await?;
    row.as_ref().map(read).transpose()
}

async fn tokens(tx: &mut Tx<'_>, provisioner: ConnectionId) -> Result<Vec<ScimToken>, StoreError> {
    let sql = format!(
        "SELECT {TOKEN} FROM scim_tokens t WHERE t.provisioner = $1 ORDER BY t.created_at, t.id"
    );
    let rows = tx.query(&sql, values![provisioner]).await?;
    rows.iter().map(|row| read_token(row, 0)).collect()
}

fn read(row: &Row) -> Result<Provisioner, StoreError> {
    let manner = manner(row.text(3)?);
    Ok(Provisioner {
        id: row.id(0)?,
        organization: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        manner: manner.ok_or_else(|| StoreError::Corrupt("a manner".to_owned()))?,
        last_push_at: row.optional(4, Row::time)?,
    })
}

fn read_token(row: &Row, at: usize) -> Result<ScimToken, StoreError> {
    Ok(ScimToken {
        id: row.id(at)?,
        created_at: row.time(at + 1)?,
        expires_at: row.time(at + 2)?,
        last_used_at: row.optional(at + 3, Row::time)?,
    })
}
