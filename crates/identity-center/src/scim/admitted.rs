//! Who asks: a bearer token (RFC 6750 §2.1) of a connection, at the address of its own organisation.

use axum::http::{HeaderMap, header};
use kiro_scim::Refusal;

use super::answer::Fault;
use crate::center::Center;
use crate::provisioning::{Admitted, Provisioner, TOKEN_PREFIX};
use crate::secret::Digest;

/// Who is not let in.
pub(super) enum Stranger {
    /// A connection, at its own address, whose token has ended.
    Ended(Provisioner),
    /// Anybody else, or the store gave no answer.
    Nobody(Fault),
}

/// The connection whose token the request has.
pub(super) async fn provisioner(
    center: &Center,
    headers: &HeaderMap,
    organization: &str,
) -> Result<Provisioner, Stranger> {
    let nobody = || Stranger::Nobody(Refusal::Unauthorized.into());
    let token = token(headers).ok_or_else(nobody)?;
    let (store, now) = (&center.store, center.now());
    let admitted = store.admit_provisioner(Digest::of(token), now).await;
    match admitted.map_err(|error| Stranger::Nobody(error.into()))? {
        Admitted::Yes(of) if of.organization == organization => Ok(of),
        Admitted::Ended(of) if of.organization == organization => Err(Stranger::Ended(of)),
        Admitted::Yes(_) | Admitted::Ended(_) | Admitted::No => Err(nobody()),
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with(TOKEN_PREFIX)).then_some(token)
}
