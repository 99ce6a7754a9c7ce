//! Keys in the file `$KIRO_HOME/key`: only when the person asked for insecure storage.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Kdf, Key, KeyError, KeyId, KeySource, KeyStore};
use crate::file::{self, FileError};
use crate::{FileLock, Home};

const LIMIT: usize = 64 * 1024;

/// The plaintext store: one JSON object {key id: 32 bytes in base64url}, mode 0600.
pub struct PlaintextFile {
    home: Home,
    path: PathBuf,
}

impl PlaintextFile {
    /// Keys in this home's `key` file. Touches nothing yet.
    pub fn new(home: &Home) -> PlaintextFile {
        PlaintextFile {
            home: home.clone(),
            path: home.plaintext_key(),
        }
    }

    fn read(&self) -> Result<BTreeMap<KeyId, Zeroizing<String>>, KeyError> {
        let Some(bytes) = file::read_private(&self.path, LIMIT)
            .map_err(failed)?
            .map(Zeroizing::new)
        else {
            return Ok(BTreeMap::new());
        };
        serde_json::from_slice(&bytes).map_err(|_| KeyError::Failed {
            why: format!("{} is damaged", self.path.display()),
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<KeyId, Zeroizing<String>>) -> Result<(), KeyError>,
    ) -> Result<(), KeyError> {
        self.home.ensure().map_err(failed)?;
        let _lock = FileLock::acquire(&self.home.locks().join(".key"), Duration::from_secs(5))
            .map_err(failed)?;
        let mut keys = self.read()?;
        change(&mut keys)?;
        if keys.is_empty() {
            return file::remove(&self.path).map(|_| ()).map_err(failed);
        }
        let bytes =
            Zeroizing::new(serde_json::to_vec(&keys).map_err(|error| KeyError::Failed {
                why: error.to_string(),
            })?);
        file::replace(&self.path, &bytes).map_err(failed)
    }
}

impl KeyStore for PlaintextFile {
    fn source(&self) -> KeySource {
        KeySource::Plaintext
    }

    fn probe(&self) -> Result<(), KeyError> {
        self.home.ensure().map_err(failed)?;
        self.read().map(|_| ())
    }

    fn create(&self, id: &KeyId) -> Result<(Key, Option<Kdf>), KeyError> {
        let key = Key::random()?;
        self.change(|keys| {
            if keys.contains_key(id) {
                return Err(KeyError::Failed {
                    why: format!("the key {id} exists already"),
                });
            }
            keys.insert(
                id.clone(),
                Zeroizing::new(URL_SAFE_NO_PAD.encode(key.secret())),
            );
            Ok(())
        })?;
        Ok((key, None))
    }

    fn load(&self, id: &KeyId, _kdf: Option<&Kdf>) -> Result<Key, KeyError> {
        let keys = self.read()?;
        let text = keys.get(id).ok_or(KeyError::Missing)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .map(Zeroizing::new)
            .ok();
        bytes
            .and_then(|bytes| Key::from_slice(&bytes))
            .ok_or_else(|| KeyError::Failed {
                why: format!("the key {id} is damaged"),
            })
    }

    fn destroy(&self, id: &KeyId) -> Result<(), KeyError> {
        if self.read()?.contains_key(id) {
            self.change(|keys| {
                keys.remove(id);
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn failed(error: FileError) -> KeyError {
    KeyError::Failed {
        why: error.to_string(),
    }
}
