//! Keeps the session fresh while the app runs, so that a command in a terminal finds a fresh token, and notices its end.
//!
//! A renewal is made when it is due. In between the provider is asked how the session stands, by a question that uses
//! nothing up (docs/decisions/0012): when the window comes to the front, every 30 s while it is on the screen, and after
//! the computer has slept.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use kiro_sign_in::{Account, Code, Failure, Health, SignedIn, account, health, refresh_if_due};

use crate::desktop::{Desktop, is_offline};
use crate::window;

/// How often the clock is looked at. Short, because sleep of the computer stops a timer and not the token's clock.
const BEAT: Duration = Duration::from_secs(15);
/// How often the provider is asked while somebody may be looking.
const WHILE_SHOWN: Duration = Duration::from_secs(30);
/// A timer may come a little early against another clock.
const EARLY: Duration = Duration::from_secs(1);
/// After sleep the network needs a moment, and a thousand computers do not wake for the same second.
const WAKING: Duration = Duration::from_secs(15);
/// How long an error of the keyring or the file is left alone: each try may bring up a prompt.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// Renews the active profile's session whenever that is due, and asks how it stands. Runs as long as the app.
pub(crate) async fn keep(desktop: Arc<Desktop>) {
    let mut stuck_since = None;
    let mut asking = Asking::default();
    loop {
        let waited =
            stuck_since.is_none_or(|since| desktop.now().duration_since(since) >= PATIENCE);
        if waited && let Ok(Account::SignedIn(who)) = account(&desktop.context, None) {
            let work = desktop.work.read().await;
            let mut result = refresh_if_due(&desktop.context, None).await;
            let shown = window::is_shown(&desktop.app);
            if result.is_ok() && asking.is_due(&who, shown, Instant::now()) {
                let told = health(&desktop.context, None).await;
                asking.answered(&who, &told, Instant::now());
                result = told.map(drop);
            }
            drop(work);
            let state = State::after(result);
            let prompts = |failure: &Failure| may_prompt(failure.code);
            stuck_since = state
                .stuck
                .as_ref()
                .is_some_and(prompts)
                .then(|| desktop.now());
            state.remember(&desktop);
        }
        tokio::select! {
            () = desktop.retry.notified() => stuck_since = None,
            () = desktop.looked_at.notified() => asking.wanted = true,
            () = desktop.woken.notified() => {
                tokio::time::sleep(WAKING.mul_f64(fraction())).await;
                asking.wanted = true;
            }
            () = tokio::time::sleep(BEAT) => {}
        }
    }
}

/// Between 0 and 1, another each time.
fn fraction() -> f64 {
    let random = RandomState::new().hash_one(()) % 1000;
    Duration::from_millis(random).as_secs_f64()
}

/// When the provider was asked last, and whether it answers at all.
#[derive(Default)]
struct Asking {
    /// Somebody looks, or the computer woke; stays until there was an answer.
    wanted: bool,
    last: Option<Instant>,
    /// The sign-in of which nothing can be learned.
    silent: Option<SignedIn>,
}

impl Asking {
    fn is_due(&self, who: &SignedIn, shown: bool, now: Instant) -> bool {
        let silent = self.silent.as_ref().is_some_and(|silent| same(silent, who));
        let long_ago = self
            .last
            .is_none_or(|last| now.duration_since(last) + EARLY >= WHILE_SHOWN);
        !silent && (self.wanted || (shown && long_ago))
    }

    fn answered(&mut self, who: &SignedIn, told: &Result<Health, Failure>, now: Instant) {
        self.last = Some(now);
        self.wanted = told.is_err(); // the question stands, and what is shown with it
        if *told == Ok(Health::Unknown) {
            self.silent = Some(who.clone());
        }
    }
}

/// Whether both are of one signing in.
fn same(one: &SignedIn, other: &SignedIn) -> bool {
    (&one.profile, one.signed_in_at) == (&other.profile, other.signed_in_at)
}

/// What a renewal, or the lack of need for one, tells beyond the files.
#[derive(Debug, Default, PartialEq)]
struct State {
    offline: bool,
    stuck: Option<Failure>,
}

impl State {
    fn after(result: Result<(), Failure>) -> State {
        let Err(failure) = result else {
            return State::default();
        };
        if is_offline(failure.code) {
            return State {
                offline: true,
                stuck: None,
            };
        }
        tracing::warn!(code = ?failure.code, "the session was not renewed");
        State {
            offline: false,
            stuck: (!is_in_the_files(failure.code)).then_some(failure),
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

/// What the files say from now on: the session is over, or there is none.
fn is_in_the_files(code: Code) -> bool {
    matches!(
        code,
        Code::SessionEnded | Code::EndedByOrg | Code::StepUpNeeded | Code::NotSignedIn
    )
}

/// What the keyring or the file is the reason of.
fn may_prompt(code: Code) -> bool {
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
    use kiro_sign_in::{KeySource, Provider};

    fn who(signed_in_at: i64) -> SignedIn {
        SignedIn {
            profile: Default::default(),
            provider: Provider::Okta,
            organization: "acme".into(),
            organization_title: "Acme".into(),
            issuer: "https://login.acme.com".into(),
            subject: None,
            name: None,
            email: None,
            expires_at: Timestamp::UNIX_EPOCH,
            session_expires_at: None,
            signed_in_at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(signed_in_at),
            region: None,
            models: None,
            key_source: KeySource::OsKeyring,
            managed: false,
        }
    }

    #[test]
    fn the_provider_is_asked_while_shown_and_at_once_when_somebody_looks() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let alive = Ok(Health::Alive);
        let mut asking = Asking::default();
        assert!(!asking.is_due(&who(0), false, at(0)), "nobody looks");
        assert!(asking.is_due(&who(0), true, at(0)));
        asking.answered(&who(0), &alive, at(0));
        assert!(!asking.is_due(&who(0), true, at(15)));
        assert!(asking.is_due(&who(0), true, at(30)));
        asking.wanted = true;
        assert!(asking.is_due(&who(0), false, at(1)));
        asking.answered(&who(0), &alive, at(1));
        assert!(!asking.is_due(&who(0), false, at(600)));
    }

    #[test]
    fn the_question_stands_until_there_is_a_network() {
        let now = Instant::now();
        let mut asking = Asking::default();
        // Whoever asked: else "no network" would go away by itself at the next beat.
        for wanted in [true, false] {
            asking.wanted = wanted;
            for code in [Code::Unreachable, Code::ProxyPassword] {
                let failure = Err(Failure::new(code, Timestamp::UNIX_EPOCH));
                asking.answered(&who(0), &failure, now);
                assert!(asking.is_due(&who(0), false, now), "{code:?}");
            }
        }
        asking.answered(&who(0), &Ok(Health::Alive), now);
        assert!(!asking.is_due(&who(0), false, now));
    }

    #[test]
    fn who_does_not_answer_is_asked_again_only_after_the_next_sign_in() {
        let now = Instant::now();
        let mut asking = Asking::default();
        asking.answered(&who(0), &Ok(Health::Unknown), now);
        asking.wanted = true;
        assert!(!asking.is_due(&who(0), true, now + WHILE_SHOWN));
        assert!(asking.is_due(&who(1), true, now + WHILE_SHOWN));
    }

    #[test]
    fn computers_that_wake_together_do_not_ask_together() {
        let drawn: Vec<f64> = (0..100).map(|_| fraction()).collect();
        assert!(drawn.iter().all(|each| (0.0..1.0).contains(each)));
        let (early, late): (Vec<f64>, Vec<f64>) = drawn.iter().partition(|each| **each < 0.5);
        assert!(!early.is_empty() && !late.is_empty(), "{drawn:?}");
    }

    #[test]
    fn being_offline_is_a_state_and_what_the_person_can_mend_is_shown() {
        let check = |code: Code, offline: bool, stuck: bool| {
            let failure = Failure::new(code, Timestamp::UNIX_EPOCH);
            let expected = State {
                offline,
                stuck: stuck.then(|| failure.clone()),
            };
            assert_eq!(State::after(Err(failure)), expected, "{code:?}");
        };
        for code in [Code::Unreachable, Code::ServerError] {
            check(code, true, false);
        }
        for code in [
            Code::SessionEnded,
            Code::EndedByOrg,
            Code::StepUpNeeded,
            Code::NotSignedIn,
        ] {
            check(code, false, false);
        }
        for code in [
            Code::KeyringLocked,
            Code::CouldNotSave,
            Code::Intercepted,
            Code::ProxyPassword,
            Code::UnsafeConnection,
            Code::CaFileUnusable,
            Code::Clock,
            Code::MalformedAnswer,
            Code::NotAnIdentityProvider,
            Code::WrongIssuer,
            Code::RefreshFailed,
            Code::Unexpected,
        ] {
            check(code, false, true);
        }
        assert_eq!(State::after(Ok(())), State::default());
    }
}
