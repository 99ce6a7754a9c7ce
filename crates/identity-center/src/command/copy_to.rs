//! `kiro-identity-center copy-to`: the store moves from its file to a PostgreSQL database.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use url::Url;

use super::{Failure, Installation, by};
use crate::folder;
use crate::store::Store;

/// Where the URL is taken from, if it is no argument: there it may have a password.
pub const VARIABLE: &str = "KIRO_COPY_TO";

/// Copy the SQLite store into an empty PostgreSQL database; the service is stopped meanwhile, and goes on there
#[derive(Args)]
pub struct CopyTo {
    /// The database, without a password [default: the variable KIRO_COPY_TO, with one or without]
    #[arg(value_name = "URL")]
    to: Option<String>,
    #[command(flatten)]
    installation: Installation,
}

impl CopyTo {
    /// Copies it, and says to `out` what is next. `variable` is the value of [`VARIABLE`].
    ///
    /// # Errors
    /// See [`Failure`]. Nothing is in the database then.
    pub async fn run(self, variable: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
        let to = match (&self.to, variable) {
            (Some(argument), _) if has_password(argument) => {
                return Err(Failure::new(
                    "The URL has a password in it, which everybody on this computer could read",
                )
                .hint(format!("Give it in the variable {VARIABLE}")));
            }
            (Some(argument), _) => argument.as_str(),
            (None, Some(variable)) => variable,
            (None, None) => {
                return Err(Failure::new("Nothing says where to").hint(format!(
                    "Give postgresql://USER@HOST/DATABASE, or set {VARIABLE}"
                )));
            }
        };
        let configuration = self.installation.read(Vec::new())?;
        if configuration.store.is_some() {
            return Err(Failure::new("The store is a PostgreSQL database already")
                .hint("Move it with pg_dump and pg_restore"));
        }
        let from = folder::file(&configuration);
        std::fs::metadata(&from)
            .map_err(|why| Failure::new(format!("`{}` cannot be used: {why}", from.display())))?;
        let database = Store::postgres(to).await?;
        let copied = by().doing(database.take_file(&from, Timestamp::now()));
        let rows = copied.await?;
        writeln!(
            out,
            "Copied {rows} rows. Set `store` to the database, keep the master key, and start the service: sessions go on there. {} is as it was; \
             put it away",
            from.display()
        )?;
        Ok(())
    }
}

fn has_password(text: &str) -> bool {
    text.parse().is_ok_and(|url: Url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}
