//! `Logout` of the access portal: the session of the presented access token ends, here and for every program that shares it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::exception::{Exception, Kind};
use crate::center::Center;
use crate::session::{Ended, Session};
use crate::token;

/// Where the portal's callers put their access token.
const BEARER: &str = "x-amz-sso_bearer_token";

/// `POST /logout`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
) -> Result<Response, Exception> {
    let session = bearer(&center, &headers).await?;
    center
        .store
        .end_session(session.id, Ended::SignedOut, center.now())
        .await?;
    Ok(StatusCode::OK.into_response())
}

/// The session of the presented token. One that is bound to a key (RFC 9449) is none of the portal's: nobody proves a key here.
async fn bearer(center: &Center, headers: &HeaderMap) -> Result<Session, Exception> {
    let refused = || Exception::new(Kind::Unauthorized, "Session token not found or invalid");
    let presented = headers
        .get(BEARER)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(refused)?;
    let token = center
        .token_keys
        .read(token::Kind::Access, presented)
        .ok_or_else(refused)?;
    let session = center.store.good_session(token, center.now()).await?;
    session
        .filter(|session| session.binding.is_none())
        .ok_or_else(refused)
}
