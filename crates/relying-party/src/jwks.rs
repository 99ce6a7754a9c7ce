//! The provider's keys (RFC 7517), fetched when needed and no oftener (THREATS.md T8).

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::CoreJsonWebKey;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use crate::http::{HttpClient, HttpError};
use crate::id_token::{self, Header, IdTokenClaims, IdTokenError, IdTokenExpectation};
use crate::json;

const MOST_KEYS: usize = 64;
const LIMIT: usize = 512 * 1024;
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
const REFETCH: SignedDuration = SignedDuration::from_secs(60);

/// The key set at one address, cached 5 minutes to 24 hours; an unknown `kid`, and an address that fails, are asked
/// again at most once a minute.
#[derive(Debug)]
pub struct Jwks {
    uri: Url,
    state: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    cached: Option<Cached>,
    /// How the last request ended, if it ended badly.
    failed: Option<(Timestamp, IdTokenError)>,
}

#[derive(Debug)]
struct Cached {
    keys: Vec<PublicKey>,
    fetched_at: Timestamp,
    fresh_for: SignedDuration,
}

/// One key that may verify signatures.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    kid: Option<String>,
    kty: String,
    alg: Option<String>,
    pub(crate) key: CoreJsonWebKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Map<String, Value>>,
}

impl Jwks {
    /// The key set at this address; nothing is fetched yet.
    pub fn new(uri: Url) -> Jwks {
        Jwks {
            uri,
            state: Mutex::default(),
        }
    }

    /// Fetches the keys now, whatever is known of them: whether there is one that signatures could be verified with.
    ///
    /// # Errors
    /// Those of fetching, and [`IdTokenError::KeyNotFound`].
    pub async fn probe(&self, http: &dyn HttpClient, now: Timestamp) -> Result<(), IdTokenError> {
        let mut memory = self.state.lock().await;
        let fetched = self.fetch(http, now).await?;
        if fetched.keys.is_empty() {
            return Err(IdTokenError::KeyNotFound);
        }
        memory.cached = Some(fetched);
        Ok(())
    }

    /// Verifies an ID token against these keys.
    ///
    /// # Errors
    /// One variant a check: see [`IdTokenError`].
    pub async fn verify_id_token(
        &self,
        http: &dyn HttpClient,
        token: &SecretString,
        expect: &IdTokenExpectation<'_>,
    ) -> Result<IdTokenClaims, IdTokenError> {
        let unverified = id_token::read(token, expect)?;
        let candidates = self
            .candidates(http, &unverified.header, expect.now)
            .await?;
        id_token::verify(unverified, &candidates, expect)
    }

    /// The keys that may have signed. The lock makes concurrent callers share one request.
    async fn candidates(
        &self,
        http: &dyn HttpClient,
        header: &Header,
        now: Timestamp,
    ) -> Result<Vec<PublicKey>, IdTokenError> {
        let mut memory = self.state.lock().await;
        // Callers' clocks may differ a little: a moment before the fetch is as good as one after it.
        let since = |earlier: Timestamp| now.duration_since(earlier).abs();
        if let Some(known) = &memory.cached {
            let age = since(known.fetched_at);
            let found = matching(&known.keys, header);
            if age < known.fresh_for && !found.is_empty() {
                return Ok(found);
            }
            if age < REFETCH {
                return some(found);
            }
        }
        if let Some((at, error)) = &memory.failed
            && since(*at) < REFETCH
        {
            return Err(error.clone());
        }
        memory.failed = None;
        match self.fetch(http, now).await {
            Ok(fetched) => {
                let found = matching(&fetched.keys, header);
                memory.cached = Some(fetched);
                some(found)
            }
            Err(error) => {
                // Where nobody was reached, nobody is spared by waiting.
                if !matches!(error, IdTokenError::Http(HttpError::Unreachable { .. })) {
                    memory.failed = Some((now, error.clone()));
                }
                Err(error)
            }
        }
    }

    async fn fetch(&self, http: &dyn HttpClient, now: Timestamp) -> Result<Cached, IdTokenError> {
        let request = ::http::Request::get(self.uri.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|_| IdTokenError::Keys)?;
        let answer = http.send(request).await?;
        let status = answer.status().as_u16();
        if status == 429 || status >= 500 {
            return Err(IdTokenError::Temporary { status });
        }
        if status != 200 || answer.body().len() > LIMIT {
            return Err(IdTokenError::Keys);
        }
        let document: Document = json::read(answer.body()).map_err(|_| IdTokenError::Keys)?;
        if document.keys.len() > MOST_KEYS {
            return Err(IdTokenError::Keys);
        }
        let age = answer
            .headers()
            .get("cache-control")
            .and_then(|value| max_age(value.to_str().ok()?));
        Ok(Cached {
            keys: document.keys.into_iter().filter_map(public_key).collect(),
            fetched_at: now,
            fresh_for: age.unwrap_or(SHORTEST).clamp(SHORTEST, LONGEST),
        })
    }
}

fn some(found: Vec<PublicKey>) -> Result<Vec<PublicKey>, IdTokenError> {
    if found.is_empty() {
        Err(IdTokenError::KeyNotFound)
    } else {
        Ok(found)
    }
}

fn max_age(cache_control: &str) -> Option<SignedDuration> {
    let seconds = cache_control
        .split(',')
        .find_map(|directive| directive.trim().strip_prefix("max-age="))?;
    seconds.parse().ok().map(SignedDuration::from_secs)
}

/// A key for signatures of an asymmetric kind, of sufficient size, and public: others are left out.
fn public_key(raw: Map<String, Value>) -> Option<PublicKey> {
    let text = |name: &str| raw.get(name).and_then(Value::as_str).map(str::to_owned);
    let kty = text("kty").filter(|kty| matches!(kty.as_str(), "RSA" | "EC" | "OKP"))?;
    let signs = text("use").is_none_or(|purpose| purpose == "sig");
    let strong = kty != "RSA" || text("n").is_some_and(|modulus| modulus.len() >= 342); // 2048 bits in base64url
    if !signs || !strong || raw.contains_key("d") {
        return None;
    }
    let (kid, alg) = (text("kid"), text("alg"));
    let key = serde_json::from_value(Value::Object(raw)).ok()?;
    Some(PublicKey { kid, kty, alg, key })
}

fn matching(keys: &[PublicKey], header: &Header) -> Vec<PublicKey> {
    keys.iter()
        .filter(|key| header.kid.is_none() || key.kid == header.kid)
        .filter(|key| key.kty == header.key_type())
        .filter(|key| key.alg.as_ref().is_none_or(|alg| *alg == header.alg))
        .cloned()
        .collect()
}
