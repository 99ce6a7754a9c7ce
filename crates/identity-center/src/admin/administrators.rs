//! Administrators, and who of them asks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Body, Named};
use super::problem::Problem;
use super::users;
use super::view::Page;
use crate::administrator::{self, Role};
use crate::center::Center;
use crate::id::UserId;

/// An administrator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Administrator {
    /// The person's id.
    pub(crate) id: UserId,
    pub(crate) user_name: String,
    /// The organisation's short name.
    pub(crate) organization: String,
    pub(crate) role: Role,
    /// Whether they can sign in without an identity provider: they are active and have a password.
    pub(crate) local: bool,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
}

impl From<administrator::Administrator> for Administrator {
    fn from(one: administrator::Administrator) -> Administrator {
        Administrator {
            id: one.user,
            user_name: one.user_name,
            organization: one.organization,
            role: one.role,
            local: one.local,
            since: one.since,
        }
    }
}

/// A role to be given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    pub(crate) role: Role,
}

/// Who asks
#[utoipa::path(get, path = "/me", tag = "administrators", responses((status = 200, body = Administrator), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn me(Who(administrator): Who) -> Json<Administrator> {
    Json(administrator.into())
}

/// Who administers, by user name
#[utoipa::path(get, path = "/administrators", tag = "administrators", responses((status = 200, body = Page<Administrator>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Administrator>>, Problem> {
    let all = center.store.administrators(who.organization()).await?;
    Ok(Json(Page::whole(
        all.into_iter().map(Administrator::from).collect(),
    )))
}

/// Makes a person an administrator, or one of another role
#[utoipa::path(put, path = "/administrators/{user}", tag = "administrators", params(("user" = String, Path)), request_body = Given, responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
    Body(given): Body<Given>,
) -> Result<StatusCode, Problem> {
    users::found(&center, &who, id).await?;
    let set = center
        .store
        .set_administrator(id, Some(given.role), center.now());
    set.await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A person administers no more
#[utoipa::path(delete, path = "/administrators/{user}", tag = "administrators", params(("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<StatusCode, Problem> {
    users::found(&center, &who, id).await?;
    center
        .store
        .set_administrator(id, None, center.now())
        .await??;
    Ok(StatusCode::NO_CONTENT)
}
