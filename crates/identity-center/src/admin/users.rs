//! People.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Asked, Body, Line, Named, Note, Paging};
use super::problem::Problem;
use super::view::{Ended, Link, Page};
use crate::center::Center;
use crate::directory::{self, Profile};
use crate::id::{ConnectionId, UserId};
use crate::setup;

/// A person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct User {
    /// 32 hexadecimal digits.
    pub(crate) id: UserId,
    /// The name that they sign in with.
    pub(crate) user_name: String,
    /// The name that they are called by.
    pub(crate) display_name: String,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    /// Where mail reaches them; it never tells who somebody is.
    pub(crate) email: Option<String>,
    /// The provisioning identity provider's name of them.
    pub(crate) external_id: Option<String>,
    /// The connection that provisioned them.
    pub(crate) connection: Option<ConnectionId>,
    /// Whether they may sign in.
    pub(crate) active: bool,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) modified_at: Timestamp,
}

impl From<directory::User> for User {
    fn from(user: directory::User) -> User {
        User {
            id: user.id,
            user_name: user.profile.user_name,
            display_name: user.profile.display_name,
            given_name: user.profile.given_name,
            family_name: user.profile.family_name,
            email: user.profile.email,
            external_id: user.profile.external_id,
            connection: user.profile.connection,
            active: user.active,
            created_at: user.created_at,
            modified_at: user.modified_at,
        }
    }
}

/// What an administrator says of a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserSaid {
    /// The name that they sign in with; unique, whatever its case.
    pub(super) user_name: Line,
    /// Without, the user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) given_name: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) family_name: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<Line>,
}

impl UserSaid {
    /// With what stays as it was.
    fn profile(self, before: Option<Profile>) -> Profile {
        let text = |line: Option<Line>| line.map(|line| line.0);
        let user_name = self.user_name.0;
        Profile {
            display_name: text(self.display_name).unwrap_or_else(|| user_name.clone()),
            user_name,
            given_name: text(self.given_name),
            family_name: text(self.family_name),
            email: text(self.email),
            ..before.unwrap_or_default()
        }
    }
}

/// Which people are meant.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The one with this user name, whatever its case.
    #[param(inline)]
    user_name: Option<Note>,
}

/// The person of this id in the administrator's organisation.
pub(super) async fn found(
    center: &Center,
    who: &Who,
    id: UserId,
) -> Result<directory::User, Problem> {
    let user = center.store.user(id).await?;
    user.filter(|user| user.organization == who.organization())
        .ok_or_else(|| Problem::nothing("person"))
}

/// The same, whom the administrator may change.
async fn theirs(center: &Center, who: &Who, id: UserId) -> Result<directory::User, Problem> {
    let user = found(center, who, id).await?;
    who.may_act_on(center, id).await?;
    Ok(user)
}

/// People, by user name
#[utoipa::path(get, path = "/users", tag = "people", params(Paging, Wanted), responses((status = 200, body = Page<User>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
    Asked(paging): Asked<Paging>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<User>>, Problem> {
    let store = &center.store;
    if let Some(name) = wanted.user_name {
        let user = store
            .user_by_name(Some(who.organization()), &name.0)
            .await?;
        let items = user.into_iter().map(User::from).collect();
        return Ok(Json(Page::whole(items)));
    }
    let limit = paging.limit()?;
    let users = store.users(who.organization(), paging.after(), limit + 1);
    let users = users.await?.into_iter().map(User::from).collect();
    Ok(Json(Page::of(users, limit, |user: &User| {
        user.user_name.clone()
    })))
}

/// A person
#[utoipa::path(get, path = "/users/{user}", tag = "people", params(("user" = String, Path)), responses((status = 200, body = User), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<Json<User>, Problem> {
    Ok(Json(found(&center, &who, id).await?.into()))
}

/// Adds a person. They have no password: a set-up link gives them one, or they sign in at an identity provider
#[utoipa::path(post, path = "/users", tag = "people", request_body = UserSaid, responses((status = 201, body = User), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(center): State<Arc<Center>>,
    who: Who,
    Body(said): Body<UserSaid>,
) -> Result<(StatusCode, Json<User>), Problem> {
    let made = center
        .store
        .create_user(who.organization(), said.profile(None), center.now());
    Ok((StatusCode::CREATED, Json(made.await??.into())))
}

/// Says something else of a person; what is left out is gone
#[utoipa::path(put, path = "/users/{user}", tag = "people", params(("user" = String, Path)), request_body = UserSaid, responses((status = 200, body = User), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
    Body(said): Body<UserSaid>,
) -> Result<Json<User>, Problem> {
    let before = theirs(&center, &who, id).await?;
    let profile = said.profile(Some(before.profile));
    let changed = center.store.change_user(id, profile, center.now());
    Ok(Json(changed.await??.into()))
}

/// Removes a person and everything of theirs
#[utoipa::path(delete, path = "/users/{user}", tag = "people", params(("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<StatusCode, Problem> {
    theirs(&center, &who, id).await?;
    center.store.delete_user(id, center.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A person may not sign in any more: everything of theirs ends now
#[utoipa::path(post, path = "/users/{user}/deactivate", tag = "people", params(("user" = String, Path)), responses((status = 200, body = Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn deactivate(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<Json<Ended>, Problem> {
    theirs(&center, &who, id).await?;
    let sessions = center.store.deactivate_user(id, center.now()).await??;
    Ok(Json(Ended { sessions }))
}

/// A person may sign in again; nothing that ended comes back
#[utoipa::path(post, path = "/users/{user}/reactivate", tag = "people", params(("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn reactivate(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<StatusCode, Problem> {
    theirs(&center, &who, id).await?;
    center.store.reactivate_user(id, center.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// A link by which the person sets a password, once; earlier ones are good no more
#[utoipa::path(post, path = "/users/{user}/setup-link", tag = "people", params(("user" = String, Path)), responses((status = 201, body = Link), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn setup_link(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    theirs(&center, &who, id).await?;
    let (store, settings) = (&center.store, &center.settings);
    let offered = setup::offer(store, settings, who.organization(), Some(id), center.now());
    let (url, expires_at) = offered.await?;
    let url = url.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(Link { url, expires_at })))
}

/// Takes a person's second factor and recovery codes away, and ends their sessions: they enrol anew at the next sign-in
#[utoipa::path(delete, path = "/users/{user}/second-factor", tag = "people", params(("user" = String, Path)), responses((status = 200, body = Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn forget_second_factor(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<Json<Ended>, Problem> {
    theirs(&center, &who, id).await?;
    let sessions = center.store.forget_second_factor(id, center.now()).await?;
    Ok(Json(Ended { sessions }))
}

/// Forgets who a person is at a connection's identity provider: their next sign-in there is a first one
#[utoipa::path(delete, path = "/users/{user}/links/{connection}", tag = "people", params(("user" = String, Path), ("connection" = String, Path, description = "the connection's name")), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn unlink(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((id, name)): Named<(UserId, Line)>,
) -> Result<StatusCode, Problem> {
    theirs(&center, &who, id).await?;
    let connection = super::connections::found(&center, &who, &name).await?;
    match center.store.unlink(connection.id, id, center.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::nothing("link")),
    }
}
