//! Provisioning: an identity provider sends an organisation's people and groups by SCIM (RFC 7642), through a connection of its own.
//!
//! A connection sees and changes what it has provisioned, and nothing else: nobody whom an administrator added, nobody of another
//! connection. Who is to be handed over to it, an administrator says by name.

use jiff::{SignedDuration, Timestamp};
use kiro_scim::{EntityTag, Facts, Manner, Reference, Resource};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

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

/// When the token ends that is in use, of tokens that were last used then and end then: of several the one used last. One that takes its
/// place does so once it is used: before that, nothing says that the identity provider has it.
///
/// ```
/// use kiro_identity_center::provisioning::end_in_use;
/// let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
/// let (old, new) = (at(100), at(900));
/// assert_eq!(end_in_use([(Some(at(10)), old), (None, new)]), Some(old));
/// assert_eq!(end_in_use([(Some(at(10)), old), (Some(at(20)), new)]), Some(new));
/// assert_eq!(end_in_use([(None, old), (None, new)]), Some(new));
/// ```
pub fn end_in_use(
    tokens: impl IntoIterator<Item = (Option<Timestamp>, Timestamp)>,
) -> Option<Timestamp> {
    tokens.into_iter().max().map(|(_, ends)| ends)
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

/// People who are deactivated or removed through a connection within so long are one event.
pub const EVENT: SignedDuration = SignedDuration::from_hours(1);
/// What was unusual stands so long, unless it is taken back.
pub const ALERTED: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Who left within so long is counted together.
const TOGETHER: SignedDuration = SignedDuration::from_mins(1);

/// People who were deactivated or removed through a connection as one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// When the first of them was.
    pub since: Timestamp,
    /// When the last of them was.
    pub until: Timestamp,
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
    /// let now = jiff::Timestamp::UNIX_EPOCH;
    /// assert!(Leaving { since: now, until: now, count: 10, of: 12 }.is_unusual());
    /// assert!(!Leaving { since: now, until: now, count: 9, of: 12 }.is_unusual());
    /// assert!(!Leaving { since: now, until: now, count: 99, of: 1000 }.is_unusual());
    /// ```
    #[must_use]
    pub fn is_unusual(&self) -> bool {
        self.count >= 10 && self.count.saturating_mul(10) >= self.of
    }

    fn and_one(&mut self, now: Timestamp) {
        self.count = self.count.saturating_add(1);
        (self.since, self.until) = (self.since.min(now), self.until.max(now));
    }
}

/// Who left through a connection: in the last hour, and in the event that can be taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leavers {
    /// The last hour's, those of a minute together, the oldest first.
    pub lately: Vec<Leaving>,
    /// The last event: what was unusual, for as long as it stands, or else the last hour's.
    pub event: Option<Leaving>,
    /// Whether that it is unusual was told.
    pub alerted: bool,
}

impl Leavers {
    /// Whether somebody who leaves now is counted by themselves: then [`Leavers::another`] wants to know of how many.
    #[must_use]
    pub fn begins(&self, now: Timestamp) -> bool {
        let last = self.lately.last();
        last.is_none_or(|last| now - TOGETHER >= last.since)
    }

    /// Counts one more, of so many who could sign in; whether it is to be told that this is unusual.
    ///
    /// Whatever the hour is counted from, ten within it are ten: there is no moment at which counting begins anew. What is unusual grows
    /// until nobody leaves for an hour; who leaves later is none of it, and does not take its place.
    pub fn another(&mut self, now: Timestamp, of: u32) -> bool {
        let begins = self.begins(now);
        self.lately.retain(|minute| now - EVENT <= minute.since);
        match self.lately.last_mut() {
            Some(minute) if !begins => minute.and_one(now),
            Some(_) | None => self.lately.push(Leaving {
                since: now,
                until: now,
                count: 1,
                of,
            }),
        }
        let hour = self.lately.iter().copied().reduce(|all, minute| Leaving {
            until: minute.until,
            count: all.count.saturating_add(minute.count),
            ..all
        });
        let is_unusual = hour.is_some_and(|hour| hour.is_unusual());
        match &mut self.event {
            Some(event) if self.alerted && now - EVENT <= event.until => {
                event.and_one(now);
                false
            }
            Some(event) if self.alerted && now - ALERTED < event.since && !is_unusual => false,
            Some(_) | None => {
                (self.event, self.alerted) = (hour, is_unusual);
                is_unusual
            }
        }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// `(minute, so many)` leave, of 40; how often that is told, and how many the event has and how long it is, in minutes.
    #[test]
    fn who_leaves_within_an_hour_is_one_event_wherever_the_hour_begins() {
        let at = |minute: i64| Timestamp::from_second(60 * minute).unwrap();
        let check = |all: &[(i64, u32)], told: usize, count: u32, minutes: i64| {
            let mut leavers = Leavers::default();
            let mut tells = 0;
            for (minute, count) in all {
                for _ in 0..*count {
                    tells += usize::from(leavers.another(at(*minute), 40));
                }
            }
            let event = leavers.event.unwrap();
            let long = event.until.duration_since(event.since).as_mins();
            assert_eq!(
                (tells, event.count, long),
                (told, count, minutes),
                "{all:?}"
            );
        };
        check(&[(0, 9)], 0, 9, 0);
        check(&[(0, 10)], 1, 10, 0);
        check(&[(0, 9), (59, 9)], 1, 18, 59);
        check(&[(0, 9), (60, 1)], 1, 10, 60);
        check(&[(0, 9), (61, 9)], 0, 9, 0);
        // One at nine, and forty from ten to ten to twenty past.
        check(&[(0, 1), (50, 20), (65, 10), (80, 9)], 1, 40, 80);
        check(&[(0, 5), (30, 4), (61, 5)], 0, 9, 31);
        check(&[(0, 5), (30, 5), (61, 5)], 1, 15, 61);
        // It goes on as long as somebody leaves within an hour, and stands when nobody does.
        check(&[(0, 10), (59, 1), (118, 1)], 1, 12, 118);
        check(&[(0, 10), (61, 1), (90, 1)], 1, 10, 0);
        // Another one takes its place, and so does time.
        check(&[(0, 10), (90, 10)], 2, 10, 0);
        check(&[(0, 10), (7 * 24 * 60, 1)], 1, 1, 0);
        // Two instances' clocks differ.
        check(&[(1, 5), (0, 5)], 1, 10, 1);
        // Every minute somebody: as many as within the last hour.
        let all: Vec<_> = (0..200).map(|minute| (minute * 7, 1)).collect();
        check(&all, 0, 9, 56);
    }
}
