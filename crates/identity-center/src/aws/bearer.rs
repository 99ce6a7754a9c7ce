//! Whose access token a call of the portal carries.

use axum::http::HeaderMap;

use super::exception::{Exception, Kind};
use crate::center::Center;
use crate::session::Session;
use crate::token;

/// Where the portal's callers put it.
const HEADER: &str = "x-amz-sso_bearer_token";
/// What a session must have been granted before the portal shows or gives anything.
pub(super) const SCOPE: &str = "sso:account:access";

/// The session of the presented token. One that is bound to a key (RFC 9449) is none of the portal's: nobody proves a key here.
pub(super) async fn session(center: &Center, headers: &HeaderMap) -> Result<Session, Exception> {
    let refused = || Exception::new(Kind::Unauthorized, "Session token not found or invalid");
    let mut sent = headers.get_all(HEADER).iter();
    let presented = match (sent.next(), sent.next()) {
        (Some(value), None) => value.to_str().map_err(|_| refused())?,
        (Some(_) | None, _) => return Err(refused()),
    };
    let token = center
        .token_keys
        .read(token::Kind::Access, presented)
        .ok_or_else(refused)?;
    let session = center.store.good_session(token, center.now()).await?;
    session
        .filter(|session| session.binding.is_none())
        .ok_or_else(refused)
}

/// The same, if it may see accounts.
pub(super) async fn with_accounts(
    center: &Center,
    headers: &HeaderMap,
) -> Result<Session, Exception> {
    let session = session(center, headers).await?;
    if session.scopes.iter().any(|scope| scope == SCOPE) {
        Ok(session)
    } else {
        let why = "the session was not granted sso:account:access";
        Err(Exception::new(Kind::Forbidden, why))
    }
}
