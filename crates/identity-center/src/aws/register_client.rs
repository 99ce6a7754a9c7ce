//! `RegisterClient`: an application makes itself known. Its registration proves nothing about it, and ends by itself.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::bearer;
use super::body::Body;
use super::exception::{self, Exception, Kind};
use crate::center::Center;
use crate::client::{ADMINISTRATION, Client, Details, Grant, Wire};
use crate::device;
use crate::id::AuthorizationId;
use crate::redirect;
use crate::secret::issue;
use crate::start_url;
use crate::store::Guess;

/// What a name, an address and a list may have.
const TEXT_LIMIT: usize = 256;
const LIST_LIMIT: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    client_name: String,
    client_type: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    grant_types: Vec<String>,
    issuer_url: Option<String>,
}

/// `POST /client/register`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    from: device::From,
    Body(asked): Body<Asked>,
) -> Result<Response, Exception> {
    let details = details(&asked)?;
    let organization = organization(&center, asked.issuer_url.as_deref()).await?;
    let now = center.now();
    if let Some(Extension(ConnectInfo(from))) = from {
        let from = Guess::registration(from.ip());
        if center.store.attempt(&[from], now).await?.is_err() {
            let why = "too many programs register themselves from this address: try again in a few seconds";
            return Err(Exception::new(Kind::SlowDown, why));
        }
    }
    let expires_at = now + center.settings.registration_lifetime;
    let (secret, digest) = issue();
    let id = AuthorizationId::random().to_string();
    center
        .store
        .add_client(Client {
            id: id.clone(),
            organization,
            wire: Wire::Aws,
            secret: Some(digest),
            name: asked.client_name,
            details,
            issued_at: now,
            expires_at: Some(expires_at),
        })
        .await?;
    Ok(exception::answer(&json!({
        "clientId": id,
        "clientSecret": secret.expose_secret(),
        "clientIdIssuedAt": now.as_second(),
        "clientSecretExpiresAt": expires_at.as_second(),
        "authorizationEndpoint": center.settings.at("/authorize"),
        "tokenEndpoint": center.settings.at("/token"),
    })))
}

/// Whose people will sign in, where the client names a start URL of ours. Any other says nothing here: then their names decide.
async fn organization(center: &Center, issuer: Option<&str>) -> Result<Option<String>, Exception> {
    let name = issuer.and_then(|issuer| start_url::organization(&center.settings, issuer));
    let Some(name) = name else {
        return Ok(None);
    };
    let found = center.store.organization(name).await?;
    Ok(found.map(|organization| organization.name))
}

/// What may be registered: only a public client, only loopback addresses without a port, only grants that there are.
fn details(asked: &Asked) -> Result<Details, Exception> {
    let metadata = |why: &'static str| Err(Exception::new(Kind::InvalidClientMetadata, why));
    if asked.client_type != "public" {
        return metadata("clientType must be public");
    }
    let named = !asked.client_name.trim().is_empty() && asked.client_name.len() <= TEXT_LIMIT;
    if !named || asked.client_name.chars().any(char::is_control) {
        return metadata("clientName must be 1 to 256 bytes without control characters");
    }
    let lists = [&asked.scopes, &asked.redirect_uris, &asked.grant_types];
    let long = |list: &&Vec<String>| {
        list.len() > LIST_LIMIT || list.iter().any(|text| text.len() > TEXT_LIMIT)
    };
    if lists.iter().any(long) {
        return metadata("a list has more than 16 parts, or one of more than 256 bytes");
    }
    let scope = |scope: &String| {
        // RFC 6749 §3.3.
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !scope.is_empty() && scope.bytes().all(allowed)
    };
    if !asked.scopes.iter().all(scope) {
        return Err(Exception::new(
            Kind::InvalidScope,
            "a scope has a character that none has",
        ));
    }
    // Administration has an application of its own, which is asked about as what it is.
    if asked.scopes.iter().any(|scope| scope == ADMINISTRATION) {
        return Err(Exception::new(
            Kind::InvalidScope,
            "`admin` is for the service's own administration",
        ));
    }
    if !asked
        .redirect_uris
        .iter()
        .all(|uri| redirect::registrable(Wire::Aws, uri))
    {
        let why = "a redirect URI must be http://127.0.0.1/… or http://[::1]/…, without a port";
        return Err(Exception::new(Kind::InvalidRedirectUri, why));
    }
    let grants = asked.grant_types.iter().map(|grant| match grant.as_str() {
        "authorization_code" => Ok(Grant::AuthorizationCode),
        "refresh_token" => Ok(Grant::RefreshToken),
        device::GRANT => Ok(Grant::DeviceCode),
        _ => Err(Exception::new(
            Kind::UnsupportedGrantType,
            "a grant type is not known",
        )),
    });
    let grants: Vec<Grant> = grants.collect::<Result<_, _>>()?;
    Ok(Details {
        redirect_uris: asked.redirect_uris.clone(),
        // An older client names none: it signs in by a device code.
        grants: if grants.is_empty() {
            vec![Grant::DeviceCode, Grant::RefreshToken]
        } else {
            grants
        },
        // … and means the portal.
        scopes: if asked.scopes.is_empty() {
            vec![bearer::SCOPE.to_owned()]
        } else {
            asked.scopes.clone()
        },
        ..Details::default()
    })
}
