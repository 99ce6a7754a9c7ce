//! Why the store could not do what was asked.

use std::path::PathBuf;

use crate::file::FileError;
use crate::key::{KeyError, KeySource};
use crate::profile::ProfileName;

/// Why the store could not do what was asked.
#[derive(Debug)]
pub enum StoreError {
    /// A file could not be read or written.
    File(FileError),
    /// A key could not be had.
    Key {
        /// Where it was looked for.
        source: KeySource,
        /// Why not.
        error: KeyError,
    },
    /// The profile is sealed with a key that no longer exists. The file is kept.
    KeyGone {
        /// The profile.
        profile: ProfileName,
    },
    /// The seal does not open: the file was edited.
    Tampered {
        /// The profile (or, for a blob, its purpose).
        profile: String,
    },
    /// The file needs a newer program.
    Newer {
        /// The version needed.
        min_reader: u64,
    },
    /// The file is damaged, and so is `.bak` or there is none. The next sign-in sets it aside.
    Damaged {
        /// Where the damaged file is.
        set_aside: PathBuf,
    },
    /// No profile of this name.
    NoSuchProfile {
        /// The name.
        profile: ProfileName,
    },
    /// Another process holds the lock for too long.
    Busy {
        /// The lock's file.
        lock: PathBuf,
    },
}

// By hand: in a derived error a field called `source` would have to be an error.
impl std::fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreError::File(error) => error.fmt(formatter),
            StoreError::Key { source, error } => write!(formatter, "{source}: {error}"),
            StoreError::KeyGone { profile } => {
                write!(formatter, "the key of profile `{profile}` is gone")
            }
            StoreError::Tampered { profile } => write!(
                formatter,
                "the sealed part of `{profile}` does not fit its public part"
            ),
            StoreError::Newer { min_reader } => write!(
                formatter,
                "the credential file needs a program that reads version {min_reader}"
            ),
            StoreError::Damaged { set_aside } => write!(
                formatter,
                "the credential file is damaged: {}",
                set_aside.display()
            ),
            StoreError::NoSuchProfile { profile } => {
                write!(formatter, "there is no profile `{profile}`")
            }
            StoreError::Busy { lock } => {
                write!(formatter, "another process keeps {} locked", lock.display())
            }
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::File(error) => error.source(),
            StoreError::Key { error, .. } => Some(error),
            StoreError::KeyGone { .. }
            | StoreError::Tampered { .. }
            | StoreError::Newer { .. }
            | StoreError::Damaged { .. }
            | StoreError::NoSuchProfile { .. }
            | StoreError::Busy { .. } => None,
        }
    }
}

impl StoreError {
    /// What a failed lock means.
    pub(crate) fn of_lock(error: FileError) -> StoreError {
        if let FileError::LockTimeout { path: lock } = error {
            StoreError::Busy { lock }
        } else {
            StoreError::File(error)
        }
    }

    pub(super) fn is_missing_key(&self) -> bool {
        let missing = KeyError::Missing;
        matches!(self, StoreError::Key { error, .. } if *error == missing)
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        StoreError::File(error)
    }
}
