//! `kiro-identity-center master-key`: the key that seals everything is replaced by another, in three steps, none of which stops the
//! service: every instance opens with both keys before anything is sealed under the new one, and without the old one after.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Failure, Installation};
use crate::clock::{Clock as _, SystemClock};
use crate::configuration::Configuration;
use crate::folder;
use crate::master_key::{MasterKeys, Source, generate};
use crate::private;

/// Replace the key that the store's secrets are sealed under
#[derive(Args)]
pub struct MasterKey {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// 1. Write a new key above the old one into the file; both open
    Add(Installation),
    /// 2. Once every instance was started with both: seal everything anew under the new one
    Reseal(Installation),
    /// 3. Take the old ones out of the file
    Drop(Installation),
}

impl MasterKey {
    /// Does it, and says so to `out`. `environment` is the value of [`crate::master_key::VARIABLE`].
    ///
    /// # Errors
    /// See [`Failure`]. Nothing was changed then.
    pub async fn run(self, environment: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
        let (Verb::Add(installation) | Verb::Reseal(installation) | Verb::Drop(installation)) =
            &self.verb;
        let configuration = installation.read(Vec::new())?;
        let source = folder::source(&configuration);
        match self.verb {
            Verb::Add(_) => {
                let file = file(&source, environment)?;
                let before = MasterKeys::load(&source, None)?;
                let text = Zeroizing::new(fs::read_to_string(file)?);
                let new = generate();
                let text = Zeroizing::new(format!("{}\n{}", *new, *text));
                private::replace(file, text.as_bytes())?;
                let after = MasterKeys::load(&source, None)?;
                writeln!(
                    out,
                    "Added {} above {} in {}.\nBack the file up, give it to every instance and restart each; then `master-key reseal`",
                    after.key_id(),
                    before.key_id(),
                    file.display()
                )?;
            }
            Verb::Reseal(_) => {
                let master = MasterKeys::load(&source, environment)?;
                let store = folder::existing(&configuration).await?;
                let count = store.reseal(&master, SystemClock.now()).await?;
                writeln!(
                    out,
                    "Sealed {count} secrets under {}. The older keys open nothing any more: `master-key drop`",
                    master.key_id()
                )?;
            }
            Verb::Drop(_) => drop_old(&configuration, &source, environment, out).await?,
        }
        Ok(())
    }
}

/// Leaves the newest key alone in the file, if it opens everything.
async fn drop_old(
    configuration: &Configuration,
    source: &Source,
    environment: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let file = file(source, environment)?;
    let text = Zeroizing::new(fs::read_to_string(file)?);
    let newest = text.split_ascii_whitespace().next().unwrap_or_default();
    let alone = MasterKeys::load(source, Some(newest))?;
    let store = folder::existing(configuration).await?;
    if let Some(under) = store.sealed_otherwise(&alone).await? {
        return Err(
            Failure::new(format!("Something is still sealed under {under}"))
                .hint("Run `kiro-identity-center master-key reseal` first"),
        );
    }
    private::replace(file, Zeroizing::new(format!("{newest}\n")).as_bytes())?;
    writeln!(
        out,
        "{} alone is in {}. A back-up from before the change needs the old key",
        alone.key_id(),
        file.display()
    )?;
    Ok(())
}

/// The file that can be written; a key of the environment or of a command is changed where it comes from.
fn file<'a>(source: &'a Source, environment: Option<&str>) -> Result<&'a Path, Failure> {
    match source {
        Source::File(path) if environment.is_none() => {
            folder::ours(path)?;
            Ok(path)
        }
        Source::File(_) | Source::Command(_) => Err(Failure::new("The master key does not come from a file")
            .hint("Put the new key above the old one where it comes from, restart every instance, run `master-key reseal`, and take the old one out")),
    }
}
