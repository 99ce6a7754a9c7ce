//! `$KIRO_HOME/logs/desktop.log`: private, bounded, redacted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use kiro_credentials::Home;
use tracing_subscriber::EnvFilter;

use crate::redact::redact;

/// Beyond this the log moves to `desktop.log.1` at the next start.
const LIMIT: u64 = 1024 * 1024;

/// Starts the log. `KIRO_LOG` filters it, `info` by default. Where it cannot be written the program runs without.
pub(crate) fn start(home: &Home) {
    if home.ensure().is_err() {
        return;
    }
    let filter = EnvFilter::try_from_env("KIRO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    if let Ok(file) = open(&home.logs()) {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(Mutex::new(Redacted { file }))
            .try_init();
    }
}

fn open(folder: &Path) -> io::Result<File> {
    let path = folder.join("desktop.log");
    if path.metadata().is_ok_and(|metadata| metadata.len() > LIMIT) {
        std::fs::rename(&path, folder.join("desktop.log.1"))?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes whole events, each redacted.
struct Redacted<W> {
    file: W,
}

impl<W: Write> Write for Redacted<W> {
    /// The formatter hands over one event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.file
            .write_all(redact(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_redacted_on_its_way_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(Mutex::new(Redacted {
                file: open(folder.path()).unwrap(),
            }))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                url = "https://idp/authorize?state=canary-1",
                "token={}",
                "canary2"
            );
        });
        let written = std::fs::read_to_string(folder.path().join("desktop.log")).unwrap();
        assert!(
            written.contains("https://idp/authorize?") && !written.contains("canary"),
            "{written}"
        );
    }

    #[test]
    fn a_long_log_is_set_aside_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).unwrap().set_len(LIMIT + 1).unwrap();
        assert_eq!(open(folder.path()).unwrap().metadata().unwrap().len(), 0);
        assert!(folder.path().join("desktop.log.1").exists());
    }
}
