//! ID tokens (OpenID Connect Core §2), and what is said about a person by scope (§5.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::center::Center;
use crate::jws::NotAKey;
use crate::secret::Digest;
use crate::session::Session;
use crate::store::holders::Person;

/// Signs the ID token of this session, for the access token that it comes with.
pub(super) fn sign(
    center: &Center,
    session: &Session,
    person: &Person,
    nonce: Option<&str>,
    access_token: &str,
    now: Timestamp,
) -> Result<String, NotAKey> {
    let authentication = &session.authentication;
    let digest = Digest::of(access_token);
    let expires_at = now + center.settings.access_token_lifetime;
    let mut claims = about(session, person);
    claims.extend(object(json!({
        "iss": center.settings.issuer(),
        "aud": session.client,
        "azp": session.client,
        "iat": now.as_second(),
        "exp": expires_at.as_second(),
        "at_hash": URL_SAFE_NO_PAD.encode(&digest.bytes()[..16]),
        "sid": session.id,
    })));
    if let Some(at) = authentication.authenticated_at() {
        claims.insert("auth_time".to_owned(), at.as_second().into());
    }
    if !authentication.methods.is_empty() {
        claims.insert("amr".to_owned(), json!(authentication.methods));
    }
    let optional = [("acr", authentication.context.as_deref()), ("nonce", nonce)];
    for (name, value) in optional {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value.into());
        }
    }
    center.signing.ring().sign("JWT", &claims)
}

/// `sub`, and what the scopes of the session let the application know.
pub(super) fn about(session: &Session, person: &Person) -> Map<String, Value> {
    let mut claims = object(json!({"sub": session.user}));
    let has = |scope: &str| session.scopes.iter().any(|granted| granted == scope);
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            claims.insert(name.to_owned(), value.into());
        }
    };
    if has("profile") {
        put("name", Some(&person.display_name));
        put("given_name", person.given_name.as_deref());
        put("family_name", person.family_name.as_deref());
        put("preferred_username", Some(&person.user_name));
    }
    if has("email") {
        put("email", person.email.as_deref());
    }
    if has("profile") {
        claims.insert(
            "updated_at".to_owned(),
            person.modified_at.as_second().into(),
        );
    }
    claims
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}
