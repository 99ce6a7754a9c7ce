//! Accounts and roles in the store: what an administrator puts there, and what a person may take.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Row, Store, StoreError, Tx, audit, values};
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::id::UserId;

/// The assignments of a user (`$1`) in their own organisation: to themselves, and to the groups that they are in.
const THEIRS: &str = "a.organization = (SELECT organization FROM users WHERE id = $1) \
    AND (a.principal = $1 OR a.principal IN (SELECT group_id FROM members WHERE user_id = $1))";

impl Store {
    /// Adds an account, or changes the one with its id.
    pub async fn put_account(
        &self,
        organization: &str,
        account: Account,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, account) = (organization.clone(), account.clone());
            Box::pin(async move {
                let sql = "INSERT INTO accounts (organization, id, name, email) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, id) DO UPDATE SET name = excluded.name, email = excluded.email";
                let row = values![&organization, &account.id, &account.name, &account.email];
                tx.execute(sql, row).await?;
                let detail = json!({ "name": account.name });
                audit::of_organization(tx, &organization, "account.set", &account.id, detail, now).await
            })
        })
        .await
    }

    /// Adds a permission set, or changes the one with its name.
    pub async fn put_permission_set(
        &self,
        organization: &str,
        set: PermissionSet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, set) = (organization.clone(), set.clone());
            Box::pin(async move {
                let sql = "INSERT INTO permission_sets (organization, name, description, session_seconds) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, name) DO UPDATE SET description = excluded.description, \
                           session_seconds = excluded.session_seconds";
                let seconds = set.session.as_secs();
                tx.execute(sql, values![&organization, &set.name, set.description, seconds]).await?;
                let detail = json!({ "session_seconds": seconds });
                audit::of_organization(tx, &organization, "permission_set.set", &set.name, detail, now).await
            })
        })
        .await
    }

    /// Lets somebody take a role in an account. `false` where the account, the permission set or the principal is not there.
    pub async fn assign(
        &self,
        organization: &str,
        assignment: Assignment,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, assignment) = (organization.clone(), assignment.clone());
            Box::pin(async move {
                let sql = "SELECT c.id FROM accounts c JOIN permission_sets p ON p.organization = c.organization \
                           WHERE c.organization = $1 AND c.id = $2 AND p.name = $3";
                let (account, role) = (&assignment.account, &assignment.role);
                if tx.row(sql, values![&organization, account, role]).await?.is_none() {
                    return Ok(false);
                }
                let sql = match assignment.principal {
                    Principal::User(_) => "SELECT 1 FROM users WHERE organization = $1 AND id = $2",
                    Principal::Group(_) => "SELECT 1 FROM groups WHERE organization = $1 AND id = $2",
                };
                if tx.row(sql, values![&organization, principal(assignment.principal)]).await?.is_none() {
                    return Ok(false);
                }
                let sql = "INSERT INTO assignments (organization, account_id, permission_set, principal) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, account_id, permission_set, principal) DO NOTHING";
                let row = values![&organization, account, role, principal(assignment.principal)];
                if tx.execute(sql, row).await? == 1 {
                    noted(tx, &organization, "assignment.add", &assignment, now).await?;
                }
                Ok(true)
            })
        })
        .await
    }

    /// Takes it back. `false` if it was not so.
    pub async fn unassign(
        &self,
        organization: &str,
        assignment: Assignment,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, assignment) = (organization.clone(), assignment.clone());
            Box::pin(async move {
                let sql = "DELETE FROM assignments WHERE organization = $1 AND account_id = $2 AND permission_set = $3 AND principal = $4";
                let principal = principal(assignment.principal);
                let row = values![&organization, &assignment.account, &assignment.role, principal];
                let taken = tx.execute(sql, row).await? == 1;
                if taken {
                    noted(tx, &organization, "assignment.remove", &assignment, now).await?;
                }
                Ok(taken)
            })
        })
        .await
    }

    /// Removes an account, and who may do what there. `false` if there is none.
    pub async fn remove_account(
        &self,
        organization: &str,
        account: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.remove(
            organization,
            account,
            ("accounts", "id", "account_id"),
            "account.remove",
            now,
        )
        .await
    }

    /// Removes a permission set, and who may take it where. `false` if there is none.
    pub async fn remove_permission_set(
        &self,
        organization: &str,
        set: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let place = ("permission_sets", "name", "permission_set");
        self.remove(organization, set, place, "permission_set.remove", now)
            .await
    }

    async fn remove(
        &self,
        organization: &str,
        name: &str,
        (table, key, in_assignments): (&'static str, &'static str, &'static str),
        action: &'static str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (organization, name) = (organization.to_owned(), name.to_owned());
        self.write(move |tx| {
            let (organization, name) = (organization.clone(), name.clone());
            Box::pin(async move {
                let sql = format!(
                    "DELETE FROM assignments WHERE organization = $1 AND {in_assignments} = $2"
                );
                let assignments = tx.execute(&sql, values![&organization, &name]).await?;
                let sql = format!("DELETE FROM {table} WHERE organization = $1 AND {key} = $2");
                if tx.execute(&sql, values![&organization, &name]).await? == 0 {
                    return Ok(false);
                }
                let detail = json!({ "assignments": assignments });
                audit::of_organization(tx, &organization, action, &name, detail, now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// An organisation's accounts, by id.
    pub async fn accounts(&self, organization: &str) -> Result<Vec<Account>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql =
                    "SELECT id, name, email FROM accounts WHERE organization = $1 ORDER BY id";
                let rows = tx.query(sql, values![organization]).await?;
                rows.iter().map(account).collect()
            })
        })
        .await
    }

    /// An organisation's permission sets, by name.
    pub async fn permission_sets(
        &self,
        organization: &str,
    ) -> Result<Vec<PermissionSet>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT name, description, session_seconds FROM permission_sets WHERE organization = $1 ORDER BY name";
                let rows = tx.query(sql, values![organization]).await?;
                rows.iter().map(permission_set).collect()
            })
        })
        .await
    }

    /// Who may take which role where, in an organisation, by account and role.
    pub async fn assignments(&self, organization: &str) -> Result<Vec<Assignment>, StoreError> {
        let organization = organization.to_owned();
        self.read(move |tx| {
            let organization = organization.clone();
            Box::pin(async move {
                let sql = "SELECT a.account_id, a.permission_set, a.principal, g.id FROM assignments a \
                           LEFT JOIN groups g ON g.id = a.principal \
                           WHERE a.organization = $1 ORDER BY a.account_id, a.permission_set, a.principal";
                let rows = tx.query(sql, values![organization]).await?;
                rows.iter().map(assignment).collect()
            })
        })
        .await
    }

    /// The accounts in which a person has a role, by their ids: at most `most`, behind the one named `after`.
    pub async fn accounts_of(
        &self,
        user: UserId,
        after: &str,
        most: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let after = after.to_owned();
        self.read(move |tx| {
            let after = after.clone();
            Box::pin(async move {
                let sql = format!(
                    "SELECT c.id, c.name, c.email FROM accounts c WHERE c.id > $2 AND EXISTS (SELECT 1 FROM assignments a \
                     WHERE a.organization = c.organization AND a.account_id = c.id AND {THEIRS}) ORDER BY c.id LIMIT $3"
                );
                let rows = tx.query(&sql, values![user, after, most]).await?;
                rows.iter().map(account).collect()
            })
        })
        .await
    }

    /// The roles that a person has in an account, by their names: at most `most`, behind the one named `after`.
    pub async fn roles_of(
        &self,
        user: UserId,
        account: &str,
        after: &str,
        most: u32,
    ) -> Result<Vec<String>, StoreError> {
        let (account, after) = (account.to_owned(), after.to_owned());
        self.read(move |tx| {
            let (account, after) = (account.clone(), after.clone());
            Box::pin(async move {
                let sql = format!(
                    "SELECT DISTINCT a.permission_set FROM assignments a \
                     WHERE a.account_id = $2 AND a.permission_set > $3 AND {THEIRS} ORDER BY a.permission_set LIMIT $4"
                );
                let rows = tx.query(&sql, values![user, account, after, most]).await?;
                rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
            })
        })
        .await
    }

    /// The role of this name that a person has in this account.
    pub async fn role_of(
        &self,
        user: UserId,
        account: &str,
        role: &str,
    ) -> Result<Option<PermissionSet>, StoreError> {
        let (account, role) = (account.to_owned(), role.to_owned());
        self.read(move |tx| {
            let (account, role) = (account.clone(), role.clone());
            Box::pin(async move {
                let sql = format!(
                    "SELECT p.name, p.description, p.session_seconds FROM assignments a \
                     JOIN permission_sets p ON p.organization = a.organization AND p.name = a.permission_set \
                     WHERE a.account_id = $2 AND a.permission_set = $3 AND {THEIRS} LIMIT 1"
                );
                let row = tx.row(&sql, values![user, account, role]).await?;
                row.map(|row| permission_set(&row)).transpose()
            })
        })
        .await
    }
}

fn principal(principal: Principal) -> Vec<u8> {
    match principal {
        Principal::User(user) => user.bytes().to_vec(),
        Principal::Group(group) => group.bytes().to_vec(),
    }
}

async fn noted(
    tx: &mut Tx<'_>,
    organization: &str,
    action: &'static str,
    assignment: &Assignment,
    now: Timestamp,
) -> Result<(), StoreError> {
    let to = match assignment.principal {
        Principal::User(user) => json!({ "role": assignment.role, "user": user }),
        Principal::Group(group) => json!({ "role": assignment.role, "group": group }),
    };
    audit::of_organization(tx, organization, action, &assignment.account, to, now).await
}

fn assignment(row: &Row) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        account: row.text(0)?.to_owned(),
        role: row.text(1)?.to_owned(),
        principal: match row.optional(3, Row::id)? {
            Some(group) => Principal::Group(group),
            None => Principal::User(row.id(2)?),
        },
    })
}

fn account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
        email: row.text(2)?.to_owned(),
    })
}

fn permission_set(row: &Row) -> Result<PermissionSet, StoreError> {
    Ok(PermissionSet {
        name: row.text(0)?.to_owned(),
        description: row.text(1)?.to_owned(),
        session: SignedDuration::from_secs(row.integer(2)?),
    })
}
