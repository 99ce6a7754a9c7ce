//! The key that new secrets are sealed with, and what is sealed for others.

use serde_json::Map;
use zeroize::Zeroizing;

use super::disk::{Found, Previous};
use super::{Store, StoreError, guard};
use crate::FileLock;
use crate::document::{Document, KeyEntry, Profile};
use crate::key::{Key, KeyError, KeyId, KeySource};
use crate::seal::{self, SealedBlob};

/// The key that this process seals with.
#[derive(Clone)]
pub(super) struct Chosen {
    id: KeyId,
    source: KeySource,
}

impl Store {
    /// Makes sure, before a browser opens, that a key can be had, and seals with it from now on.
    ///
    /// `None` takes the source in use, else the system's keyring. Never falls back to another.
    ///
    /// # Errors
    /// [`StoreError::Key`] when the source does not work.
    pub fn ensure_key(&self, source: Option<KeySource>) -> Result<KeySource, StoreError> {
        let document = self.document_or_empty()?;
        let source = source
            .or_else(|| source_in_use(&document))
            .unwrap_or(KeySource::OsKeyring);
        if self.choose(&document, source)? {
            return Ok(source);
        }
        self.home().ensure()?;
        let (lock, mut found) = self.lock_with_key(Some(source))?;
        if self.choose(&found.document, source)? {
            return Ok(source);
        }
        let id = self.make(&lock, &mut found.document, source)?;
        let written = self.write(&lock, found, &Previous::Keep);
        self.keep_made(&lock, written, &id, source)?;
        drop(lock);
        self.settle_keys_if_possible();
        Ok(source)
    }

    /// Takes the lock of writers, with everything asked for beforehand that [`Store::key_for_writing`] needs of a person:
    /// nobody waits for a lock because somebody is looking for a passphrase.
    pub(super) fn lock_with_key(
        &self,
        source: Option<KeySource>,
    ) -> Result<(FileLock, Found), StoreError> {
        for last in [false, false, false, true] {
            let document = self.document_or_empty()?;
            if self.asks_a_person(&document, source) {
                let kind = KeySource::Passphrase;
                if !self.choose(&document, kind)? {
                    let store = self.inner.keys.store(kind);
                    let made = KeyId::random().and_then(|id| store.create(&id));
                    let made = made.map_err(|error| StoreError::Key {
                        source: kind,
                        error,
                    })?;
                    *guard(&self.inner.ahead) = Some(made);
                }
            }
            let lock = self.lock()?;
            let found = self.found_for_writing()?;
            // While a person was asked, somebody else may have made or destroyed a key.
            if last || !self.asks_a_person(&found.document, source) {
                return Ok((lock, found));
            }
        }
        Err(StoreError::Busy {
            lock: self.home().credentials_lock(),
        })
    }

    /// Whether taking or making the key to seal with would ask a person for something.
    fn asks_a_person(&self, document: &Document, source: Option<KeySource>) -> bool {
        let chosen = source.is_none().then(|| self.chosen_in(document)).flatten();
        let source = source.unwrap_or_else(|| self.present_source(document));
        if source != KeySource::Passphrase {
            return false;
        }
        let first = chosen.or_else(|| Self::candidates(document, source).next());
        match first {
            Some(id) => self.loaded(&id).is_none(),
            None => guard(&self.inner.ahead).is_none(),
        }
    }

    /// Whether keys of this source can be written and read now; leaves nothing behind.
    ///
    /// # Errors
    /// [`StoreError::Key`] when not.
    pub fn probe_key(&self, source: KeySource) -> Result<(), StoreError> {
        let store = self.inner.keys.store(source);
        store
            .probe()
            .map_err(|error| StoreError::Key { source, error })
    }

    /// Seals something for a file of another owner. `purpose` binds it to its place: the same text
    /// must be given to [`Store::unseal`].
    ///
    /// # Errors
    /// [`StoreError::Key`].
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<SealedBlob, StoreError> {
        // Another process may have destroyed the keys (`logout --all`) since this one chose.
        let document = self.document_or_empty()?;
        let id = match self.chosen_in(&document) {
            Some(id) => id,
            None => {
                let source = self.ensure_key(Some(self.present_source(&document)))?;
                let error = KeyError::Missing;
                self.chosen_id().ok_or(StoreError::Key { source, error })?
            }
        };
        let key = match self.loaded(&id) {
            Some(key) => key,
            None => self.load(&self.document()?.document, &id)?,
        };
        let aad = seal::blob_data(&id, purpose);
        let sealed = seal::seal(&key, &aad, plain).map_err(|error| StoreError::Key {
            source: self.chosen_source(),
            error,
        })?;
        Ok(SealedBlob {
            key: id,
            alg: sealed.alg,
            nonce: sealed.nonce,
            ciphertext: sealed.ciphertext,
        })
    }

    /// Seals from now on with the key of this blob: as another process chose, whose work this one goes on with.
    ///
    /// # Errors
    /// [`StoreError::Key`] when the key cannot be had.
    pub fn seal_as(&self, blob: &SealedBlob) -> Result<(), StoreError> {
        let document = self.document()?.document;
        self.load(&document, &blob.key)?;
        if let Some(entry) = document.keys.get(&blob.key) {
            *guard(&self.inner.chosen) = Some(Chosen {
                id: blob.key.clone(),
                source: entry.source,
            });
        }
        Ok(())
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

    /// The key to seal with, made and put into `document` when it has none; the second is the
    /// source of a key made now, to be confirmed by [`Store::keep_made`] after the write.
    pub(super) fn key_for_writing(
        &self,
        lock: &FileLock,
        document: &mut Document,
    ) -> Result<(KeyId, Option<KeySource>), StoreError> {
        if let Some(id) = self.chosen_in(document) {
            return Ok((id, None));
        }
        let source = self.present_source(document);
        if self.choose(document, source)?
            && let Some(id) = self.chosen_id()
        {
            return Ok((id, None));
        }
        Ok((self.make(lock, document, source)?, Some(source)))
    }

    /// After the write that was to keep a new key: destroys it when the file does not name it.
    pub(super) fn keep_made(
        &self,
        lock: &FileLock,
        written: Result<(), StoreError>,
        id: &KeyId,
        source: KeySource,
    ) -> Result<(), StoreError> {
        let kept = written.is_ok()
            || self
                .document()
                .is_ok_and(|found| found.document.keys.contains_key(id));
        if kept {
            *guard(&self.inner.chosen) = Some(Chosen {
                id: id.clone(),
                source,
            });
        } else {
            guard(&self.inner.loaded).remove(id);
        }
        // What could not be destroyed stays noted, for the next writer.
        let settled = kept || self.inner.keys.store(source).destroy(id).is_ok();
        if settled && let Err(error) = self.settled(lock, [id]) {
            tracing::warn!(%error, "a key stays noted as unsettled");
        }
        written
    }

    pub(super) fn loaded(&self, id: &KeyId) -> Option<Key> {
        guard(&self.inner.loaded).get(id).cloned()
    }

    /// The key of this name, from memory or its store.
    pub(super) fn load(&self, document: &Document, id: &KeyId) -> Result<Key, StoreError> {
        if let Some(key) = self.loaded(id) {
            return Ok(key);
        }
        let Some(entry) = document.keys.get(id) else {
            return Err(StoreError::Key {
                source: self.present_source(document),
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

    fn make(
        &self,
        lock: &FileLock,
        document: &mut Document,
        source: KeySource,
    ) -> Result<KeyId, StoreError> {
        let failed = |error| StoreError::Key { source, error };
        let mut id = KeyId::random().map_err(failed)?;
        while document.keys.contains_key(&id) {
            id = KeyId::random().map_err(failed)?;
        }
        // Whoever is killed before the file names the key leaves it to the next writer.
        self.note_unsettled(lock, &[(id.clone(), source)].into())?;
        let ahead = match source {
            KeySource::Passphrase => guard(&self.inner.ahead).take(),
            KeySource::OsKeyring | KeySource::Plaintext => None,
        };
        let created = ahead.map_or_else(|| self.inner.keys.store(source).create(&id), Ok);
        if let Err(error) = &created
            && !matches!(error, KeyError::Locked | KeyError::TimedOut)
        {
            // A keyring that waits for somebody may make it yet; any other has not.
            self.settled(lock, [&id])?;
        }
        let (key, kdf) = created.map_err(failed)?;
        guard(&self.inner.loaded).insert(id.clone(), key);
        let entry = KeyEntry {
            source,
            kdf,
            unknown: Map::new(),
        };
        document.keys.insert(id.clone(), entry);
        Ok(id)
    }

    /// Takes the first key of this source that is still there.
    fn choose(&self, document: &Document, source: KeySource) -> Result<bool, StoreError> {
        for id in Self::candidates(document, source) {
            match self.load(document, &id) {
                Ok(_) => {
                    *guard(&self.inner.chosen) = Some(Chosen {
                        id: id.clone(),
                        source,
                    });
                    return Ok(true);
                }
                Err(error) if error.is_missing_key() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The keys of this source, that of the active profile first.
    fn candidates(document: &Document, source: KeySource) -> impl Iterator<Item = KeyId> {
        let active = document
            .profiles
            .get(&document.active)
            .and_then(|profile| profile.public().ok())
            .map(|public| public.key);
        let ids = active.into_iter().chain(document.keys.keys().cloned());
        ids.filter(move |id| {
            let entry = document.keys.get(id);
            entry.is_some_and(|entry| entry.source == source)
        })
    }

    fn chosen_id(&self) -> Option<KeyId> {
        guard(&self.inner.chosen)
            .as_ref()
            .map(|chosen| chosen.id.clone())
    }

    fn chosen_in(&self, document: &Document) -> Option<KeyId> {
        self.chosen_id().filter(|id| document.keys.contains_key(id))
    }

    fn chosen_source(&self) -> KeySource {
        guard(&self.inner.chosen)
            .as_ref()
            .map_or(KeySource::OsKeyring, |chosen| chosen.source)
    }

    /// The source in use, else what this process chose.
    fn present_source(&self, document: &Document) -> KeySource {
        source_in_use(document).unwrap_or_else(|| self.chosen_source())
    }
}

/// The source of the active profile's key, else of any other profile's. A key that no session uses decides nothing: somebody
/// may have asked for it once and gone away.
fn source_in_use(document: &Document) -> Option<KeySource> {
    let key = |profile: &Profile| document.keys.get(&profile.public().ok()?.key);
    let of_active = document.profiles.get(&document.active).and_then(key);
    let entry = of_active.or_else(|| document.profiles.values().find_map(key));
    entry.map(|entry| entry.source)
}
