//! Who the person is, for whoever has their access token (OpenID Connect Core §5.3).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::parameters::Form;
use super::refusal::{self, Refusal};
use super::{bearer, dpop, id_token, path};
use crate::center::Center;

/// `GET /oauth2/userinfo`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    answer(&center, &headers, None, "GET").await
}

/// `POST /oauth2/userinfo`: the token may be in a form (RFC 6750 §2.2).
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let form = match headers.contains_key(header::CONTENT_TYPE) {
        true => Form::read_once(request).await.ok(),
        false => None,
    };
    let in_form = form.as_ref().and_then(|form| form.get("access_token"));
    answer(&center, &headers, in_form, "POST").await
}

async fn answer(
    center: &Center,
    headers: &HeaderMap,
    in_form: Option<&str>,
    method: &str,
) -> Result<Response, Refusal> {
    let holder = bearer::holder(center, headers, in_form, method, path::USERINFO).await?;
    if !holder.session.scopes.iter().any(|scope| scope == "openid") {
        return Err(Refusal::of_token(
            "Bearer",
            "insufficient_scope",
            "the scope openid is needed",
        ));
    }
    let claims = id_token::about(
        &holder.session,
        &holder.person,
        &holder.session.claims.userinfo,
    );
    Ok(dpop::with_next_nonce(
        center,
        holder.proof.as_ref(),
        refusal::json(&claims),
    ))
}
