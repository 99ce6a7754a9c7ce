//! The device authorization grant (RFC 8628).

use std::time::Duration;

use oauth2::{ClientId, DeviceAuthorizationUrl, Scope, StandardDeviceAuthorizationResponse};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::discovery::Metadata;
use crate::http::{HttpClient, secure_url};
use crate::token::{
    Client, Exchange, LONGEST_LIFE, TokenError, TokenRefusal, TokenResponse, post_form,
};

/// The provider's answer to the device authorization request (§3.2).
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: Url,
    /// With the code in it.
    pub verification_uri_complete: Option<Url>,
    /// How long the code works.
    pub expires_in: Duration,
    /// How often to ask.
    pub interval: Duration,
    device_code: SecretString,
}

/// How a device authorization stands (§3.5).
#[derive(Debug)]
pub enum DevicePoll {
    /// Ask again after the interval.
    Pending,
    /// Ask again after a longer interval: five seconds more, from now on.
    SlowDown,
    /// Granted.
    Granted(TokenResponse),
    /// Refused.
    Denied(TokenRefusal),
    /// The code has expired.
    Expired,
}

/// Asks for a code.
///
/// # Errors
/// See [`TokenError`]; `Malformed` when the provider announces no device endpoint.
pub async fn begin_device(
    http: &dyn HttpClient,
    metadata: &Metadata,
    client_id: &str,
    scopes: &[String],
) -> Result<DeviceAuthorization, TokenError> {
    let malformed = |why: &str| TokenError::Malformed {
        why: why.to_owned(),
    };
    let endpoint = metadata
        .device_authorization_endpoint
        .clone()
        .ok_or_else(|| malformed("no device authorization endpoint"))?;
    let client = Client::<oauth2::EndpointNotSet>::new(ClientId::new(client_id.to_owned()))
        .set_device_authorization_url(DeviceAuthorizationUrl::from_url(endpoint));
    let exchange = Exchange::new(http);
    let answered = client
        .exchange_device_code()
        .add_scopes(scopes.iter().cloned().map(Scope::new))
        .request_async(&exchange)
        .await;
    let details: StandardDeviceAuthorizationResponse = exchange.outcome(answered)?;
    let complete = details
        .verification_uri_complete()
        .and_then(|uri| secure_url(uri.secret()).ok());
    Ok(DeviceAuthorization {
        user_code: crate::json::shown(details.user_code().secret()),
        verification_uri: secure_url(details.verification_uri().as_str())?,
        verification_uri_complete: complete,
        expires_in: details.expires_in().min(Duration::from_secs(3600)),
        interval: details
            .interval()
            .clamp(Duration::from_secs(1), Duration::from_secs(60)),
        device_code: SecretString::from(details.device_code().secret().as_str()),
    })
}

/// Asks once whether the person has entered the code.
///
/// # Errors
/// Those of the network and the server; what RFC 8628 §3.5 defines is a [`DevicePoll`].
pub async fn poll_device(
    http: &dyn HttpClient,
    token_endpoint: &Url,
    client_id: &str,
    authorization: &DeviceAuthorization,
) -> Result<DevicePoll, TokenError> {
    // `oauth2` polls in a loop of its own, with its own clock; one question at a time is what a caller can cancel.
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client_id),
        ("device_code", authorization.device_code.expose_secret()),
    ];
    match post_form(http, token_endpoint, &form).await {
        Ok(answer) => Ok(DevicePoll::Granted(granted(&answer).ok_or_else(|| {
            TokenError::Malformed {
                why: "no bearer token".to_owned(),
            }
        })?)),
        Err(TokenError::Refused(refusal)) => Ok(match refusal.error.as_str() {
            "authorization_pending" => DevicePoll::Pending,
            "expired_token" => DevicePoll::Expired,
            _ => DevicePoll::Denied(refusal),
        }),
        Err(TokenError::Temporary {
            error: Some(error), ..
        }) if error == "slow_down" => Ok(DevicePoll::SlowDown),
        Err(other) => Err(other),
    }
}

fn granted(body: &[u8]) -> Option<TokenResponse> {
    let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let secret = |name: &str| text(name).map(SecretString::from);
    text("token_type").filter(|kind| kind.eq_ignore_ascii_case("bearer"))?;
    Some(TokenResponse {
        access: secret("access_token")?,
        refresh: secret("refresh_token"),
        id: secret("id_token"),
        expires_in: fields
            .get("expires_in")
            .and_then(Value::as_u64)
            .map(|seconds| Duration::from_secs(seconds).min(LONGEST_LIFE)),
        scopes: text("scope").map(|scopes| {
            scopes
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect()
        }),
    })
}
