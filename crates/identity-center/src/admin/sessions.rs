//! Sessions: what people have open, and its end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::Named;
use super::problem::Problem;
use super::users;
use super::view::{Ended, Page};
use crate::center::Center;
use crate::id::{SessionId, UserId};
use crate::session;

/// What an application was granted for a person, and lives.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Session {
    /// 32 hexadecimal digits; no secret.
    pub(crate) id: SessionId,
    /// The application's `client_id`.
    pub(crate) client_id: String,
    /// What was granted.
    pub(crate) scopes: Vec<String>,
    /// How the person was authenticated (RFC 8176).
    pub(crate) methods: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// When it was last renewed.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) renewed_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Session {
        Session {
            id: session.id,
            client_id: session.client,
            scopes: session.scopes,
            methods: session.authentication.methods,
            created_at: session.created_at,
            renewed_at: session.rotated_at,
            expires_at: session.expires_at,
        }
    }
}

/// A person's sessions that live, newest first
#[utoipa::path(get, path = "/users/{user}/sessions", tag = "sessions", params(("user" = String, Path)), responses((status = 200, body = Page<Session>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<Json<Page<Session>>, Problem> {
    users::found(&center, &who, id).await?;
    let sessions = center.store.live_sessions(id, center.now()).await?;
    let items = sessions.into_iter().map(Session::from).collect();
    Ok(Json(Page::whole(items)))
}

/// Ends everything that a person has open: sessions, browsers, codes that wait
#[utoipa::path(delete, path = "/users/{user}/sessions", tag = "sessions", params(("user" = String, Path)), responses((status = 200, body = Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn end_all(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<UserId>,
) -> Result<Json<Ended>, Problem> {
    users::found(&center, &who, id).await?;
    who.may_act_on(&center, id).await?;
    let because = session::Ended::ByAdministrator;
    let ended = center.store.end_sessions_of(id, because, center.now());
    let sessions = ended.await?;
    Ok(Json(Ended { sessions }))
}

/// Ends one session
#[utoipa::path(delete, path = "/sessions/{session}", tag = "sessions", params(("session" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn end(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<SessionId>,
) -> Result<StatusCode, Problem> {
    let found = center.store.session_and_person(id).await?;
    let found = found.filter(|(_, _, person)| person.organization == who.organization());
    let (session, ..) = found.ok_or_else(|| Problem::nothing("session"))?;
    who.may_act_on(&center, session.user).await?;
    let because = session::Ended::ByAdministrator;
    center.store.end_session(id, because, center.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
