//! The credential file as its programs use it: read, save, switch, remove, seal.
//!
//! Write sequence: `credentials.lock` → re-read → change → previous good copy to `.bak` →
//! temporary, fsync, rename, fsync of the folder. A caller that handles signals holds them back
//! for the time of a call to [`Store::save`] or [`Store::refresh`]; this crate installs no handler.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Map;
use zeroize::Zeroizing;

use crate::document::{Document, KeyEntry, LIMIT, Profile, Unreadable};
use crate::file::{self, FileError};
use crate::key::{Key, KeyError, KeyId, KeySource, Keys};
use crate::profile::ProfileName;
use crate::seal::{self, SealedBlob};
use crate::session::{NewPublic, Plain, Public, Session, Tokens};
use crate::snapshot::{Recovered, Snapshot};
use crate::watch::{self, Watch};
use crate::{FileLock, Home, quarantine};

/// How long a writer waits for another one.
const LOCK_DEADLINE: Duration = Duration::from_secs(10);

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
    Busy,
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
            StoreError::Busy => formatter.write_str("the credential file is busy"),
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
            | StoreError::Busy => None,
        }
    }
}

impl StoreError {
    /// What a failed lock means.
    pub(crate) fn of_lock(error: FileError) -> StoreError {
        if matches!(error, FileError::LockTimeout { .. }) {
            StoreError::Busy
        } else {
            StoreError::File(error)
        }
    }

    fn is_missing_key(&self) -> bool {
        let missing = KeyError::Missing;
        matches!(self, StoreError::Key { error, .. } if *error == missing)
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        StoreError::File(error)
    }
}

/// The credential file of one home. Cheap to clone; clones share unsealed keys.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    home: Home,
    keys: Keys,
    written_by: String,
    /// Keys loaded so far, for the life of the process.
    loaded: Mutex<BTreeMap<KeyId, Key>>,
    /// The key that new secrets are sealed with, once one was ensured.
    chosen: Mutex<Option<KeyId>>,
    /// Up to 30 s, so that many processes do not refresh at the same moment.
    jitter: Duration,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("home", &self.inner.home)
            .finish_non_exhaustive()
    }
}

/// What lies on the disk, and the bytes when they are damaged.
struct Found {
    document: Document,
    present: bool,
    damaged: Option<(Vec<u8>, Recovered)>,
}

/// What a change wants done with the previous copy.
pub(crate) enum Previous {
    Keep,
    Forget,
}

impl Store {
    /// The store of this home. `written_by` is `name/version`. Touches nothing yet.
    pub fn new(home: Home, keys: Keys, written_by: &str) -> Store {
        let jitter =
            Duration::from_millis(u64::from(getrandom::u32().unwrap_or_default() % 30_000));
        let inner = Inner {
            home,
            keys,
            written_by: written_by.to_owned(),
            loaded: Mutex::default(),
            chosen: Mutex::default(),
            jitter,
        };
        Store {
            inner: Arc::new(inner),
        }
    }

    /// The home it belongs to.
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    pub(crate) fn jitter(&self) -> Duration {
        self.inner.jitter
    }

    /// The public side of the file. Takes no lock, needs no key, writes nothing; no file is an
    /// empty snapshot.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when neither the file nor `.bak` can be read, `Newer`, `File`.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        let found = self.document()?;
        let recovered = found.damaged.map(|(_, recovered)| recovered);
        Snapshot::of(&found.document, recovered).map_err(|_| self.damaged())
    }

    /// Makes sure, before a browser opens, that a key can be had, and seals with it from now on.
    ///
    /// `None` takes the source in use, else the system's keyring. Never falls back to another.
    ///
    /// # Errors
    /// [`StoreError::Key`] when the source does not work.
    pub fn ensure_key(&self, source: Option<KeySource>) -> Result<KeySource, StoreError> {
        let document = self.document_or_empty()?;
        let source = source.unwrap_or_else(|| present_source(&document));
        if self.choose(&document, source)? {
            return Ok(source);
        }
        self.home().ensure()?;
        let lock = self.lock()?;
        let mut found = self.found_for_writing()?;
        if self.choose(&found.document, source)? {
            return Ok(source);
        }
        let (id, key, kdf) = loop {
            let id = KeyId::random().map_err(|error| StoreError::Key { source, error })?;
            if !found.document.keys.contains_key(&id) {
                let (key, kdf) = self
                    .inner
                    .keys
                    .store(source)
                    .create(&id)
                    .map_err(|error| StoreError::Key { source, error })?;
                break (id, key, kdf);
            }
        };
        found.document.keys.insert(
            id.clone(),
            KeyEntry {
                source,
                kdf,
                unknown: Map::new(),
            },
        );
        if let Err(error) = self.write(&lock, found, &Previous::Keep) {
            let _ = self.inner.keys.store(source).destroy(&id);
            return Err(error);
        }
        guard(&self.inner.loaded).insert(id.clone(), key);
        *guard(&self.inner.chosen) = Some(id);
        Ok(source)
    }

    /// Writes a new session into a slot, in place of what was there. Unknown fields of the public
    /// part stay; inside the seal they stay when the old seal opens with the same key.
    ///
    /// # Errors
    /// [`StoreError`]; the old session is then untouched.
    pub fn save(
        &self,
        profile: &ProfileName,
        public: NewPublic,
        tokens: Tokens,
    ) -> Result<Session, StoreError> {
        let chosen = guard(&self.inner.chosen).clone();
        if chosen.is_none() {
            self.ensure_key(None)?;
        }
        self.home().ensure()?;
        let lock = self.lock()?;
        let mut found = self.found_for_writing()?;
        let id = match guard(&self.inner.chosen).clone() {
            Some(id) if found.document.keys.contains_key(&id) => id,
            // The keys were destroyed (`logout --all`) since this process chose.
            Some(_) | None => {
                drop(lock);
                *guard(&self.inner.chosen) = None;
                self.ensure_key(None)?;
                return self.save(profile, public, tokens);
            }
        };
        let old = found.document.profiles.get(profile);
        let old_public = old.and_then(|old| old.public().ok());
        let sealed_unknown = match (&old_public, old) {
            (Some(public), Some(old)) if public.key == id => self
                .unseal_profile(&found.document, profile, old)
                .map(|(_, plain)| plain.unknown.clone())
                .unwrap_or_default(),
            _ => Map::new(),
        };
        let revision = old_public.as_ref().map_or(1, |public| public.revision + 1);
        let public = Public::of(
            public,
            revision,
            id,
            old_public.map(|public| public.unknown).unwrap_or_default(),
        );
        let session = self.put(
            &mut found.document,
            profile,
            public,
            Plain::of(&tokens, sealed_unknown),
        )?;
        if found.document.profiles.len() == 1 {
            found.document.active = profile.clone();
        }
        self.write(&lock, found, &Previous::Keep)?;
        Ok(session)
    }

    /// The session in this slot, unsealed and authenticated; `None` when the slot is empty.
    ///
    /// # Errors
    /// [`StoreError::KeyGone`], `Tampered`, `Key`, or why the file cannot be read.
    pub fn session(&self, profile: &ProfileName) -> Result<Option<Session>, StoreError> {
        self.session_and_nonce(profile)
            .map(|found| found.map(|(session, _)| session))
    }

    /// Also the seal's nonce, which is new with every write of the profile.
    pub(crate) fn session_and_nonce(
        &self,
        profile: &ProfileName,
    ) -> Result<Option<(Session, String)>, StoreError> {
        let document = self.document()?.document;
        let Some(entry) = document.profiles.get(profile) else {
            return Ok(None);
        };
        let (public, plain) = self.unseal_profile(&document, profile, entry)?;
        let session = Session {
            profile: profile.clone(),
            public,
            tokens: plain.tokens(),
        };
        Ok(Some((session, entry.sealed.nonce.clone())))
    }

    /// Makes a profile the active one. Needs no key.
    ///
    /// # Errors
    /// [`StoreError::NoSuchProfile`], or why the file cannot be written.
    pub fn switch(&self, profile: &ProfileName) -> Result<(), StoreError> {
        self.home().ensure()?;
        let lock = self.lock()?;
        let mut found = self.found_for_writing()?;
        if !found.document.profiles.contains_key(profile) {
            return Err(StoreError::NoSuchProfile {
                profile: profile.clone(),
            });
        }
        if found.document.active == *profile && found.damaged.is_none() {
            return Ok(());
        }
        found.document.active = profile.clone();
        self.write(&lock, found, &Previous::Keep)
    }

    /// Forgets a profile everywhere: the file, `.bak`, quarantine, its refresh record. Needs no key.
    /// `false` when there was none.
    ///
    /// # Errors
    /// Why the file cannot be written.
    pub fn remove(&self, profile: &ProfileName) -> Result<bool, StoreError> {
        self.home().ensure()?;
        let lock = self.lock()?;
        let mut found = self.found_for_writing()?;
        let removed = found.document.forget(profile);
        if removed || found.damaged.is_some() {
            self.write(&lock, found, &Previous::Forget)?;
        } else {
            self.forget_in_backup(profile)?;
        }
        quarantine::forget(self.home(), Some(profile))?;
        file::remove(&self.record_path(profile))?;
        Ok(removed)
    }

    /// Forgets everything and destroys the keys.
    ///
    /// The files go first: a key store that does not answer then leaves only a key to nothing.
    ///
    /// # Errors
    /// [`StoreError::Key`] for the first key that could not be destroyed; the files are gone then.
    pub fn remove_all(&self) -> Result<(), StoreError> {
        self.home().ensure()?;
        let lock = self.lock()?;
        let found = self.found_for_writing()?;
        let keys = found.document.keys;
        let profiles: Vec<ProfileName> = found.document.profiles.into_keys().collect();
        file::remove(&self.home().backup())?;
        file::remove(&self.home().credentials_file())?;
        quarantine::forget(self.home(), None)?;
        for profile in profiles {
            file::remove(&self.record_path(&profile))?;
        }
        guard(&self.inner.loaded).clear();
        *guard(&self.inner.chosen) = None;
        drop(lock);
        let mut result = Ok(());
        for (id, entry) in keys {
            if let Err(error) = self.inner.keys.store(entry.source).destroy(&id) {
                result = result.and(Err(StoreError::Key {
                    source: entry.source,
                    error,
                }));
            }
        }
        result
    }

    /// Seals something for a file of another owner. `purpose` binds it to its place: the same text
    /// must be given to [`Store::unseal`].
    ///
    /// # Errors
    /// [`StoreError::Key`].
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<SealedBlob, StoreError> {
        let chosen = guard(&self.inner.chosen).clone();
        let id = match chosen {
            Some(id) => id,
            None => {
                let source = self.ensure_key(None)?;
                let chosen = guard(&self.inner.chosen).clone();
                chosen.ok_or(StoreError::Key {
                    source,
                    error: KeyError::Missing,
                })?
            }
        };
        let key = self.loaded(&id).ok_or(StoreError::Key {
            source: KeySource::OsKeyring,
            error: KeyError::Missing,
        })?;
        let sealed = seal::seal(&key, &seal::blob_data(&id, purpose), plain).map_err(|_| {
            StoreError::Tampered {
                profile: purpose.to_owned(),
            }
        })?;
        Ok(SealedBlob {
            key: id,
            alg: sealed.alg,
            nonce: sealed.nonce,
            ciphertext: sealed.ciphertext,
        })
    }

    /// Opens what [`Store::seal`] made for the same purpose.
    ///
    /// # Errors
    /// [`StoreError::Tampered`], or [`StoreError::Key`] when the key cannot be had.
    pub fn unseal(
        &self,
        purpose: &str,
        blob: &SealedBlob,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let key = match self.loaded(&blob.key) {
            Some(key) => key,
            None => self.load(&self.document()?.document, &blob.key)?,
        };
        seal::unseal(
            &key,
            &seal::blob_data(&blob.key, purpose),
            &blob.alg,
            &blob.nonce,
            &blob.ciphertext,
        )
        .map_err(|_| StoreError::Tampered {
            profile: purpose.to_owned(),
        })
    }

    /// Calls `changed` after the credential file, `sign-ins/`, a refresh record or
    /// `organizations.toml` changed; a hint to re-read, from a thread of its own.
    pub fn watch(&self, changed: Box<dyn Fn() + Send + Sync>) -> Watch {
        if let Err(error) = self.home().ensure() {
            tracing::warn!(%error, "the home cannot be made");
        }
        watch::watch(self.home(), changed)
    }

    /// Puts a renewed session in place of the very one that was renewed. `None`: it is no longer
    /// there (signed out, or signed in anew).
    pub(crate) fn renew(
        &self,
        profile: &ProfileName,
        nonce: &str,
        change: impl FnOnce(&mut Public, &mut Tokens),
    ) -> Result<Option<Session>, StoreError> {
        // The IdP may have rotated already: wait longer than anybody can hold the lock.
        let lock = self.lock_for(Duration::from_secs(60))?;
        let mut found = self.found_for_writing()?;
        let Some(entry) = found
            .document
            .profiles
            .get(profile)
            .filter(|entry| entry.sealed.nonce == nonce)
        else {
            return Ok(None);
        };
        let (mut public, plain) = self.unseal_profile(&found.document, profile, entry)?;
        let mut tokens = plain.tokens();
        change(&mut public, &mut tokens);
        public.revision += 1;
        let session = self.put(
            &mut found.document,
            profile,
            public,
            Plain::of(&tokens, plain.unknown.clone()),
        )?;
        self.write(&lock, found, &Previous::Keep)?;
        Ok(Some(session))
    }

    pub(crate) fn record_path(&self, profile: &ProfileName) -> PathBuf {
        self.home().locks().join(format!("{profile}.json"))
    }

    fn put(
        &self,
        document: &mut Document,
        profile: &ProfileName,
        public: Public,
        plain: Plain,
    ) -> Result<Session, StoreError> {
        let tampered = || StoreError::Tampered {
            profile: profile.to_string(),
        };
        let key = self.load(document, &public.key)?;
        let value = serde_json::to_value(&public).map_err(|_| tampered())?;
        let aad = document.associated_data(profile, &value);
        let bytes = plain.bytes().map_err(|_| tampered())?;
        let mut sealed = seal::seal(&key, &aad, &bytes).map_err(|_| tampered())?;
        let mut unknown = Map::new();
        if let Some(old) = document.profiles.remove(profile) {
            sealed.unknown = old.sealed.unknown;
            unknown = old.unknown;
        }
        document.profiles.insert(
            profile.clone(),
            Profile {
                public: value,
                sealed,
                unknown,
            },
        );
        Ok(Session {
            profile: profile.clone(),
            public,
            tokens: plain.tokens(),
        })
    }

    fn unseal_profile(
        &self,
        document: &Document,
        name: &ProfileName,
        entry: &Profile,
    ) -> Result<(Public, Plain), StoreError> {
        let tampered = || StoreError::Tampered {
            profile: name.to_string(),
        };
        let public = entry.public().map_err(|_| tampered())?;
        let key = self.load(document, &public.key).map_err(|error| {
            if error.is_missing_key() {
                StoreError::KeyGone {
                    profile: name.clone(),
                }
            } else {
                error
            }
        })?;
        let aad = document.associated_data(name, &entry.public);
        let sealed = &entry.sealed;
        let bytes = seal::unseal(&key, &aad, &sealed.alg, &sealed.nonce, &sealed.ciphertext)
            .map_err(|_| tampered())?;
        let plain = Plain::parse(&bytes).map_err(|_| tampered())?;
        Ok((public, plain))
    }

    fn loaded(&self, id: &KeyId) -> Option<Key> {
        guard(&self.inner.loaded).get(id).cloned()
    }

    /// The key of this name, from memory or its store.
    fn load(&self, document: &Document, id: &KeyId) -> Result<Key, StoreError> {
        if let Some(key) = self.loaded(id) {
            return Ok(key);
        }
        let Some(entry) = document.keys.get(id) else {
            return Err(StoreError::Key {
                source: present_source(document),
                error: KeyError::Missing,
            });
        };
        let source = entry.source;
        let key = self
            .inner
            .keys
            .store(source)
            .load(id, entry.kdf.as_ref())
            .map_err(|error| StoreError::Key { source, error })?;
        guard(&self.inner.loaded).insert(id.clone(), key.clone());
        Ok(key)
    }

    /// Takes the first key of this source that is still there.
    fn choose(&self, document: &Document, source: KeySource) -> Result<bool, StoreError> {
        let active = document
            .profiles
            .get(&document.active)
            .and_then(|profile| profile.public().ok())
            .map(|public| public.key);
        let ids = active.iter().chain(document.keys.keys());
        for id in ids.filter(|id| {
            document
                .keys
                .get(*id)
                .is_some_and(|entry| entry.source == source)
        }) {
            match self.load(document, id) {
                Ok(_) => {
                    *guard(&self.inner.chosen) = Some(id.clone());
                    return Ok(true);
                }
                Err(StoreError::Key {
                    error: KeyError::Missing,
                    ..
                }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    pub(crate) fn lock(&self) -> Result<FileLock, StoreError> {
        self.lock_for(LOCK_DEADLINE)
    }

    fn lock_for(&self, deadline: Duration) -> Result<FileLock, StoreError> {
        FileLock::acquire(&self.home().credentials_lock(), deadline).map_err(StoreError::of_lock)
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged {
            set_aside: self.home().credentials_file(),
        }
    }

    /// What a reader sees.
    fn document(&self) -> Result<Found, StoreError> {
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
    fn found_for_writing(&self) -> Result<Found, StoreError> {
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

    fn document_or_empty(&self) -> Result<Document, StoreError> {
        match self.document() {
            Ok(found) => Ok(found.document),
            Err(StoreError::Damaged { .. }) => Ok(Document::empty()),
            Err(error) => Err(error),
        }
    }

    fn write(&self, _lock: &FileLock, found: Found, previous: &Previous) -> Result<(), StoreError> {
        let path = self.home().credentials_file();
        let mut document = found.document;
        document.generation += 1;
        document.written_by.clone_from(&self.inner.written_by);
        let bytes = document.bytes().map_err(|_| self.damaged())?;
        if bytes.len() > LIMIT {
            return Err(FileError::TooLarge { path }.into());
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

    fn forget_in_backup(&self, profile: &ProfileName) -> Result<(), StoreError> {
        let backup = self.home().backup();
        if let Some(bytes) = file::read_private(&backup, LIMIT)?
            && let Ok(mut document) = Document::parse(&bytes)
            && document.forget(profile)
        {
            let bytes = document.bytes().map_err(|_| self.damaged())?;
            file::replace(&backup, &bytes)?;
        }
        Ok(())
    }
}

fn present_source(document: &Document) -> KeySource {
    let of_active = document
        .profiles
        .get(&document.active)
        .and_then(|profile| profile.public().ok())
        .and_then(|public| document.keys.get(&public.key));
    of_active
        .or_else(|| document.keys.values().next())
        .map_or(KeySource::OsKeyring, |entry| entry.source)
}

fn guard<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
