//! What lies on the disk: found by readers and writers, written under the lock.

use std::path::PathBuf;
use std::time::Duration;

use super::{Store, StoreError};
use crate::document::{Document, LARGEST, LIMIT, Unreadable};
use crate::file::{self, FileError};
use crate::snapshot::Recovered;
use crate::{FileLock, quarantine};

/// How long a writer waits for another one.
const LOCK_DEADLINE: Duration = Duration::from_secs(10);

/// What lies on the disk, and the bytes when they are damaged.
pub(super) struct Found {
    pub(super) document: Document,
    pub(super) present: bool,
    pub(super) damaged: Option<(Vec<u8>, Recovered)>,
}

impl Found {
    /// Nobody is signed in, as far as can be told.
    fn nothing() -> Found {
        Found {
            document: Document::empty(),
            present: false,
            damaged: None,
        }
    }
}

/// What a change wants done with the previous copy.
pub(super) enum Previous {
    Keep,
    Forget,
}

impl Store {
    pub(super) fn lock(&self) -> Result<FileLock, StoreError> {
        self.lock_for(LOCK_DEADLINE)
    }

    pub(super) fn lock_for(&self, deadline: Duration) -> Result<FileLock, StoreError> {
        FileLock::acquire(&self.home().credentials_lock(), deadline).map_err(StoreError::of_lock)
    }

    pub(super) fn damaged(&self) -> StoreError {
        StoreError::Damaged {
            set_aside: self.home().credentials_file(),
        }
    }

    /// What a reader sees.
    pub(super) fn document(&self) -> Result<Found, StoreError> {
        let path = self.home().credentials_file();
        let Some(bytes) = file::read_private(&path, LIMIT)? else {
            return Ok(Found::nothing());
        };
        let why = match Document::parse(&bytes) {
            Ok(document) => {
                return Ok(Found {
                    document,
                    present: true,
                    damaged: None,
                });
            }
            Err(Unreadable::Newer { min_reader }) => return Err(StoreError::Newer { min_reader }),
            Err(Unreadable::Damaged { why }) => why,
        };
        let document = match file::read_private(&self.home().backup(), LIMIT)?
            .map(|bytes| Document::parse(&bytes))
        {
            Some(Ok(document)) => document,
            Some(Err(Unreadable::Newer { min_reader })) => {
                return Err(StoreError::Newer { min_reader });
            }
            Some(Err(Unreadable::Damaged { .. })) | None => return Err(self.damaged()),
        };
        let set_aside = quarantine::place(self.home(), &bytes);
        Ok(Found {
            document,
            present: true,
            damaged: Some((
                bytes,
                Recovered {
                    damaged: path,
                    set_aside,
                    why,
                },
            )),
        })
    }

    /// What a writer begins with: where nothing can be read, both files are kept aside. They also
    /// stay in place until the write, which may fail, has put a good file there.
    pub(super) fn found_for_writing(&self) -> Result<Found, StoreError> {
        match self.document() {
            Err(StoreError::Damaged { .. }) => {}
            result => return result,
        }
        for path in self.both() {
            if let Some(bytes) = file::read_private(&path, LIMIT)? {
                quarantine::set_aside(self.home(), &path, &bytes)?;
            }
        }
        Ok(Found::nothing())
    }

    /// The previous copy and the credential file: in this order nothing forgotten comes back.
    pub(super) fn both(&self) -> [PathBuf; 2] {
        [self.home().backup(), self.home().credentials_file()]
    }

    /// What a killed writer left may hold any profile.
    pub(super) fn remove_unfinished(&self) -> Result<(), FileError> {
        for path in self.both() {
            file::remove(&file::temporary_of(&path))?;
        }
        Ok(())
    }

    pub(super) fn document_or_empty(&self) -> Result<Document, StoreError> {
        match self.document() {
            Ok(found) => Ok(found.document),
            Err(StoreError::Damaged { .. }) => Ok(Document::empty()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(
        &self,
        _lock: &FileLock,
        found: Found,
        previous: &Previous,
    ) -> Result<(), StoreError> {
        let path = self.home().credentials_file();
        let mut document = found.document;
        document.generation = document.generation % LARGEST + 1;
        document.written_by.clone_from(&self.inner.written_by);
        let bytes = document.bytes().map_err(|_| self.damaged())?;
        if bytes.len() > LIMIT {
            return Err(FileError::TooLarge { path }.into());
        }
        // Nothing is written that the next reader would refuse.
        if Document::parse(&bytes).is_err() {
            return Err(self.damaged());
        }
        self.remove_unfinished()?;
        match (previous, &found.damaged) {
            (_, Some((damaged, _))) => {
                quarantine::set_aside(self.home(), &path, damaged)?;
                if matches!(previous, Previous::Forget) {
                    file::replace(&self.home().backup(), &bytes)?;
                }
            }
            (Previous::Keep, None) if found.present => file::keep_as(&path, &self.home().backup())?,
            (Previous::Keep, None) => {}
            // Signing out: the previous copy must not keep the profile, whenever we are killed.
            (Previous::Forget, None) => file::replace(&self.home().backup(), &bytes)?,
        }
        Ok(file::replace(&path, &bytes)?)
    }
}
