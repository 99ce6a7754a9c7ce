//! `GET /authorize`: where an AWS client sends the browser. It says `scopes`; `scope` is understood too. An error is a page until the
//! redirect URI was found right, and a redirect from then on.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::authorization::{self, Purpose, Request};
use crate::center::Center;
use crate::client::{Client, Grant, Wire};
use crate::oidc::authorize::{address, redirect};
use crate::oidc::parameters::{Malformed, Parameters};
use crate::pages::{self, Refusal};
use crate::redirect;

/// A `state` is no longer.
const STATE_LIMIT: usize = 4096;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
enum Invalid {
    /// The person is told: it is not known where an answer may go.
    Untold(&'static str),
    /// The application is told.
    Told(&'static str, &'static str),
}

/// `GET /authorize`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let answered = match &parameters {
        Ok(parameters) => begun(&center, &headers, parameters).await,
        Err(Malformed) => Err(Refusal::Unreadable),
    };
    pages::or_refusal(&center, &headers, parameters.ok().as_ref(), answered)
}

async fn begun(
    center: &Center,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    let once = |name| parameters.get(name).filter(|_| !parameters.repeats(name));
    let client = match once("client_id") {
        Some(id) => center.store.client(id, center.now()).await?,
        None => None,
    };
    match request(client.as_ref(), parameters) {
        Ok(request) => Ok(authorization::begin(center, headers, request).await?),
        Err(Invalid::Untold(why)) => Err(Refusal::Request(why)),
        Err(Invalid::Told(error, description)) => {
            let mut answer = vec![("error", error), ("error_description", description)];
            answer.extend(once("state").map(|state| ("state", state)));
            let to = address(once("redirect_uri").unwrap_or_default(), &answer);
            Ok(redirect(&to))
        }
    }
}

/// The request of these parameters, once everything in it was found right.
fn request(client: Option<&Client>, parameters: &Parameters) -> Result<Request, Invalid> {
    let once = |name| parameters.get(name).filter(|_| !parameters.repeats(name));
    let client = client
        .filter(|client| client.wire == Wire::Aws)
        .ok_or(Invalid::Untold(
            "The application is not known here, or its registration has expired (client_id).",
        ))?;
    let redirect_uri = once("redirect_uri")
        .filter(|uri| client.details.redirect_uris.iter().any(|known| redirect::allows(known, uri)))
        .ok_or(Invalid::Untold(
            "The application is not registered with the address that the answer would go to (redirect_uri).",
        ))?;
    let refuse = |error, why| Err(Invalid::Told(error, why));
    if parameters.repeated().is_some() {
        return refuse("invalid_request", "a parameter was sent more than once");
    }
    if parameters
        .get("state")
        .is_some_and(|state| state.len() > STATE_LIMIT)
    {
        return refuse("invalid_request", "state is too long");
    }
    if parameters.get("response_type") != Some("code") {
        return refuse("unsupported_response_type", "response_type must be code");
    }
    if !client.details.grants.contains(&Grant::AuthorizationCode) {
        return refuse("unauthorized_client", "the application may not use codes");
    }
    // RFC 7636 §4.3: an absent method would mean `plain`.
    if parameters.get("code_challenge_method") != Some("S256") {
        return refuse("invalid_request", "code_challenge_method must be S256");
    }
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let challenge = parameters
        .get("code_challenge")
        .filter(|text| text.len() == 43 && text.bytes().all(alphabet));
    let Some(challenge) = challenge else {
        return refuse(
            "invalid_request",
            "code_challenge must be the base64url of a SHA-256",
        );
    };
    let mut scopes = parameters.words("scopes");
    if scopes.is_empty() {
        scopes = parameters.words("scope");
    }
    if scopes.is_empty() {
        scopes.clone_from(&client.details.scopes);
    }
    if scopes
        .iter()
        .any(|scope| !client.details.scopes.contains(scope))
    {
        return refuse(
            "invalid_scope",
            "the application is not registered for one of the scopes",
        );
    }
    Ok(Request {
        purpose: Purpose::Code {
            client: client.id.clone(),
            wire: Wire::Aws,
            redirect_uri: redirect_uri.to_owned(),
            state: parameters.get("state").map(str::to_owned),
            code_challenge: challenge.to_owned(),
            nonce: None,
            binding: None,
        },
        organization: client.organization.clone(),
        scopes,
        prompt: prompts(parameters),
        max_age: None,
        login_hint: None,
        hinted: None,
        acr_values: Vec::new(),
        claims: None,
        ui_locales: Vec::new(),
    })
}

/// What a program may ask for of OpenID Connect's `prompt`, though AWS has no such parameter: that the person can choose. Other
/// words are passed over, as what is unknown is (RFC 6749 §3.1).
fn prompts(parameters: &Parameters) -> Vec<String> {
    let mut words = parameters.words("prompt");
    words.retain(|word| word == "login" || word == "select_account");
    words
}
