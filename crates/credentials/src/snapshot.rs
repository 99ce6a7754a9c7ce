//! What anybody may know without a key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::document::{Document, KeyEntry};
use crate::key::{KeyId, KeySource};
use crate::profile::ProfileName;
use crate::session::{Public, Session};

/// The public side of the credential file at one moment. Public parts are not authenticated here:
/// show them, but let [`crate::Store::session`] decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Grows with every write.
    pub generation: u64,
    /// The program that wrote last, `name/version`.
    pub written_by: String,
    /// The profile that is used when none is named.
    pub active: ProfileName,
    /// All profiles.
    pub profiles: BTreeMap<ProfileName, Public>,
    /// All keys.
    pub keys: BTreeMap<KeyId, KeyEntry>,
    /// The file is damaged: this is the previous good copy, whose tokens may be used up.
    pub recovered: Option<Recovered>,
}

/// One profile, unsealed, and the state of the file it came from.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The session; `None` when nobody is signed in to the profile.
    pub session: Option<Session>,
    /// The file is damaged: the session is of the previous good copy.
    pub recovered: Option<Recovered>,
}

/// The file was damaged and `.bak` is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The damaged file; the next writer sets it aside as `set_aside`.
    pub damaged: PathBuf,
    /// Where the next writer keeps it.
    pub set_aside: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl Snapshot {
    /// Where the key of this profile is kept; `None` without the profile or its key.
    pub fn key_source(&self, profile: &ProfileName) -> Option<KeySource> {
        let public = self.profiles.get(profile)?;
        self.keys.get(&public.key).map(|entry| entry.source)
    }

    pub(crate) fn of(
        document: &Document,
        recovered: Option<Recovered>,
    ) -> Result<Snapshot, serde_json::Error> {
        let profiles = document
            .profiles
            .iter()
            .map(|(name, profile)| profile.public().map(|public| (name.clone(), public)))
            .collect::<Result<_, _>>()?;
        Ok(Snapshot {
            generation: document.generation,
            written_by: document.written_by.clone(),
            active: document.active.clone(),
            profiles,
            keys: document.keys.clone(),
            recovered,
        })
    }
}
