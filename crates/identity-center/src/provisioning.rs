//! Provisioning: an identity provider sends an organisation's people and groups by SCIM (RFC 7642), through a connection of its own.
//!
//! A connection sees and changes what it has provisioned, and nothing else: nobody whom an administrator added, nobody of another
//! connection. Who is to be handed over to it, an administrator says by name.

use jiff::{SignedDuration, Timestamp};
use kiro_scim::{EntityTag, Facts, Manner, Reference, Resource};
use secrecy::{ExposeSecret, SecretString};

use crate::id::{ConnectionId, ScimTokenId};
use crate::secret::{self, Digest};

/// A token's life.
pub const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365);
/// A connection has so many tokens at most: the one in use, and the one that takes its place.
pub const TOKENS: usize = 2;
/// What every token begins with, so that one that leaked is recognised.
pub const TOKEN_PREFIX: &str = "kscim_";

/// A new token, and the digest to keep of it.
#[must_use]
pub fn issue() -> (SecretString, Digest) {
    let (secret, _) = secret::issue();
    let token = format!("{TOKEN_PREFIX}{}", secret.expose_secret());
    let digest = Digest::of(&token);
    (SecretString::from(token), digest)
}

/// A connection that provisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioner {
    /// Which; the identity provider's connection has the same, where there is one.
    pub id: ConnectionId,
    /// Whose people they are.
    pub organization: String,
    /// What its administrator calls it; unique in the organisation.
    pub name: String,
    /// How it is spoken to.
    pub manner: Manner,
    /// When something last changed through it, to the minute.
    pub last_push_at: Option<Timestamp>,
    /// Who left through it, in the last event that there was.
    pub leaving: Option<Leaving>,
}

impl Provisioner {
    /// Who it is in the audit log.
    #[must_use]
    pub fn actor(&self) -> String {
        actor(&self.name)
    }
}

/// Who the connection of this name is in the audit log.
#[must_use]
pub fn actor(name: &str) -> String {
    format!("scim:{name}")
}

/// A manner's word, in the store and in the administration.
#[must_use]
pub fn word(manner: Manner) -> &'static str {
    match manner {
        Manner::Rfc => "rfc",
        Manner::Aws => "aws",
    }
}

/// The manner of this word.
#[must_use]
pub fn manner(word: &str) -> Option<Manner> {
    let mut all = [Manner::Rfc, Manner::Aws].into_iter();
    all.find(|manner| self::word(*manner) == word)
}

/// A token, without the secret that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScimToken {
    /// Which.
    pub id: ScimTokenId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// Whose token something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// This connection's.
    Yes(Provisioner),
    /// It was this connection's, and has ended.
    Ended(Provisioner),
    /// Nobody's.
    No,
}

/// So many whole days are left; none after the end.
///
/// ```
/// use kiro_identity_center::provisioning::days_left;
/// let at = |hours: i64| jiff::Timestamp::from_second(3600 * hours).unwrap();
/// assert_eq!(days_left(at(24 * 90), at(0)), 90);
/// assert_eq!(days_left(at(24 * 90 - 1), at(0)), 89);
/// assert_eq!(days_left(at(0), at(1)), 0);
/// ```
#[must_use]
pub fn days_left(ends: Timestamp, now: Timestamp) -> i64 {
    (ends.duration_since(now).as_hours() / 24).max(0)
}

/// Within this time people who are deactivated or removed through a connection are one event.
pub const EVENT: SignedDuration = SignedDuration::from_hours(1);

/// People who were deactivated or removed through a connection within [`EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// When the first of them was.
    pub since: Timestamp,
    /// So many.
    pub count: u32,
    /// Of so many who could sign in before.
    pub of: u32,
}

impl Leaving {
    /// Whether that is more than leaves a company in an hour: a tenth of everybody, and ten at least.
    ///
    /// ```
    /// use kiro_identity_center::provisioning::Leaving;
    /// let since = jiff::Timestamp::UNIX_EPOCH;
    /// assert!(Leaving { since, count: 10, of: 12 }.is_unusual());
    /// assert!(!Leaving { since, count: 9, of: 12 }.is_unusual());
    /// assert!(!Leaving { since, count: 99, of: 1000 }.is_unusual());
    /// ```
    #[must_use]
    pub fn is_unusual(&self) -> bool {
        self.count >= 10 && self.count.saturating_mul(10) >= self.of
    }
}

/// What came of taking an event back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undone {
    /// So many may sign in again.
    pub reactivated: u64,
    /// So many of the event were removed, or have changed since: nothing brings them back here.
    pub gone: u64,
}

/// Why a connection's provisioning is not as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvisioningRefusal {
    /// There is no such connection.
    #[error("there is no such connection")]
    NoConnection,
    /// It has two tokens.
    #[error("it has two tokens already: revoke the one that is not in use")]
    TwoTokens,
    /// There is no such token.
    #[error("there is no such token")]
    NoToken,
    /// There is no event to take back.
    #[error("nobody left through it within an hour of each other")]
    NoEvent,
    /// Another connection has provisioned them.
    #[error("another connection provisions them")]
    Anothers,
}

/// A person or a group as their connection sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Provisioned {
    /// Its id, on the wire.
    pub id: String,
    /// What is said of it.
    pub resource: Resource,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// Counts its changes.
    pub version: u32,
    /// A person's groups or a group's members, where they were asked for; of many members the first.
    pub related: Vec<Reference>,
    /// Whether it has more members, behind the last of these.
    pub has_more: bool,
}

impl Provisioned {
    /// Its version, as it is told.
    #[must_use]
    pub fn tag(&self) -> EntityTag {
        EntityTag::of(self.resource.kind(), self.version, &self.related)
    }

    /// What the service says of it, at the endpoint of this address.
    #[must_use]
    pub fn facts<'a>(&'a self, base: &'a str) -> Facts<'a> {
        Facts {
            id: &self.id,
            base,
            created: self.created_at,
            last_modified: self.modified_at,
            version: self.version,
            related: Some(&self.related),
        }
    }
}
