//! Keys that are being made or destroyed: `unsettled-keys.json`, key name → source.
//!
//! A key stands here before it is made and before the last file that names it goes, so that whoever is killed in between
//! leaves no key that nobody knows of. The next writer settles what it finds: a key that a file names is in use, any
//! other is destroyed. Read and written under `credentials.lock`; the key stores, which may wait for a person, are asked
//! without it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Store, StoreError, guard};
use crate::document::{Document, LIMIT};
use crate::file::{self, FileError};
use crate::key::{KeyId, KeySource};
use crate::{FileLock, quarantine};

/// Names with the source of each.
pub(super) type Named = BTreeMap<KeyId, KeySource>;

impl Store {
    /// Notes keys that no file may name soon. A passphrase leaves no key anywhere.
    pub(super) fn note_unsettled(&self, _lock: &FileLock, keys: &Named) -> Result<(), FileError> {
        let mut noted = self.unsettled();
        let before = noted.len();
        let kept = keys
            .iter()
            .filter(|(_, source)| **source != KeySource::Passphrase);
        noted.extend(kept.map(|(id, source)| (id.clone(), *source)));
        if noted.len() == before {
            return Ok(());
        }
        self.write_unsettled(&noted)
    }

    /// Takes keys off the list; it goes with the last one.
    pub(super) fn settled<'a>(
        &self,
        _lock: &FileLock,
        keys: impl IntoIterator<Item = &'a KeyId>,
    ) -> Result<(), FileError> {
        let mut noted = self.unsettled();
        let before = noted.len();
        for id in keys {
            noted.remove(id);
        }
        match noted.len() {
            after if after == before => Ok(()),
            0 => file::remove(&self.home().unsettled_keys()).map(drop),
            _ => self.write_unsettled(&noted),
        }
    }

    /// Destroys these keys, and those that a killed process left, unless a file names them. The caller has let go of
    /// `credentials.lock`.
    ///
    /// # Errors
    /// Why the first key could not be destroyed. It stays on the list, for the next writer.
    pub(super) fn settle_keys(&self, mut keys: Named) -> Result<(), StoreError> {
        if keys.is_empty() && !self.home().unsettled_keys().exists() {
            return Ok(());
        }
        let lock = self.lock()?;
        let named = self.named_keys()?;
        keys.extend(self.unsettled());
        let (used, lost): (Named, Named) = keys.into_iter().partition(|(id, _)| named.contains(id));
        self.settled(&lock, used.keys())?;
        drop(lock);
        let mut result = Ok(());
        let mut destroyed = Vec::new();
        for (id, source) in &lost {
            guard(&self.inner.loaded).remove(id);
            match self.inner.keys.store(*source).destroy(id) {
                Ok(()) => destroyed.push(id),
                Err(error) => {
                    let source = *source;
                    result = result.and(Err(StoreError::Key { source, error }));
                }
            }
        }
        if !destroyed.is_empty() {
            self.settled(&self.lock()?, destroyed)?;
        }
        result
    }

    /// The same for those to whom the keys of others are beside the point.
    pub(super) fn settle_keys_if_possible(&self) {
        if let Err(error) = self.settle_keys(Named::new()) {
            tracing::warn!(%error, "a key that nobody needs is still there");
        }
    }

    fn unsettled(&self) -> Named {
        let path = self.home().unsettled_keys();
        match file::read_private(&path, LIMIT) {
            Ok(bytes) => bytes
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "the list of unsettled keys cannot be read");
                Named::new()
            }
        }
    }

    fn write_unsettled(&self, keys: &Named) -> Result<(), FileError> {
        let path = self.home().unsettled_keys();
        let bytes = serde_json::to_vec(keys).map_err(|error| FileError::Io {
            path: path.clone(),
            source: error.into(),
        })?;
        file::replace(&path, &bytes)
    }

    /// The keys that some file names. A file that can be read neither as it stands nor by its copy is an error: who
    /// knows what it names.
    fn named_keys(&self) -> Result<BTreeSet<KeyId>, StoreError> {
        let mut named: BTreeSet<KeyId> = self.document()?.document.keys.into_keys().collect();
        let copies = quarantine::files(self.home())?;
        for path in copies.into_iter().chain(self.both()) {
            let bytes = file::read_private(&path, LIMIT).ok().flatten();
            if let Some(Ok(document)) = bytes.map(|bytes| Document::parse(&bytes)) {
                named.extend(document.keys.into_keys());
            }
        }
        Ok(named)
    }

    /// The keys that our files name, by what can be read of those that are damaged.
    pub(super) fn legible_keys(&self) -> Result<Named, FileError> {
        let copies = quarantine::files(self.home())?;
        let mut found = Named::new();
        for path in copies.into_iter().chain(self.both()) {
            if let Ok(Some(bytes)) = file::read_private(&path, LIMIT) {
                match Document::parse(&bytes) {
                    Ok(document) => found.extend(sources(document)),
                    Err(_) => found.extend(legible(&bytes)),
                }
            }
        }
        Ok(found)
    }

    /// The keys that only copies name which cannot be read, and go at a sign-out.
    pub(super) fn last_named(&self, document: &Document) -> Result<Named, FileError> {
        let mut found = self.legible_keys()?;
        found.retain(|id, _| !document.keys.contains_key(id));
        Ok(found)
    }
}

pub(super) fn sources(document: Document) -> Named {
    let keys = document.keys.into_iter();
    keys.map(|(id, entry)| (id, entry.source)).collect()
}

/// The key names in bytes that may be damaged, each with the source that stands behind it, else that of the others,
/// else the usual one.
fn legible(bytes: &[u8]) -> Named {
    let text = String::from_utf8_lossy(bytes);
    let sources = [
        KeySource::OsKeyring,
        KeySource::Plaintext,
        KeySource::Passphrase,
    ];
    let source_in = |text: &str| {
        let (_, behind) = text.split_once("\"source\"")?;
        let value = behind.split('"').nth(1)?;
        sources
            .into_iter()
            .find(|source| source.to_string() == value)
    };
    let usual = source_in(&text).unwrap_or(KeySource::OsKeyring);
    let mut found = Named::new();
    for (at, _) in text.match_indices("\"k-") {
        let Some((name, behind)) = text[at + 1..].split_once('"') else {
            continue;
        };
        let Ok(id) = name.parse::<KeyId>() else {
            continue;
        };
        let entry = behind.split('}').next().unwrap_or_default();
        match source_in(entry) {
            Some(source) => found.insert(id, source),
            None => Some(*found.entry(id).or_insert(usual)),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{KeySource, legible};

    #[test]
    fn key_names_are_found_in_what_can_still_be_read() {
        let check = |text: &str, expected: &[(&str, KeySource)]| {
            let found = legible(text.as_bytes());
            let found: Vec<_> = found
                .iter()
                .map(|(id, source)| (id.as_str(), *source))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        use KeySource::{OsKeyring, Passphrase, Plaintext};
        let keys =
            r#""keys": { "k-0a0a": { "source": "plaintext" }, "k-0b0b": {"source":"passphrase"} }"#;
        check(keys, &[("k-0a0a", Plaintext), ("k-0b0b", Passphrase)]);
        check(&keys[..44], &[("k-0a0a", Plaintext)]);
        check(&keys[..30], &[("k-0a0a", OsKeyring)]);
        check(r#"xx"key": "k-0c0c", "source"#, &[("k-0c0c", OsKeyring)]);
        check(
            r#"{"k-0a0a": {"source": "plaintext"}, xx "public": {"key": "k-0a0a", "#,
            &[("k-0a0a", Plaintext)],
        );
        check(
            r#""k-0a0a": {"source": "plaintext"}, "key": "k-0d0d""#,
            &[("k-0a0a", Plaintext), ("k-0d0d", Plaintext)],
        );
        for nothing in [
            "",
            "\"k-",
            "\"k-0a\"",
            "k-0a0a",
            "\"k-0G0G\"",
            "\"k-0a0a",
            "\u{fffd}",
        ] {
            check(nothing, &[]);
        }
    }
}
