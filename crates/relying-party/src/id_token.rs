//! ID-token verification (OIDC Core §3.1.3.7), one error a check.
//!
//! `openidconnect` checks signature, algorithm, issuer, audience and nonce; the layer here adds what it leaves out: one key
//! at a time, `azp`, `at_hash`, the dates with their leeway, template issuers, and strict JSON (THREATS.md T6, T7).

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
};
use openidconnect::{ClaimsVerificationError, ClientId, IssuerUrl};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use crate::authorize::Nonce;
use crate::http::HttpError;
use crate::json::{Strict, shown};
use crate::jwks::PublicKey;

const LIMIT: usize = 64 * 1024;
const MOST_METHODS: usize = 16;
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// An ID token is fresh when it comes; this is for a clock that runs behind.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

/// Whose tokens, for whom, and when.
#[derive(Debug)]
pub struct IdTokenExpectation<'a> {
    /// Whose.
    pub issuer: IssuerExpectation<'a>,
    /// For whom.
    pub client_id: &'a str,
    /// For which sign-in.
    pub nonce: NonceExpectation<'a>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: Option<&'a SecretString>,
    /// The algorithms that the provider announces; ours are intersected with them.
    pub algorithms: &'a [String],
    /// On refresh: the same person as before.
    pub subject: Option<&'a str>,
    /// Now.
    pub now: Timestamp,
}

/// The issuer to expect.
#[derive(Clone, Copy, Debug)]
pub enum IssuerExpectation<'a> {
    /// This one, byte for byte.
    Exact(&'a str),
    /// This template with the token's own `tid`, which must be one of these tenants.
    Tenant {
        /// An issuer with `{tenantid}`.
        template: &'a str,
        /// The tenants whose people may sign in.
        allowed: &'a [String],
    },
}

/// The nonce to expect.
#[derive(Clone, Copy, Debug)]
pub enum NonceExpectation<'a> {
    /// This one.
    Exactly(&'a Nonce),
    /// None was sent (refresh, device flow).
    NotChecked,
}

/// A verified token's claims.
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenClaims {
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `name`
    pub name: Option<String>,
    /// `email`; shown, never trusted.
    pub email: Option<String>,
    /// `preferred_username`
    pub preferred_username: Option<String>,
    /// The same, byte for byte: to be compared, never shown.
    pub user_name: Option<String>,
    /// `tid` (Entra ID)
    pub tenant: Option<String>,
    /// `oid` (Entra ID): the person in that tenant, the same for every application.
    pub object: Option<String>,
    /// `auth_time`: when the person was authenticated, which may be long ago.
    pub authenticated_at: Option<Timestamp>,
    /// `acr`
    pub context: Option<String>,
    /// `amr` (RFC 8176)
    pub methods: Vec<String>,
    /// `sid`: the provider's name of its own session.
    pub session: Option<String>,
    /// `exp`
    pub expires_at: Timestamp,
    /// `iat`
    pub issued_at: Timestamp,
}

/// Which check failed, numbered as in OIDC Core §3.1.3.7.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IdTokenError {
    /// The keys could not be fetched.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The key set cannot be used.
    #[error("the provider's key set cannot be used")]
    Keys,
    /// The server that has the keys has a problem of its own.
    #[error("the provider's keys cannot be fetched now: {status}")]
    Temporary {
        /// The HTTP status.
        status: u16,
    },
    /// Not a signed JWT with the claims that must be there, each once and of its type.
    #[error("the ID token cannot be read: {0}")]
    Malformed(&'static str),
    /// RFC 7515 §4.1.11: `crit` names extensions we do not have.
    #[error("the ID token has critical extensions")]
    Critical,
    /// 2: the issuer.
    #[error("the ID token is from another issuer")]
    Issuer {
        /// Which.
        found: String,
    },
    /// 2, for a template: the tenant is not one of ours.
    #[error("the account belongs to another tenant: {found}")]
    Tenant {
        /// Which.
        found: String,
    },
    /// 3: the audience.
    #[error("the ID token is for another application")]
    Audience,
    /// 4, 5: the authorized party.
    #[error("the ID token was given to another application")]
    AuthorizedParty,
    /// 6: no key of the provider has this id and kind.
    #[error("no key of the provider fits the ID token")]
    KeyNotFound,
    /// 6: the signature.
    #[error("the ID token's signature is wrong")]
    Signature,
    /// 7: the algorithm.
    #[error("the ID token's algorithm is not accepted")]
    Algorithm,
    /// 9: it has expired.
    #[error("the ID token has expired")]
    Expired,
    /// RFC 7519 §4.1.5: it is not valid yet.
    #[error("the ID token is not valid yet")]
    NotYetValid,
    /// 10: issued in the future, or too long ago.
    #[error("the ID token's time of issue is wrong")]
    IssuedAt,
    /// 11: the nonce.
    #[error("the ID token answers another sign-in")]
    Nonce,
    /// §3.1.3.8: `at_hash`.
    #[error("the access token does not belong to the ID token")]
    AccessTokenHash,
    /// §12.2: another person than before.
    #[error("the ID token is another person's")]
    Subject,
}

impl IdTokenError {
    /// Whether nothing but the token's dates is wrong: they are looked at last.
    pub fn is_of_dates(&self) -> bool {
        matches!(
            self,
            IdTokenError::Expired | IdTokenError::NotYetValid | IdTokenError::IssuedAt
        )
    }
}

/// What of the header counts. Keys in it (`jwk`, `jku`, `x5c`, `x5u`) are not even read.
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
}

impl Header {
    pub(crate) fn key_type(&self) -> &'static str {
        match self.alg.as_str() {
            "ES256" => "EC",
            "EdDSA" => "OKP",
            _ => "RSA",
        }
    }

    fn algorithm(&self) -> Option<CoreJwsSigningAlgorithm> {
        match self.alg.as_str() {
            "RS256" => Some(CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256),
            "PS256" => Some(CoreJwsSigningAlgorithm::RsaSsaPssSha256),
            "ES256" => Some(CoreJwsSigningAlgorithm::EcdsaP256Sha256),
            "EdDSA" => Some(CoreJwsSigningAlgorithm::EdDsa),
            _ => None,
        }
    }
}

/// A token that was read and not verified.
pub(crate) struct Unverified {
    pub(crate) header: Header,
    issuer: String,
    claims: Map<String, Value>,
    token: CoreIdToken,
}

/// Reads a token: strict JSON, an algorithm of ours and of the provider's, no critical extension. One that by its own word
/// is from another issuer, or another person's, is refused before any key is asked for.
pub(crate) fn read(
    token: &SecretString,
    expect: &IdTokenExpectation<'_>,
) -> Result<Unverified, IdTokenError> {
    let text = token.expose_secret();
    if text.len() > LIMIT {
        return Err(IdTokenError::Malformed("it is too long"));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, _signature] = parts[..] else {
        return Err(IdTokenError::Malformed("it has not three parts"));
    };
    let header = object(header)?;
    let claims = object(payload)?;
    if header.contains_key("crit") {
        return Err(IdTokenError::Critical);
    }
    let header = Header {
        alg: header
            .get("alg")
            .and_then(Value::as_str)
            .ok_or(IdTokenError::Algorithm)?
            .to_owned(),
        kid: match header.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(IdTokenError::Malformed("kid")),
        },
    };
    let announced = expect.algorithms.is_empty() && header.alg == "RS256"
        || expect.algorithms.contains(&header.alg);
    if header.algorithm().is_none() || !announced {
        return Err(IdTokenError::Algorithm);
    }
    let token = CoreIdToken::from_str(text).map_err(|_| IdTokenError::Malformed("its claims"))?;
    let issuer = issuer(&claims, expect)?;
    let subject = claims.get("sub").and_then(Value::as_str);
    if expect.subject.is_some() && expect.subject != subject {
        return Err(IdTokenError::Subject);
    }
    Ok(Unverified {
        header,
        issuer,
        claims,
        token,
    })
}

/// The issuer that the token names, which is the expected one byte for byte.
fn issuer(
    claims: &Map<String, Value>,
    expect: &IdTokenExpectation<'_>,
) -> Result<String, IdTokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let found = text("iss").ok_or(IdTokenError::Malformed("iss"))?;
    let expected = match expect.issuer {
        IssuerExpectation::Exact(issuer) => issuer.to_owned(),
        IssuerExpectation::Tenant { template, .. } => template.replace(
            "{tenantid}",
            text("tid").ok_or(IdTokenError::Tenant {
                found: String::new(),
            })?,
        ),
    };
    if found == expected {
        Ok(expected)
    } else {
        Err(IdTokenError::Issuer {
            found: shown(found),
        })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, IdTokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| IdTokenError::Malformed("its encoding"))?;
    serde_json::from_slice::<Strict>(&bytes)
        .map(|object| object.0)
        .map_err(|_| IdTokenError::Malformed("its JSON"))
}

/// Verifies what was read, with each candidate key alone.
pub(crate) fn verify(
    token: Unverified,
    keys: &[PublicKey],
    expect: &IdTokenExpectation<'_>,
) -> Result<IdTokenClaims, IdTokenError> {
    let mut refused = IdTokenError::KeyNotFound;
    for key in keys {
        match verify_with(&token, key, expect) {
            Err(IdTokenError::Signature) => refused = IdTokenError::Signature,
            Err(other) => return Err(other),
            Ok(()) => return claims(&token.claims, &token.header.alg, expect),
        }
    }
    Err(refused)
}

fn verify_with(
    token: &Unverified,
    key: &PublicKey,
    expect: &IdTokenExpectation<'_>,
) -> Result<(), IdTokenError> {
    let algorithm = token.header.algorithm().ok_or(IdTokenError::Algorithm)?;
    let foreign = || IdTokenError::Issuer {
        found: shown(&token.issuer),
    };
    let keys = CoreJsonWebKeySet::new(vec![key.key.clone()]);
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(expect.client_id.to_owned()),
        IssuerUrl::new(token.issuer.clone()).map_err(|_| foreign())?,
        keys,
    )
    .set_allowed_algs([algorithm])
    .set_time_fn(Default::default) // the epoch: dates come last, below
    .set_other_audience_verifier_fn(|_| true); // several audiences need `azp`: checked below
    let nonce = |answered: Option<&openidconnect::Nonce>| match (expect.nonce, answered) {
        (NonceExpectation::NotChecked, _) => Ok(()),
        (NonceExpectation::Exactly(sent), Some(answered))
            if bool::from(sent.secret().as_bytes().ct_eq(answered.secret().as_bytes())) =>
        {
            Ok(())
        }
        (NonceExpectation::Exactly(_), _) => Err("another nonce".to_owned()),
    };
    match token.token.claims(&verifier, nonce) {
        Ok(_) => Ok(()),
        Err(ClaimsVerificationError::InvalidIssuer(_)) => Err(foreign()),
        Err(ClaimsVerificationError::InvalidAudience(_)) => Err(IdTokenError::Audience),
        Err(ClaimsVerificationError::Expired(_)) => Err(IdTokenError::Expired),
        Err(ClaimsVerificationError::InvalidNonce(_)) => Err(IdTokenError::Nonce),
        Err(ClaimsVerificationError::SignatureVerification(_)) => Err(IdTokenError::Signature),
        Err(_) => Err(IdTokenError::Malformed("its claims")),
    }
}

/// The checks that are left to us, over claims whose signature is verified.
fn claims(
    claims: &Map<String, Value>,
    alg: &str,
    expect: &IdTokenExpectation<'_>,
) -> Result<IdTokenClaims, IdTokenError> {
    let text = |name: &'static str| match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(IdTokenError::Malformed(name)),
    };
    let needed = |name: &'static str| {
        text(name)?
            .filter(|text| !text.is_empty())
            .ok_or(IdTokenError::Malformed(name))
    };
    let tenant = text("tid")?;
    if let IssuerExpectation::Tenant { allowed, .. } = expect.issuer {
        let found = tenant.clone().unwrap_or_default();
        if !allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(&found))
        {
            return Err(IdTokenError::Tenant {
                found: shown(&found),
            });
        }
    }
    // 4, 5: with several audiences the authorized party must be named, and whenever it is named it must be us.
    let audiences = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.len(),
        Some(_) => 1,
        None => 0,
    };
    match text("azp")? {
        Some(party) if party != expect.client_id => return Err(IdTokenError::AuthorizedParty),
        None if audiences > 1 => return Err(IdTokenError::AuthorizedParty),
        Some(_) | None => {}
    }
    let expires_at = time(claims, "exp")?.ok_or(IdTokenError::Malformed("exp"))?;
    let issued_at = time(claims, "iat")?.ok_or(IdTokenError::Malformed("iat"))?;
    let begins_at = time(claims, "nbf")?;
    if let (Some(hash), Some(access)) = (text("at_hash")?, expect.access_token) {
        let half = URL_SAFE_NO_PAD.encode(half_hash(alg, access.expose_secret().as_bytes()));
        if !bool::from(half.as_bytes().ct_eq(hash.as_bytes())) {
            return Err(IdTokenError::AccessTokenHash);
        }
    }
    let neutral = |name| {
        Ok::<_, IdTokenError>(
            text(name)?
                .map(|text| shown(&text))
                .filter(|text| !text.is_empty()),
        )
    };
    let methods = claims.get("amr").and_then(Value::as_array);
    let methods = methods.into_iter().flatten().filter_map(Value::as_str);
    let verified = IdTokenClaims {
        issuer: needed("iss")?,
        subject: needed("sub")?,
        name: neutral("name")?,
        email: neutral("email")?,
        preferred_username: neutral("preferred_username")?,
        user_name: text("preferred_username")?,
        tenant,
        object: text("oid")?,
        authenticated_at: time(claims, "auth_time")?,
        context: neutral("acr")?,
        methods: methods.take(MOST_METHODS).map(shown).collect(),
        session: neutral("sid")?,
        expires_at,
        issued_at,
    };
    if expires_at <= expect.now.saturating_sub(LEEWAY).unwrap_or(expect.now) {
        return Err(IdTokenError::Expired);
    }
    if begins_at.is_some_and(|start| start.duration_since(expect.now) > LEEWAY) {
        return Err(IdTokenError::NotYetValid);
    }
    if issued_at.duration_since(expect.now) > LEEWAY
        || expect.now.duration_since(issued_at) > OLDEST
    {
        return Err(IdTokenError::IssuedAt);
    }
    Ok(verified)
}

/// The left half of the hash that belongs to the algorithm (OIDC Core §3.1.3.6): SHA-512 for Ed25519, else SHA-256.
fn half_hash(alg: &str, text: &[u8]) -> Vec<u8> {
    if alg == "EdDSA" {
        Sha512::digest(text)[..32].to_vec()
    } else {
        Sha256::digest(text)[..16].to_vec()
    }
}

/// A NumericDate (RFC 7519 §2): a JSON number, never a string.
fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Timestamp>, IdTokenError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let fraction = || {
        value
            .as_f64()
            .filter(|seconds| seconds.abs() < 1e12)
            .map(|seconds| seconds.floor() as i64)
    };
    value
        .as_i64()
        .or_else(fraction)
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .map(Some)
        .ok_or(IdTokenError::Malformed(name))
}
