//! DPoP (RFC 9449): who presents a token proves to have the key that it is bound to. A proof carries the server's nonce, which is
//! made from the time and the service's own key, and is taken once.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use super::refusal::Refusal;
use crate::center::Center;
use crate::jws::{PublicKey, Unverified};
use crate::secret::Digest;
use crate::token::TokenKeys;

/// The algorithm of proofs.
pub const ALGORITHM: &str = "ES256";
/// The header with the server's nonce.
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// A nonce is good in the time that it was made in, and in the next: five to ten minutes.
const NONCE_SECONDS: i64 = 300;
/// A proof is remembered for as long as its nonce can be good: in its own period, the next, and the one before for a clock behind.
const KEPT_SECONDS: i64 = 3 * NONCE_SECONDS;
/// A proof's identifier is at most so long.
const JTI_LIMIT: usize = 256;

/// What a good proof proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// The key's (RFC 7638).
    pub(super) thumbprint: String,
    /// The proof's own name.
    jti: String,
}

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Why it proves nothing.
    Invalid(&'static str),
    /// The server's nonce is missing or old: with the right one it may be tried again.
    Nonce,
}

/// What a proof must be about.
struct Subject<'a> {
    method: &'a str,
    url: &'a str,
    access_token: Option<&'a str>,
}

/// The proof that came with a request to an endpoint that applications authenticate at, if one did.
pub(super) async fn at_token_endpoint(
    center: &Center,
    headers: &HeaderMap,
    path: &str,
) -> Result<Option<Proof>, Refusal> {
    proof(center, headers, "POST", path, None)
        .await?
        .map_err(|fault| match fault {
            Fault::Invalid(why) => Refusal::new("invalid_dpop_proof", why),
            Fault::Nonce => {
                Refusal::new("use_dpop_nonce", "the proof must have the server's nonce")
                    .with_nonce(nonce(&center.token_keys, center.now()))
            }
        })
}

/// The proof that came with a token to a resource.
pub(super) async fn at_resource(
    center: &Center,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    access_token: &str,
) -> Result<Option<Proof>, Refusal> {
    let found = proof(center, headers, method, path, Some(access_token)).await?;
    found.map_err(|fault| match fault {
        Fault::Invalid(why) => Refusal::of_token("DPoP", "invalid_dpop_proof", why),
        Fault::Nonce => {
            let why = "the proof must have the server's nonce";
            Refusal::of_token("DPoP", "use_dpop_nonce", why)
                .with_nonce(nonce(&center.token_keys, center.now()))
        }
    })
}

async fn proof(
    center: &Center,
    headers: &HeaderMap,
    method: &str,
    path: &str,
    access_token: Option<&str>,
) -> Result<Result<Option<Proof>, Fault>, Refusal> {
    let mut sent = headers.get_all("dpop").iter();
    let (Some(first), None) = (sent.next(), sent.next()) else {
        return Ok(match headers.contains_key("dpop") {
            true => Err(Fault::Invalid("there is more than one proof")),
            false => Ok(None),
        });
    };
    let subject = Subject {
        method,
        url: &center.settings.at(path),
        access_token,
    };
    let now = center.now();
    let checked = first
        .to_str()
        .map_err(|_| Fault::Invalid("the proof cannot be read"))
        .and_then(|text| check(text, &subject, &center.token_keys, now));
    let proof = match checked {
        Ok(proof) => proof,
        Err(fault) => return Ok(Err(fault)),
    };
    let name = Digest::of(&format!("{}.{}", proof.thumbprint, proof.jti));
    let until = now + SignedDuration::from_secs(KEPT_SECONDS);
    match center.store.first_use_of_proof(name, until).await? {
        true => Ok(Ok(Some(proof))),
        false => Ok(Err(Fault::Invalid("the proof was used before"))),
    }
}

/// The checks of RFC 9449 §4.3, in its order.
fn check(
    text: &str,
    subject: &Subject<'_>,
    keys: &TokenKeys,
    now: Timestamp,
) -> Result<Proof, Fault> {
    let invalid = Fault::Invalid;
    let token = Unverified::read(text).ok_or(invalid("the proof is no JWT signed with ES256"))?;
    if token.header("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err(invalid("typ is not dpop+jwt"));
    }
    let key = token
        .header("jwk")
        .and_then(PublicKey::read)
        .ok_or(invalid("jwk is no public key on P-256"))?;
    let claims = token
        .verify(&key)
        .ok_or(invalid("the signature is wrong"))?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    let jti = claim("jti")
        .filter(|jti| !jti.is_empty() && jti.len() <= JTI_LIMIT)
        .ok_or(invalid("jti is missing or too long"))?;
    if claim("htm") != Some(subject.method) {
        return Err(invalid("htm is another method"));
    }
    if claim("htu").and_then(plain) != plain(subject.url) {
        return Err(invalid("htu is another address"));
    }
    // When the proof was made, the nonce proves: a clock that is wrong locks nobody out.
    if !claims.get("iat").is_some_and(Value::is_number) {
        return Err(invalid("iat is missing"));
    }
    if let Some(access_token) = subject.access_token {
        let expected = URL_SAFE_NO_PAD.encode(Digest::of(access_token).bytes());
        if claim("ath") != Some(expected.as_str()) {
            return Err(invalid("ath is of another token"));
        }
    }
    if !claim("nonce").is_some_and(|nonce| fresh(nonce, keys, now)) {
        return Err(Fault::Nonce);
    }
    Ok(Proof {
        thumbprint: key.thumbprint(),
        jti: jti.to_owned(),
    })
}

/// Without query and fragment, normalized (RFC 9449 §4.3, 9).
fn plain(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// The nonce of this time.
fn nonce(keys: &TokenKeys, now: Timestamp) -> String {
    let period = (now.as_second() / NONCE_SECONDS).to_string();
    format!("{period}.{}", keys.tag("dpop-nonce", &period))
}

fn fresh(nonce: &str, keys: &TokenKeys, now: Timestamp) -> bool {
    let Some((period, tag)) = nonce.split_once('.') else {
        return false;
    };
    let current = now.as_second() / NONCE_SECONDS;
    // One ahead: another instance's clock.
    let near = (current - 1..=current + 1).any(|near| near.to_string() == period);
    near && keys.has_tagged("dpop-nonce", period, tag)
}

/// The answer to a request with a proof tells the nonce of the next (RFC 9449 §8.2).
pub(super) fn with_next_nonce(
    center: &Center,
    proof: Option<&Proof>,
    mut response: Response,
) -> Response {
    if proof.is_some()
        && let Ok(value) = HeaderValue::try_from(nonce(&center.token_keys, center.now()))
    {
        response.headers_mut().insert(NONCE, value);
    }
    response
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
