//! How an installation is set up: a file of settings, the environment over it, and the command line over both.
//!
//! Each setting has one name: `trusted_proxies` in the file is `KIRO_IC_TRUSTED_PROXIES` in the environment and `--trusted-proxies`
//! where there is such an option. A name that is none is refused, with the place where it stands and the nearest that is one: a
//! misspelt setting never falls back to a default in silence. Of the store's address nothing is ever repeated.

mod file;
mod nearest;
mod settings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use secrecy::SecretString;
use url::Url;

use crate::master_key::Source;
use crate::networks::Networks;
use crate::serve::proxies::Proxies;
use crate::sts::Sts;

pub use settings::{NAMES, is_address};

/// Every setting may be given in a variable of this beginning.
pub const PREFIX: &str = "KIRO_IC_";
/// The settings of an installed service, where neither a file nor a folder is named.
pub const INSTALLED: &str = "/etc/kiro-identity-center/config.toml";
/// The variable that names the file.
pub const FILE: &str = "KIRO_IC_SETTINGS";

/// How an installation is set up.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Its folder: the store, unless that is on a server, and the master key, unless that comes from elsewhere.
    pub data: PathBuf,
    /// Where it answers; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its address as browsers know it.
    pub url: Option<Url>,
    /// What AWS clients are told.
    pub region: String,
    /// The PostgreSQL database; without one, SQLite in the folder.
    pub store: Option<SecretString>,
    /// Where the master key comes from, if not from `master.key` in the folder.
    pub master_key: Option<Source>,
    /// The certificate and key of its own TLS.
    pub tls: Option<TlsFiles>,
    /// Whose word on where a request came from is taken.
    pub trusted_proxies: Proxies,
    /// Networks beside the internet in which organisations' identity providers and applications may be.
    pub internal_networks: Networks,
    /// Where figures for Prometheus can be asked for.
    pub metrics: Option<SocketAddr>,
    /// For so many days the audit log is kept.
    pub audit_days: u32,
    /// An access token's life.
    pub access_token_lifetime: SignedDuration,
    /// Where credentials for a role come from.
    pub sts: Option<Sts>,
}

/// Files in PEM, read anew when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to the root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file of settings cannot be read.
    #[error("the settings {path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// It is not TOML.
    #[error("{place}: {why}")]
    Malformed {
        /// Where: the file and line, the variable, or the option.
        place: String,
        /// Why.
        why: String,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting `{name}`; the nearest is `{nearest}`")]
    Unknown {
        /// See [`ConfigurationError::Malformed`].
        place: String,
        /// What stands there.
        name: String,
        /// What was probably meant.
        nearest: &'static str,
    },
    /// The value is none for this setting.
    #[error("{place}: `{name}` {why}")]
    Value {
        /// See [`ConfigurationError::Malformed`].
        place: String,
        /// The setting.
        name: &'static str,
        /// What it must be.
        why: String,
    },
    /// A password would stand in the list of processes.
    #[error("--store has a password in it, which everybody on this computer could read")]
    PasswordInArgument,
    /// The file has a password, and others may read it.
    #[error("{path} holds the store's password and others may read it (mode {mode:03o})")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There must be both.
    #[error("`tls_certificate` and `tls_key` belong together, and one is not set")]
    HalfTls,
    /// Nobody knows where the data lies.
    #[error("nothing says where the data lies")]
    NoData,
    /// It would answer to other computers in clear.
    #[error("{0} is not a loopback address: the service would answer other computers in clear")]
    NotLoopback(SocketAddr),
    /// Browsers on other computers would be sent to this one.
    #[error(
        "`url` is missing: with TLS, a proxy or other computers, the service must know its own https address"
    )]
    NoUrl,
}

/// What the command line says: an option's name as a setting, and its value.
pub type Argument = (&'static str, String);

impl Configuration {
    /// The settings in force. `environment` are the process's variables; those that do not begin with [`PREFIX`] are left alone.
    ///
    /// # Errors
    /// See [`ConfigurationError`].
    pub fn read(
        named: Option<&Path>,
        environment: &[(String, String)],
        arguments: &[Argument],
    ) -> Result<Configuration, ConfigurationError> {
        let mut draft = settings::Draft::default();
        let file = file(named, environment, arguments);
        if let Some(path) = file.filter(|path| path.exists() || path != Path::new(INSTALLED)) {
            for (place, name, words) in file::read(&path)? {
                draft.take(&place, &name, &words)?;
            }
            file::private(&path, draft.has_password())?;
        }
        for (variable, value) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            if variable != FILE {
                draft.take(
                    variable,
                    &name.to_lowercase(),
                    &settings::words(name, value),
                )?;
            }
        }
        for (name, value) in arguments {
            let place = format!("--{}", name.replace('_', "-"));
            draft.take(&place, name, &settings::words(name, value))?;
            if *name == "store" && draft.has_password() {
                return Err(ConfigurationError::PasswordInArgument);
            }
        }
        draft.finish()
    }
}

/// The file that is meant, whether it is there or not: the named one, or that of an installed service, if nothing else says where the
/// data lies.
#[must_use]
pub fn file(
    named: Option<&Path>,
    environment: &[(String, String)],
    arguments: &[Argument],
) -> Option<PathBuf> {
    let variable = |wanted: &str| environment.iter().find(|(name, _)| name == wanted);
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    if let Some((_, path)) = variable(FILE) {
        return Some(path.into());
    }
    let elsewhere =
        arguments.iter().any(|(name, _)| *name == "data") || variable("KIRO_IC_DATA").is_some();
    (!elsewhere).then(|| INSTALLED.into())
}

#[cfg(test)]
mod tests;
