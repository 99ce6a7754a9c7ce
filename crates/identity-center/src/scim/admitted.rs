//! Who asks: a bearer token (RFC 6750 §2.1) of a connection, at the address of its own organisation.

use axum::http::{HeaderMap, header};
use kiro_scim::Refusal;

use super::answer::Fault;
use crate::center::Center;
use crate::provisioning::{Provisioner, TOKEN_PREFIX};
use crate::secret::Digest;

/// The connection whose token the request has.
pub(super) async fn provisioner(
    center: &Center,
    headers: &HeaderMap,
    organization: &str,
) -> Result<Provisioner, Fault> {
    let token = token(headers).ok_or(Refusal::Unauthorized)?;
    let found = center
        .store
        .admit_provisioner(Digest::of(token), center.now())
        .await?;
    let of = found.filter(|found| found.organization == organization);
    Ok(of.ok_or(Refusal::Unauthorized)?)
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
