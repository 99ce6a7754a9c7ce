//! Groups and who is in them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Asked, Body, Line, Named, Paging};
use super::problem::Problem;
use super::users::{self, User};
use super::view::{Ended, Page};
use crate::center::Center;
use crate::directory;
use crate::id::{ConnectionId, GroupId, UserId};

/// A group.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Group {
    /// 32 hexadecimal digits.
    pub(crate) id: GroupId,
    /// Its name; unique, whatever its case.
    pub(crate) display_name: String,
    /// The provisioning identity provider's name of it.
    pub(crate) external_id: Option<String>,
    /// The connection that provisioned it.
    pub(crate) connection: Option<ConnectionId>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) modified_at: Timestamp,
}

impl From<directory::Group> for Group {
    fn from(group: directory::Group) -> Group {
        Group {
            id: group.id,
            display_name: group.display_name,
            external_id: group.external_id,
            connection: group.connection,
            created_at: group.created_at,
            modified_at: group.modified_at,
        }
    }
}

/// A group to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    /// Its name.
    pub(super) display_name: Line,
}

/// The group of this id in the administrator's organisation.
pub(super) async fn found(
    center: &Center,
    who: &Who,
    id: GroupId,
) -> Result<directory::Group, Problem> {
    let group = center.store.group(id).await?;
    group
        .filter(|group| group.organization == who.organization())
        .ok_or_else(|| Problem::nothing("group"))
}

/// Groups, by name
#[utoipa::path(get, path = "/groups", tag = "groups", params(Paging), responses((status = 200, body = Page<Group>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Group>>, Problem> {
    let limit = paging.limit()?;
    let store = &center.store;
    let groups = store.groups(who.organization(), paging.after(), limit + 1);
    let groups = groups.await?.into_iter().map(Group::from).collect();
    let place = |group: &Group| group.display_name.clone();
    Ok(Json(Page::of(groups, limit, place)))
}

/// A group
#[utoipa::path(get, path = "/groups/{group}", tag = "groups", params(("group" = String, Path)), responses((status = 200, body = Group), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<GroupId>,
) -> Result<Json<Group>, Problem> {
    Ok(Json(found(&center, &who, id).await?.into()))
}

/// Who is in a group, by user name
#[utoipa::path(get, path = "/groups/{group}/members", tag = "groups", params(("group" = String, Path)), responses((status = 200, body = Page<User>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn members(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<GroupId>,
) -> Result<Json<Page<User>>, Problem> {
    found(&center, &who, id).await?;
    let members = center.store.members(id).await?;
    let items = members.into_iter().map(User::from).collect();
    Ok(Json(Page::whole(items)))
}

/// Adds a group
#[utoipa::path(post, path = "/groups", tag = "groups", request_body = NewGroup, responses((status = 201, body = Group), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(center): State<Arc<Center>>,
    who: Who,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<Group>), Problem> {
    let (store, name) = (&center.store, &new.display_name.0);
    let made = store.create_group(who.organization(), name, None, center.now());
    Ok((StatusCode::CREATED, Json(made.await??.into())))
}

/// Removes a group; its members lose what it gave them
#[utoipa::path(delete, path = "/groups/{group}", tag = "groups", params(("group" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<GroupId>,
) -> Result<StatusCode, Problem> {
    found(&center, &who, id).await?;
    center.store.delete_group(id, center.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a person into a group
#[utoipa::path(put, path = "/groups/{group}/members/{user}", tag = "groups", params(("group" = String, Path), ("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((group, user)): Named<(GroupId, UserId)>,
) -> Result<StatusCode, Problem> {
    found(&center, &who, group).await?;
    center.store.add_member(group, user, center.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a person out of a group; what an application gave them because of it alone ends now
#[utoipa::path(delete, path = "/groups/{group}/members/{user}", tag = "groups", params(("group" = String, Path), ("user" = String, Path)), responses((status = 200, body = Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((group, user)): Named<(GroupId, UserId)>,
) -> Result<Json<Ended>, Problem> {
    found(&center, &who, group).await?;
    users::found(&center, &who, user).await?;
    let sessions = center
        .store
        .remove_member(group, user, center.now())
        .await?;
    Ok(Json(Ended { sessions }))
}
