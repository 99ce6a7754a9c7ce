//! One refresh at a time, over all processes of this person.
//!
//! `locks/<profile>` (kernel lock) → re-read → durable intent in `locks/<profile>.json` → the
//! caller's token request → write → outcome beside the lock → unlock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::file::{self, FileError};
use crate::lock::FileLock;
use crate::profile::ProfileName;
use crate::session::{Session, Tokens};
use crate::store::{Store, StoreError};

/// Longer than any token request may take.
const LOCK_DEADLINE: Duration = Duration::from_secs(90);
const RECORD_LIMIT: usize = 16 * 1024;
/// So long a failure speaks for those who waited.
const ADOPTED: SignedDuration = SignedDuration::from_secs(30);
/// An access token is renewed so long before its end.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a token request brought.
pub struct Renewal {
    /// The new access token.
    pub access: SecretString,
    /// The new refresh token; `None` keeps the old one.
    pub refresh: Option<SecretString>,
    /// The new ID token; `None` keeps the old one.
    pub id: Option<SecretString>,
    /// The access token's end.
    pub expires_at: Timestamp,
    /// The session's end, where the provider tells it; `None` keeps what was known.
    pub session_expires_at: Option<Timestamp>,
    /// The scopes, when the answer tells them.
    pub scopes: Option<Vec<String>>,
}

/// Why a token request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What it means for the session.
    pub kind: RefusalKind,
    /// RFC 6749 §5.2 `error`, or a word of ours.
    pub error: String,
    /// What the IdP said about it.
    #[serde(default)]
    pub description: Option<String>,
    /// The IdP's number for its support.
    #[serde(default)]
    pub correlation_id: Option<String>,
}

/// What a refusal means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// `invalid_grant`: this token will never work again.
    Ended,
    /// The person must do something: step-up, claims.
    Interaction,
    /// Network, 5xx, 429: later it may work.
    Temporary,
    /// Anything else.
    Other,
}

/// The last attempt to refresh a profile: `locks/<profile>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRecord {
    /// The revision whose refresh token was sent.
    pub revision: u64,
    /// When.
    pub started_at: Timestamp,
    /// When the outcome was known; `None`: under way, or its process died.
    pub finished_at: Option<Timestamp>,
    /// `None` with `finished_at`: it worked.
    pub refusal: Option<Refusal>,
    /// An earlier attempt on this revision died between request and answer.
    pub interrupted: bool,
}

/// When to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshWhen {
    /// Within 5 minutes (plus up to 30 s of jitter) of the access token's end; for tokens that live
    /// shorter than 20 minutes, in the last quarter of their life.
    Due,
    /// Now, unless somebody else did it while we waited.
    Always,
    /// When this revision, whose access token a server refused, is still the one in the file.
    Revision(u64),
}

/// Why there is no fresh session.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The slot is empty.
    #[error("not signed in")]
    NotSignedIn,
    /// The IdP refused, now or less than 30 s ago to somebody else.
    #[error("the refresh was refused: {}", .0.error)]
    Refused(Refusal),
    /// The session has no refresh token.
    #[error("the session cannot be renewed")]
    NoRefreshToken,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FileError> for RefreshError {
    fn from(error: FileError) -> Self {
        RefreshError::Store(StoreError::of_lock(error))
    }
}

impl Store {
    /// The last attempt to refresh this profile, for the revision it names. No key, no lock.
    ///
    /// # Errors
    /// [`StoreError::File`]. A record that cannot be parsed is none.
    pub fn refresh_record(
        &self,
        profile: &ProfileName,
    ) -> Result<Option<RefreshRecord>, StoreError> {
        let bytes = file::read_private(&self.record_path(profile), RECORD_LIMIT)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// A session that is fresh in the sense of `when`; `exchange` is called at most once, in at
    /// most one process at a time.
    ///
    /// A refusal less than 30 s old speaks for this call too. While the access token is still
    /// valid, a temporary refusal of a refresh that was merely due is no error. A caller that
    /// handles signals holds them back for the time of this call.
    ///
    /// # Errors
    /// [`RefreshError`]. None of them removes or changes the session in the file.
    pub fn refresh(
        &self,
        profile: &ProfileName,
        when: RefreshWhen,
        clock: &dyn Clock,
        exchange: &mut dyn FnMut(&Session) -> Result<Renewal, Refusal>,
    ) -> Result<Session, RefreshError> {
        let (before, nonce) = self
            .session_and_nonce(profile)?
            .ok_or(RefreshError::NotSignedIn)?;
        if !self.wanted(&before, when, clock.now())? {
            return Ok(before);
        }
        self.home().ensure()?;
        let _lock = FileLock::acquire(&self.home().locks().join(profile.as_str()), LOCK_DEADLINE)?;
        let (session, now_nonce) = self
            .session_and_nonce(profile)?
            .ok_or(RefreshError::NotSignedIn)?;
        let now = clock.now();
        let done_meanwhile = now_nonce != nonce && session.public.expires_at > now;
        if done_meanwhile || !self.wanted(&session, when, now)? {
            return Ok(session);
        }
        let revision = session.public.revision;
        let last = self
            .refresh_record(profile)?
            .filter(|record| record.revision == revision);
        if let Some(refusal) = last.as_ref().and_then(|record| adopted(record, now)) {
            return outcome(session, when, now, refusal);
        }
        if session.tokens.refresh.is_none() {
            let usable = when == RefreshWhen::Due && session.public.expires_at > now;
            return if usable {
                Ok(session)
            } else {
                Err(RefreshError::NoRefreshToken)
            };
        }
        let interrupted =
            last.is_some_and(|record| record.interrupted || record.finished_at.is_none());
        let mut record = RefreshRecord {
            revision,
            started_at: now,
            finished_at: None,
            refusal: None,
            interrupted,
        };
        self.write_record(profile, &record)?;
        match exchange(&session) {
            Ok(renewal) => {
                let renewed = self.renew(profile, &now_nonce, |public, tokens| {
                    renewal.apply(public, tokens)
                })?;
                record.finished_at = Some(clock.now());
                self.note_outcome(profile, &record);
                match renewed {
                    Some(session) => Ok(session),
                    // Signed in anew, or out, while the request was under way: that stands.
                    None => self.session(profile)?.ok_or(RefreshError::NotSignedIn),
                }
            }
            Err(refusal) => {
                // Only a refusal of the very token still in the file says anything about it.
                let (current, current_nonce) = self
                    .session_and_nonce(profile)?
                    .ok_or(RefreshError::NotSignedIn)?;
                if current_nonce != now_nonce {
                    return Ok(current);
                }
                let now = clock.now();
                record.finished_at = Some(now);
                record.refusal = Some(refusal.clone());
                self.note_outcome(profile, &record);
                outcome(current, when, now, refusal)
            }
        }
    }

    fn wanted(
        &self,
        session: &Session,
        when: RefreshWhen,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let public = &session.public;
        match when {
            RefreshWhen::Always => Ok(true),
            RefreshWhen::Revision(revision) => Ok(revision == public.revision),
            RefreshWhen::Due => {
                let jitter = SignedDuration::try_from(self.jitter()).unwrap_or_default();
                let left = public.expires_at.duration_since(now);
                if left > AHEAD + jitter {
                    return Ok(false);
                }
                // A short-lived token would always be due: go by its own life.
                let record = self.refresh_record(&session.profile)?;
                let begun = match record {
                    Some(RefreshRecord {
                        revision,
                        finished_at: Some(at),
                        refusal: None,
                        ..
                    }) if revision + 1 == public.revision => at,
                    Some(_) | None => public.signed_in_at,
                };
                Ok(due(left, public.expires_at.duration_since(begun), jitter))
            }
        }
    }

    fn write_record(
        &self,
        profile: &ProfileName,
        record: &RefreshRecord,
    ) -> Result<(), RefreshError> {
        let bytes = serde_json::to_vec(record).map_err(|error| {
            let path = self.record_path(profile);
            FileError::Io {
                path,
                source: error.into(),
            }
        })?;
        Ok(file::replace(&self.record_path(profile), &bytes)?)
    }

    /// The outcome is known and, when good, saved: that it cannot be noted down changes nothing.
    fn note_outcome(&self, profile: &ProfileName, record: &RefreshRecord) {
        if let Err(error) = self.write_record(profile, record) {
            tracing::warn!(%error, "the outcome of a refresh could not be noted down");
        }
    }
}

impl Renewal {
    fn apply(self, public: &mut crate::Public, tokens: &mut Tokens) {
        tokens.access = self.access;
        if self.refresh.is_some() {
            tokens.refresh = self.refresh;
        }
        if self.id.is_some() {
            tokens.id = self.id;
        }
        public.expires_at = self.expires_at;
        if self.session_expires_at.is_some() {
            public.session_expires_at = self.session_expires_at;
        }
        if let Some(scopes) = self.scopes {
            public.scopes = scopes;
        }
    }
}

/// Whether a token with this much life left, of this whole life, is to be renewed.
fn due(left: SignedDuration, life: SignedDuration, jitter: SignedDuration) -> bool {
    let ahead = AHEAD.min(life / 4);
    let jitter = jitter.min(life / 8);
    left <= (ahead + jitter).max(SignedDuration::ZERO)
}

fn adopted(record: &RefreshRecord, now: Timestamp) -> Option<Refusal> {
    let age = now.duration_since(record.finished_at?);
    let young = (SignedDuration::ZERO..ADOPTED).contains(&age);
    record.refusal.clone().filter(|_| young)
}

fn outcome(
    session: Session,
    when: RefreshWhen,
    now: Timestamp,
    refusal: Refusal,
) -> Result<Session, RefreshError> {
    let merely_due = when == RefreshWhen::Due && refusal.kind == RefusalKind::Temporary;
    if merely_due && session.public.expires_at > now {
        Ok(session)
    } else {
        Err(RefreshError::Refused(refusal))
    }
}
