//! Set-up links in the store.

use jiff::Timestamp;
use serde_json::json;

use super::directory::{self, insert};
use super::{Row, Store, StoreError, Tx, administrators, audit, passwords, sessions, values};
use crate::administrator::{Role, SetupRefusal};
use crate::audit::Deed;
use crate::directory::{Profile, User};
use crate::id::UserId;
use crate::secret::Digest;
use crate::session::Ended;
use crate::setup::SetupLink;

const COLUMNS: &str = "digest, organization, user_id, expires_at";

impl Store {
    /// Keeps a link that is offered. A person's earlier ones are good no more; nor are those of owners to be.
    pub async fn offer_setup(&self, link: SetupLink, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let link = link.clone();
            Box::pin(async move {
                let sql = "DELETE FROM setup_links WHERE expires_at <= $1";
                tx.execute(sql, values![now]).await?;
                match link.user {
                    Some(user) => forget_those_of(tx, user).await?,
                    None => {
                        let sql = "DELETE FROM setup_links WHERE organization = $1 AND user_id IS NULL";
                        tx.execute(sql, values![&link.organization]).await?;
                    }
                }
                let sql = "INSERT INTO setup_links (digest, organization, user_id, expires_at) VALUES ($1, $2, $3, $4)";
                tx.execute(sql, values![link.digest, &link.organization, link.user, link.expires_at]).await?;
                match link.user {
                    Some(user) => audit::of_person(tx, user, "setup_link.offer", json!({}), now).await,
                    None => {
                        let deed = Deed {
                            action: "setup_link.offer",
                            subject: "owner".to_owned(),
                            organization: Some(link.organization),
                            done: true,
                            detail: json!({}),
                        };
                        audit::append(tx, deed, now).await
                    }
                }
            })
        })
        .await
    }

    /// The link of this digest, unless its time is up.
    pub async fn setup_link(
        &self,
        link: Digest,
        now: Timestamp,
    ) -> Result<Option<SetupLink>, StoreError> {
        self.read(move |tx| Box::pin(async move { good(tx, link, "", now).await }))
            .await
    }

    /// The end of the link by which somebody may still become an owner.
    pub async fn owner_link_ends(
        &self,
        organization: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT expires_at FROM setup_links WHERE organization = $1 AND user_id IS NULL AND expires_at > $2";
                let row = tx.row(sql, values![&organization, now]).await?;
                row.map(|row| row.time(0)).transpose()
            })
        })
        .await
    }

    /// Sets a person up by a link, which is good no more then: their password, and where the link makes an owner, the owner.
    /// `profile` is who that will be; nobody asks for it where the link is a person's. What that person had open ends where a
    /// password is replaced.
    pub async fn set_up(
        &self,
        link: Digest,
        profile: Profile,
        hash: String,
        now: Timestamp,
    ) -> Result<Result<User, SetupRefusal>, StoreError> {
        self.write(move |tx| {
            let (profile, hash) = (profile.clone(), hash.clone());
            Box::pin(async move {
                let Some(link) = good(tx, link, "FOR UPDATE OF l", now).await? else {
                    return Ok(Err(SetupRefusal::Over));
                };
                let user = match link.user {
                    Some(user) => {
                        let sql = "SELECT 1 FROM passwords WHERE user_id = $1";
                        if tx.row(sql, values![user]).await?.is_some() {
                            sessions::end_all(tx, user, Ended::PasswordReset, now).await?;
                        }
                        directory::user(tx, user).await?
                    }
                    None => match insert(tx, &link.organization, profile, now).await? {
                        Ok(user) => {
                            let role = Some(Role::Owner);
                            administrators::set(tx, &link.organization, user.id, role, now).await?;
                            Some(user)
                        }
                        Err(refusal) => return Ok(Err(refusal.into())),
                    },
                };
                let Some(user) = user else {
                    return Ok(Err(SetupRefusal::Over));
                };
                let sql = "DELETE FROM setup_links WHERE digest = $1";
                tx.execute(sql, values![link.digest]).await?;
                passwords::set(tx, user.id, hash, now).await?;
                Ok(Ok(user))
            })
        })
        .await
    }
}

/// The links of this person are good no more.
pub(super) async fn forget_those_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    let sql = "DELETE FROM setup_links WHERE user_id = $1";
    tx.execute(sql, values![user]).await?;
    Ok(())
}

async fn good(
    tx: &mut Tx<'_>,
    link: Digest,
    lock: &str,
    now: Timestamp,
) -> Result<Option<SetupLink>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM setup_links l WHERE digest = $1 AND expires_at > $2 {lock}");
    let row = tx.row(sql.trim_end(), values![link, now]).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<SetupLink, StoreError> {
    Ok(SetupLink {
        digest: row.digest(0)?,
        organization: row.text(1)?.to_owned(),
        user: row.optional(2, Row::id)?,
        expires_at: row.time(3)?,
    })
}
