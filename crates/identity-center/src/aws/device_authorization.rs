//! `StartDeviceAuthorization`: a code for a device without a browser, and the one that its person types in.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::body::Body;
use super::exception::{self, Exception, Kind};
use super::token::authenticate;
use crate::center::Center;
use crate::client::Grant;
use crate::device::{self, INTERVAL, LIFETIME};
use crate::start_url;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    client_id: String,
    client_secret: String,
    start_url: String,
}

/// `POST /device_authorization`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    from: device::From,
    Body(asked): Body<Asked>,
) -> Result<Response, Exception> {
    let client = authenticate(&center, &asked.client_id, &asked.client_secret).await?;
    if !client.details.grants.contains(&Grant::DeviceCode) {
        let why = "the application is not registered for device codes";
        return Err(Exception::new(Kind::UnauthorizedClient, why));
    }
    // AWS says no more of a start URL that is not its own.
    let unknown = || Exception::new(Kind::InvalidRequest, "Invalid start url provided");
    let organization =
        start_url::organization(&center.settings, &asked.start_url).ok_or_else(unknown)?;
    let organization = center.store.organization(organization).await?;
    let organization = organization.ok_or_else(unknown)?.name;
    let scopes = client.details.scopes.clone();
    let begun = device::begin(&center, &client, &organization, scopes, from);
    let (secret, user_code) = begun.await?;
    let page = center.settings.at("/device");
    Ok(exception::answer(&json!({
        "deviceCode": secret.expose_secret(),
        "userCode": user_code.to_string(),
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={user_code}"),
        "expiresIn": LIFETIME.as_secs(),
        "interval": INTERVAL,
    })))
}
