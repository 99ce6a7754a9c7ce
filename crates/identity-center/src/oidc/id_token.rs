//! ID tokens (OpenID Connect Core §2), and what is said about a person by scope (§5.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;

use crate::center::Center;
use crate::id::{SessionId, UserId};
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
    let methods = authentication.methods.as_slice();
    let claims = Claims {
        about: about(session, person, &session.claims.id_token),
        iss: center.settings.issuer(),
        aud: &session.client,
        azp: &session.client,
        iat: now.as_second(),
        exp: expires_at.as_second(),
        at_hash: URL_SAFE_NO_PAD.encode(&digest.bytes()[..16]),
        sid: session.id,
        auth_time: authentication.authenticated_at().map(Timestamp::as_second),
        amr: (!methods.is_empty()).then_some(methods),
        acr: authentication.context.as_deref(),
        nonce,
    };
    center.signing.ring().sign("JWT", &claims)
}

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(flatten)]
    about: About<'a>,
    iss: &'a str,
    aud: &'a str,
    azp: &'a str,
    iat: i64,
    exp: i64,
    at_hash: String,
    sid: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// What an application may know of a person.
#[derive(Serialize)]
pub(super) struct About<'a> {
    sub: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
}

/// `sub`, and what the scopes of the session let the application know, and what it was granted by name.
pub(super) fn about<'a>(session: &Session, person: &'a Person, named: &[String]) -> About<'a> {
    let may = |scope: &str, claim: &str| {
        let has_scope = session.scopes.iter().any(|granted| granted == scope);
        has_scope || named.iter().any(|named| named == claim)
    };
    let said = |scope: &str, claim: &str, value: Option<&'a str>| {
        value.filter(|value| !value.is_empty() && may(scope, claim))
    };
    let (name, user_name) = (&person.display_name, &person.user_name);
    About {
        sub: session.user,
        name: said("profile", "name", Some(name)),
        given_name: said("profile", "given_name", person.given_name.as_deref()),
        family_name: said("profile", "family_name", person.family_name.as_deref()),
        preferred_username: said("profile", "preferred_username", Some(user_name)),
        email: said("email", "email", person.email.as_deref()),
        updated_at: may("profile", "updated_at").then(|| person.modified_at.as_second()),
    }
}
