//! The discovery document (OpenID Connect Discovery 1.0 §4, RFC 8414), read with suspicion.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use crate::http::{HttpClient, HttpError, secure_url};
use crate::json;
use crate::retry_after::retry_after;

/// What a provider says of itself.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The issuer, byte for byte.
    pub issuer: String,
    /// For the browser.
    pub authorization_endpoint: Url,
    /// For codes and refresh tokens.
    pub token_endpoint: Url,
    /// For the keys of ID tokens.
    pub jwks_uri: Url,
    /// RFC 7662.
    pub introspection_endpoint: Option<Url>,
    /// RFC 7009.
    pub revocation_endpoint: Option<Url>,
    /// OpenID Connect RP-Initiated Logout 1.0.
    pub end_session_endpoint: Option<Url>,
    /// RFC 8628.
    pub device_authorization_endpoint: Option<Url>,
    /// RFC 9207: callbacks carry `iss`.
    pub iss_parameter: bool,
    /// The announced signature algorithms of ID tokens.
    pub id_token_algorithms: Vec<String>,
    /// How a client may prove itself at the token endpoint; `None` if nothing is said, which means `client_secret_basic`.
    pub token_endpoint_auth_methods: Option<Vec<String>>,
    /// Whether S256 is announced; `None` if nothing is said.
    pub pkce_s256: Option<bool>,
    /// The announced scopes.
    pub scopes: Vec<String>,
    /// The server's clock minus ours.
    pub clock_skew: Option<SignedDuration>,
}

/// How the document's issuer must relate to the configured one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IssuerRule {
    /// Equal (a trailing slash of the configured one aside).
    Exact,
    /// Microsoft Entra ID: the same origin, and `{tenantid}` or a tenant's id as its path's first part.
    Template,
}

/// Why there is no usable document.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// No document at this address.
    #[error("there is no discovery document at {url}")]
    NotFound {
        /// The address.
        url: Url,
    },
    /// The document is of another issuer.
    #[error("the document is of another issuer: {found}")]
    WrongIssuer {
        /// What was configured.
        expected: String,
        /// What the document says.
        found: String,
    },
    /// The document cannot be read.
    #[error("the discovery document at {url} cannot be read: {why}")]
    Malformed {
        /// The address.
        url: Url,
        /// Why.
        why: String,
    },
    /// An endpoint is not https.
    #[error("the discovery document's {name} is not https")]
    InsecureEndpoint {
        /// Which endpoint.
        name: &'static str,
    },
    /// The server has a problem of its own.
    #[error("the server answered {status}")]
    Temporary {
        /// The HTTP status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// Fetches the document of an issuer. `now` is for the clock's comparison alone.
///
/// # Errors
/// See [`DiscoveryError`].
pub async fn discover(
    http: &dyn HttpClient,
    issuer: &Url,
    rule: IssuerRule,
    now: Timestamp,
) -> Result<Metadata, DiscoveryError> {
    let mut url = secure_url(issuer.as_str())?;
    url.set_query(None); // an issuer has none (OpenID Connect Discovery 1.0 §3): with one, nothing will be equal
    url.set_path(&format!(
        "{}/.well-known/openid-configuration",
        issuer.path().trim_end_matches('/')
    ));
    let malformed = |why: String| DiscoveryError::Malformed {
        url: url.clone(),
        why,
    };
    let request = ::http::Request::get(url.as_str())
        .header("accept", "application/json")
        .body(Vec::new())
        .map_err(|error| malformed(error.to_string()))?;
    let answer = http.send(request).await?;
    let status = answer.status().as_u16();
    match status {
        200 => {}
        429 | 500.. => {
            let retry_after = retry_after(answer.headers());
            return Err(DiscoveryError::Temporary {
                status,
                retry_after,
            });
        }
        _ => return Err(DiscoveryError::NotFound { url }),
    }
    let clock_skew = clock_skew(answer.headers(), now);
    let document: Document =
        json::read(answer.body()).map_err(|error| malformed(json::shown(&error.to_string())))?;
    if !fits(issuer, &document.issuer, rule) {
        return Err(DiscoveryError::WrongIssuer {
            expected: issuer.to_string(),
            found: json::shown(&document.issuer),
        });
    }
    let endpoint = |name, address: &str| {
        secure_url(address)
            .ok()
            .filter(|endpoint| endpoint.scheme() == "https" || issuer.scheme() == "http")
            .ok_or(DiscoveryError::InsecureEndpoint { name })
    };
    let optional =
        |name, address: Option<String>| address.map(|address| endpoint(name, &address)).transpose();
    Ok(Metadata {
        authorization_endpoint: endpoint(
            "authorization_endpoint",
            &document.authorization_endpoint,
        )?,
        token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
        jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
        introspection_endpoint: optional(
            "introspection_endpoint",
            document.introspection_endpoint,
        )?,
        revocation_endpoint: optional("revocation_endpoint", document.revocation_endpoint)?,
        end_session_endpoint: optional("end_session_endpoint", document.end_session_endpoint)?,
        device_authorization_endpoint: optional(
            "device_authorization_endpoint",
            document.device_authorization_endpoint,
        )?,
        issuer: document.issuer,
        iss_parameter: document.authorization_response_iss_parameter_supported,
        id_token_algorithms: document.id_token_signing_alg_values_supported,
        token_endpoint_auth_methods: document.token_endpoint_auth_methods_supported,
        pkce_s256: document
            .code_challenge_methods_supported
            .map(|methods| methods.iter().any(|method| method == "S256")),
        scopes: document.scopes_supported,
        clock_skew,
    })
}

/// The clock of the server that answered (RFC 9110 §6.6.1) minus ours; `None` where it tells no time.
pub fn clock_skew(answer: &::http::HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let date = answer.get("date")?.to_str().ok()?;
    let server = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(date)
        .ok()?;
    Some(server.duration_since(now))
}

fn fits(configured: &Url, found: &str, rule: IssuerRule) -> bool {
    let expected = configured.as_str();
    match rule {
        IssuerRule::Exact => found == expected || found == expected.trim_end_matches('/'),
        IssuerRule::Template => {
            let Some(path) = found.strip_prefix(&configured.origin().ascii_serialization()) else {
                return false;
            };
            let parts = |path: &str| {
                path.trim_end_matches('/')
                    .split('/')
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            let (ours, theirs) = (parts(configured.path()), parts(path));
            // `/{tenant}/v2.0`: all equal but the tenant, which stands last but one.
            let tenant = ours.len().saturating_sub(2);
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(&theirs)
                    .enumerate()
                    .all(|(place, (ours, theirs))| {
                        ours == theirs || (place == tenant && is_tenant_of(ours, theirs))
                    })
        }
    }
}

/// A tenant that was configured by its id is that one; a name (`organizations`, a domain) stands for an id that discovery tells.
fn is_tenant_of(configured: &str, found: &str) -> bool {
    let is_id = configured.len() == 36
        && configured
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let plain = !found.is_empty()
        && found
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    found == "{tenantid}"
        || if is_id {
            found.eq_ignore_ascii_case(configured)
        } else {
            plain
        }
}
