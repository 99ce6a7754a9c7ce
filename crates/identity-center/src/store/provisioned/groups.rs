//! Provisioned groups. Members are rows: to add one to a group of 100,000 costs as much as to one of none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kiro_scim::{Expected, GroupColumns, Members, Refusal, Resource};
use serde_json::json;

use super::super::members::{self, Of};
use super::super::{Row, Store, StoreError, Tx, audit, groups, provisioning, values};
use super::list::OWN_BY_ID;
use super::related::told;
use super::{Changing, Decided, exact, name};
use crate::directory::fold;
use crate::id::{GroupId, UserId};
use crate::provisioning::{Provisioned, Provisioner, ProvisioningRefusal};

/// Of `groups r`.
pub(super) const COLUMNS: &str =
    "r.id, r.created_at, r.modified_at, r.version, r.said, r.display_name, r.external_id";

impl Store {
    /// The group of this id, with its first members if `related`.
    pub async fn provisioned_group(
        &self,
        by: &Provisioner,
        id: GroupId,
        related: bool,
    ) -> Decided<Provisioned> {
        let by = by.clone();
        self.read(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                let Some(found) = one(tx, &by, id, "").await? else {
                    return Ok(Err(Refusal::NotFound("group")));
                };
                told(tx, &by, found, related).await.map(Ok)
            })
        })
        .await
    }

    /// Makes a group of these people, and returns it with the first of them if `related`.
    pub async fn provision_group(
        &self,
        by: &Provisioner,
        resource: Resource,
        members: Members,
        related: bool,
        now: Timestamp,
    ) -> Decided<Provisioned> {
        let columns = match fit(&resource) {
            Ok(columns) => columns,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let by = by.clone();
        self.write(move |tx| {
            let (by, columns, members) = (by.clone(), columns.clone(), members.clone());
            Box::pin(async move {
                let id = GroupId::random();
                let folded = fold(&columns.display_name);
                let sql = "INSERT INTO groups (id, organization, connection, display_name, display_name_folded, external_id, said, \
                           created_at, modified_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 1) ON CONFLICT DO NOTHING";
                let row = values![
                    id,
                    &by.organization,
                    by.id,
                    &columns.display_name,
                    &folded,
                    columns.external_id.clone(),
                    said(&columns)?,
                    now,
                ];
                if tx.execute(sql, row).await? == 0 {
                    return taken(tx, &by, &folded).await.map(Err);
                }
                let detail = json!({ "group": id, "members": members.add.len() });
                audit::of_organization(tx, &by.organization, "group.create", &columns.display_name, detail, now).await?;
                // An unknown member undoes the whole.
                if let Err(refusal) = move_members(tx, &by, id, &columns.display_name, &members, now).await? {
                    return Err(StoreError::Refused(Box::new(refusal)));
                }
                provisioning::pushed(tx, &by, now).await?;
                let made = made(tx, &by, id).await?;
                told(tx, &by, made, related).await.map(Ok)
            })
        })
        .await
        .or_else(refused)
    }

    /// Changes a group and who is in it, and returns it with its first members if `related`. What changes nothing leaves no trace.
    pub async fn change_provisioned_group(
        &self,
        by: &Provisioner,
        id: GroupId,
        expected: Expected,
        change: Changing,
        related: bool,
        now: Timestamp,
    ) -> Decided<Provisioned> {
        let by = by.clone();
        self.write(move |tx| {
            let (by, expected, change) = (by.clone(), expected.clone(), change.clone());
            Box::pin(async move {
                let Some(before) = one(tx, &by, id, "FOR UPDATE OF r").await? else {
                    return Ok(Err(Refusal::NotFound("group")));
                };
                let decided = expected
                    .check(before.version)
                    .and_then(|()| change(&before.resource))
                    .and_then(|change| Ok((fit(&change.resource)?, change)));
                let (columns, change) = match decided {
                    Ok(decided) => decided,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let moved = move_members(tx, &by, id, &columns.display_name, &change.members, now);
                let moved = match moved.await? {
                    Ok(moved) => moved,
                    Err(refusal) => return Err(StoreError::Refused(Box::new(refusal))),
                };
                if !change.changed && !moved {
                    return told(tx, &by, before, related).await.map(Ok);
                }
                if change.changed
                    && let Err(refusal) = becomes(tx, &by, id, &columns, now).await?
                {
                    return Err(StoreError::Refused(Box::new(refusal)));
                }
                let sql = "UPDATE groups SET modified_at = $2, version = version + 1 WHERE id = $1";
                tx.execute(sql, values![id, now]).await?;
                provisioning::pushed(tx, &by, now).await?;
                let made = made(tx, &by, id).await?;
                told(tx, &by, made, related).await.map(Ok)
            })
        })
        .await
        .or_else(refused)
    }

    /// Removes a group; its members lose what it gave them.
    pub async fn delete_provisioned_group(
        &self,
        by: &Provisioner,
        id: GroupId,
        expected: Expected,
        now: Timestamp,
    ) -> Decided<()> {
        let by = by.clone();
        self.write(move |tx| {
            let (by, expected) = (by.clone(), expected.clone());
            Box::pin(async move {
                let Some(before) = one(tx, &by, id, "FOR UPDATE OF r").await? else {
                    return Ok(Err(Refusal::NotFound("group")));
                };
                if let Err(refusal) = expected.check(before.version) {
                    return Ok(Err(refusal));
                }
                provisioning::pushed(tx, &by, now).await?;
                let deleted = groups::delete(tx, id, now).await?;
                Ok(deleted.map_err(|_| Refusal::NotFound("group")))
            })
        })
        .await
    }
}

impl Store {
    /// Hands a group that no connection provisions over to one: from now on it does.
    pub async fn hand_over_group(
        &self,
        by: &Provisioner,
        id: GroupId,
        now: Timestamp,
    ) -> Result<Result<(), ProvisioningRefusal>, StoreError> {
        let by = by.clone();
        self.write(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                let sql = format!(
                    "UPDATE groups AS r SET connection = $2, external_id = CASE WHEN connection = $2 THEN external_id END, \
                     modified_at = $3, version = version + 1 WHERE id = $1 AND organization = $4 AND {}",
                    provisioning::TO_HAND_OVER
                );
                let key = values![id, by.id, now, &by.organization];
                if tx.execute(&sql, key).await? == 0 {
                    return Ok(Err(ProvisioningRefusal::Anothers));
                }
                let sql = "SELECT display_name FROM groups WHERE id = $1";
                let row = tx.row(sql, values![id]).await?;
                let called = row.as_ref().map_or(Ok(""), |row| row.text(0))?;
                let detail = json!({ "group": id, "connection": by.id });
                audit::of_organization(tx, &by.organization, "group.hand_over", called, detail, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }
}

/// A refusal that undid what the transaction had done is one all the same.
fn refused<T>(error: StoreError) -> Decided<T> {
    if let StoreError::Refused(refusal) = error {
        return Ok(Err(*refusal));
    }
    Err(error)
}

async fn becomes(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    id: GroupId,
    columns: &GroupColumns,
    now: Timestamp,
) -> Decided<()> {
    let folded = fold(&columns.display_name);
    let sql =
        "SELECT 1 FROM groups WHERE organization = $1 AND display_name_folded = $2 AND id <> $3";
    let key = values![&by.organization, &folded, id];
    if tx.row(sql, key).await?.is_some() {
        return taken(tx, by, &folded).await.map(Err);
    }
    let sql = "UPDATE groups SET display_name = $2, display_name_folded = $3, external_id = $4, said = $5 WHERE id = $1";
    let row = values![
        id,
        &columns.display_name,
        folded,
        columns.external_id.clone(),
        said(columns)?,
    ];
    tx.execute(sql, row).await?;
    let (organization, subject) = (&by.organization, &columns.display_name);
    let detail = json!({ "group": id });
    audit::of_organization(tx, organization, "group.change", subject, detail, now).await?;
    Ok(Ok(()))
}

/// Who comes and who goes, of those whom the connection sees; whether anybody did. Who goes loses what the group gave.
async fn move_members(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    group: GroupId,
    called: &str,
    members: &Members,
    now: Timestamp,
) -> Decided<bool> {
    let Some(add) = members
        .add
        .iter()
        .map(|id| exact(id))
        .collect::<Option<BTreeSet<UserId>>>()
    else {
        return Ok(Err(nobody()));
    };
    let of = Of {
        id: group,
        organization: &by.organization,
        name: called,
    };
    let mut goes = BTreeSet::new();
    if members.all_others_go {
        goes = members::all(tx, group).await?;
        goes.retain(|user| !add.contains(user));
    }
    // Whoever is none of the connection's people is in none of its groups.
    goes.extend(members.remove.iter().filter_map(|id| exact::<UserId>(id)));
    let left = members::leave(tx, of, &goes, Some(by.id), now).await?;
    let Some(came) = members::join(tx, of, &add, by.id, now).await? else {
        return Ok(Err(nobody()));
    };
    Ok(Ok(left.is_some() || came > 0))
}

fn nobody() -> Refusal {
    Refusal::value(
        "members.value",
        "the id of a person whom this connection provisions",
    )
}

fn fit(resource: &Resource) -> Result<GroupColumns, Refusal> {
    let mut columns = resource.group_columns();
    columns.display_name = name("displayName", &columns.display_name)?;
    Ok(columns)
}

fn said(columns: &GroupColumns) -> Result<String, StoreError> {
    serde_json::to_string(&columns.rest).map_err(|error| StoreError::Corrupt(error.to_string()))
}

async fn taken(tx: &mut Tx<'_>, by: &Provisioner, folded: &str) -> Result<Refusal, StoreError> {
    let sql = "SELECT g.display_name, p.name FROM groups g LEFT JOIN provisioners p ON p.id = g.connection \
               WHERE g.organization = $1 AND g.display_name_folded = $2";
    let row = tx.row(sql, values![&by.organization, folded]).await?;
    let row = row.ok_or(StoreError::Taken)?;
    let whose = match row.optional(1, Row::text)? {
        Some(name) if name == by.name => "another group".to_owned(),
        Some(name) => format!("a group that {name} provisions"),
        None => "a group that no connection provisions".to_owned(),
    };
    Ok(Refusal::Taken {
        attribute: "displayName",
        by: whose,
    })
}

pub(in super::super) async fn one(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    id: GroupId,
    lock: &str,
) -> Result<Option<Provisioned>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM groups r WHERE r.id = $3 AND {OWN_BY_ID} {lock}");
    let row = tx
        .row(sql.trim_end(), values![&by.organization, by.id, id])
        .await?;
    row.as_ref().map(read).transpose()
}

async fn made(tx: &mut Tx<'_>, by: &Provisioner, id: GroupId) -> Result<Provisioned, StoreError> {
    let found = one(tx, by, id, "").await?;
    found.ok_or_else(|| StoreError::Corrupt("a group just kept".to_owned()))
}

/// Of [`COLUMNS`].
pub(super) fn read(row: &Row) -> Result<Provisioned, StoreError> {
    let display_name = row.text(5)?.to_owned();
    let columns = GroupColumns {
        folded_display_name: kiro_scim::fold(&display_name),
        display_name,
        external_id: row.optional(6, Row::text)?.map(str::to_owned),
        rest: row.optional(4, Row::json)?.unwrap_or_default(),
    };
    Ok(Provisioned {
        id: row.id::<GroupId>(0)?.to_string(),
        resource: Resource::from_group(columns),
        created_at: row.time(1)?,
        modified_at: row.time(2)?,
        version: row.count(3)?,
        related: Vec::new(),
        has_more: false,
    })
}
