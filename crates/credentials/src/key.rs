//! The keys that seal: what they are called, where they come from.
//!
//! Owns the port [`KeyStore`] and its three implementations. A key is 32 random bytes (or, for
//! `passphrase`, derived), and knows nothing of what it seals.

mod keyring;
mod passphrase;
mod patient;
mod plaintext;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

pub use keyring::OsKeyring;
pub use passphrase::{Cost, Passphrase};
pub use plaintext::PlaintextFile;

use crate::Home;

/// Where a key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// The system's keyring: Secret Service, Keychain, Credential Manager.
    OsKeyring,
    /// Derived from a passphrase by argon2id.
    Passphrase,
    /// The file `$KIRO_HOME/key`, only when asked for.
    Plaintext,
}

impl fmt::Display for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            KeySource::OsKeyring => "os-keyring",
            KeySource::Passphrase => "passphrase",
            KeySource::Plaintext => "plaintext",
        })
    }
}

/// A key's name: `k-` and 4 to 32 lower-case hexadecimal digits (ours have 8).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

impl KeyId {
    /// A new random name.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when the system gives no randomness.
    pub fn random() -> Result<KeyId, KeyError> {
        let number = getrandom::u32().map_err(|error| KeyError::Failed {
            why: error.to_string(),
        })?;
        Ok(KeyId(format!("k-{number:08x}")))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let hex = text.strip_prefix("k-").unwrap_or_default();
        let digits = hex
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if digits && (4..=32).contains(&hex.len()) {
            Ok(KeyId(text.to_owned()))
        } else {
            Err("not a key's name")
        }
    }
}

impl TryFrom<String> for KeyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// 32 bytes that seal. Wiped on drop, never printed.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Key {
        Key(Zeroizing::new(bytes))
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when the system gives no randomness.
    pub fn random() -> Result<Key, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|error| KeyError::Failed {
            why: error.to_string(),
        })?;
        Ok(Key(bytes))
    }

    /// The bytes.
    pub fn secret(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Key> {
        <[u8; 32]>::try_from(bytes).ok().map(Key::new)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key([redacted])")
    }
}

/// How a passphrase becomes a key: argon2id (RFC 9106), version 0x13.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kdf {
    /// Always `argon2id`.
    pub alg: String,
    /// 16 random bytes, base64url without padding.
    pub salt: String,
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// Bytes 32..48 of the output, base64url: tells a wrong passphrase from a damaged file.
    pub check: String,
    /// What a newer program added.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// Why a key cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The keyring waits for somebody to unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// There is no such store here.
    #[error("the key store is not available: {why}")]
    Unavailable {
        /// What was found instead.
        why: String,
    },
    /// The store works, and does not have this key.
    #[error("the key is gone")]
    Missing,
    /// A passphrase is needed and nobody gave one.
    #[error("a passphrase is needed")]
    PassphraseNeeded,
    /// The passphrase is not the one the key was made with.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The store did not answer in time.
    #[error("the key store did not answer in time")]
    TimedOut,
    /// Anything else.
    #[error("the key store failed: {why}")]
    Failed {
        /// What it said.
        why: String,
    },
}

/// A place where keys are kept. Every implementation passes `tests/credentials/key_stores.rs`.
pub trait KeyStore: Send + Sync {
    /// Which kind of place.
    fn source(&self) -> KeySource;
    /// Whether a key can be written and read now. Never hangs, leaves nothing behind.
    ///
    /// # Errors
    /// [`KeyError`].
    fn probe(&self) -> Result<(), KeyError>;
    /// Makes a key and keeps it. Never overwrites: a name in use is [`KeyError::Failed`].
    ///
    /// # Errors
    /// [`KeyError`].
    fn create(&self, id: &KeyId) -> Result<(Key, Option<Kdf>), KeyError>;
    /// The key of this name; [`KeyError::Missing`] only when it is certain that it is gone.
    ///
    /// # Errors
    /// [`KeyError`].
    fn load(&self, id: &KeyId, kdf: Option<&Kdf>) -> Result<Key, KeyError>;
    /// Destroys the key; one that is not there is as good as destroyed.
    ///
    /// # Errors
    /// [`KeyError`].
    fn destroy(&self, id: &KeyId) -> Result<(), KeyError>;
}

/// The key stores that this process may use, one per [`KeySource`].
pub struct Keys {
    keyring: OsKeyring,
    passphrase: Passphrase,
    plaintext: PlaintextFile,
    replaced: BTreeMap<KeySource, Box<dyn KeyStore>>,
}

impl Keys {
    /// The system's keyring (deadline 5 s), `$KIRO_HOME/key`, and the passphrase in
    /// `KIRO_PASSPHRASE_FILE` where that is set. Touches nothing yet.
    pub fn new(home: &Home) -> Keys {
        Keys {
            keyring: OsKeyring::new(Duration::from_secs(5)),
            passphrase: Passphrase::from_env(),
            plaintext: PlaintextFile::new(home),
            replaced: BTreeMap::new(),
        }
    }

    /// Also asks a person, when `KIRO_PASSPHRASE_FILE` is not set. `None`: nobody answered.
    #[must_use]
    pub fn with_passphrase(
        mut self,
        ask: Box<dyn Fn() -> Option<SecretString> + Send + Sync>,
    ) -> Keys {
        self.passphrase = self.passphrase.asking(ask);
        self
    }

    /// Uses this store in place of the one of the same source.
    #[must_use]
    pub fn with(mut self, store: Box<dyn KeyStore>) -> Keys {
        self.replaced.insert(store.source(), store);
        self
    }

    /// How long a call to the system's keyring may take (it may wait for a person to unlock it).
    #[must_use]
    pub fn with_keyring_deadline(mut self, deadline: Duration) -> Keys {
        self.keyring = OsKeyring::new(deadline);
        self
    }

    pub(crate) fn store(&self, source: KeySource) -> &dyn KeyStore {
        match (self.replaced.get(&source), source) {
            (Some(store), _) => store.as_ref(),
            (None, KeySource::OsKeyring) => &self.keyring,
            (None, KeySource::Passphrase) => &self.passphrase,
            (None, KeySource::Plaintext) => &self.plaintext,
        }
    }
}
