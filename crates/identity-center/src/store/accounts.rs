//! Accounts and roles in the store: what an administrator puts there, and what a person may take.

use jiff::SignedDuration;

use super::{Row, Store, StoreError, values};
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
    ) -> Result<(), StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, account) = (organization.clone(), account.clone());
            Box::pin(async move {
                let sql = "INSERT INTO accounts (organization, id, name, email) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, id) DO UPDATE SET name = excluded.name, email = excluded.email";
                tx.execute(sql, values![organization, account.id, account.name, account.email]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Adds a permission set, or changes the one with its name.
    pub async fn put_permission_set(
        &self,
        organization: &str,
        set: PermissionSet,
    ) -> Result<(), StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, set) = (organization.clone(), set.clone());
            Box::pin(async move {
                let sql = "INSERT INTO permission_sets (organization, name, description, session_seconds) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, name) DO UPDATE SET description = excluded.description, \
                           session_seconds = excluded.session_seconds";
                tx.execute(sql, values![organization, set.name, set.description, set.session.as_secs()]).await?;
                Ok(())
            })
        })
        .await
    }

    /// Lets somebody take a role in an account. `false` where the account or the permission set is not there.
    pub async fn assign(
        &self,
        organization: &str,
        assignment: Assignment,
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
                let sql = "INSERT INTO assignments (organization, account_id, permission_set, principal) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (organization, account_id, permission_set, principal) DO NOTHING";
                let principal = principal(assignment.principal);
                tx.execute(sql, values![organization, account, role, principal]).await?;
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
    ) -> Result<bool, StoreError> {
        let organization = organization.to_owned();
        self.write(move |tx| {
            let (organization, assignment) = (organization.clone(), assignment.clone());
            Box::pin(async move {
                let sql = "DELETE FROM assignments WHERE organization = $1 AND account_id = $2 AND permission_set = $3 AND principal = $4";
                let principal = principal(assignment.principal);
                Ok(tx.execute(sql, values![organization, assignment.account, assignment.role, principal]).await? == 1)
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
