//! What lies on the disk: found by readers and writers, written under the lock.

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
            return Ok(Found {
                document: Document::empty(),
                present: false,
                damaged: None,
            });
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

    /// What a writer begins with: where nothing can be read, both files are set aside.
    pub(super) fn found_for_writing(&self) -> Result<Found, StoreError> {
        match self.document() {
            Err(StoreError::Damaged { .. }) => {}
            result => return result,
        }
        for path in [self.home().backup(), self.home().credentials_file()] {
            if let Some(bytes) = file::read_private(&path, LIMIT)? {
                quarantine::set_aside(self.home(), &path, &bytes)?;
                file::remove(&path)?;
            }
        }
        Ok(Found {
            document: Document::empty(),
            present: false,
            damaged: None,
        })
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
