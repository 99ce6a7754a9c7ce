//! One refresh at a time, over all processes of this person.
//!
//! `locks/<profile>` (kernel lock) → re-read → durable intent in `locks/<profile>.json` → the
//! caller's token request → write → outcome beside the lock → unlock.

mod record;
mod renewal;
mod waiting;

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

pub use record::{RefreshRecord, Refusal, RefusalKind};
pub(crate) use renewal::Unsaved;
pub use renewal::{Fresh, Renewal};

use crate::file::{self, FileError, Stamp};
use crate::lock::{FileLock, Waited};
use crate::profile::ProfileName;
use crate::session::Session;
use crate::store::{Store, StoreError};

/// Longer than any token request may take, its writing included.
const LOCK_DEADLINE: Duration = Duration::from_secs(90);
/// So long a token that is good as it is, or a program that cannot say what it waits for, waits for another's refresh.
const BRIEFLY: Duration = Duration::from_secs(5);
/// Whoever waits longer is told for what.
const UNTOLD: Duration = Duration::from_secs(2);
/// An access token is renewed so long before its end.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is so far before the moment a token was obtained has gone back.
const BEHIND: SignedDuration = SignedDuration::from_mins(5);

/// Where "now" comes from, and how time is let pass.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Comes back after so long.
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
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

/// What a caller wants, and what it began with.
struct Call {
    when: RefreshWhen,
    began: Timestamp,
    /// The seal of the session that it read.
    nonce: String,
}

/// What stands in the files about a profile that is to be refreshed.
enum Standing {
    /// Somebody else's refresh, or its failure, answers this call too.
    Answered(Result<Session, RefreshError>),
    /// It is ours to do.
    Open {
        session: Session,
        nonce: String,
        /// An earlier attempt on this revision died between request and answer.
        interrupted: bool,
    },
}

impl Store {
    /// A session that is fresh in the sense of `when`; `exchange` is called at most once, in at
    /// most one process at a time.
    ///
    /// A refusal less than 30 s old speaks for this call too, unless it may be over, nothing else
    /// is left, and this call began 5 s after it. While the access token is still
    /// valid, a refresh that was merely due may fail for a passing reason, and a disk may refuse
    /// its intent: neither is an error. A session that was renewed and cannot be written is given
    /// to the caller all the same. A caller that handles signals holds them back for the time of
    /// this call.
    ///
    /// # Errors
    /// [`RefreshError`]. None of them removes or changes the session in the file.
    pub fn refresh(
        &self,
        profile: &ProfileName,
        when: RefreshWhen,
        clock: &dyn Clock,
        exchange: &mut dyn FnMut(&Session) -> Result<Renewal, Refusal>,
    ) -> Result<Fresh, RefreshError> {
        // Before the session is read: what changes from here on is noticed.
        let seen = self.stamps(profile);
        let (before, nonce) = self
            .session_and_nonce(profile)?
            .ok_or(RefreshError::NotSignedIn)?;
        let began = clock.now();
        if !self.wanted(&before, when, began) {
            return match self.ended(&before) {
                Some(refusal) => Err(RefreshError::Refused(refusal)),
                None => Ok(Fresh::saved(before)),
            };
        }
        let call = Call { when, began, nonce };
        match self.refresh_wanted(seen, &before, &call, clock, exchange) {
            Err(RefreshError::Store(error @ (StoreError::File(_) | StoreError::Busy { .. })))
                if when == RefreshWhen::Due && before.public.expires_at > clock.now() =>
            {
                tracing::warn!(%error, "the session could not be refreshed yet");
                Ok(Fresh::saved(before))
            }
            result => result,
        }
    }

    fn refresh_wanted(
        &self,
        mut seen: [Stamp; 2],
        before: &Session,
        call: &Call,
        clock: &dyn Clock,
        exchange: &mut dyn FnMut(&Session) -> Result<Renewal, Refusal>,
    ) -> Result<Fresh, RefreshError> {
        let when = call.when;
        let profile = &before.profile;
        self.home().ensure()?;
        let path = self.home().locks().join(profile.as_str());
        let (begun, mut told) = (Instant::now(), false);
        // Who waits need not queue for the lock: what its holder wrote answers everybody at once.
        let answered = || {
            if !told && begun.elapsed() > UNTOLD {
                told = true;
                self.waits_for(&path);
            }
            let now = self.stamps(profile);
            if std::mem::replace(&mut seen, now) == seen {
                return None;
            }
            match self.standing(profile, call, clock.now()) {
                Ok(Standing::Answered(answer)) => Some(answer),
                Ok(Standing::Open { .. }) | Err(_) => None,
            }
        };
        // The holder may be stopped or hang: whoever has a good token does not wait for a better one.
        let patience = if when == RefreshWhen::Due && self.good(before, clock.now()) {
            BRIEFLY
        } else {
            LOCK_DEADLINE
        };
        let _lock = match FileLock::acquire_unless(&path, patience, answered)? {
            Waited::Locked(lock) => lock,
            Waited::Instead(answer) => return answer.map(Fresh::saved),
        };
        if let Some(fresh) = self.keep_unsaved(profile, &call.nonce, clock.now())? {
            return Ok(fresh);
        }
        let now = clock.now();
        let (session, nonce, interrupted) = match self.standing(profile, call, now)? {
            Standing::Answered(answer) => return answer.map(Fresh::saved),
            Standing::Open {
                session,
                nonce,
                interrupted,
            } => (session, nonce, interrupted),
        };
        if session.tokens.refresh.is_none() {
            let usable = when == RefreshWhen::Due && session.public.expires_at > now;
            return if usable {
                Ok(Fresh::saved(session))
            } else {
                Err(RefreshError::NoRefreshToken)
            };
        }
        let mut record = RefreshRecord {
            revision: session.public.revision,
            started_at: now,
            finished_at: None,
            refusal: None,
            interrupted,
        };
        self.write_record(profile, &record)?;
        match exchange(&session) {
            Ok(renewal) => {
                match self.keep(session, nonce, renewal, clock) {
                    Some(fresh) => {
                        if fresh.unsaved.is_none() {
                            record.finished_at = Some(clock.now());
                            self.note_outcome(profile, &record);
                        }
                        Ok(fresh)
                    }
                    // Signed in anew, or out, while the request was under way: that stands, and
                    // the record is about nobody.
                    None => self
                        .session(profile)?
                        .map(Fresh::saved)
                        .ok_or(RefreshError::NotSignedIn),
                }
            }
            Err(refusal) => {
                // Only a refusal of the very token still in the file says anything about it.
                let (current, current_nonce) = self
                    .session_and_nonce(profile)?
                    .ok_or(RefreshError::NotSignedIn)?;
                if current_nonce != nonce {
                    return Ok(Fresh::saved(current));
                }
                let now = clock.now();
                record.finished_at = Some(now);
                record.refusal = Some(refusal.clone());
                self.note_outcome(profile, &record);
                outcome(current, when, now, refusal).map(Fresh::saved)
            }
        }
    }

    /// What is known now.
    fn standing(
        &self,
        profile: &ProfileName,
        call: &Call,
        now: Timestamp,
    ) -> Result<Standing, RefreshError> {
        let when = call.when;
        let Some((session, nonce)) = self.session_and_nonce(profile)? else {
            return Ok(Standing::Answered(Err(RefreshError::NotSignedIn)));
        };
        let good = session.public.expires_at > now;
        let done_meanwhile = nonce != call.nonce && good;
        if done_meanwhile || !self.wanted(&session, when, now) {
            return Ok(Standing::Answered(Ok(session)));
        }
        let last = self
            .refresh_record(profile)?
            .filter(|record| record.revision == session.public.revision);
        let goes_on = when == RefreshWhen::Due && good;
        match last
            .as_ref()
            .and_then(|record| record.adopted(call.began, now, goes_on))
        {
            Some(refusal) => Ok(Standing::Answered(outcome(session, when, now, refusal))),
            None => Ok(Standing::Open {
                session,
                nonce,
                interrupted: last
                    .is_some_and(|record| record.interrupted || record.finished_at.is_none()),
            }),
        }
    }

    fn stamps(&self, profile: &ProfileName) -> [Stamp; 2] {
        [
            file::stamp(&self.home().credentials_file()),
            file::stamp(&self.record_path(profile)),
        ]
    }

    fn wanted(&self, session: &Session, when: RefreshWhen, now: Timestamp) -> bool {
        let public = &session.public;
        match when {
            RefreshWhen::Always => true,
            RefreshWhen::Revision(revision) => revision == public.revision,
            RefreshWhen::Due => {
                if self.clock_went_back(session, now) {
                    return true;
                }
                let jitter = SignedDuration::try_from(self.jitter()).unwrap_or_default();
                let left = public.expires_at.duration_since(now);
                // A short-lived token would always be due: go by its own life.
                let life = public.expires_at.duration_since(self.obtained_at(session));
                left <= AHEAD + jitter && due(left, life, jitter)
            }
        }
    }

    /// Whether the access token is good by a clock that can tell, and nobody has ended the session.
    fn good(&self, session: &Session, now: Timestamp) -> bool {
        session.public.expires_at > now
            && !self.clock_went_back(session, now)
            && self.ended(session).is_none()
    }

    /// Whether this clock has gone back behind the moment the access token was obtained, by more than 5 minutes: then it
    /// says nothing about the token's end. No key, no lock.
    pub fn clock_went_back(&self, session: &Session, now: Timestamp) -> bool {
        self.obtained_at(session).duration_since(now) > BEHIND
    }

    /// When the access token in the file was obtained: at the last renewal, else at the sign-in.
    fn obtained_at(&self, session: &Session) -> Timestamp {
        let record = self.refresh_record(&session.profile).ok().flatten();
        let renewed = record.filter(|record| {
            record.refusal.is_none() && record.revision + 1 == session.public.revision
        });
        renewed
            .and_then(|record| record.finished_at)
            .unwrap_or(session.public.signed_in_at)
    }
}

/// Whether a token with this much life left, of this whole life, is to be renewed.
fn due(left: SignedDuration, life: SignedDuration, jitter: SignedDuration) -> bool {
    let ahead = AHEAD.min(life / 4);
    let jitter = jitter.min(life / 8);
    left <= (ahead + jitter).max(SignedDuration::ZERO)
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
