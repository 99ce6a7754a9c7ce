//! Keys in the system's keyring, item `kiro/<key id>` (service `kiro`, user `<key id>`).
//!
//! A call may wait for ever on an unlock prompt: see [`Patient`].

#[cfg(all(unix, not(target_os = "macos")))]
mod secrets;

#[cfg(all(unix, not(target_os = "macos")))]
use std::cell::{OnceCell, RefCell};
#[cfg(all(unix, not(target_os = "macos")))]
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(all(unix, not(target_os = "macos")))]
use secrets::Secrets;
use zeroize::Zeroizing;

use super::patient::Patient;
use super::{Kdf, Key, KeyError, KeyId, KeySource, KeyStore};

const SERVICE: &str = "kiro";

/// The system's keyring, behind a thread and a deadline.
pub struct OsKeyring {
    calls: Patient<Connection>,
}

impl OsKeyring {
    /// The keyring of this login session. Touches nothing yet.
    pub fn new(deadline: Duration) -> OsKeyring {
        OsKeyring {
            calls: Patient::new(deadline, Connection::open),
        }
    }
}

impl KeyStore for OsKeyring {
    fn source(&self) -> KeySource {
        KeySource::OsKeyring
    }

    fn probe(&self) -> Result<(), KeyError> {
        self.calls.call(|connection, _| probe(connection))
    }

    fn create(&self, id: &KeyId) -> Result<(Key, Option<Kdf>), KeyError> {
        let id = id.clone();
        self.calls.call(move |connection, given_up| {
            match connection.get(id.as_str()) {
                Ok(_) => {
                    return Err(KeyError::Failed {
                        why: format!("the key {id} exists already"),
                    });
                }
                Err(KeyError::Missing) => {}
                Err(error) => return Err(error),
            }
            let key = Key::random()?;
            connection.set(id.as_str(), key.secret())?;
            if given_up.load(Ordering::Acquire) {
                // It waited for somebody to unlock it; by now nobody waits for the key.
                let _ = connection.delete(id.as_str());
                return Err(KeyError::TimedOut);
            }
            // Read back before anything is sealed with it.
            match connection.get(id.as_str()) {
                Ok(kept) if kept.as_slice() == key.secret() => Ok((key, None)),
                Ok(_) | Err(KeyError::Missing) => Err(KeyError::Failed {
                    why: "the keyring did not keep the key".to_owned(),
                }),
                Err(error) => Err(error),
            }
        })
    }

    fn load(&self, id: &KeyId, _kdf: Option<&Kdf>) -> Result<Key, KeyError> {
        let id = id.clone();
        self.calls
            .call(move |connection, _| match connection.get(id.as_str()) {
                Ok(bytes) => Key::from_slice(&bytes).ok_or_else(|| KeyError::Failed {
                    why: format!("the key {id} is damaged"),
                }),
                // A service without a collection also answers "no entry". Only one that keeps and
                // gives back something else may be believed.
                Err(KeyError::Missing) => Err(match probe(connection) {
                    Ok(()) => KeyError::Missing,
                    Err(error) => error,
                }),
                Err(error) => Err(error),
            })
    }

    fn destroy(&self, id: &KeyId) -> Result<(), KeyError> {
        let id = id.clone();
        self.calls
            .call(move |connection, _| connection.delete(id.as_str()))
    }
}

/// Writes, reads back and removes an item of its own name.
fn probe(connection: &Connection) -> Result<(), KeyError> {
    let name = format!("probe-{}", KeyId::random()?);
    connection.set(&name, b"probe")?;
    let found = connection.get(&name);
    connection.delete(&name)?;
    match found {
        Ok(bytes) if bytes.as_slice() == b"probe" => Ok(()),
        Ok(_) | Err(KeyError::Missing) => Err(KeyError::Unavailable {
            why: "the keyring keeps nothing".to_owned(),
        }),
        Err(error) => Err(error),
    }
}

/// A connection to the keyring; lives on the keyring's thread only.
struct Connection {
    /// Reads what is there and open. Gone once it failed.
    #[cfg(all(unix, not(target_os = "macos")))]
    reader: RefCell<Option<Secrets>>,
    /// Everything else; connects when it is first wanted.
    #[cfg(all(unix, not(target_os = "macos")))]
    store: OnceCell<Arc<zbus_secret_service_keyring_store::Store>>,
}

impl Connection {
    fn get(&self, user: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        #[cfg(all(unix, not(target_os = "macos")))]
        if let Some(secret) = self.read(user) {
            return Ok(secret);
        }
        self.entry(user)?
            .get_secret()
            .map(Zeroizing::new)
            .map_err(sorted)
    }

    fn set(&self, user: &str, secret: &[u8]) -> Result<(), KeyError> {
        self.entry(user)?.set_secret(secret).map_err(sorted)
    }

    fn delete(&self, user: &str) -> Result<(), KeyError> {
        match self.entry(user)?.delete_credential().map_err(sorted) {
            Err(KeyError::Missing) => Ok(()),
            result => result,
        }
    }

    /// Waits for the service in either case: one that answers nobody is told from one that is locked.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn open() -> Result<Connection, KeyError> {
        let reader = Secrets::connect().unwrap_or_else(|error| {
            tracing::debug!(%error, "the keyring cannot be read over the bus's socket alone");
            None
        });
        let connection = Connection {
            reader: RefCell::new(reader),
            store: OnceCell::new(),
        };
        if connection.reader.borrow().is_none() {
            connection.store()?;
        }
        Ok(connection)
    }

    /// The secret, if it is there and open; why it is not, the store tells.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn read(&self, user: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut reader = self.reader.borrow_mut();
        let attributes = [("service", SERVICE), ("username", user)];
        match reader.as_mut()?.secret(&attributes) {
            Ok(secret) => secret,
            Err(error) => {
                tracing::debug!(%error, "the keyring did not answer over the bus's socket");
                *reader = None;
                None
            }
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn store(&self) -> Result<&zbus_secret_service_keyring_store::Store, KeyError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        match zbus_secret_service_keyring_store::Store::new() {
            Ok(store) => Ok(self.store.get_or_init(|| store)),
            Err(error) => Err(KeyError::Unavailable {
                why: error.to_string(),
            }),
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn entry(&self, user: &str) -> Result<keyring_core::Entry, KeyError> {
        use keyring_core::api::CredentialStoreApi as _;
        let label = format!("Kiro sign-in key ({user})");
        let modifiers = std::collections::HashMap::from([("label", label.as_str())]);
        self.store()?
            .build(SERVICE, user, Some(&modifiers))
            .map_err(sorted)
    }

    #[cfg(any(target_os = "macos", windows))]
    fn open() -> Result<Connection, KeyError> {
        Ok(Connection {})
    }

    #[cfg(any(target_os = "macos", windows))]
    fn entry(&self, user: &str) -> Result<keyring::v1::Entry, KeyError> {
        keyring::v1::Entry::new(SERVICE, user).map_err(sorted)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the crate may add more")]
fn sorted(error: keyring_core::Error) -> KeyError {
    use keyring_core::Error;
    match error {
        Error::NoEntry => KeyError::Missing,
        Error::NoStorageAccess(source) if needs_unlocking(source.as_ref()) => KeyError::Locked,
        Error::NoStorageAccess(source) => KeyError::Unavailable {
            why: source.to_string(),
        },
        Error::NoDefaultStore => KeyError::Unavailable {
            why: "there is no keyring".to_owned(),
        },
        error => KeyError::Failed {
            why: error.to_string(),
        },
    }
}

/// The Secret Service crate's own words: its errors are not part of the store crate's interface.
/// A prompt is dismissed by a person, and where there is no display to show it on.
fn needs_unlocking(error: &(dyn std::error::Error + 'static)) -> bool {
    let text = error.to_string();
    cfg!(target_os = "macos")
        || text.ends_with("object locked")
        || text.ends_with("prompt dismissed")
}

#[cfg(test)]
mod tests {
    use super::{KeyError, sorted};
    use keyring_core::Error;

    #[test]
    fn a_locked_keyring_is_told_from_a_missing_one() {
        let check = |error: Error, expected: &str| {
            let found = match sorted(error) {
                KeyError::Locked => "locked",
                KeyError::Missing => "missing",
                KeyError::Unavailable { .. } => "unavailable",
                KeyError::PassphraseNeeded | KeyError::WrongPassphrase | KeyError::TimedOut => "",
                KeyError::Failed { .. } => "failed",
            };
            assert_eq!(found, expected);
        };
        check(Error::NoEntry, "missing");
        check(
            Error::NoStorageAccess("SS error: prompt dismissed".into()),
            "locked",
        );
        check(
            Error::NoStorageAccess("SS Error: object locked".into()),
            "locked",
        );
        check(Error::NoDefaultStore, "unavailable");
        check(Error::PlatformFailure("zbus error".into()), "failed");
        #[cfg(target_os = "linux")]
        check(
            Error::NoStorageAccess("SS error: result not returned from SS API".into()),
            "unavailable",
        );
    }
}
