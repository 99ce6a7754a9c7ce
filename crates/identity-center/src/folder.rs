//! An installation's folder: `store.db` (SQLite), unless the store is on a server, and `master.key`, unless that comes from elsewhere.
//! Both are their owner's alone.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::configuration::Configuration;
use crate::master_key::{self, MasterKeyError, MasterKeys, Source, VARIABLE};
use crate::private;
use crate::store::{Store, StoreError};

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Its folder, or a file there, cannot be made or read.
    #[error("`{path}` cannot be used: {why}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// There is a store without its key: a new key would open nothing.
    #[error(
        "{store} is there, but its master key is not: {key} is missing and {VARIABLE} is not set"
    )]
    NoMasterKey {
        /// The store.
        store: String,
        /// Where its key would be.
        key: PathBuf,
    },
    /// A database that several instances share has one key, which nobody makes unasked.
    #[error("the master key {key} is missing and {VARIABLE} is not set")]
    NoSharedKey {
        /// Where it would be.
        key: PathBuf,
    },
    /// Its owner, the service, could not read what somebody else makes there.
    #[error("`{folder}` belongs to {owner}, who could not read what somebody else makes there")]
    Foreign {
        /// Which.
        folder: PathBuf,
        /// Whose it is.
        owner: String,
    },
    /// See [`MasterKeyError`].
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens an installation's store and master key. A new SQLite store is made with its key; for PostgreSQL none is made. `environment` is the value of [`VARIABLE`].
///
/// # Errors
/// See [`FolderError`].
pub async fn open(
    configuration: &Configuration,
    environment: Option<&str>,
) -> Result<(Store, MasterKeys), FolderError> {
    make(&configuration.data)?;
    found(configuration, environment).await
}

/// An installation that was set up, or was there.
pub struct Created {
    /// What it knows.
    pub store: Store,
    /// What that is sealed under.
    pub master: MasterKeys,
    /// What was made, for people.
    pub made: Vec<String>,
}

/// The same, where `init` was asked for: a database that has no master key gets one, too.
///
/// # Errors
/// See [`FolderError`].
pub async fn create(
    configuration: &Configuration,
    environment: Option<&str>,
) -> Result<Created, FolderError> {
    let (data, key) = (&configuration.data, key(configuration));
    let mut made = Vec::new();
    if !data.exists() {
        make(data)?;
        made.push(format!("{} (0700)", data.display()));
    }
    let had_key = key.exists();
    if let Some(url) = &configuration.store
        && is_missing(configuration, environment)
        && !Store::postgres(url.expose_secret())
            .await?
            .has_master_key()
            .await?
    {
        keep(&key)?;
    }
    let (store, master) = found(configuration, environment).await?;
    if !had_key && key.exists() {
        made.push(format!("master key {}", key.display()));
    }
    Ok(Created {
        store,
        master,
        made,
    })
}

/// Where an installation's master key comes from, unless the environment has it.
#[must_use]
pub fn source(configuration: &Configuration) -> Source {
    let given = configuration.master_key.clone();
    given.unwrap_or_else(|| Source::File(key(configuration)))
}

async fn found(
    configuration: &Configuration,
    environment: Option<&str>,
) -> Result<(Store, MasterKeys), FolderError> {
    let (key, source) = (key(configuration), source(configuration));
    let missing = is_missing(configuration, environment);
    if let Some(url) = &configuration.store {
        let store = Store::postgres(url.expose_secret()).await?;
        if missing {
            if store.has_master_key().await? {
                let store = "the store's database".to_owned();
                return Err(FolderError::NoMasterKey { store, key });
            }
            return Err(FolderError::NoSharedKey { key });
        }
        return Ok((store, MasterKeys::load(&source, environment)?));
    }
    let path = file(configuration);
    if missing {
        if path.exists() {
            let store = path.display().to_string();
            return Err(FolderError::NoMasterKey { store, key });
        }
        keep(&key)?;
    }
    let master = MasterKeys::load(&source, environment)?;
    private(&path)?;
    Ok((Store::sqlite(&path)?, master))
}

/// Opens the store alone, where there is one: nothing is made, and no key is asked for.
///
/// # Errors
/// See [`FolderError`].
pub async fn existing(configuration: &Configuration) -> Result<Store, FolderError> {
    if let Some(url) = &configuration.store {
        return Ok(Store::postgres(url.expose_secret()).await?);
    }
    let path = file(configuration);
    std::fs::metadata(&path).map_err(unusable(&path))?;
    Ok(Store::sqlite(&path)?)
}

/// The SQLite store's file.
#[must_use]
pub fn file(configuration: &Configuration) -> PathBuf {
    configuration.data.join("store.db")
}

/// The master key of a store that is there already: none is made. `environment` is the value of [`VARIABLE`].
///
/// # Errors
/// See [`FolderError`].
pub fn master_key(
    configuration: &Configuration,
    environment: Option<&str>,
    store: &Path,
) -> Result<MasterKeys, FolderError> {
    if is_missing(configuration, environment) {
        let store = store.display().to_string();
        let key = key(configuration);
        return Err(FolderError::NoMasterKey { store, key });
    }
    Ok(MasterKeys::load(&source(configuration), environment)?)
}

fn key(configuration: &Configuration) -> PathBuf {
    configuration.data.join("master.key")
}

fn is_missing(configuration: &Configuration, environment: Option<&str>) -> bool {
    let elsewhere = configuration.master_key.is_some() || environment.is_some();
    !elsewhere && !key(configuration).exists()
}

/// Makes an installation's folder where there is none.
pub(crate) fn make(path: &Path) -> Result<(), FolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(unusable(path))
}

/// Whether a file of this path would be its folder's owner's. Of a folder that is missing, nobody is.
///
/// # Errors
/// See [`FolderError`].
pub(crate) fn ours(path: &Path) -> Result<(), FolderError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    let owner = match folder.metadata() {
        Ok(there) => there.uid(),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(unusable(folder)(why)),
    };
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Err(FolderError::Foreign {
        folder: folder.to_owned(),
        owner: name(&users, owner).map_or_else(|| owner.to_string(), str::to_owned),
    })
}

/// What the user of this number is called in `passwd(5)`.
fn name(users: &str, number: u32) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then_some(name)
    })
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    |why| FolderError::Unusable { path, why }
}

/// Makes an empty file that its owner alone may read, unless it is there.
fn private(path: &Path) -> Result<(), FolderError> {
    if !path.exists() {
        ours(path)?;
    }
    match private::new(path) {
        Ok(_) => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(why) => Err(unusable(path)(why)),
    }
}

/// Makes the master key: it is on the disk before anything is sealed under it.
fn keep(path: &Path) -> Result<(), FolderError> {
    ours(path)?;
    let text = Zeroizing::new(format!("{}\n", *master_key::generate()));
    private::write_new(path, text.as_bytes()).map_err(unusable(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_as_the_list_says() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\nbroken\n\nic:x:998:997::/var/lib/ic:/sbin/nologin\n";
        let check = |number, expected| assert_eq!(name(users, number), expected, "{number}");
        check(0, Some("root"));
        check(998, Some("ic"));
        check(997, None);
    }
}
