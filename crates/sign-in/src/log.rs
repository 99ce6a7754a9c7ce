//! The logs of both programs: `$KIRO_HOME/logs/<program>.log`, private, bounded, redacted. Nothing is ever sent anywhere.

mod redact;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kiro_credentials::Home;
use tracing_subscriber::EnvFilter;

pub(crate) use redact::redact;

/// Beyond this a log becomes `<program>.log.1`, in place of the one before it.
const LIMIT: u64 = 1024 * 1024;
/// HTTP libraries write whole requests at `trace`: they may warn and no more.
const NOISY: [&str; 7] = ["hyper", "h2", "reqwest", "rustls", "aws", "zbus", "tao"];

/// Starts the log of `program`, filtered by `KIRO_LOG` (`info`, `debug`, or `kiro_sign_in=trace`), else by `otherwise`.
/// Without either nothing is written, and where it cannot be written the program runs without.
pub fn start(home: &Home, program: &str, otherwise: Option<&str>) {
    let asked = std::env::var("KIRO_LOG")
        .ok()
        .filter(|filter| !filter.is_empty());
    let Some(filter) = asked.or_else(|| otherwise.map(str::to_owned)) else {
        return;
    };
    if home.ensure().is_err() {
        return;
    }
    let Ok(log) = Log::open(&home.logs(), program) else {
        return;
    };
    let quiet = NOISY.map(|noisy| format!(",{noisy}=warn")).concat();
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter + &quiet))
        .with_ansi(false)
        .with_writer(Mutex::new(log))
        .try_init();
    drop(started); // already started: nothing to do
}

/// Writes whole events, each redacted.
struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    fn open(folder: &Path, program: &str) -> io::Result<Log> {
        let path = folder.join(format!("{program}.log"));
        Ok(Log {
            file: append(&path)?,
            path,
        })
    }

    /// Another process may have set the log aside since: then its file is the one to go on with.
    fn turn(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() < LIMIT {
            return Ok(());
        }
        if self
            .path
            .metadata()
            .is_ok_and(|metadata| metadata.len() >= LIMIT)
        {
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
        }
        self.file = append(&self.path)?;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl Write for Log {
    /// The formatter hands over one event at a time.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.turn()?;
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
            .with_writer(Mutex::new(Log::open(folder.path(), "kiro").unwrap()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(
                url = "https://idp/authorize?state=canary-1",
                "token={}",
                "canary2"
            );
        });
        let written = std::fs::read_to_string(folder.path().join("kiro.log")).unwrap();
        assert!(
            written.contains("https://idp/authorize?") && !written.contains("canary"),
            "{written}"
        );
    }

    #[test]
    fn two_files_of_a_mebibyte_are_all_there_ever_is_whoever_writes() {
        let folder = tempfile::tempdir().unwrap();
        let mut writers = [(); 2].map(|()| Log::open(folder.path(), "kiro").unwrap());
        let line = format!("{}\n", "x ".repeat(5000));
        for _ in 0..200 {
            for writer in &mut writers {
                writer.write_all(line.as_bytes()).unwrap();
            }
        }
        let size = |name: &str| folder.path().join(name).metadata().unwrap().len();
        let longest = LIMIT + line.len() as u64;
        assert!(size("kiro.log") <= longest && size("kiro.log.1") <= longest);
        assert!(size("kiro.log.1") >= LIMIT);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
