//! Damaged files: set aside by the next writer, never deleted in silence.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Home;
use crate::document::{Document, LIMIT};
use crate::file::{self, FileError};
use crate::profile::ProfileName;

const PREFIX: &str = "credentials.json.damaged-";

/// Where these damaged bytes are kept: named by content, so the same damage is kept once.
pub(crate) fn place(home: &Home, bytes: &[u8]) -> PathBuf {
    let digest = Sha256::digest(bytes);
    let name: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    home.root().join(format!("{PREFIX}{name}"))
}

/// Keeps a damaged file under its quarantine name; the file itself is about to be replaced.
pub(crate) fn set_aside(home: &Home, damaged: &Path, bytes: &[u8]) -> Result<PathBuf, FileError> {
    let place = place(home, bytes);
    file::link_as(damaged, &place)?;
    tracing::warn!(set_aside = %place.display(), "a damaged credential file was set aside");
    Ok(place)
}

/// Signing out: no quarantined file keeps this profile (`None`: any profile).
pub(crate) fn forget(home: &Home, profile: Option<&ProfileName>) -> Result<(), FileError> {
    for path in files(home)? {
        forget_in(&path, profile)?;
    }
    Ok(())
}

/// Takes a profile (`None`: all) out of a copy that is not in use.
///
/// A file that cannot be read cannot be edited either and may hold the sealed secrets, so it goes.
pub(crate) fn forget_in(path: &Path, profile: Option<&ProfileName>) -> Result<(), FileError> {
    let document = match file::read_private(path, LIMIT) {
        Ok(Some(bytes)) => Document::parse(&bytes).ok(),
        Ok(None) => return Ok(()),
        Err(_) => None,
    };
    match (profile, document) {
        (Some(profile), Some(mut document)) => {
            if document.forget(profile)
                && let Ok(bytes) = document.bytes()
            {
                file::replace(path, &bytes)?;
            }
        }
        (Some(_) | None, _) => {
            file::remove(path)?;
        }
    }
    Ok(())
}

pub(crate) fn files(home: &Home) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(home.root()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::from_io(home.root(), source)),
    };
    Ok(entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .collect())
}
