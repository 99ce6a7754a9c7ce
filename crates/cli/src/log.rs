//! The log: `$KIRO_HOME/logs/kiro.log`, only when `KIRO_LOG` asks for it, and redacted whatever a library writes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Mutex;

use kiro_sign_in::Context;
use tracing_subscriber::EnvFilter;

/// Starts logging when `KIRO_LOG` is set (`info`, `debug`, or a filter such as `kiro_sign_in=trace`).
pub(crate) fn start(context: &Context) {
    let Ok(filter) = std::env::var("KIRO_LOG") else {
        return;
    };
    if filter.is_empty() || context.store.home().ensure().is_err() {
        return;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Ok(file) = options.open(context.store.home().logs().join("kiro.log")) else {
        return;
    };
    // HTTP libraries write whole requests at `trace`: they may warn and no more.
    let filter = EnvFilter::new(
        ["hyper", "h2", "reqwest", "rustls", "aws", "zbus"]
            .iter()
            .fold(filter, |filter, noisy| format!("{filter},{noisy}=warn")),
    );
    let started = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(Redacting(file)))
        .try_init();
    drop(started); // already started: nothing to do
}

struct Redacting(File);

impl Write for Redacting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The formatter hands over one whole line at a time.
        self.0
            .write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The line without queries and fragments of addresses, and without anything that looks like a token.
fn redact(line: &str) -> String {
    let token =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+' | '=');
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| !token(c)).unwrap_or(rest.len());
        if run > 0 {
            out.push_str(if run >= 40 {
                "[redacted]"
            } else {
                &rest[..run]
            });
            rest = &rest[run..];
        } else if matches!(first, '?' | '#') && out.ends_with(|c: char| !c.is_whitespace()) {
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '>' | ')' | '\''))
                .unwrap_or(rest.len());
            out.push_str(if end > 1 { "?[redacted]" } else { &rest[..end] });
            rest = &rest[end..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn queries_and_tokens_never_reach_the_log() {
        let check = |line: &str, expected: &str| assert_eq!(super::redact(line), expected);
        check(
            "GET https://a.example/cb?code=SECRET&state=S",
            "GET https://a.example/cb?[redacted]",
        );
        check(
            "\"https://a.example/x#frag\" done",
            "\"https://a.example/x?[redacted]\" done",
        );
        check(&format!("Bearer {}", "a".repeat(40)), "Bearer [redacted]");
        check("is it well? yes", "is it well? yes");
    }
}
