//! Sessions: what one application was granted for one person, from the code to the end; and each decision about one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::claims::Claims;
use crate::id::{ConnectionId, SessionId, UserId};
use crate::token::Token;

/// A code lives so long (RFC 6749 §4.1.2 allows ten minutes).
pub const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// A refresh token that was just rotated is answered once more with the same successor for so long: two processes that refresh in
/// the same instant, or one that crashed before it wrote the answer down, stay signed in.
pub const ROTATION_LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// How somebody was authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// When it was proved to this service, in seconds.
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub at: Timestamp,
    /// `amr` (RFC 8176): `pwd`, `otp`, `mfa`, or what an upstream provider said.
    pub methods: Vec<String>,
    /// `acr`, where an upstream provider said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The connection through which an upstream provider said who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// When the upstream provider authenticated them, where it says so: that may have been long before it vouched for them here.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::second::optional"
    )]
    pub upstream_at: Option<Timestamp>,
    /// The upstream provider's name of its own session (`sid`, `SessionIndex`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_session: Option<String>,
}

impl Authentication {
    /// Proved to this service itself, by these methods (RFC 8176).
    #[must_use]
    pub fn here(at: Timestamp, methods: &[&str]) -> Authentication {
        Authentication {
            at,
            methods: methods.iter().map(|method| (*method).to_owned()).collect(),
            context: None,
            connection: None,
            upstream_at: None,
            upstream_session: None,
        }
    }

    /// When the person was authenticated (`auth_time`); `None` where only an upstream provider knows.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        match self.connection {
            None => Some(self.at),
            Some(_) => self.upstream_at,
        }
    }
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its code was handed out and not yet redeemed.
    Offered,
    /// Its tokens are good.
    Live,
    /// They are not, and never will be again.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why.
        because: Ended,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The application signed out, or revoked its tokens.
    SignedOut,
    /// The person ended it from another place.
    ByPerson,
    /// An administrator ended it.
    ByAdministrator,
    /// The person was deactivated or removed.
    Deactivated,
    /// Their password was set anew by a set-up link.
    PasswordReset,
    /// They changed their password.
    PasswordChanged,
    /// The person lost the group that gave access.
    GroupLost,
    /// The code was presented twice (RFC 6749 §10.5).
    CodeReplayed,
    /// An old refresh token was presented (RFC 9700 §4.14.2).
    RefreshTokenReused,
    /// The store was restored from a back-up.
    Restored,
}

/// A session as the store has it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The application's `client_id`.
    pub client: String,
    /// Where it stands.
    pub state: State,
    /// What was granted.
    pub scopes: Vec<String>,
    /// What was granted by name.
    pub claims: Claims,
    /// How the person was authenticated.
    pub authentication: Authentication,
    /// The thumbprint of the key that its tokens are bound to (RFC 9449 §6.1).
    pub binding: Option<String>,
    /// The number of its newest refresh token.
    pub rotation: u32,
    /// When that was issued.
    pub rotated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Session {
    /// One that begins now, for as long as `lifetime`: offered, with nothing granted and no key, until the caller says otherwise.
    #[must_use]
    pub fn offered(
        user: UserId,
        client: &str,
        authentication: Authentication,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Session {
        Session {
            id: SessionId::random(),
            user,
            client: client.to_owned(),
            state: State::Offered,
            scopes: Vec::new(),
            claims: Claims::default(),
            authentication,
            binding: None,
            rotation: 0,
            rotated_at: now,
            created_at: now,
            expires_at: now + lifetime,
        }
    }
}

/// What belongs to a code, and is compared when it is redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where the code was sent.
    pub redirect_uri: String,
    /// PKCE (RFC 7636 §4.2), S256.
    pub code_challenge: String,
    /// OpenID Connect's, for the ID token.
    pub nonce: Option<String>,
    /// The code's end.
    pub expires_at: Timestamp,
}

/// What a client presents with a code.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// Who presents it, authenticated.
    pub client: String,
    /// Exactly as in the authorization request (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    /// S256 of the presented verifier.
    pub challenge: String,
}

/// Why a code is not redeemed. To the client each is `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefusal {
    /// No such code.
    #[error("the code is unknown")]
    Unknown,
    /// It was redeemed before: what it gave is ended with this answer.
    #[error("the code was used before")]
    Replayed,
    /// Too late.
    #[error("the code has expired")]
    Expired,
    /// It was another client's.
    #[error("the code belongs to another client")]
    OtherClient,
    /// Not where it was sent.
    #[error("the redirect URI is not the one of the request")]
    OtherRedirect,
    /// The verifier does not fit (RFC 7636 §4.6).
    #[error("the code verifier does not fit the challenge")]
    WrongVerifier,
    /// The code is bound to another key than the proof's (RFC 9449 §10).
    #[error("the code is bound to another key")]
    OtherKey,
    /// The person may not sign in any more.
    #[error("the person may not sign in")]
    Inactive,
}

/// Whether the code of `session` may be redeemed. A refusal other than [`CodeRefusal::Replayed`] leaves the code as it is.
///
/// # Errors
/// The first reason found, in the order in which they are declared.
pub fn redeem(
    session: &Session,
    offer: &Offer,
    redemption: &Redemption,
    active: bool,
    now: Timestamp,
) -> Result<(), CodeRefusal> {
    if session.state != State::Offered {
        return Err(CodeRefusal::Replayed);
    }
    if now >= offer.expires_at {
        return Err(CodeRefusal::Expired);
    }
    if session.client != redemption.client {
        return Err(CodeRefusal::OtherClient);
    }
    if offer.redirect_uri != redemption.redirect_uri {
        return Err(CodeRefusal::OtherRedirect);
    }
    if offer.code_challenge != redemption.challenge {
        return Err(CodeRefusal::WrongVerifier);
    }
    if !active {
        return Err(CodeRefusal::Inactive);
    }
    Ok(())
}

/// What becomes of a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It is the newest: the next one takes its place.
    Next,
    /// It was rotated a moment ago and its successor was not used: the same successor again.
    Same,
    /// It is an old one: somebody has a copy, and the session ends.
    Reused,
    /// Its session is over, or not this client's.
    Refused,
}

/// What becomes of this refresh token, presented by `client`, whose person is `active` or not.
#[must_use]
pub fn rotate(
    session: &Session,
    token: &Token,
    client: &str,
    active: bool,
    now: Timestamp,
) -> Rotation {
    let live = session.state == State::Live && now < session.expires_at && active;
    if !live || session.client != client || token.rotation > session.rotation {
        return Rotation::Refused;
    }
    let age = session.rotation - token.rotation;
    match age {
        0 => Rotation::Next,
        1 if now.duration_since(session.rotated_at) <= ROTATION_LEEWAY => Rotation::Same,
        _ => Rotation::Reused,
    }
}

/// Whether this access token is good: asked at every use, so that nothing outlives its session.
#[must_use]
pub fn good(session: &Session, token: &Token, active: bool, now: Timestamp) -> bool {
    session.state == State::Live
        && active
        && now < session.expires_at
        && now < token.ends
        && token.rotation <= session.rotation
}

#[cfg(test)]
mod tests;
