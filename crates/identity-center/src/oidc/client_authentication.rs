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
    let credentials = Credentials::of(headers, form)?;
    let client = center.store.client(credentials.id(), center.now()).await?;
    credentials.prove(client)
}

/// What an application says that it is, and by what it proves it.
pub(super) struct Credentials {
    id: String,
    secret: Option<Digest>,
}

impl Credentials {
    /// What came with this form, in one way.
    pub(super) fn of(headers: &HeaderMap, form: &Parameters) -> Result<Credentials, Refusal> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            let id = form
                .get("client_id")
                .ok_or_else(|| Refusal::invalid_client("no application is named"))?;
            return Ok(Credentials::new(id.to_owned(), form.get("client_secret")));
        };
        let (id, secret) =
            value.to_str().ok().and_then(basic).ok_or_else(|| {
                Refusal::invalid_client("the Authorization header cannot be read")
            })?;
        if form.get("client_secret").is_some()
            || form.get("client_id").is_some_and(|other| other != id)
        {
            return Err(Refusal::invalid_request(
                "the application identifies itself in two ways (RFC 6749 2.3)",
            ));
        }
        Ok(Credentials::new(id, Some(&secret)))
    }

    fn new(id: String, secret: Option<&str>) -> Credentials {
        // A public client that libraries send an empty secret for has none.
        let secret = secret.filter(|secret| !secret.is_empty()).map(Digest::of);
        Credentials { id, secret }
    }

    /// Which application it says that it is.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The application of this id, if there is one and this proves it.
    pub(super) fn prove(&self, client: Option<Client>) -> Result<Client, Refusal> {
        client
            .filter(|client| client.wire == Wire::Oidc && client.secret == self.secret)
            .ok_or_else(|| {
                Refusal::invalid_client("the application is unknown, or its secret is wrong")
            })
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
