//! What a home is worth: who is signed in, with which token, and what lies about.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use kiro_credentials::{Home, KeyId, ProfileName};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use crate::actor;

/// Everything about a home that may not be lost or half done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Each profile with its access and refresh token.
    sessions: Vec<(String, String, String)>,
    active: ProfileName,
    pending: Option<Vec<u8>>,
    callback: Option<Vec<u8>>,
}

impl State {
    /// Read as another process would; a file that does not open is a failure of the test.
    pub(crate) fn of(home: &Home) -> State {
        let store = actor::store(home);
        let snapshot = store.read().unwrap();
        assert_eq!(snapshot.recovered, None, "nothing is damaged");
        let sessions = snapshot.profiles.keys().map(|profile| {
            let tokens = store.session(profile).unwrap().unwrap().tokens;
            let refresh = tokens.refresh.unwrap();
            (
                profile.to_string(),
                tokens.access.expose_secret().to_owned(),
                refresh.expose_secret().to_owned(),
            )
        });
        let file = |name: &str| std::fs::read(home.sign_ins().join(name)).ok();
        State {
            sessions: sessions.collect(),
            active: snapshot.active,
            pending: file("attempt.json"),
            callback: file("attempt.callback"),
        }
    }

    /// Whether the credential file says the same.
    pub(crate) fn has_sessions_of(&self, other: &State) -> bool {
        self.sessions == other.sessions && self.active == other.active
    }

    /// Whether what is there is a part of what `other` has, and whole.
    pub(crate) fn is_part_of(&self, other: &State) -> bool {
        let part = |mine: &Option<Vec<u8>>, its: &Option<Vec<u8>>| mine.is_none() || mine == its;
        self.has_sessions_of(other)
            && part(&self.pending, &other.pending)
            && part(&self.callback, &other.callback)
    }
}

/// A folder in memory where there is one: what a killed process had written is there without any
/// disk, and flushing costs nothing.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = TempDir::new_in(memory);
    made.unwrap_or_else(|_| TempDir::new().unwrap())
}

/// 0 without a file.
pub(crate) fn generation(home: &Home) -> u64 {
    actor::store(home).read().unwrap().generation
}

/// Everything below the home is private, nothing is unfinished, and there is no key but those that the file names.
pub(crate) fn is_tidy(home: &Home) {
    let named = actor::store(home).read().unwrap().keys;
    let kept = std::fs::read(home.root().join("key")).unwrap_or_else(|_| b"{}".to_vec());
    let kept: std::collections::BTreeMap<KeyId, String> = serde_json::from_slice(&kept).unwrap();
    assert!(kept.keys().eq(named.keys()), "{kept:?} {named:?}");
    assert!(!home.root().join("unsettled-keys.json").exists());
    for path in files(home.root()) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{path:?}");
        let name = path.to_string_lossy().into_owned();
        assert!(
            !name.ends_with(".tmp") && !name.contains(".damaged-"),
            "stray: {name}"
        );
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}
