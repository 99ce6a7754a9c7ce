//! Kernel locks: gone with the process that held them, however it died.

use std::convert::Infallible;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::file::{self, FileError};

/// An exclusive kernel lock on a file; released on drop and when the process dies.
///
/// The file itself stays: removing a lock file would let two processes hold "the" lock.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

/// How waiting for a lock ended.
pub(crate) enum Waited<T> {
    /// The lock is ours.
    Locked(FileLock),
    /// It is no longer needed.
    Instead(T),
}

impl FileLock {
    /// Takes the lock if it is free (the file is made when absent); `None` when somebody has it.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened.
    pub fn try_acquire(path: &Path) -> Result<Option<FileLock>, FileError> {
        // A probe by `is_held_elsewhere` holds the lock for an instant: ask a few times.
        for attempt in 0..4 {
            if attempt > 0 {
                std::thread::sleep(Duration::from_micros(500));
            }
            if let Some(lock) = Self::try_once(path)? {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }

    /// Takes the lock, waiting for it no longer than `deadline`.
    ///
    /// # Errors
    /// [`FileError::LockTimeout`], or [`FileError`] when the file cannot be opened.
    pub fn acquire(path: &Path, deadline: Duration) -> Result<FileLock, FileError> {
        match Self::acquire_unless(path, deadline, || None::<Infallible>)? {
            Waited::Locked(lock) => Ok(lock),
            Waited::Instead(never) => match never {},
        }
    }

    /// The same, unless `instead`, which is asked while somebody else has the lock, knows better.
    pub(crate) fn acquire_unless<T>(
        path: &Path,
        deadline: Duration,
        mut instead: impl FnMut() -> Option<T>,
    ) -> Result<Waited<T>, FileError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(lock) = Self::try_once(path)? {
                return Ok(Waited::Locked(lock));
            }
            if let Some(known) = instead() {
                return Ok(Waited::Instead(known));
            }
            let left = deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Err(FileError::LockTimeout {
                    path: path.to_owned(),
                });
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(25));
        }
    }

    /// Whether another holder has the lock now. Never creates the file.
    ///
    /// # Errors
    /// [`FileError`] when the file cannot be opened.
    pub fn is_held_elsewhere(path: &Path) -> Result<bool, FileError> {
        let Some(file) = file::open_lock(path, false)? else {
            return Ok(false);
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(FileError::from_io(path, source)),
        }
    }

    /// The locked file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn try_once(path: &Path) -> Result<Option<FileLock>, FileError> {
        loop {
            let Some(file) = file::open_lock(path, true)? else {
                return Ok(None);
            };
            match file.try_lock() {
                // Somebody may have replaced or removed the file between open and lock.
                Ok(()) if file::same_file(&file, path) => {
                    return Ok(Some(FileLock { file }));
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(source)) => return Err(FileError::from_io(path, source)),
            }
        }
    }
}
