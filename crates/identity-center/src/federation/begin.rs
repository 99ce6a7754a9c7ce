//! The way to the provider: the authorization request (RFC 6749 §4.1.1, RFC 7636, OpenID Connect Core §3.1.2.1), with what the
//! application asked of us, so that a step-up reaches who can do it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kiro_relying_party::{AuthorizationRequest, CodeVerifier, Nonce, State, authorization_url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Connection, Fault, Kind, saml};
use crate::authorization::{Authorization, Request};
use crate::center::Center;
use crate::claims;
use crate::id::AuthorizationId;
use crate::secret::Digest;

/// What the answer is compared with. It waits in the store, sealed.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Expected {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// When the browser was sent, in seconds.
    pub(super) began: i64,
}

impl Expected {
    /// Whether this state is the one that was sent.
    pub(crate) fn is_of(&self, state: &str) -> bool {
        Digest::of(&self.state) == Digest::of(state)
    }

    fn purpose(id: AuthorizationId) -> String {
        format!("upstream/{id}")
    }

    pub(super) fn seal(&self, center: &Center, id: AuthorizationId) -> Value {
        let mut plain = serde_json::to_vec(self).unwrap_or_default();
        let sealed = center.master.seal(&Self::purpose(id), &plain);
        plain.zeroize();
        Value::String(URL_SAFE_NO_PAD.encode(sealed))
    }

    pub(super) fn open(center: &Center, id: AuthorizationId, sealed: &Value) -> Option<Expected> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed.as_str()?).ok()?;
        let plain = center.master.open(&Self::purpose(id), &sealed)?;
        serde_json::from_slice(&plain).ok()
    }
}

/// What the answer to this sign-in is compared with, if this master key opens it.
pub(crate) fn expected(center: &Center, id: AuthorizationId, sealed: &Value) -> Option<Expected> {
    Expected::open(center, id, sealed)
}

/// The address that the browser is sent to, and what its answer is compared with ([`crate::authorization::Progress::Upstream`]).
/// `typed` is the name that led here; may be empty.
///
/// # Errors
/// [`Fault::Away`] and [`Fault::SetUp`].
pub async fn begin(
    center: &Center,
    connection: &Connection,
    seen: &Authorization,
    typed: &str,
) -> Result<(Url, Value), Fault> {
    let (details, now) = (&connection.details, center.now());
    if let Some(saml) = &details.saml {
        return saml::begin(center, connection, saml, seen);
    }
    let http = center.outgoing.client().await?;
    let provider = center.providers.of(http.as_ref(), details, now).await?;
    let origin = provider.metadata.authorization_endpoint.origin();
    if origin.ascii_serialization() != details.origin {
        let now = origin.ascii_serialization();
        return Err(Fault::SetUp(format!(
            "the provider's sign-in page was at {} and is at {now}: connect it anew",
            details.origin
        )));
    }
    let random = State::generate();
    // Its state names the sign-in that the answer belongs to.
    let state = State::from_secret(format!("{}.{}", seen.id, random.secret()));
    let (nonce, verifier) = (Nonce::generate(), CodeVerifier::generate());
    let url = authorization_url(&AuthorizationRequest {
        metadata: &provider.metadata,
        client_id: &details.client_id,
        redirect_uri: &center.settings.at(&connection.callback()),
        scopes: &details.scopes,
        state: &state,
        nonce: &nonce,
        verifier: &verifier,
        extra: &further(details.kind, &seen.request, typed),
    });
    let expected = Expected {
        state: state.secret().to_owned(),
        nonce: nonce.secret().to_owned(),
        verifier: verifier.secret().to_owned(),
        began: now.as_second(),
    };
    Ok((url, expected.seal(center, seen.id)))
}

/// The sign-in that this state was made for.
#[must_use]
pub(crate) fn named(state: &str) -> Option<AuthorizationId> {
    state.split_once('.')?.0.parse().ok()
}

/// What the application asked of us, in the provider's words.
fn further(kind: Kind, request: &Request, typed: &str) -> Vec<(String, String)> {
    let age = request.max_age.map(|seconds| seconds.to_string());
    let classes = request.acr_values.join(" ");
    let prompt = asks_anew(kind, request).then(|| "login".to_owned());
    let all = [
        (
            "login_hint",
            Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty()),
        ),
        ("prompt", prompt),
        ("max_age", age),
        (
            "acr_values",
            Some(classes).filter(|classes| !classes.is_empty()),
        ),
        ("claims", request.claims.as_deref().map(claims::onwards)),
    ];
    let named = all.into_iter();
    named
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Whether the person authenticates anew there, whoever is signed in. Entra ID neither promises to heed `max_age` nor says when
/// somebody was authenticated, unless its administrator has made it say so: it is told to ask.
pub(super) fn asks_anew(kind: Kind, request: &Request) -> bool {
    request.prompt.iter().any(|prompt| prompt == "login")
        || (kind == Kind::Entra && request.max_age.is_some())
}

/// Now, as [`Expected::began`] has it.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::Purpose;

    #[test]
    fn a_step_up_reaches_the_provider_in_its_own_words() {
        let check = |kind, change: fn(&mut Request), expected: &[(&str, &str)]| {
            let mut request = Request::of_person(Purpose::OwnSessions);
            change(&mut request);
            let found = further(kind, &request, " aiko@acme.example ");
            let mut all = vec![("login_hint", "aiko@acme.example")];
            all.extend_from_slice(expected);
            let found: Vec<(&str, &str)> = found
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(found, all);
        };
        check(Kind::Okta, |_| {}, &[]);
        check(
            Kind::Okta,
            |request| request.max_age = Some(300),
            &[("max_age", "300")],
        );
        check(
            Kind::Entra,
            |request| request.max_age = Some(300),
            &[("prompt", "login"), ("max_age", "300")],
        );
        check(
            Kind::Oidc,
            |request| {
                request.prompt = vec!["consent".to_owned(), "login".to_owned()];
                request.acr_values = vec!["urn:acme:mfa".to_owned(), "c1".to_owned()];
                request.claims = Some(r#"{"id_token":{}}"#.to_owned());
            },
            &[
                ("prompt", "login"),
                ("acr_values", "urn:acme:mfa c1"),
                ("claims", r#"{"id_token":{}}"#),
            ],
        );
        // Consent and the choice of an account are asked for here.
        check(
            Kind::Okta,
            |request| request.prompt = vec!["select_account".to_owned(), "consent".to_owned()],
            &[],
        );
    }
}
