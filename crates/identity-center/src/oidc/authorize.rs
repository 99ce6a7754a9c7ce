//! The authorization endpoint (OpenID Connect Core §3.1.2, RFC 6749 §4.1.1): code flow alone, S256 always. An error is a page until the
//! redirect URI was found right, and a redirect with `iss` (RFC 9207) from then on.

use std::sync::Arc;

use axum::extract::{RawQuery, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::hint;
use super::parameters::{Form, Parameters};
use crate::authorization::{self, Purpose, Request};
use crate::center::Center;
use crate::claims::Asked;
use crate::client::{Client, Grant, Wire};
use crate::pages::{self, Language, Refusal};
use crate::redirect;
use crate::secret::Digest;
use crate::store::StoreError;

/// What a pushed request is called (RFC 9126 §2.2), before its secret part.
pub(super) const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";
/// A request may give as much of the application's own text.
const STATE_LIMIT: usize = 4096;
const HINT_LIMIT: usize = 512;

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    /// It is not known where an answer may go: the person is told.
    Untold(&'static str),
    /// The application is told.
    Told {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: &'static str,
    },
}

/// `GET /oauth2/authorize`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    answer(&center, &headers, parameters.ok()).await
}

/// `POST /oauth2/authorize`
pub(super) async fn post(State(center): State<Arc<Center>>, request: HttpRequest) -> Response {
    let headers = request.headers().clone();
    let parameters = Form::read(request).await.ok();
    answer(&center, &headers, parameters).await
}

async fn answer(center: &Center, headers: &HeaderMap, parameters: Option<Parameters>) -> Response {
    let answered = match &parameters {
        Some(parameters) => begun(center, headers, parameters).await,
        None => Err(Refusal::Unreadable),
    };
    pages::or_refusal(center, headers, parameters.as_ref(), answered)
}

async fn begun(
    center: &Center,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Response, Refusal> {
    match found(center, parameters).await? {
        Ok(request) => Ok(authorization::begin(center, headers, request).await?),
        Err(Invalid::Untold(why)) => Err(Refusal::Request(why)),
        Err(Invalid::Told {
            redirect_uri,
            state,
            error,
            description,
        }) => Ok(told(
            center,
            &redirect_uri,
            state.as_deref(),
            error,
            description,
        )),
    }
}

async fn found(
    center: &Center,
    parameters: &Parameters,
) -> Result<Result<Request, Invalid>, StoreError> {
    let Some(client) = client(center, parameters).await? else {
        return Ok(Err(Invalid::Untold(
            "The application is not known here (client_id).",
        )));
    };
    let pushed = parameters
        .get("request_uri")
        .and_then(|uri| uri.strip_prefix(PUSHED));
    let Some(pushed) = pushed else {
        return Ok(request(center, &client, parameters));
    };
    let taken = center
        .store
        .take_pushed_request(Digest::of(pushed), &client.id, center.now())
        .await?;
    Ok(taken.ok_or(Invalid::Untold(
        "The application's request has expired or was used before (request_uri). Start again from the application.",
    )))
}

async fn client(center: &Center, parameters: &Parameters) -> Result<Option<Client>, StoreError> {
    let id = parameters
        .get("client_id")
        .filter(|_| !parameters.repeats("client_id"));
    let Some(id) = id else {
        return Ok(None);
    };
    let client = center.store.client(id, center.now()).await?;
    Ok(client.filter(|client| client.wire == Wire::Oidc))
}

/// The request of these parameters, once everything in it was found right.
pub(super) fn request(
    center: &Center,
    client: &Client,
    parameters: &Parameters,
) -> Result<Request, Invalid> {
    let redirect_uri = parameters
        .get("redirect_uri")
        .filter(|_| !parameters.repeats("redirect_uri"))
        .ok_or(Invalid::Untold(
            "The application did not say where the answer goes (redirect_uri).",
        ))?;
    let registered = &client.details.redirect_uris;
    if !registered
        .iter()
        .any(|uri| redirect::allows(uri, redirect_uri))
    {
        return Err(Invalid::Untold(
            "The application is not registered with the address that the answer would go to (redirect_uri).",
        ));
    }
    let state = parameters
        .get("state")
        .filter(|state| !parameters.repeats("state") && state.len() <= STATE_LIMIT);
    let refuse = |error, description| {
        Err(Invalid::Told {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            error,
            description,
        })
    };
    if parameters.repeated().is_some() {
        return refuse("invalid_request", "a parameter was sent more than once");
    }
    if parameters.get("state") != state {
        return refuse("invalid_request", "state is too long");
    }
    if parameters.get("request").is_some() {
        return refuse(
            "request_not_supported",
            "request is not supported; push the request instead",
        );
    }
    if parameters.get("request_uri").is_some() {
        return refuse(
            "request_uri_not_supported",
            "request_uri must come from the pushed authorization request endpoint",
        );
    }
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => return refuse("unsupported_response_type", "response_type must be code"),
        None => return refuse("invalid_request", "response_type is missing"),
    }
    if !matches!(parameters.get("response_mode"), None | Some("query")) {
        return refuse("invalid_request", "response_mode must be query");
    }
    if !client.details.grants.contains(&Grant::AuthorizationCode) {
        return refuse("unauthorized_client", "the application may not use codes");
    }
    // RFC 7636 §4.3: an absent method would mean `plain`.
    if parameters.get("code_challenge_method") != Some("S256") {
        return refuse("invalid_request", "code_challenge_method must be S256");
    }
    let Some(code_challenge) = parameters.get("code_challenge").filter(|text| digest(text)) else {
        return refuse(
            "invalid_request",
            "code_challenge must be the base64url of a SHA-256",
        );
    };
    let scopes = scopes(client, parameters);
    if scopes.is_empty() {
        return refuse("invalid_scope", "none of the scopes is known");
    }
    let prompt = parameters.words("prompt");
    let known = ["none", "login", "consent", "select_account"];
    if prompt.iter().any(|word| !known.contains(&word.as_str())) {
        return refuse("invalid_request", "prompt is not known");
    }
    if prompt.len() > 1 && prompt.iter().any(|word| word == "none") {
        return refuse("invalid_request", "prompt=none stands alone");
    }
    let max_age = match parameters.get("max_age").map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => return refuse("invalid_request", "max_age must be a number of seconds"),
    };
    let binding = parameters.get("dpop_jkt");
    if binding.is_some_and(|thumbprint| !digest(thumbprint)) {
        return refuse("invalid_request", "dpop_jkt must be a thumbprint");
    }
    let claims = parameters.get("claims");
    let Ok(asked) = claims.map(Asked::read).transpose() else {
        let why = "claims must be a JSON object of requested claims";
        return refuse("invalid_request", why);
    };
    let hinted = match parameters.get("id_token_hint") {
        None => None,
        Some(token) => {
            let hint = hint::read(center, token).filter(|hint| hint.client == client.id);
            let Some(user) = hint.and_then(|hint| hint.user) else {
                let why = "id_token_hint is no ID token of this application";
                return refuse("invalid_request", why);
            };
            Some(user)
        }
    };
    let login_hint = parameters.get("login_hint");
    let nonce = parameters.get("nonce");
    if [login_hint, nonce]
        .iter()
        .flatten()
        .any(|text| text.len() > HINT_LIMIT)
    {
        return refuse("invalid_request", "login_hint or nonce is too long");
    }
    let mut acr_values = parameters.words("acr_values");
    for class in asked.iter().flat_map(Asked::classes) {
        if !acr_values.iter().any(|known| known == class) {
            acr_values.push(class.to_owned());
        }
    }
    Ok(Request {
        purpose: Purpose::Code {
            client: client.id.clone(),
            wire: Wire::Oidc,
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            code_challenge: code_challenge.to_owned(),
            nonce: nonce.map(str::to_owned),
            binding: binding.map(str::to_owned),
        },
        organization: client.organization.clone(),
        scopes,
        prompt,
        max_age,
        login_hint: login_hint.map(str::to_owned),
        hinted,
        acr_values,
        claims: claims.map(str::to_owned),
        ui_locales: parameters.words("ui_locales"),
    })
}

/// The scopes that the application may have, each once; one that it may not is ignored (OpenID Connect Core §3.1.2.1).
pub(super) fn scopes(client: &Client, parameters: &Parameters) -> Vec<String> {
    let may = |scope: &String| {
        client.details.scopes.contains(scope)
            && (scope != "offline_access" || client.details.grants.contains(&Grant::RefreshToken))
    };
    let mut scopes: Vec<String> = Vec::new();
    for scope in parameters.words("scope") {
        if may(&scope) && !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes
}

/// Whether this is the base64url of 32 bytes.
fn digest(text: &str) -> bool {
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(alphabet)
}

fn told(
    center: &Center,
    redirect_uri: &str,
    state: Option<&str>,
    error: &str,
    description: &str,
) -> Response {
    let mut parameters = vec![("error", error), ("error_description", description)];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", center.settings.issuer()));
    redirect(&address(redirect_uri, &parameters))
}

/// The redirect URI as it was registered, with these parameters behind it.
#[must_use]
pub fn address(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{separator}{query}")
}

/// Sends the browser to this address; no cache keeps it, no page there learns ours.
pub(crate) fn redirect(address: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(address) else {
        let why = "The application's address cannot be used.";
        return pages::refusal(Language::English, Refusal::Request(why));
    };
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::FOUND, headers).into_response()
}
