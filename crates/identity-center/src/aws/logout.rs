//! `Logout` of the access portal: the session of the presented access token ends, here and for every program that shares it. The token
//! itself may have ended: who signs out late means it all the same.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::bearer;
use super::exception::{self, Exception};
use crate::center::Center;
use crate::session::Ended;

/// `POST /logout`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
) -> Result<Response, Exception> {
    let session = bearer::session_even_late(&center, &headers).await?;
    center
        .store
        .end_session(session.id, Ended::SignedOut, center.now())
        .await?;
    Ok(exception::answer(&json!({})))
}
