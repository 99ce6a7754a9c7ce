//! A sign-in under way: `sign-ins/<hex SHA-256(state)>.json`.
//!
//! The public part tells every shell that somebody is signing in and, afterwards, how it ended. The sealed part holds
//! what finishing needs: whichever process receives the callback can finish it. A kernel lock beside the file says
//! whether the process that began it still lives.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{FileError, FileLock, ProfileName, SealedBlob, StoreError, file};
use kiro_relying_party::{CodeVerifier, Nonce, State};
use serde::{Deserialize, Serialize};

use crate::organizations::{Inference, Organization, Settings, residency};
use crate::{Context, Failure};

/// How long a sign-in may take before the person extends it.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// Sign-ins under way at once (THREATS.md T2).
const MOST: usize = 8;
/// How long the outcome of a finished sign-in stays readable.
const KEPT: SignedDuration = SignedDuration::from_mins(60);
const LIMIT: usize = 64 * 1024;
const FORMAT: &str = "kiro-sign-in";

/// Names a sign-in under way. It is public: the hash of a secret, good for finding a file and nothing else.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct AttemptId(String);

impl AttemptId {
    pub(crate) fn of(state: &State) -> AttemptId {
        AttemptId(state.file_id())
    }

    /// The id in a `kiro://open?attempt=` link; `None` unless it is 64 lower-case hex digits.
    pub(crate) fn parse(text: &str) -> Option<AttemptId> {
        let hex = text.len() == 64
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        hex.then(|| AttemptId(text.to_owned()))
    }

    /// The id as it stands in file names.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How far a sign-in is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The browser is open; no callback yet.
    Waiting,
    /// The callback is here; it is being exchanged, verified and saved.
    Finishing,
    /// Over; see the outcome.
    Done,
}

/// How a sign-in ended, for every shell to show.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    SignedIn,
    Failed(Box<Failure>),
}

/// The public file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    format: String,
    version: u32,
    pub(crate) attempt: AttemptId,
    pub(crate) organization: String,
    pub(crate) profile: ProfileName,
    pub(crate) expires_at: Timestamp,
    pub(crate) step: Step,
    pub(crate) outcome: Option<Outcome>,
    sealed: Option<SealedBlob>,
}

/// What finishing needs, in memory or sealed in the file. Single use: taking it consumes the sealed copy first.
#[derive(Debug)]
pub(crate) struct PendingSignIn {
    pub(crate) state: State,
    pub(crate) verifier: CodeVerifier,
    pub(crate) nonce: Nonce,
    pub(crate) redirect_uri: String,
    pub(crate) organization: Organization,
    pub(crate) profile: ProfileName,
    /// Identity Center's client, registered for this sign-in; the configured one elsewhere.
    pub(crate) client_id: String,
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    state: String,
    verifier: String,
    nonce: String,
    redirect_uri: String,
    name: String,
    display_name: String,
    settings: Settings,
    support_contact: Option<String>,
    managed: bool,
    client_id: String,
}

/// The files of one sign-in.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    id: AttemptId,
}

impl Files {
    pub(crate) fn of(context: &Context, id: &AttemptId) -> Files {
        Files {
            folder: context.home().sign_ins(),
            id: id.clone(),
        }
    }

    fn record(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.id))
    }

    fn lock(&self) -> PathBuf {
        self.folder.join(format!("{}.lock", self.id))
    }

    pub(crate) fn callback(&self) -> PathBuf {
        self.folder.join(format!("{}.callback", self.id))
    }

    /// The public record; `None` for an unknown sign-in.
    pub(crate) fn read(&self) -> Option<Record> {
        read_record(&self.record())
    }

    /// The lock that says "the process that works on this sign-in lives"; `None` while another has it.
    pub(crate) fn try_lock(&self) -> Result<Option<FileLock>, FileError> {
        FileLock::try_acquire(&self.lock())
    }

    /// Whether a living process works on it.
    pub(crate) fn is_alive(&self) -> bool {
        FileLock::is_held_elsewhere(&self.lock()).unwrap_or(false)
    }

    fn write(&self, record: &Record) -> Result<(), FileError> {
        let bytes = serde_json::to_vec(record).unwrap_or_default();
        file::replace(&self.record(), &bytes)
    }

    /// Moves the deadline. Only the person does this.
    pub(crate) fn extend(&self, expires_at: Timestamp) {
        if let Some(mut record) = self.read() {
            record.expires_at = expires_at;
            if let Err(error) = self.write(&record) {
                tracing::warn!(%error, "the new deadline of a sign-in could not be written");
            }
        }
    }

    /// Marks it as being finished and removes the sealed part: a code is redeemed at most once (T3).
    pub(crate) fn begin_finishing(&self) -> Result<(), FileError> {
        let Some(mut record) = self.read() else {
            return Ok(());
        };
        record.step = Step::Finishing;
        record.sealed = None;
        self.write(&record)
    }

    /// Writes the outcome for every shell to show; nothing sealed stays behind.
    pub(crate) fn finish(&self, outcome: Outcome) {
        let Some(mut record) = self.read() else {
            return;
        };
        record.step = Step::Done;
        record.sealed = None;
        record.outcome = Some(outcome);
        if let Err(error) = self.write(&record) {
            tracing::warn!(%error, "the outcome of a sign-in could not be written");
        }
        let _ = file::remove(&self.callback());
    }

    /// Forgets it altogether: withdrawn by the person, or too old to matter.
    pub(crate) fn withdraw(&self) {
        let unfinished = self.callback().with_extension("callback.kiro.tmp");
        for path in [self.record(), self.callback(), unfinished, self.lock()] {
            if let Err(error) = file::remove(&path) {
                tracing::warn!(%error, "a file of a finished sign-in could not be removed");
            }
        }
    }

    /// The callback that another process left for us, removed at once.
    pub(crate) fn take_callback(&self) -> Option<String> {
        let path = self.callback();
        if !path.exists() {
            return None;
        }
        let bytes = file::read_private(&path, LIMIT).ok().flatten();
        let _ = file::remove(&path);
        bytes.and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

impl PendingSignIn {
    pub(crate) fn id(&self) -> AttemptId {
        AttemptId::of(&self.state)
    }

    /// Writes the sign-in, sealed, so that any process can finish it, and takes its lock.
    pub(crate) fn write(
        &self,
        context: &Context,
        expires_at: Timestamp,
    ) -> Result<FileLock, StoreError> {
        let files = Files::of(context, &self.id());
        context.home().ensure()?;
        tidy(context);
        let lock = files
            .try_lock()?
            .ok_or_else(|| StoreError::Busy { lock: files.lock() })?;
        let sealed = Sealed {
            state: self.state.secret().to_owned(),
            verifier: self.verifier.secret().to_owned(),
            nonce: self.nonce.secret().to_owned(),
            redirect_uri: self.redirect_uri.clone(),
            name: self.organization.name.clone(),
            display_name: self.organization.display_name.clone(),
            settings: self.organization.settings.clone(),
            support_contact: self.organization.support_contact.clone(),
            managed: self.organization.managed,
            client_id: self.client_id.clone(),
        };
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
        let record = Record {
            format: FORMAT.to_owned(),
            version: 1,
            attempt: self.id(),
            organization: self.organization.name.clone(),
            profile: self.profile.clone(),
            expires_at,
            step: Step::Waiting,
            outcome: None,
            sealed: Some(
                context
                    .store
                    .seal(&purpose(&self.id(), &self.profile), &plain)?,
            ),
        };
        files.write(&record)?;
        Ok(lock)
    }

    /// The same, its organisation bound as it is now, and not as it was: what stays in a region does from the moment that it
    /// has to.
    ///
    /// # Errors
    /// Where nobody can tell what has to stay.
    pub(crate) fn bound(mut self, context: &Context) -> Result<PendingSignIn, Failure> {
        let Organization { name, settings, .. } = &self.organization;
        if let Settings::IdentityCenter {
            start_url, region, ..
        } = settings
        {
            let residency = residency(context, name, start_url, region)?;
            self.organization.inference.residency = residency;
        }
        Ok(self)
    }

    /// Unseals a sign-in whose beginner is gone, and of which nobody knows yet where it has to stay ([`Self::bound`]). The
    /// caller holds its lock.
    pub(crate) fn unseal(
        context: &Context,
        record: &Record,
    ) -> Result<Option<PendingSignIn>, StoreError> {
        let Some(blob) = &record.sealed else {
            return Ok(None);
        };
        let plain = context
            .store
            .unseal(&purpose(&record.attempt, &record.profile), blob)?;
        let Ok(sealed) = serde_json::from_slice::<Sealed>(&plain) else {
            return Ok(None);
        };
        // The session goes where its beginner was told to keep it.
        context.store.seal_as(blob)?;
        Ok(Some(PendingSignIn {
            state: State::from_secret(sealed.state),
            verifier: CodeVerifier::from_secret(sealed.verifier),
            nonce: Nonce::from_secret(sealed.nonce),
            redirect_uri: sealed.redirect_uri,
            organization: Organization {
                inference: Inference::default(),
                name: sealed.name,
                display_name: sealed.display_name,
                settings: sealed.settings,
                support_contact: sealed.support_contact,
                managed: sealed.managed,
            },
            profile: record.profile.clone(),
            client_id: sealed.client_id,
        }))
    }
}

/// Binds the sealed part to its sign-in and profile.
fn purpose(id: &AttemptId, profile: &ProfileName) -> String {
    format!("sign-in {id} {profile}")
}

/// All records, whoever began them.
pub(crate) fn all(context: &Context) -> Vec<Record> {
    let Ok(entries) = std::fs::read_dir(context.home().sign_ins()) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| read_record(&path))
        .collect()
}

fn read_record(path: &Path) -> Option<Record> {
    let bytes = file::read_private(path, LIMIT).ok()??;
    let record: Record = serde_json::from_slice(&bytes).ok()?;
    (record.format == FORMAT
        && record.version == 1
        && path.file_stem()?.to_str()? == record.attempt.as_str())
    .then_some(record)
}

/// Removes what is over and old, and makes room: at most eight are under way, and the oldest gives way.
fn tidy(context: &Context) {
    let now = context.now();
    let mut open = Vec::new();
    for record in all(context) {
        let files = Files::of(context, &record.attempt);
        if record.expires_at + KEPT < now || (record.expires_at < now && record.outcome.is_none()) {
            files.withdraw();
        } else if record.outcome.is_none() {
            open.push(record);
        }
    }
    open.sort_by_key(|record| record.expires_at);
    let surplus = (open.len() + 1).saturating_sub(MOST);
    for record in open.into_iter().take(surplus) {
        Files::of(context, &record.attempt).withdraw();
    }
}

/// Removes the sign-ins of this profile, or of any: part of signing out.
pub(crate) fn forget(context: &Context, profile: Option<&ProfileName>) {
    for record in all(context)
        .into_iter()
        .filter(|record| profile.is_none_or(|profile| &record.profile == profile))
    {
        let files = Files::of(context, &record.attempt);
        if !files.is_alive() {
            files.withdraw();
        }
    }
}
