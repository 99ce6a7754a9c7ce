//! Signing out: what is forgotten, and where.

use std::fs;

use super::disk::Previous;
use super::unsettled::sources;
use super::{Store, StoreError, guard};
use crate::file::FileError;
use crate::profile::ProfileName;
use crate::{file, quarantine};

impl Store {
    /// Forgets a profile everywhere: the file, `.bak`, quarantine, its refresh record. Needs no key.
    /// `false` when there was none.
    ///
    /// # Errors
    /// Why the file cannot be written.
    pub fn remove(&self, profile: &ProfileName) -> Result<bool, StoreError> {
        self.home().ensure()?;
        let lock = self.lock()?;
        let mut found = self.found_for_writing()?;
        self.remove_unfinished()?;
        // A copy that cannot be read goes, and with it perhaps the last mention of a key.
        if let Err(error) = self.note_unsettled(&lock, &self.last_named(&found.document)?) {
            tracing::warn!(%error, "the keys of a damaged file could not be noted down");
        }
        let removed = found.document.forget(profile);
        if removed || found.damaged.is_some() {
            self.write(&lock, found, &Previous::Forget)?;
        } else {
            for copy in self.both() {
                quarantine::forget_in(&copy, Some(profile))?;
            }
        }
        self.unsaved().remove(profile);
        quarantine::forget(self.home(), Some(profile))?;
        file::remove(&self.record_path(profile))?;
        drop(lock);
        self.settle_keys_if_possible();
        Ok(removed)
    }

    /// Forgets everything and destroys the keys.
    ///
    /// The files go first: a key store that does not answer then leaves only keys to nothing. These are noted down, so
    /// that the next writer or sign-out destroys them; so it is when this process is killed.
    ///
    /// # Errors
    /// [`StoreError::Key`] for the first key that could not be destroyed; the files are gone then.
    pub fn remove_all(&self) -> Result<(), StoreError> {
        self.home().ensure()?;
        let lock = self.lock()?;
        let found = self.found_for_writing()?;
        let mut keys = self.legible_keys()?;
        keys.extend(sources(found.document));
        // A full disk keeps nobody signed in.
        if let Err(error) = self.note_unsettled(&lock, &keys) {
            tracing::warn!(%error, "the keys to be destroyed could not be noted down");
        }
        self.remove_unfinished()?;
        for path in self.both() {
            file::remove(&path)?;
        }
        quarantine::forget(self.home(), None)?;
        self.remove_records()?;
        self.unsaved().clear();
        guard(&self.inner.loaded).clear();
        drop(lock);
        self.settle_keys(keys)
    }

    fn remove_records(&self) -> Result<(), StoreError> {
        let folder = self.home().locks();
        let failed = |source| FileError::from_io(&folder, source);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|end| end == "json") {
                file::remove(&path)?;
            }
        }
        Ok(())
    }
}
