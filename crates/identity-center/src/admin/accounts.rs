//! AWS accounts, permission sets, and who may take which role where.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Body, Line, Named, Note, whole};
use super::problem::Problem;
use super::view::Page;
use crate::account::{self, Principal, SESSION_LEAST, SESSION_MOST, is_account_id, is_role_name};
use crate::center::Center;
use crate::id::{GroupId, UserId};

/// An account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) id: String,
    pub(crate) name: String,
    /// The account's own address, nobody's.
    pub(crate) email: String,
}

/// What an owner says of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountSaid {
    pub(super) name: Line,
    #[serde(default)]
    pub(super) email: Note,
}

/// A role of this name in each account where it is assigned.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PermissionSet {
    /// The role's name.
    pub(crate) name: String,
    /// For administrators.
    pub(crate) description: String,
    /// How long the role's credentials live, in seconds.
    pub(crate) session_seconds: i64,
}

/// What an owner says of a permission set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PermissionSetSaid {
    #[serde(default)]
    pub(super) description: Note,
    /// How long the role's credentials live, in seconds; an hour without.
    #[serde(default = "hour", deserialize_with = "whole")]
    #[schema(minimum = 900, maximum = 43200, default = 3600)]
    pub(super) session_seconds: i64,
}

fn hour() -> i64 {
    3600
}

/// That somebody may take a role in an account: a person, or whoever is in a group.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Assignment {
    /// The account's id.
    pub(crate) account: String,
    /// The permission set's name.
    pub(crate) role: String,
    /// The group's id, where it is to a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<GroupId>,
    /// The person's id, where it is to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserId>,
}

impl From<account::Assignment> for Assignment {
    fn from(assignment: account::Assignment) -> Assignment {
        let (group, user) = match assignment.principal {
            Principal::Group(group) => (Some(group), None),
            Principal::User(user) => (None, Some(user)),
        };
        Assignment {
            account: assignment.account,
            role: assignment.role,
            group,
            user,
        }
    }
}

/// Accounts, by id
#[utoipa::path(get, path = "/accounts", tag = "AWS", responses((status = 200, body = Page<Account>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Account>>, Problem> {
    let accounts = center.store.accounts(who.organization()).await?;
    let view = |account: account::Account| Account {
        id: account.id,
        name: account.name,
        email: account.email,
    };
    Ok(Json(Page::whole(accounts.into_iter().map(view).collect())))
}

/// Adds an account, or changes the one with this id
#[utoipa::path(put, path = "/accounts/{account}", tag = "AWS", params(("account" = String, Path, pattern = "^[0-9]{12}$")), request_body = AccountSaid, responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<String>,
    Body(said): Body<AccountSaid>,
) -> Result<StatusCode, Problem> {
    if !is_account_id(&id) {
        return Err(Problem::unfit(
            "account-id",
            "An account’s id is twelve digits",
        ));
    }
    let account = account::Account {
        id,
        name: said.name.0,
        email: said.email.0,
    };
    let store = &center.store;
    store
        .put_account(who.organization(), account, center.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an account, and who may do what there
#[utoipa::path(delete, path = "/accounts/{account}", tag = "AWS", params(("account" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<String>,
) -> Result<StatusCode, Problem> {
    let store = &center.store;
    if is_account_id(&id)
        && store
            .remove_account(who.organization(), &id, center.now())
            .await?
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::nothing("account"))
}

/// Permission sets, by name
#[utoipa::path(get, path = "/permission-sets", tag = "AWS", responses((status = 200, body = Page<PermissionSet>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn permission_sets(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<PermissionSet>>, Problem> {
    let sets = center.store.permission_sets(who.organization()).await?;
    let view = |set: account::PermissionSet| PermissionSet {
        name: set.name,
        description: set.description,
        session_seconds: set.session.as_secs(),
    };
    Ok(Json(Page::whole(sets.into_iter().map(view).collect())))
}

/// Adds a permission set, or changes the one with this name
#[utoipa::path(put, path = "/permission-sets/{role}", tag = "AWS", params(("role" = String, Path, pattern = "^[A-Za-z0-9+=,.@_-]{1,32}$")), request_body = PermissionSetSaid, responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set_permission_set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<String>,
    Body(said): Body<PermissionSetSaid>,
) -> Result<StatusCode, Problem> {
    if !is_role_name(&name) {
        let title = "A role’s name is 1 to 32 letters, digits and +=,.@_-";
        return Err(Problem::unfit("role-name", title));
    }
    let session = SignedDuration::from_secs(said.session_seconds);
    if !(SESSION_LEAST..=SESSION_MOST).contains(&session) {
        let title = "Credentials of a role live 900 to 43200 seconds";
        return Err(Problem::unfit("session-seconds", title));
    }
    let set = account::PermissionSet {
        name,
        description: said.description.0,
        session,
    };
    let store = &center.store;
    store
        .put_permission_set(who.organization(), set, center.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a permission set, and who may take it where
#[utoipa::path(delete, path = "/permission-sets/{role}", tag = "AWS", params(("role" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove_permission_set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    let (store, organization) = (&center.store, who.organization());
    if is_role_name(&name)
        && store
            .remove_permission_set(organization, &name, center.now())
            .await?
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::nothing("permission set"))
}

/// Who may take which role where, by account and role
#[utoipa::path(get, path = "/assignments", tag = "AWS", responses((status = 200, body = Page<Assignment>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn assignments(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Assignment>>, Problem> {
    let all = center.store.assignments(who.organization()).await?;
    Ok(Json(Page::whole(
        all.into_iter().map(Assignment::from).collect(),
    )))
}

/// Lets whoever is in a group take a role in an account
#[utoipa::path(put, path = "/accounts/{account}/roles/{role}/groups/{group}", tag = "AWS", params(("account" = String, Path), ("role" = String, Path), ("group" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn assign_group(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((account, role, group)): Named<(String, String, GroupId)>,
) -> Result<StatusCode, Problem> {
    assign(&center, &who, (account, role, Principal::Group(group))).await
}

/// Lets a person take a role in an account
#[utoipa::path(put, path = "/accounts/{account}/roles/{role}/users/{user}", tag = "AWS", params(("account" = String, Path), ("role" = String, Path), ("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn assign_user(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((account, role, user)): Named<(String, String, UserId)>,
) -> Result<StatusCode, Problem> {
    assign(&center, &who, (account, role, Principal::User(user))).await
}

/// Takes a role back from a group. Credentials that were given live to their own end
#[utoipa::path(delete, path = "/accounts/{account}/roles/{role}/groups/{group}", tag = "AWS", params(("account" = String, Path), ("role" = String, Path), ("group" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn unassign_group(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((account, role, group)): Named<(String, String, GroupId)>,
) -> Result<StatusCode, Problem> {
    unassign(&center, &who, (account, role, Principal::Group(group))).await
}

/// Takes a role back from a person. Credentials that were given live to their own end
#[utoipa::path(delete, path = "/accounts/{account}/roles/{role}/users/{user}", tag = "AWS", params(("account" = String, Path), ("role" = String, Path), ("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn unassign_user(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((account, role, user)): Named<(String, String, UserId)>,
) -> Result<StatusCode, Problem> {
    unassign(&center, &who, (account, role, Principal::User(user))).await
}

type Meant = (String, String, Principal);

async fn assign(center: &Center, who: &Who, meant: Meant) -> Result<StatusCode, Problem> {
    let meant = assignment(meant)?;
    let assigned = center.store.assign(who.organization(), meant, center.now());
    match assigned.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::nothing("account, role, group or person")),
    }
}

async fn unassign(center: &Center, who: &Who, meant: Meant) -> Result<StatusCode, Problem> {
    let meant = assignment(meant)?;
    let taken = center
        .store
        .unassign(who.organization(), meant, center.now());
    match taken.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::nothing("assignment")),
    }
}

fn assignment((account, role, principal): Meant) -> Result<account::Assignment, Problem> {
    if is_account_id(&account) && is_role_name(&role) {
        Ok(account::Assignment {
            account,
            role,
            principal,
        })
    } else {
        Err(Problem::nothing("account or role"))
    }
}
