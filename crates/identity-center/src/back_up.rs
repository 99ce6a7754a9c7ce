//! Back-ups of an installation's SQLite store, as files: made while the service runs, and put back into an empty folder.
//!
//! A back-up holds no master key, and opens nothing without it. What lived when it was made has ended when it is put back
//! (docs/decisions/0021).

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::configuration::Configuration;
use crate::folder::{self, FolderError};
use crate::private::{self, beside};
use crate::store::secrets::SecretsError;
use crate::store::{Restored, Store, StoreError};

/// Why there is no back-up, or none was put back.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// PostgreSQL has its own programs for it.
    #[error("the store is a PostgreSQL database, not a file")]
    OnServer,
    /// Nothing is overwritten.
    #[error("`{0}` is there already")]
    There(PathBuf),
    /// It cannot be read or written.
    #[error("`{path}` cannot be used: {why}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It is no back-up, or a damaged one.
    #[error("`{path}` cannot be restored: {why}")]
    Unfit {
        /// Which.
        path: PathBuf,
        /// Why.
        why: StoreError,
    },
    /// See [`FolderError`].
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// See [`SecretsError`].
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a back-up: a file that its owner alone may read, on the disk when this returns. Until it is whole, the file is empty.
///
/// # Errors
/// See [`BackUpError`]. There is no file then, unless there was one before.
pub async fn make(
    configuration: &Configuration,
    to: &Path,
    now: Timestamp,
) -> Result<(), BackUpError> {
    if configuration.store.is_some() {
        return Err(BackUpError::OnServer);
    }
    let store = folder::existing(configuration).await?;
    let partial = beside(to, ".partial");
    new(to)?;
    let made = new(&partial).and_then(|_| {
        Store::copy_file(&folder::file(configuration), &partial)?;
        settle(&partial, to)
    });
    if made.is_err() {
        for unfinished in [&partial, to] {
            drop(fs::remove_file(unfinished));
        }
    }
    made?;
    Ok(store.note_back_up(now).await?)
}

/// Puts a back-up into the installation's folder, where there is no store, and ends everything that lived in it. `environment` is the value of [`crate::master_key::VARIABLE`].
///
/// # Errors
/// See [`BackUpError`]. There is no store in the folder then.
pub fn restore(
    configuration: &Configuration,
    environment: Option<&str>,
    from: &Path,
    now: Timestamp,
) -> Result<Restored, BackUpError> {
    if configuration.store.is_some() {
        return Err(BackUpError::OnServer);
    }
    let store = folder::file(configuration);
    let left = ["", "-wal", "-shm"].map(|part| beside(&store, part));
    if let Some(there) = left.into_iter().find(|path| path.exists()) {
        return Err(BackUpError::There(there));
    }
    let mut back_up = File::open(from).map_err(unusable(from))?;
    let master = folder::master_key(configuration, environment, from)?;
    folder::make(&configuration.data)?;
    folder::ours(&store)?;
    let partial = beside(&store, ".partial");
    drop(fs::remove_file(&partial)); // of a restoration that was broken off
    let mut file = new(&partial)?;
    let unfit = |error| match error {
        SecretsError::Store(why) => BackUpError::Unfit {
            path: from.to_owned(),
            why,
        },
        SecretsError::MasterKey(wrong) => SecretsError::MasterKey(wrong).into(),
    };
    let ended = io::copy(&mut back_up, &mut file)
        .map_err(unusable(&partial))
        .and_then(|_| Store::restored_file(&partial, &master, now).map_err(unfit))
        .and_then(|ended| settle(&partial, &store).map(|()| ended));
    if ended.is_err() {
        drop(fs::remove_file(&partial));
    }
    ended
}

/// A file that is whole gets its name.
fn settle(partial: &Path, to: &Path) -> Result<(), BackUpError> {
    let synced = File::open(partial).and_then(|file| file.sync_all());
    synced.map_err(unusable(partial))?;
    fs::rename(partial, to).map_err(unusable(to))?;
    private::sync_folder(to).map_err(unusable(to))
}

/// An empty file that its owner alone may read.
fn new(path: &Path) -> Result<File, BackUpError> {
    private::new(path).map_err(|why| {
        if why.kind() == io::ErrorKind::AlreadyExists {
            BackUpError::There(path.to_owned())
        } else {
            unusable(path)(why)
        }
    })
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> BackUpError {
    let path = path.to_owned();
    |why| BackUpError::Unusable { path, why }
}
