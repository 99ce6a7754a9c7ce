//! The passphrase prompt: on a terminal only, on stderr, not echoed, and twice when it is a new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::SecretString;

use crate::shell::Shell;

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
        password.interact().ok().map(SecretString::from)
    })
}
