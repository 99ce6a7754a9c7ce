//! Which application speaks (RFC 6749 §2.3): by `client_secret_basic`, `client_secret_post`, or, where it has no secret, its name alone.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parameters::{Parameters, decode};
use super::refusal::Refusal;
use crate::center::Center;
use crate::client::{Client, Wire};
use crate::secret::Digest;

/// The application that sent this form, proved where it has a secret.
pub(super) async fn authenticate(
    center: &Center,
    headers: &HeaderMap,
    form: &Parameters,
) -> Result<Client, Refusal> {
    let basic =
        match headers.get(header::AUTHORIZATION) {
            Some(value) => Some(value.to_str().ok().and_then(basic).ok_or_else(|| {
                Refusal::invalid_client("the Authorization header cannot be read")
            })?),
            None => None,
        };
    let (id, secret) = match &basic {
        Some((id, secret)) => {
            if form.get("client_secret").is_some()
                || form.get("client_id").is_some_and(|other| other != id)
            {
                return Err(Refusal::invalid_request(
                    "the application identifies itself in two ways (RFC 6749 2.3)",
                ));
            }
            (id.as_str(), Some(secret.as_str()))
        }
        None => (
            form.get("client_id")
                .ok_or_else(|| Refusal::invalid_client("no application is named"))?,
            form.get("client_secret"),
        ),
    };
    // A public client that libraries send an empty secret for has none.
    let secret = secret.filter(|secret| !secret.is_empty());
    let refused = || Refusal::invalid_client("the application is unknown, or its secret is wrong");
    let client = center.store.client(id, center.now()).await?;
    let client = client
        .filter(|client| client.wire == Wire::Oidc)
        .ok_or_else(refused)?;
    if client.secret == secret.map(Digest::of) {
        Ok(client)
    } else {
        Err(refused())
    }
}

/// Each half is form-encoded before both are joined (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(credentials.trim()).ok()?;
    let at = bytes.iter().position(|byte| *byte == b':')?;
    Some((decode(&bytes[..at])?, decode(&bytes[at + 1..])?))
}
