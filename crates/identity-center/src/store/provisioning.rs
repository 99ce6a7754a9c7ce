//! Connections that provision, and their tokens, in the store. A token is kept as its digest.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use kiro_scim::Manner;
use serde_json::json;

use super::members::TOGETHER;
use super::value::among;
use super::{Row, Store, StoreError, Tx, audit, values};
use crate::audit::{By, Entry};
use crate::figures::Happened;
use crate::id::{ConnectionId, ScimTokenId, UserId};
use crate::provisioning::{
    Admitted, Leavers, Leaving, Provisioner, ProvisioningRefusal, ScimToken, TOKEN_LIFETIME,
    TOKENS, Undone, actor, end_in_use, manner, word,
};
use crate::secret::Digest;

const COLUMNS: &str = "p.id, p.organization, p.name, p.manner, p.last_push_at, p.left_since, p.left_until, p.left_count, p.left_of";
/// Of [`COLUMNS`]: where it says who left.
const LEFT_AT: usize = 5;
const TOKEN_AT: usize = 9;
const TOKEN: &str = "t.id, t.created_at, t.expires_at, t.last_used_at";
static ADMITTED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS}, {TOKEN} FROM scim_tokens t JOIN provisioners p ON p.id = t.provisioner WHERE t.digest = $1"
    )
});
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

    /// When the first connection that has tokens will have no good one in use any more.
    pub async fn first_scim_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let ends = self.scim_ends().await?;
        Ok(ends.into_iter().map(|(_, ends)| ends).min())
    }

    /// The connections that have tokens, and when the one of each ends that is in use.
    pub async fn scim_ends(&self) -> Result<Vec<(Provisioner, Timestamp)>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql =
                    format!("SELECT {COLUMNS} FROM provisioners p ORDER BY p.organization, p.name");
                let mut all = Vec::new();
                for row in tx.query(&sql, &[]).await? {
                    let of = read(&row)?;
                    let tokens = tokens(tx, of.id).await?;
                    let tokens = tokens
                        .iter()
                        .map(|token| (token.last_used_at, token.expires_at));
                    all.extend(end_in_use(tokens).map(|ends| (of, ends)));
                }
                Ok(all)
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

    /// The connection whose token this is. That a good one was used is kept, to the minute; its first use is in the audit log.
    pub async fn admit_provisioner(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Admitted, StoreError> {
        let Some(row) = self.look_up(&ADMITTED, values![digest]).await? else {
            return Ok(Admitted::No);
        };
        let (of, token) = (read(&row)?, read_token(&row, TOKEN_AT)?);
        if token.expires_at <= now {
            return Ok(Admitted::Ended(of));
        }
        if token.last_used_at.is_none_or(|last| now - EXACT >= last) {
            self.scim_token_used(of.clone(), token, now).await?;
        }
        Ok(Admitted::Yes(of))
    }

    async fn scim_token_used(
        &self,
        of: Provisioner,
        token: ScimToken,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let by = By {
            actor: Some(of.actor()),
            ..By::current().as_ref().clone()
        };
        by.doing(self.write(move |tx| {
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
        }))
        .await
    }

    /// Stops a connection's provisioning: its tokens are good no more. Its people stay: whoever signs in at the identity provider of this
    /// connection still does, and without one they are the administrator's.
    pub async fn remove_provisioner(
        &self,
        of: &Provisioner,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = of.clone();
        self.write(move |tx| {
            let of = of.clone();
            Box::pin(async move {
                let Left { users, groups } = remove(tx, of.id, now).await?;
                let detail = json!({ "users": users, "groups": groups });
                audit::of_organization(tx, &of.organization, "scim.remove", &of.name, detail, now)
                    .await
            })
        })
        .await
    }

    /// Takes the last event back: who was deactivated in it may sign in again. What had ended stays ended.
    pub async fn undo_leaving(&self, of: &Provisioner, now: Timestamp) -> Decided<Undone> {
        let id = of.id;
        self.write(move |tx| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM provisioners p WHERE p.id = $1 FOR UPDATE OF p");
                let Some(row) = tx.row(&sql, values![id]).await? else {
                    return Ok(Err(ProvisioningRefusal::NoConnection));
                };
                let of = read(&row)?;
                let Some(event) = of.leaving else {
                    return Ok(Err(ProvisioningRefusal::NoEvent));
                };
                let sql = "SELECT u.id, u.user_name FROM users u WHERE u.connection = $1 AND u.active = 0 AND u.deactivated_at >= $2 \
                           AND u.deactivated_at <= $3 ORDER BY u.id FOR UPDATE OF u";
                let people = tx.query(sql, values![id, event.since, event.until]).await?;
                let ids = people.iter().map(|row| row.id(0)).collect::<Result<Vec<UserId>, _>>()?;
                for some in ids.chunks(TOGETHER) {
                    let mut values = values![now].to_vec();
                    let these = among(&mut values, "id", some, TOGETHER);
                    let sql = format!(
                        "UPDATE users SET active = 1, deactivated_at = NULL, modified_at = $1, version = version + 1 WHERE {these}"
                    );
                    tx.execute(&sql, &values).await?;
                }
                for row in &people {
                    let (organization, detail) = (&of.organization, json!({ "undo": true }));
                    audit::of_organization(tx, organization, "user.reactivate", row.text(1)?, detail, now).await?;
                }
                let sql = "UPDATE provisioners SET left_count = 0, alerted = 0, left_lately = '[]' WHERE id = $1";
                tx.execute(sql, values![id]).await?;
                let reactivated = u64::try_from(people.len()).unwrap_or(u64::MAX);
                let undone = Undone {
                    reactivated,
                    gone: u64::from(event.count).saturating_sub(reactivated),
                };
                let detail = json!({ "reactivated": undone.reactivated, "gone": undone.gone });
                audit::of_organization(tx, &of.organization, "scim.undo", &of.name, detail, now).await?;
                Ok(Ok(undone))
            })
        })
        .await
    }

    /// What was done and refused through a connection: behind the entry `after` the oldest first, or without the newest first.
    pub async fn provisioning_log(
        &self,
        organization: &str,
        name: &str,
        after: Option<i64>,
        most: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let (organization, actor) = (organization.to_owned(), actor(name));
        self.read(move |tx| {
            let (organization, actor) = (organization.clone(), actor.clone());
            Box::pin(async move { audit::of_actor(tx, &organization, &actor, after, most).await })
        })
        .await
    }

    /// How often a connection was refused since.
    pub async fn provisioning_refusals(
        &self,
        of: &Provisioner,
        since: Timestamp,
    ) -> Result<u64, StoreError> {
        let (organization, actor) = (of.organization.clone(), of.actor());
        self.read(move |tx| {
            let (organization, actor) = (organization.clone(), actor.clone());
            Box::pin(async move {
                let sql = "SELECT COUNT(*) FROM audit WHERE organization = $1 AND actor = $2 AND outcome = 'refused' AND at >= $3";
                let row = tx.row(sql, values![organization, actor, since]).await?;
                let count = row.map_or(Ok(0), |row| row.integer(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            })
        })
        .await
    }
}

/// Somebody was deactivated or removed through it. What is unusual is said once, in the log and in the audit log.
pub(super) async fn left(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT p.left_since, p.left_until, p.left_count, p.left_of, p.alerted, p.left_lately FROM provisioners p \
               WHERE p.id = $1 FOR UPDATE OF p";
    let Some(row) = tx.row(sql, values![by.id]).await? else {
        return Ok(());
    };
    let mut leavers = Leavers {
        event: read_leaving(&row, 0)?,
        alerted: row.truth(4)?,
        lately: row.json(5)?,
    };
    let mut of = 0;
    if leavers.begins(now) {
        let sql = "SELECT COUNT(*) FROM users WHERE connection = $1 AND active = 1";
        let people = tx.row(sql, values![by.id]).await?;
        // This one is not among them any more.
        of = people.map_or(Ok(0), |row| row.count(0))? + 1;
    }
    let tell = leavers.another(now, of);
    let Some(event) = leavers.event else {
        return Ok(());
    };
    if tell {
        tracing::warn!(connection = %by.name, organization = %by.organization, people = event.count, of = event.of,
            "unusually many people leave by SCIM: `admin scim undo` takes it back");
        tx.happened(Happened::UnusualLeaving);
        let detail = json!({ "since": event.since, "people": event.count, "of": event.of });
        audit::of_organization(tx, &by.organization, "scim.alert", &by.name, detail, now).await?;
    }
    let sql = "UPDATE provisioners SET left_since = $2, left_until = $3, left_count = $4, left_of = $5, alerted = $6, left_lately = $7 \
               WHERE id = $1";
    let row = values![
        by.id,
        event.since,
        event.until,
        event.count,
        event.of,
        leavers.alerted,
        json!(leavers.lately).to_string(),
    ];
    tx.execute(sql, row).await?;
    Ok(())
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

/// Who and what became the administrator's, for nobody provisions them any more.
pub(super) struct Left {
    pub(super) users: u64,
    pub(super) groups: u64,
}

/// Ends what provisions through a connection. Once the identity provider's connection is gone as well, people and groups are the
/// administrator's: another provider may find them by name, another connection take them over. `externalId` was the client's word for
/// them (RFC 7643 §3.1) and means nothing after it: another provider's person may have the same.
pub(super) async fn remove(
    tx: &mut Tx<'_>,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<Left, StoreError> {
    for sql in [
        "DELETE FROM scim_tokens WHERE provisioner = $1",
        "DELETE FROM provisioners WHERE id = $1",
    ] {
        tx.execute(sql, values![connection]).await?;
    }
    let mut left = Left {
        users: 0,
        groups: 0,
    };
    let sql = "SELECT 1 FROM connections WHERE id = $1";
    if tx.row(sql, values![connection]).await?.is_none() {
        let sql = "UPDATE users SET connection = NULL, external_id = NULL, modified_at = $2, version = version + 1 WHERE connection = $1";
        left.users = tx.execute(sql, values![connection, now]).await?;
        let sql = "UPDATE groups SET connection = NULL, external_id = NULL, modified_at = $2, version = version + 1 WHERE connection = $1";
        left.groups = tx.execute(sql, values![connection, now]).await?;
    }
    Ok(left)
}

/// What a connection may take over, of the table `r`: what nobody provisions.
pub(super) const TO_HAND_OVER: &str = "(r.connection IS NULL OR r.connection = $2 \
     OR NOT EXISTS (SELECT 1 FROM provisioners p WHERE p.id = r.connection))";

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
        leaving: read_leaving(row, LEFT_AT)?,
    })
}

fn read_leaving(row: &Row, at: usize) -> Result<Option<Leaving>, StoreError> {
    let leaving = Leaving {
        since: row.time(at)?,
        until: row.time(at + 1)?,
        count: row.count(at + 2)?,
        of: row.count(at + 3)?,
    };
    Ok((leaving.count > 0).then_some(leaving))
}

fn read_token(row: &Row, at: usize) -> Result<ScimToken, StoreError> {
    Ok(ScimToken {
        id: row.id(at)?,
        created_at: row.time(at + 1)?,
        expires_at: row.time(at + 2)?,
        last_used_at: row.optional(at + 3, Row::time)?,
    })
}
