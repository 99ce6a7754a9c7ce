//! Keys derived from a passphrase: argon2id, RFC 9106.

use std::io::Read as _;
use std::path::PathBuf;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Map;
use zeroize::Zeroizing;

use super::{Kdf, Key, KeyError, KeyId, KeySource, KeyStore};

/// What a derivation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// RFC 9106 §4, second recommended option: 64 MiB, 3 passes, 4 lanes.
    fn default() -> Self {
        Cost {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 4,
        }
    }
}

/// The most that a file may ask of us: 1 GiB, 16 passes, 16 lanes.
const CEILING: Cost = Cost {
    memory_kib: 1024 * 1024,
    passes: 16,
    lanes: 16,
};
/// A passphrase longer than this is a mistake.
const LONGEST: u64 = 4096;

type Ask = Box<dyn Fn() -> Option<SecretString> + Send + Sync>;

/// The passphrase store: keeps nothing, everything but the passphrase is in `kdf`.
pub struct Passphrase {
    file: Option<PathBuf>,
    ask: Option<Ask>,
    cost: Cost,
}

impl Passphrase {
    /// Takes the passphrase from the file that `KIRO_PASSPHRASE_FILE` names.
    pub fn from_env() -> Passphrase {
        let file = std::env::var_os("KIRO_PASSPHRASE_FILE")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from);
        Passphrase {
            file,
            ask: None,
            cost: Cost::default(),
        }
    }

    /// Takes the passphrase from this file (one trailing line end is dropped).
    pub fn from_file(file: impl Into<PathBuf>) -> Passphrase {
        Passphrase {
            file: Some(file.into()),
            ask: None,
            cost: Cost::default(),
        }
    }

    /// Also asks a person when no file is named.
    #[must_use]
    pub fn asking(mut self, ask: Ask) -> Passphrase {
        self.ask = Some(ask);
        self
    }

    /// Derives new keys at this cost; existing keys say their own in `kdf`.
    #[must_use]
    pub fn at_cost(mut self, cost: Cost) -> Passphrase {
        self.cost = cost;
        self
    }

    fn passphrase(&self) -> Result<SecretString, KeyError> {
        let passphrase = match (&self.file, &self.ask) {
            (Some(path), _) => {
                let failed = |why: String| KeyError::Failed {
                    why: format!("KIRO_PASSPHRASE_FILE: {why}"),
                };
                let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
                let mut text = Zeroizing::new(String::new());
                file.take(LONGEST + 1)
                    .read_to_string(&mut text)
                    .map_err(|error| failed(error.to_string()))?;
                if text.len() as u64 > LONGEST {
                    return Err(failed("more than 4096 bytes".to_owned()));
                }
                let line = text.strip_suffix('\n').unwrap_or(&text);
                SecretString::from(line.strip_suffix('\r').unwrap_or(line))
            }
            (None, Some(ask)) => ask().ok_or(KeyError::PassphraseNeeded)?,
            (None, None) => return Err(KeyError::PassphraseNeeded),
        };
        if passphrase.expose_secret().is_empty() {
            Err(KeyError::PassphraseNeeded)
        } else {
            Ok(passphrase)
        }
    }
}

impl KeyStore for Passphrase {
    fn source(&self) -> KeySource {
        KeySource::Passphrase
    }

    fn probe(&self) -> Result<(), KeyError> {
        if self.file.is_none() && self.ask.is_none() {
            Err(KeyError::PassphraseNeeded)
        } else {
            Ok(())
        }
    }

    fn create(&self, _id: &KeyId) -> Result<(Key, Option<Kdf>), KeyError> {
        let passphrase = self.passphrase()?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| KeyError::Failed {
            why: error.to_string(),
        })?;
        let (key, check) = derive(&passphrase, &salt, self.cost)?;
        let kdf = Kdf {
            alg: "argon2id".to_owned(),
            salt: URL_SAFE_NO_PAD.encode(salt),
            memory_kib: self.cost.memory_kib,
            passes: self.cost.passes,
            lanes: self.cost.lanes,
            check,
            unknown: Map::new(),
        };
        Ok((key, Some(kdf)))
    }

    fn load(&self, _id: &KeyId, kdf: Option<&Kdf>) -> Result<Key, KeyError> {
        let failed = |why: &str| KeyError::Failed {
            why: why.to_owned(),
        };
        let kdf = kdf.ok_or_else(|| failed("the file lacks `kdf`"))?;
        if kdf.alg != "argon2id" {
            return Err(failed("`kdf.alg` is not argon2id"));
        }
        let cost = Cost {
            memory_kib: kdf.memory_kib,
            passes: kdf.passes,
            lanes: kdf.lanes,
        };
        if cost.memory_kib > CEILING.memory_kib
            || cost.passes > CEILING.passes
            || cost.lanes > CEILING.lanes
        {
            return Err(failed("`kdf` asks for more than is allowed"));
        }
        let salt = URL_SAFE_NO_PAD
            .decode(&kdf.salt)
            .map_err(|_| failed("`kdf.salt` is not base64url"))?;
        let (key, check) = derive(&self.passphrase()?, &salt, cost)?;
        if check == kdf.check {
            Ok(key)
        } else {
            Err(KeyError::WrongPassphrase)
        }
    }

    fn destroy(&self, _id: &KeyId) -> Result<(), KeyError> {
        Ok(())
    }
}

/// 48 bytes of argon2id: the key, and 16 that tell whether the passphrase was right.
fn derive(passphrase: &SecretString, salt: &[u8], cost: Cost) -> Result<(Key, String), KeyError> {
    let failed = |error: argon2::Error| KeyError::Failed {
        why: error.to_string(),
    };
    let mut out = Zeroizing::new([0u8; 48]);
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(out.len())).map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(
            passphrase.expose_secret().as_bytes(),
            salt,
            out.as_mut_slice(),
        )
        .map_err(failed)?;
    let (key, check) = out.split_at(32);
    let key = Key::from_slice(key).ok_or(KeyError::Failed {
        why: "argon2id gave too little".to_owned(),
    })?;
    Ok((key, URL_SAFE_NO_PAD.encode(check)))
}
