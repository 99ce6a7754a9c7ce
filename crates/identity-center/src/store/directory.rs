//! Organisations and people in the store.

use jiff::Timestamp;

use serde_json::json;

use super::{
    Row, Store, StoreError, Tx, administrators, audit, clients, groups, provisioned, sessions,
    values,
};
use crate::client::Client;
use crate::directory::{DirectoryRefusal, Organization, Profile, User, fold, name};
use crate::id::UserId;
use crate::session::Ended;

pub(super) const COLUMNS: &str = "u.id, u.organization, u.user_name, u.display_name, u.given_name, u.family_name, u.email, u.external_id, \
                       u.connection, u.active, u.created_at, u.modified_at, u.version";

/// How many there are of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// People who may sign in.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Sessions that live.
    pub sessions: u64,
}

type Decided<T> = Result<Result<T, DirectoryRefusal>, StoreError>;

impl Store {
    /// Makes an organisation.
    pub async fn create_organization(
        &self,
        organization: Organization,
        now: Timestamp,
    ) -> Decided<()> {
        if let Err(wrong) = name(&organization.name) {
            return Ok(Err(wrong.into()));
        }
        self.write(move |tx| {
            let made = organization.clone();
            Box::pin(async move {
                let sql = "INSERT INTO organizations (name, title, contact, second_factor, created_at) VALUES ($1, $2, $3, $4, $5) \
                           ON CONFLICT DO NOTHING";
                let row = values![&made.name, &made.title, made.contact, made.second_factor, now];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(Err(DirectoryRefusal::Taken));
                }
                clients::insert(tx, Client::of_administration(&made.name, now)).await?;
                audit::of_organization(tx, &made.name, "organization.create", &made.title, json!({}), now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// The organisation of this name.
    pub async fn organization(&self, name: &str) -> Result<Option<Organization>, StoreError> {
        let name = name.to_owned();
        self.read(move |tx| {
            let name = name.clone();
            Box::pin(async move { organization(tx, &name).await })
        })
        .await
    }

    /// Changes what is said of an organisation, and whether its native users need a second factor. Its name stays.
    pub async fn change_organization(
        &self,
        organization: Organization,
        now: Timestamp,
    ) -> Decided<()> {
        self.write(move |tx| {
            let changed = organization.clone();
            Box::pin(async move {
                let sql = "UPDATE organizations SET title = $2, contact = $3, second_factor = $4 WHERE name = $1";
                let row = values![&changed.name, &changed.title, &changed.contact, changed.second_factor];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(Err(DirectoryRefusal::NoOrganization));
                }
                let detail = json!({ "contact": changed.contact, "second_factor": changed.second_factor });
                audit::of_organization(tx, &changed.name, "organization.change", &changed.title, detail, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// How many there are of what, in an organisation.
    pub async fn counts(&self, organization: &str, now: Timestamp) -> Result<Counts, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT (SELECT COUNT(*) FROM users WHERE organization = $1 AND active = 1), \
                           (SELECT COUNT(*) FROM groups WHERE organization = $1), \
                           (SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.user_id \
                            WHERE u.organization = $1 AND s.state = 'live' AND s.expires_at > $2)";
                let row = tx.row(sql, values![organization, now]).await?;
                let row = row.ok_or_else(|| StoreError::Corrupt("no counts".to_owned()))?;
                let count = |column| row.integer(column).map(|count| u64::try_from(count).unwrap_or(0));
                Ok(Counts {
                    users: count(0)?,
                    groups: count(1)?,
                    sessions: count(2)?,
                })
            })
        })
        .await
    }

    /// The people of an organisation by name, whatever its case: at most `most`, behind the one of the name `after`.
    pub async fn users(
        &self,
        organization: &str,
        after: &str,
        most: u32,
    ) -> Result<Vec<User>, StoreError> {
        let (organization, after) = (organization.to_owned(), fold(after));
        self.read(move |tx| {
            let (organization, after) = (organization.clone(), after.clone());
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM users u WHERE u.organization = $1 AND u.user_name_folded > $2 ORDER BY u.user_name_folded LIMIT $3"
                );
                let rows = tx.query(&sql, values![organization, after, most]).await?;
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// Makes a person, who may sign in at once.
    pub async fn create_user(
        &self,
        organization: &str,
        profile: Profile,
        now: Timestamp,
    ) -> Decided<User> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, profile) = (organization.clone(), profile.clone());
            Box::pin(async move { insert(tx, &organization, profile, now).await })
        })
        .await
    }

    /// The person of this id.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |tx| Box::pin(async move { user(tx, id).await }))
            .await
    }

    /// The one person with this name, whatever its case: of the organisation, or of all where none is named. `None` where several
    /// organisations have it, too.
    pub async fn user_by_name(
        &self,
        organization: Option<&str>,
        user_name: &str,
    ) -> Result<Option<User>, StoreError> {
        let (organization, folded) = (organization.map(str::to_owned), fold(user_name));
        let mut found = self
            .read(move |tx| {
                let (organization, folded) = (organization.clone(), folded.clone());
                Box::pin(async move {
                    let sql =
                        format!("SELECT {COLUMNS} FROM users u WHERE u.user_name_folded = $1");
                    let rows = match organization {
                        Some(name) => {
                            let sql = format!("{sql} AND u.organization = $2");
                            tx.query(&sql, values![folded, name]).await?
                        }
                        None => tx.query(&format!("{sql} LIMIT 2"), values![folded]).await?,
                    };
                    rows.iter().map(read).collect::<Result<Vec<_>, _>>()
                })
            })
            .await?;
        Ok(found.pop().filter(|_| found.is_empty()))
    }

    /// Says something else of a person. Whether they may sign in stays as it is.
    pub async fn change_user(&self, id: UserId, profile: Profile, now: Timestamp) -> Decided<User> {
        let profile = match checked(profile) {
            Ok(profile) => profile,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.write(move |tx| {
            let profile = profile.clone();
            Box::pin(async move {
                let Some(before) = user(tx, id).await? else {
                    return Ok(Err(DirectoryRefusal::NoUser));
                };
                let folded = fold(&profile.user_name);
                let sql = "SELECT id FROM users WHERE organization = $1 AND user_name_folded = $2 AND id <> $3";
                if tx.row(sql, values![before.organization, &folded, id]).await?.is_some() {
                    return Ok(Err(DirectoryRefusal::Taken));
                }
                let sql = "UPDATE users SET user_name = $2, user_name_folded = $3, display_name = $4, given_name = $5, family_name = $6, \
                           email = $7, external_id = $8, connection = $9, modified_at = $10, version = version + 1 WHERE id = $1";
                let row = values![
                    id,
                    profile.user_name,
                    folded,
                    profile.display_name,
                    profile.given_name,
                    profile.family_name,
                    profile.email,
                    profile.external_id,
                    profile.connection,
                    now,
                ];
                tx.execute(sql, row).await?;
                provisioned::users::follow(tx, id).await?;
                audit::of_person(tx, id, "user.change", json!({ "was": before.profile.user_name }), now).await?;
                Ok(user(tx, id).await?.ok_or(DirectoryRefusal::NoUser))
            })
        })
        .await
    }

    /// A person may not sign in any more: everything of theirs ends with the same commit, and coming back revives nothing of it.
    /// Returns how many sessions lived.
    pub async fn deactivate_user(&self, id: UserId, now: Timestamp) -> Decided<u64> {
        self.write(move |tx| {
            Box::pin(async move {
                if let Err(refusal) = administrators::may_lose(tx, id).await? {
                    return Ok(Err(refusal));
                }
                let sql = "UPDATE users SET active = 0, deactivated_at = NULL, modified_at = $2, version = version + 1 WHERE id = $1";
                if tx.execute(sql, values![id, now]).await? == 0 {
                    return Ok(Err(DirectoryRefusal::NoUser));
                }
                let ended = sessions::end_all(tx, id, Ended::Deactivated, now).await?;
                audit::of_person(tx, id, "user.deactivate", json!({ "sessions": ended }), now).await?;
                Ok(Ok(ended))
            })
        })
        .await
    }

    /// A person may sign in again.
    pub async fn reactivate_user(&self, id: UserId, now: Timestamp) -> Decided<()> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE users SET active = 1, deactivated_at = NULL, modified_at = $2, version = version + 1 WHERE id = $1";
                if tx.execute(sql, values![id, now]).await? == 0 {
                    return Ok(Err(DirectoryRefusal::NoUser));
                }
                audit::of_person(tx, id, "user.reactivate", json!({}), now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }

    /// Removes a person and everything of theirs. Their applications are told, as at any end.
    pub async fn delete_user(&self, id: UserId, now: Timestamp) -> Decided<()> {
        self.write(move |tx| Box::pin(async move { delete(tx, id, now).await }))
            .await
    }
}

/// Removes a person in this transaction.
pub(super) async fn delete(
    tx: &mut Tx<'_>,
    id: UserId,
    now: Timestamp,
) -> Result<Result<(), DirectoryRefusal>, StoreError> {
    groups::lock_of(tx, id).await?;
    if user(tx, id).await?.is_none() {
        return Ok(Err(DirectoryRefusal::NoUser));
    }
    if let Err(refusal) = administrators::may_lose(tx, id).await? {
        return Ok(Err(refusal));
    }
    let ended = sessions::end_all(tx, id, Ended::Deactivated, now).await?;
    audit::of_person(tx, id, "user.delete", json!({ "sessions": ended }), now).await?;
    let sql = "DELETE FROM assignments WHERE principal = $1";
    tx.execute(sql, values![id]).await?;
    groups::changed_with(tx, id, now).await?;
    for table in [
        "administrators",
        "setup_links",
        "sessions",
        "browser_sessions",
        "links",
        "recovery_codes",
        "totp",
        "passwords",
        "members",
        "emails",
    ] {
        let sql = format!("DELETE FROM {table} WHERE user_id = $1");
        tx.execute(&sql, values![id]).await?;
    }
    let sql = "DELETE FROM users WHERE id = $1";
    Ok(match tx.execute(sql, values![id]).await? {
        0 => Err(DirectoryRefusal::NoUser),
        _ => Ok(()),
    })
}

/// Makes a person in this transaction.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    organization: &str,
    profile: Profile,
    now: Timestamp,
) -> Result<Result<User, DirectoryRefusal>, StoreError> {
    let profile = match checked(profile) {
        Ok(profile) => profile,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if self::organization(tx, organization).await?.is_none() {
        return Ok(Err(DirectoryRefusal::NoOrganization));
    }
    let user = User {
        id: UserId::random(),
        organization: organization.to_owned(),
        profile: profile.clone(),
        active: true,
        created_at: now,
        modified_at: now,
        version: 0,
    };
    let sql = "INSERT INTO users (id, organization, user_name, user_name_folded, display_name, given_name, family_name, email, \
               external_id, connection, active, created_at, modified_at, version) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11, 0) ON CONFLICT DO NOTHING";
    let row = values![
        user.id,
        organization,
        &profile.user_name,
        fold(&profile.user_name),
        profile.display_name,
        profile.given_name,
        profile.family_name,
        profile.email,
        profile.external_id,
        profile.connection,
        now,
    ];
    if tx.execute(sql, row).await? == 0 {
        return Ok(Err(DirectoryRefusal::Taken));
    }
    audit::of_person(tx, user.id, "user.create", json!({}), now).await?;
    Ok(Ok(user))
}

fn checked(profile: Profile) -> Result<Profile, DirectoryRefusal> {
    Ok(Profile {
        user_name: name(&profile.user_name)?.to_owned(),
        ..profile
    })
}

async fn organization(tx: &mut Tx<'_>, name: &str) -> Result<Option<Organization>, StoreError> {
    let sql = "SELECT name, title, contact, second_factor FROM organizations WHERE name = $1";
    let row = tx.row(sql, values![name]).await?;
    row.map(|row| {
        Ok(Organization {
            name: row.text(0)?.to_owned(),
            title: row.text(1)?.to_owned(),
            contact: row.text(2)?.to_owned(),
            second_factor: row.truth(3)?,
        })
    })
    .transpose()
}

pub(super) async fn user(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1");
    let row = tx.row(&sql, values![id]).await?;
    row.as_ref().map(read).transpose()
}

pub(super) fn read(row: &Row) -> Result<User, StoreError> {
    let optional = |column: usize| {
        row.optional(column, Row::text)
            .map(|text| text.map(str::to_owned))
    };
    Ok(User {
        id: row.id(0)?,
        organization: row.text(1)?.to_owned(),
        profile: Profile {
            user_name: row.text(2)?.to_owned(),
            display_name: row.text(3)?.to_owned(),
            given_name: optional(4)?,
            family_name: optional(5)?,
            email: optional(6)?,
            external_id: optional(7)?,
            connection: row.optional(8, Row::id)?,
        },
        active: row.truth(9)?,
        created_at: row.time(10)?,
        modified_at: row.time(11)?,
        version: row.count(12)?,
    })
}
