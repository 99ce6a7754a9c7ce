//! The credential file as its programs use it: read, save, switch, remove, seal.
//!
//! Write sequence: `credentials.lock` → re-read → change → previous good copy to `.bak` →
//! temporary, fsync, rename, fsync of the folder. A caller that handles signals holds them back
//! for the time of a call to [`Store::save`] or [`Store::refresh`]; this crate installs no handler.

mod disk;
mod error;
mod sealing_key;
mod sign_out;
mod unsettled;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Map;

pub use error::StoreError;

use crate::Home;
use crate::document::{Document, Profile};
use crate::key::{Kdf, Key, KeyId, KeySource, Keys};
use crate::profile::ProfileName;
use crate::refresh::{Renewal, Unsaved};
use crate::seal;
use crate::session::{NewPublic, Plain, Public, Session, Tokens};
use crate::snapshot::{Snapshot, Stored};
use crate::watch::{self, Watch};
use disk::Previous;
use sealing_key::Chosen;

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
    chosen: Mutex<Option<Chosen>>,
    /// Renewals that the disk did not take yet.
    unsaved: Mutex<BTreeMap<ProfileName, Unsaved>>,
    /// A key of a passphrase that was asked for before the lock was taken.
    ahead: Mutex<Option<(Key, Option<Kdf>)>>,
    /// Up to 30 s, so that many processes do not refresh at the same moment.
    jitter: Duration,
    /// What tells the person that they wait.
    waits: OnceLock<Box<Waits>>,
}

type Waits = dyn Fn(&Path) + Send + Sync;

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("home", &self.inner.home)
            .finish_non_exhaustive()
    }
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
            unsaved: Mutex::default(),
            ahead: Mutex::default(),
            jitter,
            waits: OnceLock::new(),
        };
        Store {
            inner: Arc::new(inner),
        }
    }

    /// Has a person told of each wait for another process that takes some seconds: by the file of the lock that it holds.
    pub fn tell_waits(&self, tell: impl Fn(&Path) + Send + Sync + 'static) {
        let _ = self.inner.waits.set(Box::new(tell));
    }

    pub(crate) fn waits_for(&self, lock: &Path) {
        if let Some(tell) = self.inner.waits.get() {
            tell(lock);
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

    /// Writes a new session into a slot, in place of what was there, and makes the slot the active one by the same write.
    /// Unknown fields of the public part stay; inside the seal they stay when the old seal opens with the same key.
    ///
    /// # Errors
    /// [`StoreError`]; the old session is then untouched.
    pub fn save(
        &self,
        profile: &ProfileName,
        public: NewPublic,
        tokens: Tokens,
    ) -> Result<Session, StoreError> {
        self.home().ensure()?;
        let (lock, mut found) = self.lock_with_key(None)?;
        let (id, made) = self.key_for_writing(&lock, &mut found.document)?;
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
            id.clone(),
            old_public.map(|public| public.unknown).unwrap_or_default(),
        );
        let session = self.put(
            &mut found.document,
            profile,
            public,
            Plain::of(&tokens, sealed_unknown),
        )?;
        found.document.active = profile.clone();
        let written = self.write(&lock, found, &Previous::Keep);
        match made {
            Some(source) => self.keep_made(&lock, written, &id, source)?,
            None => written?,
        }
        drop(lock);
        self.settle_keys_if_possible();
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

    /// The same of the active profile when none is named, with what else one reading tells: for
    /// callers that run often and read once.
    ///
    /// # Errors
    /// As [`Store::session`].
    pub fn stored(&self, named: Option<&ProfileName>) -> Result<Stored, StoreError> {
        let found = self.document()?;
        let profile = named.unwrap_or(&found.document.active).clone();
        let session = match found.document.profiles.get(&profile) {
            Some(entry) => {
                let (public, plain) = self.unseal_profile(&found.document, &profile, entry)?;
                Some(Session {
                    profile,
                    public,
                    tokens: plain.tokens(),
                })
            }
            None => None,
        };
        Ok(Stored {
            session,
            recovered: found.damaged.map(|(_, recovered)| recovered),
        })
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
        self.write(&lock, found, &Previous::Keep)?;
        drop(lock);
        self.settle_keys_if_possible();
        Ok(())
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
        renewal: Renewal,
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
        renewal.apply(&mut public, &mut tokens);
        public.revision += 1;
        let session = self.put(
            &mut found.document,
            profile,
            public,
            Plain::of(&tokens, plain.unknown.clone()),
        )?;
        self.write(&lock, found, &Previous::Keep)?;
        drop(lock);
        self.settle_keys_if_possible();
        Ok(Some(session))
    }

    pub(crate) fn unsaved(&self) -> MutexGuard<'_, BTreeMap<ProfileName, Unsaved>> {
        guard(&self.inner.unsaved)
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
        let mut sealed = seal::seal(&key, &aad, &bytes).map_err(|error| {
            let entry = document.keys.get(&public.key);
            let source = entry.map_or(KeySource::OsKeyring, |entry| entry.source);
            StoreError::Key { source, error }
        })?;
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
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
