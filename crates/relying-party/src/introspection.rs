//! Whether a token is active (RFC 7662). Asking uses nothing up: a refresh token stays what it is.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::http::HttpClient;
use crate::token::{TokenError, TokenHint, post_form};

#[derive(Deserialize)]
struct Answer {
    active: bool,
}

/// Whether the server still honours this token of a public client (RFC 7662 §2.2).
///
/// # Errors
/// See [`TokenError`]: `Refused` and `Malformed` also where the server answers no such question of a public client.
pub async fn introspect(
    http: &dyn HttpClient,
    endpoint: &Url,
    client_id: &str,
    token: &SecretString,
    hint: TokenHint,
) -> Result<bool, TokenError> {
    let form = [
        ("token", token.expose_secret()),
        ("token_type_hint", hint.word()),
        ("client_id", client_id),
    ];
    let body = post_form(http, endpoint, &form).await?;
    let answer: Answer = serde_json::from_slice(&body).map_err(|error| TokenError::Malformed {
        why: error.to_string(),
    })?;
    Ok(answer.active)
}
