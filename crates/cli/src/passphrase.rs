//! The passphrase prompt: on a terminal only, on stderr, not echoed, and twice when it is a new one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

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
        let mut password = dialoguer::Password::new().with_prompt(ask);
        if new.load(Ordering::Relaxed) {
            password = password.with_confirmation(again, differ);
        }
        remember();
        let answer = password.interact();
        ASKING.store(false, Ordering::Relaxed);
        answer.ok().map(SecretString::from)
    })
}

/// Whether a prompt is waiting for its answer.
pub(crate) fn asking() -> bool {
    ASKING.load(Ordering::Relaxed)
}

fn remember() {
    #[cfg(unix)]
    {
        let now = rustix::termios::tcgetattr(rustix::stdio::stdin()).ok();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
    ASKING.store(true, Ordering::Relaxed);
}

/// Gives the terminal back its echo when a prompt was interrupted.
pub(crate) fn restore() {
    #[cfg(unix)]
    if asking()
        && let Some(before) = &*BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, before);
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"\n");
    }
}
