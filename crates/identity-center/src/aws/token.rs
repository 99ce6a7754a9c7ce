//! `CreateToken`: codes, device codes and refresh tokens for tokens, in JSON.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::exception::{self, Exception, Kind};
use crate::center::Center;
use crate::client::{Client, Grant, Wire};
use crate::secret::Digest;
use crate::session::{Redemption, Rotation, Session};
use crate::store::Polled;
use crate::token::{self, Token};
use crate::{device, figures};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    client_id: String,
    client_secret: String,
    grant_type: String,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    device_code: Option<String>,
    refresh_token: Option<String>,
}

/// `POST /token`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    RawQuery(query): RawQuery,
    body: Result<Body<Asked>, Exception>,
) -> Result<Response, Exception> {
    // Its body is another one, and signed: it has no secret.
    if query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("aws_iam="))) {
        let why = "CreateTokenWithIAM is not offered";
        return Err(Exception::new(Kind::UnsupportedGrantType, why));
    }
    let Body(asked) = body?;
    let client = authenticate(&center, &asked.client_id, &asked.client_secret).await?;
    let grant = match asked.grant_type.as_str() {
        "authorization_code" => Grant::AuthorizationCode,
        "refresh_token" => Grant::RefreshToken,
        device::GRANT => Grant::DeviceCode,
        _ => {
            let why = "the grant type is not supported";
            return Err(Exception::new(Kind::UnsupportedGrantType, why));
        }
    };
    if !client.details.grants.contains(&grant) {
        let why = "the application is not registered for this grant";
        return Err(Exception::new(Kind::UnauthorizedClient, why));
    }
    let session = match grant {
        Grant::AuthorizationCode => code(&center, &client, &asked).await?,
        Grant::RefreshToken => refresh(&center, &client, &asked).await?,
        Grant::DeviceCode => device_code(&center, &client, &asked).await?,
    };
    figures::issued(Wire::Aws, grant);
    let told = told(&center, &session).await;
    Ok(granted(&center, &client, &session, told))
}

/// The client that knows this secret.
pub(super) async fn authenticate(
    center: &Center,
    id: &str,
    secret: &str,
) -> Result<Client, Exception> {
    let found = center.store.client(id, center.now()).await?;
    found
        .filter(|client| client.wire == Wire::Aws)
        .filter(|client| client.secret == Some(Digest::of(secret)))
        .ok_or_else(|| Exception::new(Kind::InvalidClient, "Invalid client"))
}

async fn code(center: &Center, client: &Client, asked: &Asked) -> Result<Session, Exception> {
    let missing = || {
        let why = "code, redirectUri and codeVerifier are needed";
        Exception::new(Kind::InvalidRequest, why)
    };
    let code = asked.code.as_deref().ok_or_else(missing)?;
    let verifier = asked.code_verifier.as_deref().ok_or_else(missing)?;
    let redirect_uri = asked.redirect_uri.clone().ok_or_else(missing)?;
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let refused = |why: String| Exception::new(Kind::InvalidGrant, why);
    // RFC 7636 §4.1.
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(refused("codeVerifier is not one".to_owned()));
    }
    let redemption = Redemption {
        client: client.id.clone(),
        redirect_uri,
        challenge: URL_SAFE_NO_PAD.encode(Digest::of(verifier).bytes()),
    };
    let redeemed = center
        .store
        .redeem_code(Digest::of(code), redemption, None, center.now())
        .await?;
    redeemed
        .map(|redeemed| redeemed.session)
        .map_err(|refusal| refused(refusal.to_string()))
}

async fn device_code(
    center: &Center,
    client: &Client,
    asked: &Asked,
) -> Result<Session, Exception> {
    let presented = asked
        .device_code
        .as_deref()
        .ok_or_else(|| Exception::new(Kind::InvalidRequest, "deviceCode is needed"))?;
    let polled = center
        .store
        .poll_device(Digest::of(presented), &client.id, None, center.now())
        .await?;
    let (kind, why) = match polled {
        Polled::Granted(session) => return Ok(*session),
        Polled::Pending => (Kind::AuthorizationPending, "nobody has decided yet"),
        Polled::SlowDown => (Kind::SlowDown, "wait five seconds longer from now on"),
        Polled::Denied => (Kind::AccessDenied, "the person refused"),
        Polled::Expired => (Kind::ExpiredToken, "the device code has expired"),
        Polled::Unknown => (Kind::InvalidGrant, "Invalid device code provided"),
    };
    Err(Exception::new(kind, why))
}

async fn refresh(center: &Center, client: &Client, asked: &Asked) -> Result<Session, Exception> {
    let over = || Exception::new(Kind::InvalidGrant, "Invalid refresh token provided");
    let presented = asked
        .refresh_token
        .as_deref()
        .ok_or_else(|| Exception::new(Kind::InvalidRequest, "refreshToken is needed"))?;
    let token = center.token_keys.read(token::Kind::Refresh, presented);
    let (rotation, session) = center
        .store
        .rotate(token.ok_or_else(over)?, &client.id, center.now())
        .await?;
    match rotation {
        Rotation::Next | Rotation::Same => session.ok_or_else(over),
        Rotation::Reused | Rotation::Refused => Err(over()),
    }
}

/// What is told beside AWS's members, which AWS's clients pass over: who signed in, the session's end, and the models that the person's
/// groups give them. Nobody is kept from their tokens for want of it.
async fn told(center: &Center, session: &Session) -> Map<String, Value> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| told.insert(name.to_owned(), value);
    tell("sessionExpiresAt", session.expires_at.as_second().into());
    match center.store.told_of(session.user).await {
        Ok(Some(of)) => {
            tell("name", of.name.into());
            if let Some(email) = of.email {
                tell("email", email.into());
            }
            if let Some(models) = of.models {
                tell("models", Value::from_iter(models));
            }
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "who signed in, and what they may use, is not told");
        }
    }
    told
}

fn granted(
    center: &Center,
    client: &Client,
    session: &Session,
    told: Map<String, Value>,
) -> Response {
    let now = center.now();
    let token = |kind, ends| {
        let token = Token {
            session: session.id,
            rotation: session.rotation,
            ends,
        };
        let issued = center.token_keys.issue(kind, &token);
        issued.expose_secret().to_owned()
    };
    let ends = (now + center.settings.access_token_lifetime).min(session.expires_at);
    let mut answer = json!({
        "accessToken": token(token::Kind::Access, ends),
        "tokenType": "Bearer",
        "expiresIn": ends.duration_since(now).as_secs(),
    });
    if client.details.grants.contains(&Grant::RefreshToken) {
        answer["refreshToken"] = token(token::Kind::Refresh, session.expires_at).into();
    }
    if let Value::Object(answer) = &mut answer {
        answer.extend(told);
    }
    exception::answer(&answer)
}
