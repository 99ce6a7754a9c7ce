//! Which installation is meant.

use std::path::PathBuf;

use clap::Args;

use crate::configuration::{self, Argument, Configuration, ConfigurationError};

/// Where the installation is. Every setting may be given in the file or as `KIRO_IC_<NAME>`.
#[derive(Args)]
pub struct Installation {
    /// The settings [default: /etc/kiro-identity-center/config.toml, unless --data is given]
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// The folder of the store and of its master key, made where there is none
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<String>,
    /// The PostgreSQL database to use instead of the folder's SQLite file; without a password
    #[arg(long, value_name = "URL")]
    pub(super) store: Option<String>,
    /// The file of the master key [default: master.key in the folder]
    #[arg(long, value_name = "FILE")]
    pub(super) master_key: Option<String>,
}

impl Installation {
    /// The settings in force, with `more` from the command line.
    ///
    /// # Errors
    /// See [`ConfigurationError`].
    pub fn read(
        &self,
        more: Vec<(&'static str, Option<String>)>,
    ) -> Result<Configuration, ConfigurationError> {
        let settings = self.settings.as_deref();
        Configuration::read(settings, &environment(), &self.arguments(more))
    }

    /// The file of settings that is meant, whether it is there or not; none where `data` alone is named.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let settings = self.settings.as_deref();
        configuration::file(settings, &environment(), &self.arguments(Vec::new()))
    }

    fn arguments(&self, more: Vec<(&'static str, Option<String>)>) -> Vec<Argument> {
        let mut given = vec![
            ("data", self.data.clone()),
            ("store", self.store.clone()),
            ("master_key", self.master_key.clone()),
        ];
        given.extend(more);
        let given = given.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

/// A variable that is not text cannot be one of ours.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
