//! The token endpoint (RFC 6749 §3.2): codes, device codes and refresh tokens for tokens. At most one signature a grant, the ID token's.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::client_authentication::authenticate;
use super::dpop::{self, Proof};
use super::parameters::{Form, Parameters};
use super::refusal::{self, Refusal};
use super::{id_token, path};
use crate::center::Center;
use crate::client::{Client, Grant, Wire};
use crate::secret::Digest;
use crate::session::{Redemption, Rotation, Session};
use crate::store::Polled;
use crate::store::holders::Person;
use crate::token::{Kind, Token};
use crate::{device, figures};

/// RFC 6749 §5.1, OpenID Connect Core §3.1.3.3.
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    scope: String,
}

/// `POST /oauth2/token`
pub(super) async fn post(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Refusal> {
    let client = authenticate(&center, &headers, &form).await?;
    let grant = match form.require("grant_type")? {
        "authorization_code" => Grant::AuthorizationCode,
        "refresh_token" => Grant::RefreshToken,
        device::GRANT => Grant::DeviceCode,
        _ => {
            return Err(Refusal::new(
                "unsupported_grant_type",
                "the grant type is not supported",
            ));
        }
    };
    if !client.details.grants.contains(&grant) {
        return Err(Refusal::new(
            "unauthorized_client",
            "the application may not use this grant",
        ));
    }
    let proof = dpop::at_token_endpoint(&center, &headers, path::TOKEN).await?;
    let tokens = match grant {
        Grant::AuthorizationCode => code(&center, &client, &form, proof.as_ref()).await?,
        Grant::RefreshToken => refresh(&center, &client, &form, proof.as_ref()).await?,
        Grant::DeviceCode => device_code(&center, &client, &form, proof.as_ref()).await?,
    };
    figures::issued(Wire::Oidc, grant);
    let answer = refusal::json(&tokens);
    Ok(dpop::with_next_nonce(&center, proof.as_ref(), answer))
}

async fn code(
    center: &Center,
    client: &Client,
    form: &Parameters,
    proof: Option<&Proof>,
) -> Result<Tokens, Refusal> {
    let code = form.require("code")?;
    let redirect_uri = form.require("redirect_uri")?;
    let verifier = form.require("code_verifier")?;
    if !verifier_has_form(verifier) {
        return Err(Refusal::invalid_grant(
            "code_verifier is not one (RFC 7636 4.1)",
        ));
    }
    let redemption = Redemption {
        client: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        challenge: URL_SAFE_NO_PAD.encode(Digest::of(verifier).bytes()),
    };
    let binding = proof.map(|proof| proof.thumbprint.clone());
    let redeemed = center
        .store
        .redeem_code(Digest::of(code), redemption, binding, center.now())
        .await?
        .map_err(|refusal| Refusal::invalid_grant(refusal.to_string()))?;
    let found = center.store.session_and_person(redeemed.session.id).await?;
    let (_, _, person) = found.ok_or_else(|| Refusal::invalid_grant("the session is over"))?;
    tokens(
        center,
        client,
        &redeemed.session,
        &person,
        redeemed.nonce.as_deref(),
    )
}

/// 43 to 128 characters of those that need no encoding (RFC 7636 §4.1).
fn verifier_has_form(verifier: &str) -> bool {
    let unreserved =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved)
}

/// A device asks (RFC 8628 §3.4, §3.5).
async fn device_code(
    center: &Center,
    client: &Client,
    form: &Parameters,
    proof: Option<&Proof>,
) -> Result<Tokens, Refusal> {
    let presented = Digest::of(form.require("device_code")?);
    let binding = proof.map(|proof| proof.thumbprint.clone());
    let polled = center
        .store
        .poll_device(presented, &client.id, binding, center.now());
    let session = match polled.await? {
        Polled::Granted(session) => session,
        Polled::Pending => {
            return Err(Refusal::new(
                "authorization_pending",
                "nobody has decided yet",
            ));
        }
        Polled::SlowDown => {
            let why = "wait five seconds longer from now on";
            return Err(Refusal::new("slow_down", why));
        }
        Polled::Denied => return Err(Refusal::new("access_denied", "the person refused")),
        Polled::Expired => {
            return Err(Refusal::new("expired_token", "the device code has expired"));
        }
        Polled::Unknown => {
            return Err(Refusal::invalid_grant(
                "the device code is unknown or was redeemed",
            ));
        }
    };
    let found = center.store.session_and_person(session.id).await?;
    let (_, _, person) = found.ok_or_else(|| Refusal::invalid_grant("the session is over"))?;
    tokens(center, client, &session, &person, None)
}

async fn refresh(
    center: &Center,
    client: &Client,
    form: &Parameters,
    proof: Option<&Proof>,
) -> Result<Tokens, Refusal> {
    let over = || Refusal::invalid_grant("the refresh token is unknown, or its session is over");
    let presented = form.require("refresh_token")?;
    let token = center
        .token_keys
        .read(Kind::Refresh, presented)
        .ok_or_else(over)?;
    // What can be refused without using the token up comes first.
    let found = center.store.session_and_person(token.session).await?;
    let (session, _, person) = found.ok_or_else(over)?;
    if session.client != client.id {
        return Err(over());
    }
    // RFC 9449 §5: bound at the code, bound for ever. Stricter than it asks where the application has a secret.
    if session.binding.as_deref() != proof.map(|proof| proof.thumbprint.as_str()) {
        return Err(match (&session.binding, proof) {
            (Some(_), None) => Refusal::new(
                "invalid_dpop_proof",
                "the refresh token is bound to a key: it comes with a proof",
            ),
            (Some(_) | None, _) => {
                Refusal::invalid_grant("the refresh token is not bound to the key of the proof")
            }
        });
    }
    let wanted = form.words("scope");
    if wanted.iter().any(|scope| !session.scopes.contains(scope)) {
        return Err(Refusal::new("invalid_scope", "a scope was not granted"));
    }
    let (rotation, session) = center.store.rotate(token, &client.id, center.now()).await?;
    match (rotation, session) {
        (Rotation::Next | Rotation::Same, Some(session)) => {
            tokens(center, client, &session, &person, None)
        }
        (Rotation::Next | Rotation::Same | Rotation::Reused | Rotation::Refused, _) => Err(over()),
    }
}

/// What a session that lives gives its application now.
fn tokens(
    center: &Center,
    client: &Client,
    session: &Session,
    person: &Person,
    nonce: Option<&str>,
) -> Result<Tokens, Refusal> {
    let now = center.now();
    let ends = (now + center.settings.access_token_lifetime).min(session.expires_at);
    let token = Token {
        session: session.id,
        rotation: session.rotation,
        ends,
    };
    let issue = |kind| {
        center
            .token_keys
            .issue(kind, &token)
            .expose_secret()
            .to_owned()
    };
    let access_token = issue(Kind::Access);
    let has = |scope: &str| session.scopes.iter().any(|granted| granted == scope);
    let may_refresh = client.details.grants.contains(&Grant::RefreshToken);
    let refresh_token = (may_refresh && has("offline_access")).then(|| {
        let token = Token {
            ends: session.expires_at,
            ..token
        };
        let keys = &center.token_keys;
        keys.issue(Kind::Refresh, &token).expose_secret().to_owned()
    });
    let id_token = has("openid")
        .then(|| id_token::sign(center, session, person, nonce, &access_token, now))
        .transpose()
        .map_err(|error| {
            tracing::error!(%error, "an ID token could not be signed");
            Refusal::new("server_error", "the ID token could not be signed")
                .with_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
        })?;
    Ok(Tokens {
        access_token,
        token_type: match session.binding {
            Some(_) => "DPoP",
            None => "Bearer",
        },
        expires_in: ends.duration_since(now).as_secs().max(0),
        refresh_token,
        id_token,
        scope: session.scopes.join(" "),
    })
}
