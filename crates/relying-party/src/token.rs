//! Token requests (RFC 6749 §4.1.3, §6) and revocation (RFC 7009), by `oauth2` over our HTTP.
//!
//! `oauth2` tells an error's name; status, `Retry-After` and Microsoft's further fields are read here from the same answer.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken, RevocationUrl,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::authorize::{Code, CodeVerifier};
use crate::discovery::Metadata;
use crate::http::{HttpClient, HttpError};
use crate::json::{challenge, shown};
use crate::retry_after::retry_after;

/// A year: what a stranger says beyond it would only overflow somebody's clock.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a token endpoint granted.
#[derive(Debug)]
pub struct TokenResponse {
    /// The access token.
    pub access: SecretString,
    /// A (new) refresh token.
    pub refresh: Option<SecretString>,
    /// An ID token, not verified yet.
    pub id: Option<SecretString>,
    /// How long the access token lives.
    pub expires_in: Option<Duration>,
    /// The scopes, where the provider says them.
    pub scopes: Option<Vec<String>>,
}

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// RFC 6749 §5.2.
    #[error("refused: {}", .0.error)]
    Refused(TokenRefusal),
    /// 429, 5xx, or an error that says so itself: later perhaps.
    #[error("the server answered {status}")]
    Temporary {
        /// The HTTP status.
        status: u16,
        /// The error, where the server named one.
        error: Option<String>,
        /// The server's wish.
        retry_after: Option<Duration>,
    },
    /// The answer cannot be read.
    #[error("the token answer cannot be read: {why}")]
    Malformed {
        /// Why.
        why: String,
    },
}

/// A refusal, fit to be shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenRefusal {
    /// RFC 6749 §5.2 `error`.
    pub error: String,
    /// The provider's words, at most 512 bytes.
    pub description: Option<String>,
    /// Microsoft's AADSTS numbers.
    pub error_codes: Vec<u32>,
    /// Microsoft's correlation id.
    pub correlation_id: Option<String>,
    /// A claims challenge, JSON.
    pub claims: Option<String>,
    /// Microsoft's sub-error.
    pub suberror: Option<String>,
    /// When, in the provider's words.
    pub timestamp: Option<String>,
}

/// Which token is meant (RFC 7009 §2.1, RFC 7662 §2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenHint {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

impl TokenHint {
    /// As `token_type_hint` says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TokenHint::Access => "access_token",
            TokenHint::Refresh => "refresh_token",
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Extra {
    id_token: Option<SecretIdToken>,
}

#[derive(Deserialize, Serialize)]
struct SecretIdToken(String);

impl std::fmt::Debug for SecretIdToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl ExtraTokenFields for Extra {}

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
pub(crate) type Client<Token = EndpointNotSet, Device = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    Device,
    EndpointNotSet,
    EndpointNotSet,
    Token,
>;

fn client(client_id: &str, token_endpoint: &Url) -> Client<EndpointSet> {
    Client::new(ClientId::new(client_id.to_owned()))
        .set_token_uri(TokenUrl::from_url(token_endpoint.clone()))
}

/// How a client proves itself at the token endpoint (RFC 6749 §2.3).
#[derive(Clone, Copy, Debug)]
pub enum ClientAuthentication<'a> {
    /// Not at all: a program on somebody's computer can keep no secret (RFC 8252 §8.5).
    None,
    /// `client_secret_basic`
    Basic(&'a SecretString),
    /// `client_secret_post`
    Post(&'a SecretString),
}

impl<'a> ClientAuthentication<'a> {
    /// By a secret: `client_secret_basic`, and `client_secret_post` where the provider announces that one alone.
    #[must_use]
    pub fn by_secret(metadata: &Metadata, secret: &'a SecretString) -> ClientAuthentication<'a> {
        let announced = metadata.token_endpoint_auth_methods.as_deref();
        let announces = |method: &str| {
            announced.is_some_and(|announced| announced.iter().any(|found| found == method))
        };
        if announces("client_secret_post") && !announces("client_secret_basic") {
            ClientAuthentication::Post(secret)
        } else {
            ClientAuthentication::Basic(secret)
        }
    }
}

/// Redeems a code; verifier and code are consumed.
///
/// # Errors
/// See [`TokenError`].
pub async fn exchange_code(
    http: &dyn HttpClient,
    metadata: &Metadata,
    client_id: &str,
    authentication: ClientAuthentication<'_>,
    redirect_uri: &str,
    code: Code,
    verifier: CodeVerifier,
) -> Result<TokenResponse, TokenError> {
    let redirect =
        RedirectUrl::new(redirect_uri.to_owned()).map_err(|error| TokenError::Malformed {
            why: error.to_string(),
        })?;
    let client = client(client_id, &metadata.token_endpoint).set_redirect_uri(redirect);
    let secret = |secret: &SecretString| ClientSecret::new(secret.expose_secret().to_owned());
    let client = match authentication {
        ClientAuthentication::None => client,
        ClientAuthentication::Basic(given) => client
            .set_client_secret(secret(given))
            .set_auth_type(AuthType::BasicAuth),
        ClientAuthentication::Post(given) => client
            .set_client_secret(secret(given))
            .set_auth_type(AuthType::RequestBody),
    };
    let exchange = Exchange::new(http);
    let answered = client
        .exchange_code(AuthorizationCode::new(code.secret().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier.secret().to_owned()))
        .request_async(&exchange)
        .await;
    exchange.outcome(answered).and_then(granted)
}

/// Renews an access token (RFC 6749 §6).
///
/// # Errors
/// See [`TokenError`].
pub async fn refresh(
    http: &dyn HttpClient,
    token_endpoint: &Url,
    client_id: &str,
    refresh_token: &SecretString,
    scopes: &[String],
    extra: &[(String, String)],
) -> Result<TokenResponse, TokenError> {
    let client = client(client_id, token_endpoint);
    let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
    let exchange = Exchange::new(http);
    let mut request = client
        .exchange_refresh_token(&token)
        .add_scopes(scopes.iter().cloned().map(Scope::new));
    for (name, value) in extra {
        request = request.add_extra_param(name.clone(), value.clone());
    }
    let answered = request.request_async(&exchange).await;
    exchange.outcome(answered).and_then(granted)
}

/// Revokes a token.
///
/// # Errors
/// See [`TokenError`]; a token that is unknown is revoked already (RFC 7009 §2.2).
pub async fn revoke(
    http: &dyn HttpClient,
    revocation_endpoint: &Url,
    client_id: &str,
    token: &SecretString,
    hint: TokenHint,
) -> Result<(), TokenError> {
    let client = Client::<EndpointNotSet>::new(ClientId::new(client_id.to_owned()))
        .set_revocation_url(RevocationUrl::from_url(revocation_endpoint.clone()));
    let secret = token.expose_secret();
    let Ok(request) = client.revoke_token(revocable(hint, secret)) else {
        // `oauth2` revokes over https alone; a development server on this computer may speak http.
        let form = [
            ("token", secret),
            ("token_type_hint", hint.word()),
            ("client_id", client_id),
        ];
        return post_form(http, revocation_endpoint, &form).await.map(drop);
    };
    let exchange = Exchange::new(http);
    let answered = request.request_async(&exchange).await;
    exchange.outcome(answered)
}

fn revocable(hint: TokenHint, secret: &str) -> StandardRevocableToken {
    match hint {
        TokenHint::Access => {
            StandardRevocableToken::AccessToken(oauth2::AccessToken::new(secret.to_owned()))
        }
        TokenHint::Refresh => {
            StandardRevocableToken::RefreshToken(RefreshToken::new(secret.to_owned()))
        }
    }
}

/// One form to an endpoint, for what `oauth2` does not send; its errors are read like every other's.
pub(crate) async fn post_form(
    http: &dyn HttpClient,
    endpoint: &Url,
    form: &[(&str, &str)],
) -> Result<Vec<u8>, TokenError> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = ::http::Request::post(endpoint.as_str())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(body.into_bytes())
        .map_err(|error| TokenError::Malformed {
            why: error.to_string(),
        })?;
    let exchange = Exchange::new(http);
    let answered = exchange.send(request).await;
    let body = answered
        .as_ref()
        .ok()
        .filter(|answer| answer.status().is_success())
        .map(|answer| answer.body().clone());
    exchange.outcome(body.ok_or("refused"))
}

fn granted(answer: Answer) -> Result<TokenResponse, TokenError> {
    if !answer.token_type().as_ref().eq_ignore_ascii_case("bearer") {
        return Err(TokenError::Malformed {
            why: "no bearer token".to_owned(),
        });
    }
    let scopes = |scopes: &Vec<Scope>| {
        let names = scopes.iter().map(|scope| scope.to_string());
        names.filter(|name| !name.is_empty()).collect()
    };
    Ok(TokenResponse {
        access: SecretString::from(answer.access_token().secret().as_str()),
        refresh: answer
            .refresh_token()
            .map(|token| SecretString::from(token.secret().as_str())),
        id: answer
            .extra_fields()
            .id_token
            .as_ref()
            .map(|token| SecretString::from(token.0.as_str())),
        expires_in: answer
            .expires_in()
            .map(|lifetime| lifetime.min(LONGEST_LIFE)),
        scopes: answer.scopes().map(scopes),
    })
}

/// One request through `oauth2`, and a note of what the answer was beyond what `oauth2` tells.
pub(crate) struct Exchange<'a> {
    http: &'a dyn HttpClient,
    seen: Mutex<Option<Result<Seen, HttpError>>>,
}

struct Seen {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, HttpError>> + Send + 'a>>;

impl<'a> Exchange<'a> {
    pub(crate) fn new(http: &'a dyn HttpClient) -> Exchange<'a> {
        Exchange {
            http,
            seen: Mutex::new(None),
        }
    }

    async fn send(&self, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, HttpError> {
        let answered = self.http.send(request).await;
        let seen = match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(Ok(Seen {
                status: answer.status().as_u16(),
                retry_after: retry_after(answer.headers()),
                body: answer.body().clone(),
            })),
            Err(error) => Some(Err(error.clone())),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        answered
    }

    pub(crate) fn outcome<T, E: std::fmt::Display>(
        self,
        answered: Result<T, E>,
    ) -> Result<T, TokenError> {
        let seen = self
            .seen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match (answered, seen) {
            (Ok(granted), _) => Ok(granted),
            (Err(_), Some(Err(error))) => Err(TokenError::Http(error)),
            (Err(_), Some(Ok(seen))) => Err(refusal(&seen)),
            (Err(error), None) => Err(TokenError::Malformed {
                why: shown(&error.to_string()),
            }),
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Exchange<'_> {
    type Error = HttpError;
    type Future = Sending<'c>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Sending<'c> {
        Box::pin(self.send(request))
    }
}

fn refusal(seen: &Seen) -> TokenError {
    let fields: HashMap<String, Value> = serde_json::from_slice(&seen.body).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(shown);
    let error = text("error").filter(|error| !error.is_empty());
    let passing = match error.as_deref() {
        Some("authorization_pending") => false, // RFC 8628 §3.5; some send it with 429
        Some("slow_down" | "temporarily_unavailable" | "server_error") => true,
        Some(_) | None => seen.status >= 500 || seen.status == 429,
    };
    let numbers = |name: &str| {
        let list = fields.get(name).and_then(Value::as_array);
        let numbers = list.into_iter().flatten().filter_map(Value::as_u64);
        numbers
            .filter_map(|number| u32::try_from(number).ok())
            .collect()
    };
    match error {
        Some(error) if !passing => TokenError::Refused(TokenRefusal {
            error,
            description: text("error_description"),
            error_codes: numbers("error_codes"),
            correlation_id: text("correlation_id"),
            claims: fields
                .get("claims")
                .and_then(Value::as_str)
                .and_then(challenge),
            suberror: text("suberror"),
            timestamp: text("timestamp"),
        }),
        None if !passing => TokenError::Malformed {
            why: format!("HTTP status {} without an error", seen.status),
        },
        error => TokenError::Temporary {
            status: seen.status,
            error,
            retry_after: seen.retry_after,
        },
    }
}
