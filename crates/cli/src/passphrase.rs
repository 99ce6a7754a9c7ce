//! The passphrase prompt: on a terminal only, on stderr, not echoed, and twice when it is a new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use crate::shell::Shell;

/// The terminal as it was before the prompt that stands on it now.
#[cfg(unix)]
static BEFORE: Mutex<Option<rustix::termios::Termios>> = Mutex::new(None);
static ASKING: AtomicBool = AtomicBool::new(false);

/// Asks for a passphrase. `new` says that none exists yet, so that it is asked for twice.
pub(crate) fn prompt(
    shell: &Shell,
    new: Arc<AtomicBool>,
) -> Box<dyn Fn() -> Option<SecretString> + Send + Sync> {
    let (words, may_ask) = (shell.words, shell.talks && shell.listens);
    Box::new(move || {
        if !may_ask {
            return None;
        }
        let [ask, again, differ] = words.passphrase();
        quiet();
        let answer = loop {
            let Some(first) = line(ask) else { break None };
            if !new.load(Ordering::Relaxed) {
                break Some(first);
            }
            let Some(second) = line(again) else {
                break None;
            };
            if first.expose_secret() == second.expose_secret() {
                break Some(first);
            }
            talk(&format!("{differ}\n"));
        };
        restore();
        answer
    })
}

/// One line from the silent terminal; `None` at its end, or when nothing was typed.
fn line(prompt: &str) -> Option<SecretString> {
    talk(&format!("{prompt}: "));
    #[cfg(unix)]
    let read = {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        talk("\n");
        read.map(|_| line)
    };
    #[cfg(not(unix))]
    let read = dialoguer::console::Term::stderr().read_secure_line();
    let mut line = read.ok()?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    (!line.is_empty()).then(|| SecretString::from(line))
}

fn talk(words: &str) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
}

/// Whether a prompt is waiting for its answer.
pub(crate) fn asking() -> bool {
    ASKING.load(Ordering::Relaxed)
}

/// Silences the terminal before the prompt stands on it: what is typed ahead is not echoed either.
fn quiet() {
    #[cfg(unix)]
    {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(mut quiet) = before.clone() {
            quiet.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &quiet);
        }
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = before;
    }
    ASKING.store(true, Ordering::Relaxed);
}

/// Gives the terminal its echo back, after the answer or when the prompt was interrupted.
pub(crate) fn restore() {
    ASKING.store(false, Ordering::Relaxed);
    #[cfg(unix)]
    if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
    }
}
