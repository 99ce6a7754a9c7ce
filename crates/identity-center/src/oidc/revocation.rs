//! Ending a token's life (RFC 7009): the whole session's, whichever of its tokens is presented. A token that is nobody's, or another
//! application's, is answered alike.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client_authentication::authenticate;
use super::parameters::Form;
use super::refusal::{Refusal, unstored};
use crate::center::Center;
use crate::session::Ended;
use crate::token::Kind;

/// `POST /oauth2/revoke`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let client = authenticate(&center, &headers, &form).await?;
    let presented = form.require("token")?;
    let keys = &center.token_keys;
    let token = keys
        .read(Kind::Refresh, presented)
        .or_else(|| keys.read(Kind::Access, presented));
    if let Some(token) = token
        && let Some((session, _)) = center.store.session(token.session).await?
        && session.client == client.id
    {
        let now = center.now();
        center
            .store
            .end_session(session.id, Ended::SignedOut, now)
            .await?;
    }
    let mut response = StatusCode::OK.into_response();
    unstored(response.headers_mut());
    Ok(response)
}
