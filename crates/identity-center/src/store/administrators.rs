//! Administrators in the store. An organisation that has an owner who can sign in without an identity provider keeps one.

use jiff::Timestamp;
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, setup_links, values};
use crate::administrator::{Administrator, Role};
use crate::directory::DirectoryRefusal;
use crate::id::UserId;

const SELECT: &str = "SELECT a.user_id, u.user_name, a.organization, a.role, a.since, \
    CASE WHEN u.active = 1 AND EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id) THEN 1 ELSE 0 END \
    FROM administrators a JOIN users u ON u.id = a.user_id";

type Decided<T> = Result<Result<T, DirectoryRefusal>, StoreError>;

impl Store {
    /// Who administers an organisation, by name.
    pub async fn administrators(
        &self,
        organization: &str,
    ) -> Result<Vec<Administrator>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move { of(tx, &organization).await })
        })
        .await
    }

    /// What this person may do as an administrator; `None` where they are none.
    pub async fn administrator(&self, user: UserId) -> Result<Option<Administrator>, StoreError> {
        self.read(move |tx| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE a.user_id = $1");
                let row = tx.row(&sql, values![user]).await?;
                row.as_ref().map(read).transpose()
            })
        })
        .await
    }

    /// Lets a person administer their organisation, or no more (`None`).
    pub async fn set_administrator(
        &self,
        user: UserId,
        role: Option<Role>,
        now: Timestamp,
    ) -> Decided<()> {
        self.write(move |tx| {
            Box::pin(async move {
                let sql = "SELECT organization FROM users WHERE id = $1";
                let Some(row) = tx.row(sql, values![user]).await? else {
                    return Ok(Err(DirectoryRefusal::NoUser));
                };
                let organization = row.text(0)?.to_owned();
                if role != Some(Role::Owner)
                    && let Err(refusal) = may_lose(tx, user).await?
                {
                    return Ok(Err(refusal));
                }
                set(tx, &organization, user, role, now).await.map(Ok)
            })
        })
        .await
    }
}

/// Makes this of a person. A set-up link of theirs is good no more: whoever made it may do less than they may now, and could make none.
pub(super) async fn set(
    tx: &mut Tx<'_>,
    organization: &str,
    user: UserId,
    role: Option<Role>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM administrators WHERE user_id = $1";
    tx.execute(sql, values![user]).await?;
    if let Some(role) = role {
        let sql = "INSERT INTO administrators (user_id, organization, role, since) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, values![user, organization, role.word(), now])
            .await?;
    }
    setup_links::forget_those_of(tx, user).await?;
    let detail = json!({ "role": role.map(Role::word) });
    audit::of_person(tx, user, "administrator.set", detail, now).await
}

/// Whether the organisation can do without this person as an owner. Two owners who remove each other in the same moment wait here.
pub(super) async fn may_lose(
    tx: &mut Tx<'_>,
    user: UserId,
) -> Result<Result<(), DirectoryRefusal>, StoreError> {
    let sql = "SELECT organization FROM users WHERE id = $1";
    let Some(row) = tx.row(sql, values![user]).await? else {
        return Ok(Ok(()));
    };
    let organization = row.text(0)?.to_owned();
    // Two statements: the second sees what another transaction did that the first waited for.
    let sql = "SELECT a.user_id FROM administrators a WHERE a.organization = $1 ORDER BY a.user_id FOR UPDATE OF a";
    tx.query(sql, values![&organization]).await?;
    let administrators = of(tx, &organization).await?;
    let mut keepers = administrators
        .iter()
        .filter(|each| each.role == Role::Owner && each.local);
    let is_one = keepers.clone().any(|each| each.user == user);
    Ok(match keepers.any(|each| each.user != user) {
        false if is_one => Err(DirectoryRefusal::LastOwner),
        _ => Ok(()),
    })
}

async fn of(tx: &mut Tx<'_>, organization: &str) -> Result<Vec<Administrator>, StoreError> {
    let sql = format!("{SELECT} WHERE a.organization = $1 ORDER BY u.user_name_folded");
    let rows = tx.query(&sql, values![organization]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Administrator, StoreError> {
    let word = row.text(3)?;
    Ok(Administrator {
        user: row.id(0)?,
        user_name: row.text(1)?.to_owned(),
        organization: row.text(2)?.to_owned(),
        role: Role::read(word)
            .ok_or_else(|| StoreError::Corrupt(format!("an administrator is {word}")))?,
        since: row.time(4)?,
        local: row.truth(5)?,
    })
}
