//! Provisioned people.

use jiff::Timestamp;
use kiro_scim::{Expected, Reference, Refusal, Resource, USER, UserColumns};
use serde_json::json;

use super::super::{
    Row, Store, StoreError, Tx, administrators, audit, directory, groups, provisioning, sessions,
    values,
};
use super::list::OWN_BY_ID;
use super::related::told;
use super::{Changing, Decided, name};
use crate::directory::{DirectoryRefusal, fold};
use crate::id::{GroupId, UserId};
use crate::provisioning::{Provisioned, Provisioner, ProvisioningRefusal};
use crate::session::Ended;

/// Of `users r`.
pub(super) const COLUMNS: &str = "r.id, r.created_at, r.modified_at, r.version, r.said, r.user_name, r.display_name, \
     r.display_name_folded, r.given_name, r.family_name, r.email, r.external_id, r.active";

impl Store {
    /// The person of this id, with their groups if `related`.
    pub async fn provisioned_user(
        &self,
        by: &Provisioner,
        id: UserId,
        related: bool,
    ) -> Decided<Provisioned> {
        let by = by.clone();
        self.read(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                let Some(found) = one(tx, &by, id, "").await? else {
                    return Ok(Err(Refusal::NotFound("user")));
                };
                told(tx, &by, found, related).await.map(Ok)
            })
        })
        .await
    }

    /// Makes a person.
    pub async fn provision_user(
        &self,
        by: &Provisioner,
        resource: Resource,
        now: Timestamp,
    ) -> Decided<Provisioned> {
        let columns = match fit(&resource) {
            Ok(columns) => columns,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let by = by.clone();
        self.write(move |tx| {
            let (by, columns) = (by.clone(), columns.clone());
            Box::pin(async move {
                let id = UserId::random();
                let folded = fold(&columns.user_name);
                let sql = "INSERT INTO users (id, organization, connection, user_name, user_name_folded, display_name, \
                           display_name_folded, given_name, family_name, email, external_id, active, said, created_at, modified_at, \
                           version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, 1) ON CONFLICT DO NOTHING";
                let row = values![
                    id,
                    &by.organization,
                    by.id,
                    &columns.user_name,
                    &folded,
                    columns.called(),
                    columns.display_name.as_deref().map(kiro_scim::fold),
                    columns.given_name.clone(),
                    columns.family_name.clone(),
                    columns.email.clone(),
                    columns.external_id.clone(),
                    columns.active,
                    said(&columns)?,
                    now,
                ];
                if tx.execute(sql, row).await? == 0 {
                    return taken(tx, &by, &folded).await.map(Err);
                }
                addresses(tx, id, &columns).await?;
                let detail = json!({ "active": columns.active });
                audit::of_person(tx, id, "user.create", detail, now).await?;
                provisioning::pushed(tx, &by, now).await?;
                made(tx, &by, id).await.map(Ok)
            })
        })
        .await
    }

    /// Changes a person, and returns them with their groups if `related`. What changes nothing leaves no trace. Who may not sign in any
    /// more is signed out everywhere with the same commit; who comes back finds nothing of it.
    pub async fn change_provisioned_user(
        &self,
        by: &Provisioner,
        id: UserId,
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
                    return Ok(Err(Refusal::NotFound("user")));
                };
                let decided = expected
                    .check(before.version)
                    .and_then(|()| change(&before.resource));
                let after = match decided {
                    Ok(change) if change.changed => change.resource,
                    Ok(_) => return told(tx, &by, before, related).await.map(Ok),
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let changed = match fit(&after) {
                    Ok(columns) => becomes(tx, &by, id, &before, columns, now).await?,
                    Err(refusal) => Err(refusal),
                };
                match changed {
                    Ok(changed) => told(tx, &by, changed, related).await.map(Ok),
                    Err(refusal) => Ok(Err(refusal)),
                }
            })
        })
        .await
    }

    /// Removes a person and everything of theirs.
    pub async fn delete_provisioned_user(
        &self,
        by: &Provisioner,
        id: UserId,
        expected: Expected,
        now: Timestamp,
    ) -> Decided<()> {
        let by = by.clone();
        self.write(move |tx| {
            let (by, expected) = (by.clone(), expected.clone());
            Box::pin(async move {
                groups::lock_of(tx, id).await?;
                let Some(before) = one(tx, &by, id, "FOR UPDATE OF r").await? else {
                    return Ok(Err(Refusal::NotFound("user")));
                };
                if let Err(refusal) = expected.check(before.version) {
                    return Ok(Err(refusal));
                }
                match directory::delete(tx, id, now).await? {
                    Ok(()) => {
                        provisioning::pushed(tx, &by, now).await?;
                        if before.resource.active() {
                            provisioning::left(tx, &by, now).await?;
                        }
                        Ok(Ok(()))
                    }
                    Err(DirectoryRefusal::LastOwner) => Ok(Err(Refusal::LastOwner)),
                    Err(_) => Ok(Err(Refusal::NotFound("user"))),
                }
            })
        })
        .await
    }
}

impl Store {
    /// Hands a person whom no connection provisions over to one: from now on it does, and calls them what it likes.
    pub async fn hand_over_user(
        &self,
        by: &Provisioner,
        id: UserId,
        now: Timestamp,
    ) -> Result<Result<(), ProvisioningRefusal>, StoreError> {
        let by = by.clone();
        self.write(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                let sql = format!(
                    "UPDATE users AS r SET connection = $2, external_id = CASE WHEN connection = $2 THEN external_id END, \
                     deactivated_at = NULL, modified_at = $3, version = version + 1 WHERE id = $1 AND organization = $4 AND {}",
                    provisioning::TO_HAND_OVER
                );
                let key = values![id, by.id, now, &by.organization];
                if tx.execute(&sql, key).await? == 0 {
                    return Ok(Err(ProvisioningRefusal::Anothers));
                }
                follow(tx, id).await?;
                groups::changed_with(tx, id, now).await?;
                let detail = json!({ "connection": by.id });
                audit::of_person(tx, id, "user.hand_over", detail, now).await?;
                Ok(Ok(()))
            })
        })
        .await
    }
}

/// Another hand than the provider's has changed a person: what filters ask for follows.
pub(in super::super) async fn follow(tx: &mut Tx<'_>, id: UserId) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users r WHERE r.id = $1 AND r.connection IS NOT NULL");
    let Some(row) = tx.row(&sql, values![id]).await? else {
        return Ok(());
    };
    let folded = kiro_scim::fold(row.text(6)?);
    let columns = read(&row)?.resource.user_columns();
    let sql = "UPDATE users SET display_name_folded = $2 WHERE id = $1";
    tx.execute(sql, values![id, folded]).await?;
    let sql = "DELETE FROM emails WHERE user_id = $1";
    tx.execute(sql, values![id]).await?;
    addresses(tx, id, &columns).await
}

/// Writes what a person becomes.
async fn becomes(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    id: UserId,
    before: &Provisioned,
    columns: UserColumns,
    now: Timestamp,
) -> Decided<Provisioned> {
    let was_active = before.resource.active();
    if was_active && !columns.active && administrators::may_lose(tx, id).await?.is_err() {
        return Ok(Err(Refusal::LastOwner));
    }
    let folded = fold(&columns.user_name);
    let sql = "SELECT 1 FROM users WHERE organization = $1 AND user_name_folded = $2 AND id <> $3";
    let key = values![&by.organization, &folded, id];
    if tx.row(sql, key).await?.is_some() {
        return taken(tx, by, &folded).await.map(Err);
    }
    let sql = "UPDATE users SET user_name = $2, user_name_folded = $3, display_name = $4, display_name_folded = $5, given_name = $6, \
               family_name = $7, email = $8, external_id = $9, active = $10, said = $11, modified_at = $12, version = version + 1 \
               WHERE id = $1";
    let row = values![
        id,
        &columns.user_name,
        folded,
        columns.called(),
        columns.display_name.as_deref().map(kiro_scim::fold),
        columns.given_name.clone(),
        columns.family_name.clone(),
        columns.email.clone(),
        columns.external_id.clone(),
        columns.active,
        said(&columns)?,
        now,
    ];
    tx.execute(sql, row).await?;
    tx.execute("DELETE FROM emails WHERE user_id = $1", values![id])
        .await?;
    addresses(tx, id, &columns).await?;
    let was = before.resource.text("userName").unwrap_or_default();
    let (action, detail) = match (was_active, columns.active) {
        (true, false) => {
            let sql = "UPDATE users SET deactivated_at = $2 WHERE id = $1";
            tx.execute(sql, values![id, now]).await?;
            provisioning::left(tx, by, now).await?;
            let ended = sessions::end_all(tx, id, Ended::Deactivated, now).await?;
            ("user.deactivate", json!({ "sessions": ended }))
        }
        (false, true) => ("user.reactivate", json!({})),
        (true, true) | (false, false) => ("user.change", json!({ "was": was })),
    };
    audit::of_person(tx, id, action, detail, now).await?;
    provisioning::pushed(tx, by, now).await?;
    made(tx, by, id).await.map(Ok)
}

/// What the directory keeps of a person, if it can.
fn fit(resource: &Resource) -> Result<UserColumns, Refusal> {
    let mut columns = resource.user_columns();
    columns.user_name = name("userName", &columns.user_name)?;
    Ok(columns)
}

fn said(columns: &UserColumns) -> Result<String, StoreError> {
    serde_json::to_string(&columns.rest).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn all_addresses(columns: &UserColumns) -> impl Iterator<Item = &str> {
    let emails = columns.rest.get("emails").and_then(|all| all.as_array());
    let values = emails.into_iter().flatten();
    values.filter_map(|email| email.get("value")?.as_str())
}

/// Keeps what filters find a person's addresses by.
async fn addresses(tx: &mut Tx<'_>, id: UserId, columns: &UserColumns) -> Result<(), StoreError> {
    let sql = "INSERT INTO emails (folded, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    for address in all_addresses(columns) {
        tx.execute(sql, values![kiro_scim::fold(address), id])
            .await?;
    }
    Ok(())
}

/// Whoever has the name, as the identity provider's administrator may know them.
async fn taken(tx: &mut Tx<'_>, by: &Provisioner, folded: &str) -> Result<Refusal, StoreError> {
    let sql = "SELECT u.user_name, u.connection, p.name FROM users u LEFT JOIN provisioners p ON p.id = u.connection \
               WHERE u.organization = $1 AND u.user_name_folded = $2";
    let row = tx.row(sql, values![&by.organization, folded]).await?;
    let row = row.ok_or(StoreError::Taken)?;
    let (user_name, of) = (row.text(0)?, row.optional(2, Row::text)?);
    let whose = match of {
        Some(name) if name == by.name => String::new(),
        Some(name) => format!(", whom {name} provisions"),
        None => ", whom no connection provisions".to_owned(),
    };
    Ok(Refusal::Taken {
        attribute: "userName",
        by: format!("{user_name}{whose}"),
    })
}

/// The person as the connection sees them, if it does.
pub(in super::super) async fn one(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    id: UserId,
    lock: &str,
) -> Result<Option<Provisioned>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users r WHERE r.id = $3 AND {OWN_BY_ID} {lock}");
    let row = tx
        .row(sql.trim_end(), values![&by.organization, by.id, id])
        .await?;
    row.as_ref().map(read).transpose()
}

async fn made(tx: &mut Tx<'_>, by: &Provisioner, id: UserId) -> Result<Provisioned, StoreError> {
    let found = one(tx, by, id, "").await?;
    found.ok_or_else(|| StoreError::Corrupt("a person just kept".to_owned()))
}

/// The groups of a person that the connection sees, in the order in which they were made. Each is looked up once, by itself: in a join a
/// database that knows nothing of its tables yet begins with all groups.
pub(in super::super) async fn groups_of(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    id: UserId,
) -> Result<Vec<Reference>, StoreError> {
    let sql = "SELECT m.group_id, (SELECT g.created_at || ' ' || g.display_name FROM groups g \
               WHERE g.id = m.group_id AND COALESCE(g.connection, g.id) = $2) FROM members m WHERE m.user_id = $1";
    let mut groups = Vec::new();
    for row in &tx.query(sql, values![id, by.id]).await? {
        let Some(group) = row.optional(1, Row::text)? else {
            continue;
        };
        let (made, display) = group.split_once(' ').unwrap_or_default();
        let made: i64 = made
            .parse()
            .map_err(|_| StoreError::Corrupt("when a group was made".to_owned()))?;
        let id = row.id::<GroupId>(0)?.to_string();
        let display = display.to_owned();
        groups.push((made, Reference { id, display }));
    }
    groups.sort_by(|(made, group), (other, another)| (made, &group.id).cmp(&(other, &another.id)));
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Of [`COLUMNS`].
pub(super) fn read(row: &Row) -> Result<Provisioned, StoreError> {
    let optional = |column: usize| {
        let text = row.optional(column, Row::text)?;
        Ok::<_, StoreError>(text.map(str::to_owned))
    };
    let rest = row.optional(4, Row::json)?.unwrap_or_default();
    let display_name = match optional(7)? {
        Some(_) => Some(row.text(6)?.to_owned()),
        None => None,
    };
    let user_name = row.text(5)?.to_owned();
    let columns = UserColumns {
        folded_user_name: kiro_scim::fold(&user_name),
        user_name,
        display_name,
        given_name: optional(8)?,
        family_name: optional(9)?,
        email: optional(10)?,
        external_id: optional(11)?,
        active: row.truth(12)?,
        rest,
    };
    let resource = Resource::from_user(columns);
    debug_assert!(*resource.kind() == USER);
    Ok(Provisioned {
        id: row.id::<UserId>(0)?.to_string(),
        resource,
        created_at: row.time(1)?,
        modified_at: row.time(2)?,
        version: row.count(3)?,
        related: Vec::new(),
        has_more: false,
    })
}
