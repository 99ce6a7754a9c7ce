//! Renews the session while the app runs, so that a command in a terminal finds a fresh token.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kiro_sign_in::{Account, Code, Failure, account, refresh_if_due};

use crate::desktop::{Desktop, is_offline};

/// How often the clock is looked at. Short, because sleep of the computer stops a timer and not the token's clock.
const BEAT: Duration = Duration::from_secs(15);
/// How long an error that only the person can clear is left alone: each try may bring up a prompt.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// Renews the active profile's session whenever that is due. Runs as long as the app.
pub(crate) async fn keep(desktop: Arc<Desktop>) {
    let mut stuck_since = None;
    loop {
        let waited =
            stuck_since.is_none_or(|since| desktop.now().duration_since(since) >= PATIENCE);
        if waited && matches!(account(&desktop.context, None), Ok(Account::SignedIn(_))) {
            let work = desktop.work.read().await;
            let result = refresh_if_due(&desktop.context, None).await;
            drop(work);
            let state = State::after(result);
            stuck_since = state.stuck.is_some().then(|| desktop.now());
            state.remember(&desktop);
        }
        let retry = tokio::time::timeout(BEAT, desktop.retry.notified()).await;
        if retry.is_ok() {
            stuck_since = None;
        }
    }
}

/// What a renewal, or the lack of need for one, tells.
#[derive(Debug, PartialEq)]
struct State {
    offline: bool,
    stuck: Option<Failure>,
}

impl State {
    fn after(result: Result<(), Failure>) -> State {
        match result {
            Ok(()) => State {
                offline: false,
                stuck: None,
            },
            Err(failure) if is_offline(failure.code) => State {
                offline: true,
                stuck: None,
            },
            Err(failure) if asks_for_the_person(failure.code) => State {
                offline: false,
                stuck: Some(failure),
            },
            Err(failure) => {
                // The files say it (an ended session), or the next try may do better.
                tracing::warn!(code = ?failure.code, "the session was not renewed");
                State {
                    offline: false,
                    stuck: None,
                }
            }
        }
    }

    fn remember(self, desktop: &Desktop) {
        let unchanged = {
            let memory = desktop.memory();
            memory.offline == self.offline && memory.stuck == self.stuck
        };
        if !unchanged {
            desktop.change(|memory| {
                memory.offline = self.offline;
                memory.stuck = self.stuck;
            });
        }
    }
}

/// What only the person can clear, and the credential file does not tell.
fn asks_for_the_person(code: Code) -> bool {
    matches!(
        code,
        Code::KeyringLocked
            | Code::NoKeyring
            | Code::KeyGone
            | Code::PassphraseNeeded
            | Code::WrongPassphrase
            | Code::CouldNotSave
            | Code::FileDamaged
            | Code::FileNewer
            | Code::NotPrivate
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn being_offline_is_a_state_and_not_an_error() {
        let check = |code: Code, offline: bool, stuck: bool| {
            let failure = Failure::new(code, Timestamp::UNIX_EPOCH);
            let expected = State {
                offline,
                stuck: stuck.then(|| failure.clone()),
            };
            assert_eq!(State::after(Err(failure)), expected, "{code:?}");
        };
        check(Code::Unreachable, true, false);
        check(Code::ServerError, true, false);
        check(Code::KeyringLocked, false, true);
        check(Code::CouldNotSave, false, true);
        check(Code::SessionEnded, false, false);
        check(Code::RefreshFailed, false, false);
        assert_eq!(
            State::after(Ok(())),
            State {
                offline: false,
                stuck: None
            }
        );
    }
}
