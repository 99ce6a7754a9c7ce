//! A home of its own for each test, and keys that are kept in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kiro_credentials::{
    Home, Kdf, Key, KeyError, KeyId, KeySource, KeyStore, Keys, NewPublic, ProfileName, Store,
    Tokens,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-23T12:00:00Z
pub(crate) const NOON: i64 = 1_795_435_200;

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(NOON).unwrap()
}

/// Keys in memory, in place of the system's keyring. Clones share them, like processes do.
#[derive(Clone, Default)]
pub(crate) struct InMemory {
    keys: Arc<Mutex<BTreeMap<KeyId, Key>>>,
    refuse: Arc<Mutex<Option<KeyError>>>,
    /// Where the process dies, once.
    dies: Arc<Mutex<Option<Moment>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Created,
    Destroying,
}

impl InMemory {
    pub(crate) fn has(&self, id: &str) -> bool {
        let id: KeyId = id.parse().unwrap();
        self.keys.lock().unwrap().contains_key(&id)
    }

    /// The next process that destroys a key dies before it does.
    pub(crate) fn die_at_destroy(&self) {
        *self.dies.lock().unwrap() = Some(Moment::Destroying);
    }

    /// The next process that makes a key dies after it did.
    pub(crate) fn die_after_create(&self) {
        *self.dies.lock().unwrap() = Some(Moment::Created);
    }

    fn passes(&self, moment: Moment) {
        let dies = self.dies.lock().unwrap().take_if(|dies| *dies == moment);
        if dies.is_some() {
            std::panic::resume_unwind(Box::new(()));
        }
    }

    /// From now on calls are answered again.
    pub(crate) fn answer(&self) {
        *self.refuse.lock().unwrap() = None;
    }

    pub(crate) fn forget_all(&self) {
        self.keys.lock().unwrap().clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.lock().unwrap().len()
    }

    /// The bytes of a key, for another program's hand.
    pub(crate) fn key(&self, id: &str) -> [u8; 32] {
        *self.keys.lock().unwrap()[&id.parse::<KeyId>().unwrap()].secret()
    }

    /// From now on every call fails so.
    pub(crate) fn refuse(&self, error: KeyError) {
        *self.refuse.lock().unwrap() = Some(error);
    }

    fn usable(&self) -> Result<(), KeyError> {
        self.refuse.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl KeyStore for InMemory {
    fn source(&self) -> KeySource {
        KeySource::OsKeyring
    }

    fn probe(&self) -> Result<(), KeyError> {
        self.usable()
    }

    fn create(&self, id: &KeyId) -> Result<(Key, Option<Kdf>), KeyError> {
        self.usable()?;
        let mut keys = self.keys.lock().unwrap();
        if keys.contains_key(id) {
            return Err(KeyError::Failed {
                why: "exists".to_owned(),
            });
        }
        let key = Key::random()?;
        keys.insert(id.clone(), key.clone());
        drop(keys);
        self.passes(Moment::Created);
        Ok((key, None))
    }

    fn load(&self, id: &KeyId, _kdf: Option<&Kdf>) -> Result<Key, KeyError> {
        self.usable()?;
        let keys = self.keys.lock().unwrap();
        keys.get(id).cloned().ok_or(KeyError::Missing)
    }

    fn destroy(&self, id: &KeyId) -> Result<(), KeyError> {
        self.usable()?;
        self.passes(Moment::Destroying);
        self.keys.lock().unwrap().remove(id);
        Ok(())
    }
}

pub(crate) struct Scratch {
    folder: TempDir,
    pub(crate) keyring: InMemory,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        Scratch {
            // In memory where that is: nothing here asks what a power cut leaves.
            folder: TempDir::new_in("/dev/shm")
                .or_else(|_| TempDir::new())
                .unwrap(),
            keyring: InMemory::default(),
        }
    }

    /// With a session in each of these slots; the first is the active one.
    pub(crate) fn signed_in(profiles: &[&str]) -> Scratch {
        let scratch = Scratch::new();
        for profile in profiles.iter().rev() {
            scratch.sign_in(profile);
        }
        scratch
    }

    pub(crate) fn home(&self) -> Home {
        Home::at(self.folder.path().join("sso"))
    }

    /// A store that has loaded nothing yet: another process.
    pub(crate) fn store(&self) -> Store {
        let home = self.home();
        let keys = Keys::new(&home).with(Box::new(self.keyring.clone()));
        Store::new(home, keys, "test/1.0")
    }

    pub(crate) fn sign_in(&self, profile: &str) {
        let (public, tokens) = (public(), tokens(profile));
        self.store().save(&name(profile), public, tokens).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home().root().join(name)
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes("credentials.json")).unwrap()
    }

    /// Edits the file as an attacker or a newer program would.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut json = self.json();
        change(&mut json);
        let bytes = serde_json::to_vec(&json).unwrap();
        std::fs::write(self.path("credentials.json"), bytes).unwrap();
    }

    pub(crate) fn set_aside(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.home().root()).unwrap();
        let names = entries.map(|entry| entry.unwrap().path());
        names
            .filter(|path| path.to_string_lossy().contains(".damaged-"))
            .collect()
    }
}

pub(crate) fn name(text: &str) -> ProfileName {
    text.parse().unwrap()
}

/// Signed in at noon, the access token lives an hour.
pub(crate) fn public() -> NewPublic {
    NewPublic {
        provider: "okta".to_owned(),
        organization: "acme".to_owned(),
        issuer: "https://acme.okta.example".to_owned(),
        client_id: "0oa1".to_owned(),
        endpoint: None,
        subject: Some("00u1".to_owned()),
        name: Some("Ada Example".to_owned()),
        email: Some("ada@acme.example".to_owned()),
        scopes: vec!["openid".to_owned(), "offline_access".to_owned()],
        region: None,
        models: None,
        expires_at: Timestamp::from_second(NOON + 3600).unwrap(),
        session_expires_at: None,
        signed_in_at: noon(),
    }
}

pub(crate) fn tokens(mark: &str) -> Tokens {
    Tokens {
        access: SecretString::from(format!("access-{mark}")),
        refresh: Some(SecretString::from(format!("refresh-{mark}"))),
        id: Some(SecretString::from(format!("id-{mark}"))),
    }
}

pub(crate) fn access(tokens: &Tokens) -> &str {
    tokens.access.expose_secret()
}

pub(crate) fn refresh(tokens: &Tokens) -> Option<&str> {
    tokens.refresh.as_ref().map(|token| token.expose_secret())
}
