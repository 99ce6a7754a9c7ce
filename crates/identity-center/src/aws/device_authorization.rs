//! `StartDeviceAuthorization`: a code for a device without a browser, and the one that its person types in.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::body::Body;
use super::exception::{self, Exception, Kind};
use super::token::authenticate;
use crate::center::Center;
use crate::client::{Client, Grant};
use crate::device::{INTERVAL, LIFETIME, UserCode};
use crate::secret::issue;
use crate::start_url;
use crate::store::{DeviceCode, StoreError};

/// So often a user code is drawn anew when another device has it: 20⁸ of them are rarely met twice.
const DRAWS: usize = 4;

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
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
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
    let place = from.map(|Extension(ConnectInfo(from))| from.ip().to_string());
    let (secret, user_code) =
        begin(&center, &client, &organization, &place.unwrap_or_default()).await?;
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

async fn begin(
    center: &Center,
    client: &Client,
    organization: &str,
    place: &str,
) -> Result<(SecretString, UserCode), Exception> {
    let now = center.now();
    let (secret, digest) = issue();
    for _ in 0..DRAWS {
        let user_code = UserCode::random();
        let device = DeviceCode {
            code: digest,
            user_code: user_code.digest(),
            client: client.id.clone(),
            organization: organization.to_owned(),
            scopes: client.details.scopes.clone(),
            place: place.to_owned(),
            created_at: now,
            expires_at: now + LIFETIME,
        };
        match center.store.keep_device_code(device, INTERVAL).await {
            Ok(()) => return Ok((secret, user_code)),
            Err(StoreError::Taken) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Taken.into())
}
