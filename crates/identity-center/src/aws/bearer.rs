//! Whose access token a call of the portal carries.

use axum::http::HeaderMap;
use jiff::Timestamp;

use super::exception::{Exception, Kind};
use crate::center::Center;
use crate::session::Session;
use crate::token::{self, Token};

/// Where the portal's callers put it.
const HEADER: &str = "x-amz-sso_bearer_token";
/// What a session must have been granted before the portal shows or gives anything.
pub(crate) const SCOPE: &str = "sso:account:access";

/// The session of the presented token. One that is bound to a key (RFC 9449) is none of the portal's: nobody proves a key here.
async fn session(center: &Center, headers: &HeaderMap) -> Result<Session, Exception> {
    of(center, headers, |token| token).await
}

/// The same, though the token's own time is up.
pub(super) async fn session_even_late(
    center: &Center,
    headers: &HeaderMap,
) -> Result<Session, Exception> {
    let ends = Timestamp::MAX;
    of(center, headers, |token| Token { ends, ..token }).await
}

async fn of(
    center: &Center,
    headers: &HeaderMap,
    taken_as: impl FnOnce(Token) -> Token,
) -> Result<Session, Exception> {
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
    let found = center.store.good_session(taken_as(token), center.now());
    let session = found.await?;
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
