//! The device authorization endpoint (RFC 8628 §3.1): a code for a device without a browser, and the one that its person types in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::ExposeSecret;
use serde_json::json;

use super::authorize;
use super::client_authentication::authenticate;
use super::parameters::Form;
use super::refusal::{self, Refusal};
use crate::center::Center;
use crate::client::Grant;
use crate::device::{self, INTERVAL, LIFETIME};

/// `POST /oauth2/device_authorization`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    from: device::From,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let client = authenticate(&center, &headers, &form).await?;
    let unauthorized = |why| Refusal::new("unauthorized_client", why);
    if !client.details.grants.contains(&Grant::DeviceCode) {
        return Err(unauthorized("the application may not use device codes"));
    }
    let organization = client.organization.as_deref();
    let organization =
        organization.ok_or_else(|| unauthorized("the application is no organisation's"))?;
    let scopes = authorize::scopes(&client, &form);
    if scopes.is_empty() {
        return Err(Refusal::new("invalid_scope", "none of the scopes is known"));
    }
    let begun = device::begin(&center, &client, organization, scopes, from);
    let (secret, user_code) = begun.await?;
    let page = center.settings.at("/device");
    Ok(refusal::json(&json!({
        "device_code": secret.expose_secret(),
        "user_code": user_code.to_string(),
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": LIFETIME.as_secs(),
        "interval": INTERVAL,
    })))
}
