//! Where everything lies: `$KIRO_HOME`.

use std::path::{Path, PathBuf};

use crate::file::{self, FileError};

/// The folder that both programs share: `$KIRO_HOME`, by default `~/.kiro/sso`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why no home could be named.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// `KIRO_HOME` is set to something that depends on the working directory.
    #[error("KIRO_HOME is not an absolute path: {path}")]
    NotAbsolute {
        /// What the variable holds.
        path: PathBuf,
    },
    /// Neither `KIRO_HOME` nor a home folder is known.
    #[error("neither KIRO_HOME nor a home folder is set")]
    NoHome,
}

impl Home {
    /// The home that the environment names: `$KIRO_HOME` (absolute), else `~/.kiro/sso`.
    ///
    /// # Errors
    /// [`HomeError`] when the variable is relative or no home folder is known.
    pub fn from_env() -> Result<Home, HomeError> {
        if let Some(path) = std::env::var_os("KIRO_HOME").filter(|value| !value.is_empty()) {
            let path = PathBuf::from(path);
            return if path.is_absolute() {
                Ok(Home::at(path))
            } else {
                Err(HomeError::NotAbsolute { path })
            };
        }
        match std::env::home_dir() {
            Some(folder) if folder.is_absolute() => Ok(Home::at(folder.join(".kiro").join("sso"))),
            Some(_) | None => Err(HomeError::NoHome),
        }
    }

    /// A home at this folder. Nothing is created.
    pub fn at(root: impl Into<PathBuf>) -> Home {
        Home { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `credentials.json`, the common credential file.
    pub fn credentials_file(&self) -> PathBuf {
        self.root.join("credentials.json")
    }

    /// `locks/`: per profile the refresh lock and, beside it, the last attempt.
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// `sign-ins/`: sign-ins under way (owned by kiro-sign-in).
    pub fn sign_ins(&self) -> PathBuf {
        self.root.join("sign-ins")
    }

    /// `registrations/`: client registrations at Identity Centers (owned by kiro-sign-in).
    pub fn registrations(&self) -> PathBuf {
        self.root.join("registrations")
    }

    /// `role-credentials/`: sealed AWS credentials until shortly before their end (owned by kiro-sign-in). Made at first use.
    pub fn role_credentials(&self) -> PathBuf {
        self.root.join("role-credentials")
    }

    /// Makes `role-credentials/`, 0700 and ours, and the home around it.
    ///
    /// # Errors
    /// As [`Home::ensure`].
    pub fn ensure_role_credentials(&self) -> Result<PathBuf, FileError> {
        self.ensure()?;
        let folder = self.role_credentials();
        file::private_folder(&folder)?;
        Ok(folder)
    }

    /// `organizations.toml`, the person's own organisations.
    pub fn organizations_file(&self) -> PathBuf {
        self.root.join("organizations.toml")
    }

    /// `settings.toml`, what the person prefers.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings.toml")
    }

    /// `logs/`.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// `web-data/`: what the desktop's web view keeps.
    pub fn web_data(&self) -> PathBuf {
        self.root.join("web-data")
    }

    pub(crate) fn credentials_lock(&self) -> PathBuf {
        self.root.join("credentials.lock")
    }

    pub(crate) fn backup(&self) -> PathBuf {
        self.root.join("credentials.json.bak")
    }

    pub(crate) fn unsettled_keys(&self) -> PathBuf {
        self.root.join("unsettled-keys.json")
    }

    pub(crate) fn plaintext_key(&self) -> PathBuf {
        self.root.join("key")
    }

    /// Makes the home and its folders, each 0700 and ours.
    ///
    /// A folder that others may read is closed to them; one that others may *write* is refused.
    ///
    /// # Errors
    /// [`FileError::NotPrivate`] for a folder of somebody else or writable by others, else what
    /// the system answered.
    pub fn ensure(&self) -> Result<(), FileError> {
        if let Some(parent) = self.root.parent() {
            std::fs::create_dir_all(parent).map_err(|source| FileError::from_io(parent, source))?;
        }
        for folder in [
            self.root.clone(),
            self.locks(),
            self.sign_ins(),
            self.registrations(),
            self.logs(),
        ] {
            file::private_folder(&folder)?;
        }
        Ok(())
    }
}
