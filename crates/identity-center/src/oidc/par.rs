//! Pushed authorization requests (RFC 9126): the application, authenticated, leaves its request here before the browser comes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use serde_json::json;

use super::authorize::{self, Invalid, PUSHED};
use super::client_authentication::authenticate;
use super::parameters::Form;
use super::refusal::{self, Refusal};
use super::{dpop, path};
use crate::authorization::Purpose;
use crate::center::Center;
use crate::secret::issue;

/// The browser has so long to come.
const LIFETIME: SignedDuration = SignedDuration::from_secs(90);

/// `POST /oauth2/par`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let client = authenticate(&center, &headers, &form).await?;
    let proof = dpop::at_token_endpoint(&center, &headers, path::PAR).await?;
    if form.get("request_uri").is_some() {
        return Err(Refusal::invalid_request(
            "a pushed request has no request_uri",
        ));
    }
    let mut request =
        authorize::request(&center, &client, &form).map_err(|invalid| match invalid {
            Invalid::Untold(description) => Refusal::invalid_request(description),
            Invalid::Told {
                error, description, ..
            } => Refusal::new(error, description),
        })?;
    // RFC 9449 §10.1: the proof binds the code like `dpop_jkt`, and must say the same where both are there.
    if let (Some(proof), Purpose::Code { binding, .. }) = (&proof, &mut request.purpose) {
        if binding
            .as_ref()
            .is_some_and(|bound| *bound != proof.thumbprint)
        {
            return Err(Refusal::invalid_request(
                "dpop_jkt is not of the key of the proof",
            ));
        }
        *binding = Some(proof.thumbprint.clone());
    }
    let (name, digest) = issue();
    let expires_at = center.now() + LIFETIME;
    center
        .store
        .keep_pushed_request(digest, client.id, request, expires_at)
        .await?;
    let mut response = refusal::json(&json!({
        "request_uri": format!("{PUSHED}{}", name.expose_secret()),
        "expires_in": LIFETIME.as_secs(),
    }));
    *response.status_mut() = StatusCode::CREATED;
    Ok(dpop::with_next_nonce(&center, proof.as_ref(), response))
}
