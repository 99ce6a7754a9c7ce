//! The master key: what the store's secrets are sealed under, and what a back-up is useless without. It is never in the store. It
//! comes from a file, the environment, or a command that prints it (which is how a key management service is used).
//!
//! Its text is the base64 of 32 bytes. Several, one a line (or separated by spaces), newest first: the first seals, the others still
//! open what was sealed before the last rotation.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::sealing::Sealing;

/// The variable that a key is taken from.
pub const VARIABLE: &str = "KIRO_MASTER_KEY";
/// A source gives at most so many bytes.
const LIMIT: u64 = 4096;

/// Where the master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file that its owner alone may read.
    File(PathBuf),
    /// A program and its arguments: it prints the key.
    Command(Vec<String>),
}

/// Why there is no master key. None of these repeats any of it.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("the master key file {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Others may read or write the file.
    #[error("the master key file {path} has mode {mode:03o}, and only its owner may read it (600)")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The command gave no key.
    #[error("the master key command {program} failed: {why}")]
    Command {
        /// The program.
        program: String,
        /// Why.
        why: String,
    },
    /// It is not base64 of 32 bytes.
    #[error("the master key from {place} is not the base64 of 32 bytes")]
    Malformed {
        /// Where it came from.
        place: String,
    },
    /// The store's secrets are sealed under another one.
    #[error("the store is sealed under the master key {store}, and the key given is {given}")]
    Wrong {
        /// The id of the store's.
        store: String,
        /// The ids of those that were given.
        given: String,
    },
}

/// The master keys at hand: the first seals, all open.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    keys: Vec<Sealing>,
}

impl MasterKeys {
    /// This one alone.
    #[must_use]
    pub fn of(key: [u8; 32]) -> MasterKeys {
        MasterKeys {
            keys: vec![Sealing::new(key)],
        }
    }

    /// This one seals from now on; those before it still open.
    #[must_use]
    pub fn followed_by(mut self, key: [u8; 32]) -> MasterKeys {
        self.keys.insert(0, Sealing::new(key));
        self
    }

    /// From the environment where [`VARIABLE`] is set (`environment` is its value), else from the source.
    ///
    /// # Errors
    /// See [`MasterKeyError`].
    pub fn load(source: &Source, environment: Option<&str>) -> Result<MasterKeys, MasterKeyError> {
        if let Some(text) = environment {
            return read(text, VARIABLE);
        }
        match source {
            Source::File(path) => from_file(path),
            Source::Command(words) => from_command(words),
        }
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.keys[0].key_id()
    }

    /// The ids of all.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.iter().map(Sealing::key_id).collect()
    }

    /// Seals under the newest key.
    #[must_use]
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Vec<u8> {
        self.keys[0].seal(purpose, plain)
    }

    /// Opens what any of the keys sealed for this purpose.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.keys.iter().find_map(|key| key.open(purpose, sealed))
    }
}

/// A new key's text, for a file that is being made.
#[must_use]
pub fn generate() -> Zeroizing<String> {
    let key = Zeroizing::new(crate::secret::random::<32>());
    Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(key.as_slice()))
}

fn from_file(path: &Path) -> Result<MasterKeys, MasterKeyError> {
    let unreadable = |error: std::io::Error| MasterKeyError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    if !metadata.is_file() || metadata.size() > LIMIT {
        return Err(MasterKeyError::Malformed {
            place: path.display().to_string(),
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LIMIT)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    read(&text, &path.display().to_string())
}

fn from_command(words: &[String]) -> Result<MasterKeys, MasterKeyError> {
    let (program, arguments) = words.split_first().ok_or(MasterKeyError::Command {
        program: "(none)".to_owned(),
        why: "no program is named".to_owned(),
    })?;
    let failed = |why: String| MasterKeyError::Command {
        program: program.clone(),
        why,
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let text = std::str::from_utf8(&printed).unwrap_or_default();
    read(text, program)
}

/// Base64 of either alphabet, padded or not.
fn read(text: &str, place: &str) -> Result<MasterKeys, MasterKeyError> {
    let malformed = || MasterKeyError::Malformed {
        place: place.to_owned(),
    };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let keys: Vec<Sealing> = text
        .split_ascii_whitespace()
        .map(|word| {
            let word = Zeroizing::new(word.replace('-', "+").replace('_', "/"));
            let bytes = Zeroizing::new(engine.decode(word.as_bytes()).map_err(|_| malformed())?);
            let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| malformed())?;
            Ok(Sealing::new(key))
        })
        .collect::<Result<_, MasterKeyError>>()?;
    if keys.is_empty() {
        return Err(malformed());
    }
    Ok(MasterKeys { keys })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_master_key_comes_from_the_environment_a_file_or_a_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let text = generate();
        fs::write(&path, format!("{}\n", *text)).unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let file = Source::File(path.clone());
        let expected = read(&text, "").unwrap().key_id();

        mode(0o600);
        assert_eq!(MasterKeys::load(&file, None).unwrap().key_id(), expected);
        mode(0o400);
        assert_eq!(MasterKeys::load(&file, None).unwrap().key_id(), expected);
        for wrong in [0o640, 0o604, 0o660, 0o777] {
            mode(wrong);
            let refused = MasterKeys::load(&file, None).unwrap_err();
            assert!(
                matches!(refused, MasterKeyError::Exposed { mode, .. } if mode == wrong),
                "{refused}"
            );
        }
        let command = Source::Command(vec!["echo".to_owned(), text.to_string()]);
        assert_eq!(MasterKeys::load(&command, None).unwrap().key_id(), expected);
        let other = generate();
        let from_environment = MasterKeys::load(&file, Some(&other)).unwrap();
        assert_ne!(
            from_environment.key_id(),
            expected,
            "the environment goes first"
        );
        for failing in [&["false"][..], &["/nonexistent"], &[]] {
            let words = failing.iter().map(|word| (*word).to_owned()).collect();
            let refused = MasterKeys::load(&Source::Command(words), None).unwrap_err();
            assert!(
                matches!(refused, MasterKeyError::Command { .. }),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_malformed_key_is_refused_and_not_repeated() {
        let secret = "c2VjcmV0";
        for text in ["", " \n", secret, &format!("{} {secret}", *generate()), "§"] {
            let refused = MasterKeys::load(&Source::Command(vec![]), Some(text)).unwrap_err();
            assert!(
                matches!(refused, MasterKeyError::Malformed { .. }),
                "{refused}"
            );
            assert!(!format!("{refused} {refused:?}").contains(secret));
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = MasterKeys::of([1; 32]);
        let both = old.clone().followed_by([2; 32]);
        let sealed = old.seal("p", b"x");
        assert_eq!(both.open("p", &sealed).unwrap().as_slice(), b"x");
        assert!(old.open("p", &both.seal("p", b"x")).is_none());
        assert_eq!(both.key_id(), MasterKeys::of([2; 32]).key_id());
    }
}
