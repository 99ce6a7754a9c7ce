//! The last attempt to refresh a profile, beside its lock: who comes later learns from it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::RefreshError;
use crate::file::{self, FileError};
use crate::profile::ProfileName;
use crate::session::Session;
use crate::store::{Store, StoreError};

const LIMIT: usize = 16 * 1024;
/// So long a failure speaks for others than who met it.
const ADOPTED: SignedDuration = SignedDuration::from_secs(30);
/// So long a failure that may be over speaks for who came after it and has no token to go on with: programs that were started
/// together ask once, and who has mended the network and tries again is not told of the old failure.
const TOGETHER: SignedDuration = SignedDuration::from_secs(5);
/// So long, and no longer, a server is left alone at its own wish.
const LEFT_ALONE: SignedDuration = SignedDuration::from_hours(1);

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
    /// The claims the IdP asks for (JSON), to be sent with the next sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<String>,
    /// Seconds from the end of the attempt for which the IdP asks to be left alone (RFC 9110 §10.2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// What else the program that was refused would say of it, in a form of its own, for whoever adopts it. Never a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<serde_json::Value>,
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

impl RefusalKind {
    /// Whether the same token may be taken the next time, without anybody signing in.
    fn may_be_over(self) -> bool {
        matches!(self, RefusalKind::Temporary | RefusalKind::Other)
    }
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

impl RefreshRecord {
    /// The refusal that speaks now for who began at this time, with what is left of the time that the IdP asked for;
    /// `goes_on`: with the token that there is.
    pub(super) fn adopted(
        &self,
        began: Timestamp,
        now: Timestamp,
        goes_on: bool,
    ) -> Option<Refusal> {
        let finished_at = self.finished_at?;
        let age = now.duration_since(finished_at);
        let mut refusal = self.refusal.clone()?;
        let asked = SignedDuration::from_secs(refusal.retry_after.unwrap_or_default().into());
        let left = asked.min(LEFT_ALONE) - age;
        let anew = began > finished_at && !goes_on && refusal.kind.may_be_over();
        let young = age < if anew { TOGETHER } else { ADOPTED };
        refusal.retry_after = refusal.retry_after.and_then(|_| whole_seconds(left));
        (!age.is_negative() && (young || left.is_positive())).then_some(refusal)
    }
}

/// Rounded up: who waits so long does not come too early. `None` when the time is over.
fn whole_seconds(left: SignedDuration) -> Option<u32> {
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
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
        let bytes = file::read_private(&self.record_path(profile), LIMIT)?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Why this session is over, if the provider has ended it: its access token, though young, is nobody's any more.
    pub fn ended(&self, session: &Session) -> Option<Refusal> {
        let record = self.refresh_record(&session.profile).ok().flatten()?;
        let of_this = record.revision == session.public.revision;
        record
            .refusal
            .filter(|refusal| of_this && refusal.kind == RefusalKind::Ended)
    }

    pub(super) fn write_record(
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
    pub(super) fn note_outcome(&self, profile: &ProfileName, record: &RefreshRecord) {
        if let Err(error) = self.write_record(profile, record) {
            tracing::warn!(%error, "the outcome of a refresh could not be noted down");
        }
    }
}
