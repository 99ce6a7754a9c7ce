//! The access token of a request to a resource (RFC 6750 §2, RFC 9449 §7.1): in the `Authorization` header, or in a form.

use axum::http::{HeaderMap, header};

use super::dpop::{self, Proof};
use super::refusal::Refusal;
use crate::center::Center;
use crate::session::Session;
use crate::store::holders::Person;
use crate::token::Kind;

/// Whose a good token is.
pub(super) struct Holder {
    pub(super) session: Session,
    pub(super) person: Person,
    pub(super) proof: Option<Proof>,
}

/// Whose the presented token is. A token that is bound to a key comes with a proof of it, or is not taken.
pub(super) async fn holder(
    center: &Center,
    headers: &HeaderMap,
    in_form: Option<&str>,
    method: &str,
    path: &str,
) -> Result<Holder, Refusal> {
    let (scheme, text) = presented(headers, in_form)?;
    let invalid = |why| Refusal::of_token(scheme, "invalid_token", why);
    let gone = "the token is unknown, has expired, or its session is over";
    let now = center.now();
    let token = center.token_keys.read(Kind::Access, text);
    let token = token.ok_or_else(|| invalid(gone))?;
    let found = center.store.holder(token, now).await?;
    let (session, person) = found.ok_or_else(|| invalid(gone))?;
    let proof = match (&session.binding, scheme) {
        (None, "Bearer") => None,
        (None, _) => return Err(invalid("the token is bound to no key")),
        (Some(_), "Bearer") => {
            return Err(Refusal::of_token(
                "DPoP",
                "invalid_token",
                "the token is bound to a key: it comes with a proof",
            ));
        }
        (Some(binding), _) => {
            let proof = dpop::at_resource(center, headers, method, path, text).await?;
            let proof = proof.ok_or_else(|| invalid("there is no proof of the token's key"))?;
            if proof.thumbprint != *binding {
                return Err(invalid("the token is bound to another key"));
            }
            Some(proof)
        }
    };
    Ok(Holder {
        session,
        person,
        proof,
    })
}

fn presented<'a>(
    headers: &'a HeaderMap,
    in_form: Option<&'a str>,
) -> Result<(&'static str, &'a str), Refusal> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    match (sent.next(), sent.next(), in_form) {
        (None, _, None) => Err(Refusal::no_token()),
        (None, _, Some(token)) => Ok(("Bearer", token)),
        (Some(value), None, None) => {
            let text = value.to_str().unwrap_or_default();
            let (scheme, token) = text.split_once(' ').ok_or_else(Refusal::no_token)?;
            let scheme = ["Bearer", "DPoP"]
                .into_iter()
                .find(|known| known.eq_ignore_ascii_case(scheme));
            Ok((scheme.ok_or_else(Refusal::no_token)?, token.trim()))
        }
        (Some(_), _, _) => Err(Refusal::of_token(
            "Bearer",
            "invalid_request",
            "the token was sent in more than one way",
        )),
    }
}
