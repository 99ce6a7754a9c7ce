//! Groups and their members in the store. Who loses a group loses with the same commit what only that group gave.

use jiff::Timestamp;

use serde_json::json;

use super::members::{self, Of};
use super::{Row, Store, StoreError, Tx, audit, directory, plans, values};
use crate::directory::{DirectoryRefusal, Group, User, fold, name};
use crate::id::{ConnectionId, GroupId, UserId};

const COLUMNS: &str =
    "id, organization, display_name, external_id, connection, created_at, modified_at, version";

type Decided<T> = Result<Result<T, DirectoryRefusal>, StoreError>;

impl Store {
    /// Makes a group without members.
    pub async fn create_group(
        &self,
        organization: &str,
        display_name: &str,
        provisioned: Option<(ConnectionId, String)>,
        now: Timestamp,
    ) -> Decided<Group> {
        let display_name = match name(display_name) {
            Ok(name) => name.to_owned(),
            Err(wrong) => return Ok(Err(wrong.into())),
        };
        let (connection, external_id) = provisioned.unzip();
        let group = Group {
            id: GroupId::random(),
            organization: organization.to_owned(),
            display_name,
            external_id,
            connection,
            created_at: now,
            modified_at: now,
            version: 0,
        };
        self.write(move |tx| {
            let group = group.clone();
            Box::pin(async move {
                let sql = "SELECT name FROM organizations WHERE name = $1";
                if tx.row(sql, values![&group.organization]).await?.is_none() {
                    return Ok(Err(DirectoryRefusal::NoOrganization));
                }
                let sql = "INSERT INTO groups (id, organization, display_name, display_name_folded, external_id, connection, created_at, \
                           modified_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0) ON CONFLICT DO NOTHING";
                let row = values![
                    group.id,
                    &group.organization,
                    &group.display_name,
                    fold(&group.display_name),
                    group.external_id.clone(),
                    group.connection,
                    now,
                ];
                if tx.execute(sql, row).await? == 0 {
                    return Ok(Err(DirectoryRefusal::Taken));
                }
                let subject = &group.display_name;
                let detail = json!({ "group": group.id });
                audit::of_organization(tx, &group.organization, "group.create", subject, detail, now).await?;
                Ok(Ok(group))
            })
        })
        .await
    }

    /// The group of this id.
    pub async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!("SELECT {COLUMNS} FROM groups WHERE id = $1");
                let row = tx.row(&sql, values![id]).await?;
                row.as_ref().map(read).transpose()
            })
        })
        .await
    }

    /// The groups of an organisation by name, whatever its case: at most `most`, behind the one of the name `after`.
    pub async fn groups(
        &self,
        organization: &str,
        after: &str,
        most: u32,
    ) -> Result<Vec<Group>, StoreError> {
        let (organization, after) = (organization.to_owned(), fold(after));
        self.read(move |tx| {
            let (organization, after) = (organization.clone(), after.clone());
            Box::pin(async move {
                let sql = format!(
                    "SELECT {COLUMNS} FROM groups WHERE organization = $1 AND display_name_folded > $2 ORDER BY display_name_folded LIMIT $3"
                );
                let rows = tx.query(&sql, values![organization, after, most]).await?;
                rows.iter().map(read).collect()
            })
        })
        .await
    }

    /// The people of a group, by name.
    pub async fn members(&self, group: GroupId) -> Result<Vec<User>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {} FROM users u JOIN members m ON m.user_id = u.id WHERE m.group_id = $1 ORDER BY u.user_name_folded",
                    directory::COLUMNS
                );
                let rows = tx.query(&sql, values![group]).await?;
                rows.iter().map(directory::read).collect()
            })
        })
        .await
    }

    /// The groups of a person.
    pub async fn groups_of(&self, user: UserId) -> Result<Vec<GroupId>, StoreError> {
        self.read(move |tx| Box::pin(async move { of(tx, user).await }))
            .await
    }

    /// Puts a person into a group of their organisation. `false` if they were there.
    pub async fn add_member(&self, group: GroupId, user: UserId, now: Timestamp) -> Decided<bool> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "SELECT organization FROM groups WHERE id = $1";
                let Some(row) = tx.row(sql, values![group]).await? else {
                    return Ok(Err(DirectoryRefusal::NoGroup));
                };
                let sql = "SELECT id FROM users WHERE id = $1 AND organization = $2";
                if tx.row(sql, values![user, row.text(0)?]).await?.is_none() {
                    return Ok(Err(DirectoryRefusal::NoUser));
                }
                let sql = "INSERT INTO members (group_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                let added = tx.execute(sql, values![group, user]).await? == 1;
                if added {
                    changed(tx, group, now).await?;
                    audit::of_person(tx, user, "group.join", json!({ "group": group }), now).await?;
                }
                Ok(Ok(added))
            })
        })
        .await
    }

    /// Takes a person out of a group. What an application gave them because of it alone ends with the same commit. Returns how many
    /// sessions that were.
    pub async fn remove_member(
        &self,
        group: GroupId,
        user: UserId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let Some((organization, name)) = locked(tx, group).await? else {
                    return Ok(0);
                };
                let (organization, name) = (&organization, &name);
                let of = Of {
                    id: group,
                    organization,
                    name,
                };
                let ended = members::leave(tx, of, &[user].into(), None, now).await?;
                if ended.is_some() {
                    changed(tx, group, now).await?;
                }
                Ok(ended.unwrap_or(0))
            })
        })
        .await
    }

    /// Removes a group; its members lose it as by [`Store::remove_member`].
    pub async fn delete_group(&self, group: GroupId, now: Timestamp) -> Decided<()> {
        self.write(move |tx| Box::pin(async move { delete(tx, group, now).await }))
            .await
    }
}

/// Removes a group in this transaction.
pub(super) async fn delete(
    tx: &mut Tx<'_>,
    group: GroupId,
    now: Timestamp,
) -> Result<Result<(), DirectoryRefusal>, StoreError> {
    let Some((organization, name)) = locked(tx, group).await? else {
        return Ok(Err(DirectoryRefusal::NoGroup));
    };
    let (organization, name) = (&organization, &name);
    let of = Of {
        id: group,
        organization,
        name,
    };
    let everybody = members::all(tx, group).await?;
    members::leave(tx, of, &everybody, None, now).await?;
    let sql = "DELETE FROM assignments WHERE principal = $1";
    tx.execute(sql, values![group]).await?;
    plans::forget(tx, group).await?;
    tx.execute("DELETE FROM groups WHERE id = $1", values![group])
        .await?;
    let detail = json!({ "group": group });
    audit::of_organization(tx, organization, "group.delete", name, detail, now).await?;
    Ok(Ok(()))
}

/// The group's organisation and name; its row is locked: nobody else changes who is in it.
pub(super) async fn locked(
    tx: &mut Tx<'_>,
    group: GroupId,
) -> Result<Option<(String, String)>, StoreError> {
    let sql = "SELECT g.organization, g.display_name FROM groups g WHERE g.id = $1 FOR UPDATE OF g";
    let row = tx.row(sql, values![group]).await?;
    row.map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
        .transpose()
}

/// The groups of a person, in this transaction.
pub(super) async fn of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<GroupId>, StoreError> {
    let sql = "SELECT group_id FROM members WHERE user_id = $1 ORDER BY group_id";
    let rows = tx.query(sql, values![user]).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

/// Locks the groups of a person before the person, as whoever changes members does.
pub(super) async fn lock_of(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    let sql = "SELECT g.id FROM groups g WHERE g.id IN (SELECT m.group_id FROM members m WHERE m.user_id = $1) \
               ORDER BY g.id FOR UPDATE OF g";
    tx.query(sql, values![user]).await?;
    Ok(())
}

/// Counts a change of each group of a person: who is in it is told of it.
pub(super) async fn changed_with(
    tx: &mut Tx<'_>,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE groups SET modified_at = $2, version = version + 1 \
               WHERE id IN (SELECT m.group_id FROM members m WHERE m.user_id = $1)";
    tx.execute(sql, values![user, now]).await?;
    Ok(())
}

async fn changed(tx: &mut Tx<'_>, group: GroupId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE groups SET modified_at = $2, version = version + 1 WHERE id = $1";
    tx.execute(sql, values![group, now]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Group, StoreError> {
    Ok(Group {
        id: row.id(0)?,
        organization: row.text(1)?.to_owned(),
        display_name: row.text(2)?.to_owned(),
        external_id: row.optional(3, Row::text)?.map(str::to_owned),
        connection: row.optional(4, Row::id)?,
        created_at: row.time(5)?,
        modified_at: row.time(6)?,
        version: row.count(7)?,
    })
}
