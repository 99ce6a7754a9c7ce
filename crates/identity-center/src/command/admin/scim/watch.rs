//! A connection's log on the screen.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;

use super::line::line;
use super::path;
use crate::command::admin::print;
use crate::command::admin::remote::Remote;
use crate::command::{Failure, Told};
use crate::directory::is_invisible;

/// How soon something is seen.
const SOON: Duration = Duration::from_secs(1);

/// The names of groups, as far as they were looked up.
struct Groups<'a> {
    remote: &'a Remote,
    known: BTreeMap<String, String>,
}

impl Groups<'_> {
    async fn learn(&mut self, entry: &Value) {
        let id = entry["detail"]["group"].as_str().unwrap_or_default();
        if id.is_empty() || self.known.contains_key(id) {
            return;
        }
        let group = self.remote.get(&format!("/groups/{id}")).await;
        let name = group
            .ok()
            .and_then(|group| Some(group["display_name"].as_str()?.to_owned()));
        let name = name.unwrap_or_else(|| "a group that is gone".to_owned());
        self.known.insert(id.to_owned(), name);
    }

    async fn show(
        &mut self,
        entry: &Value,
        connection: &str,
        whole: bool,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        self.learn(entry).await;
        let name = |id: &str| self.known.get(id).cloned().unwrap_or_default();
        let Some(said) = line(entry, connection, &name) else {
            return Ok(());
        };
        let said: String = said
            .chars()
            .filter(|character| !is_invisible(*character))
            .collect();
        let at = if whole {
            print::time(&entry["at"])
        } else {
            print::clock(&entry["at"])
        };
        writeln!(to, "{at} {said}")
    }
}

/// What is there, the newest last.
pub(super) async fn log(remote: &Remote, connection: &str, log: &Value) -> Result<(), Failure> {
    let mut groups = Groups {
        remote,
        known: BTreeMap::new(),
    };
    let entries = log["items"].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        writeln!(io::stderr().lock(), "Nothing came from {connection} yet")?;
    }
    for entry in entries.iter().rev() {
        groups.show(entry, connection, true, &mut Told).await?;
    }
    Ok(())
}

/// What comes, as it comes, for as long as somebody reads it.
pub(super) async fn watch(remote: &Remote, connection: &str) -> Result<(), Failure> {
    let mut groups = Groups {
        remote,
        known: BTreeMap::new(),
    };
    let newest = remote
        .get(&format!("{}/log?limit=1", path(connection)))
        .await?;
    let mut last = newest["items"][0]["number"].as_i64().unwrap_or(0);
    writeln!(io::stderr().lock(), "Watching {connection}; Ctrl-C ends it")?;
    let (mut stdout, mut due) = (io::stdout(), tokio::time::interval(SOON));
    loop {
        due.tick().await;
        let log = remote
            .get(&format!("{}/log?after={last}&limit=500", path(connection)))
            .await?;
        for entry in log["items"].as_array().into_iter().flatten() {
            match groups.show(entry, connection, false, &mut stdout).await {
                // Nobody watches any more.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                other => other?,
            }
            last = last.max(entry["number"].as_i64().unwrap_or(0));
        }
    }
}
