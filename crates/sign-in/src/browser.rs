//! The system browser, opened without a shell, for addresses that we built.

use std::process::{Command, Stdio};

use url::Url;

/// The port through which a flow's address reaches the person.
pub trait Browser {
    /// Opens the address, and returns once a browser was asked to.
    ///
    /// # Errors
    /// When the address is neither https nor loopback, or nothing could be started.
    fn open(&self, url: &Url) -> Result<(), BrowserError>;
}

/// Why the browser did not open.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// Only https, or http on this computer, is ever opened (THREATS.md T17).
    #[error("only https addresses are opened")]
    Insecure,
    /// The system has no program for web addresses, or it failed.
    #[error("no browser could be started: {0}")]
    NotStarted(String),
}

/// The browser that the system has chosen: `xdg-open`, `open` or `rundll32`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> Result<(), BrowserError> {
        let url =
            kiro_relying_party::secure_url(url.as_str()).map_err(|_| BrowserError::Insecure)?;
        let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
            ("open", &[])
        } else if cfg!(windows) {
            ("rundll32", &["url.dll,FileProtocolHandler"])
        } else {
            ("xdg-open", &[])
        };
        let not_started = |why: String| BrowserError::NotStarted(why);
        let mut child = Command::new(program)
            .args(before)
            .arg(url.as_str())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(format!("{program}: {error}")))?;
        // A browser that was not running yet becomes `xdg-open`'s child and stays: only a quick failure is one.
        let started = std::time::Instant::now();
        while started.elapsed() < std::time::Duration::from_millis(800) {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(not_started(format!("{program} ended with {status}")));
                }
                Ok(None) => std::thread::sleep(std::time::Duration::from_millis(20)),
                Err(error) => return Err(not_started(error.to_string())),
            }
        }
        std::thread::spawn(move || child.wait()); // reap it whenever it ends
        Ok(())
    }
}
