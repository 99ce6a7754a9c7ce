//! `kiro-identity-center backup` and `restore`: the store as one file, made while the service runs, put back where there is none;
//! `restored`: the same end of everything where something else has put the store back.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::{Failure, Installation, by};
use crate::back_up;
use crate::folder;
use crate::store;

/// Back the store up into a new file; the service goes on meanwhile
#[derive(Args)]
pub struct Backup {
    /// The file to make; the master key is not in it
    file: PathBuf,
    #[command(flatten)]
    installation: Installation,
}

/// Put a back-up into the installation's folder, where there is no store; everybody signs in again
#[derive(Args)]
pub struct Restore {
    /// The back-up
    file: PathBuf,
    #[command(flatten)]
    installation: Installation,
}

/// Say that the store was put back by something else (pg_restore, a snapshot): everybody signs in again
#[derive(Args)]
pub struct Restored {
    #[command(flatten)]
    installation: Installation,
}

impl Backup {
    /// Makes the back-up, and says so to `out`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let configuration = self.installation.read(Vec::new())?;
        let made = back_up::make(&configuration, &self.file, Timestamp::now());
        by().doing(made).await?;
        writeln!(out, "Backed up to {}", self.file.display())?;
        Ok(())
    }
}

impl Restore {
    /// Puts it back, and says so to `out`. `environment` is the value of [`crate::master_key::VARIABLE`].
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(self, environment: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
        let configuration = self.installation.read(Vec::new())?;
        let put_back =
            async { back_up::restore(&configuration, environment, &self.file, Timestamp::now()) };
        let ended = by().doing(put_back).await?;
        writeln!(out, "Restored {}", self.file.display())?;
        Ok(said(ended, out)?)
    }
}

impl Restored {
    /// Ends everything, and says so to `out`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let configuration = self.installation.read(Vec::new())?;
        let store = folder::existing(&configuration).await?;
        let ended = by().doing(store.restored(Timestamp::now())).await?;
        Ok(said(ended, out)?)
    }
}

fn said(ended: store::Restored, out: &mut dyn Write) -> std::io::Result<()> {
    let store::Restored {
        sessions,
        scim_tokens,
        recovery_codes,
    } = ended;
    let many = |count| if count == 1 { "" } else { "s" };
    writeln!(
        out,
        "Ended {sessions} session{}: everybody signs in again. What was changed since the back-up was made is as it was before: look \
         through the audit log that was exported last",
        many(sessions)
    )?;
    if scim_tokens > 0 {
        writeln!(
            out,
            "Revoked {scim_tokens} provisioning token{}: for each connection, make a new one by `admin scim token create`, and enter it at \
             the identity provider",
            many(scim_tokens)
        )?;
    }
    if recovery_codes > 0 {
        let (people, they) = match recovery_codes {
            1 => ("1 person".to_owned(), "they are"),
            many => (format!("{many} people"), "each is"),
        };
        writeln!(
            out,
            "Made the recovery codes of {people} void: {they} shown new ones at the next sign-in. For whoever has lost their phone, \
             `admin user forget-second-factor`"
        )?;
    }
    Ok(())
}
