//! A disk that refuses: before the request nothing is sent, after it nothing is lost.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{
    Clock, FileError, Fresh, RefreshError, RefreshWhen, RefusalKind, Renewal, Session, Store,
    StoreError,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{answer, at, attempt, record, refusal, renewal};
use crate::scratch::{NOON, Scratch, access, name, noon, public, tokens};

/// A folder in the place of the file that a writer would make first: every write fails.
struct Obstacle(PathBuf);

impl Obstacle {
    fn new(scratch: &Scratch, file: &str) -> Obstacle {
        let path = scratch.path(file);
        std::fs::create_dir(&path).unwrap();
        Obstacle(path)
    }

    fn of_file(scratch: &Scratch) -> Obstacle {
        Obstacle::new(scratch, "credentials.json.tmp")
    }

    fn gone(self) {
        std::fs::remove_dir(self.0).unwrap();
    }
}

/// A clock that a pause moves on; the obstacle goes at this pause.
struct Mending {
    state: Mutex<(Timestamp, u32, Option<Obstacle>)>,
    at_pause: u32,
}

impl Mending {
    fn new(obstacle: Obstacle, at_pause: u32) -> Mending {
        let begun = noon() + SignedDuration::from_secs(3400);
        Mending {
            state: Mutex::new((begun, 0, Some(obstacle))),
            at_pause,
        }
    }

    fn pauses(&self) -> u32 {
        self.state.lock().unwrap().1
    }

    fn mend(&self) {
        self.state.lock().unwrap().2.take().unwrap().gone();
    }
}

impl Clock for Mending {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap().0
    }

    fn pause(&self, time: Duration) {
        let mut state = self.state.lock().unwrap();
        state.0 += SignedDuration::try_from(time).unwrap();
        state.1 += 1;
        if state.1 == self.at_pause
            && let Some(obstacle) = state.2.take()
        {
            obstacle.gone();
        }
    }
}

fn refreshed(store: &Store, clock: &dyn Clock, asked: &Cell<u32>) -> Result<Fresh, RefreshError> {
    let mut exchange = |session: &Session| {
        asked.set(asked.get() + 1);
        Ok(renewal(&format!(
            "after-{}",
            session.tokens.refresh.as_ref().unwrap().expose_secret()
        )))
    };
    store.refresh(&name("default"), RefreshWhen::Always, clock, &mut exchange)
}

/// The access token in the file.
fn kept(scratch: &Scratch) -> String {
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    access(&session.tokens).to_owned()
}

#[test]
fn a_write_that_fails_after_the_answer_is_tried_again() {
    let scratch = Scratch::signed_in(&["default"]);
    let clock = Mending::new(Obstacle::of_file(&scratch), 3);
    let asked = Cell::new(0);
    let fresh = refreshed(&scratch.store(), &clock, &asked).unwrap();
    assert!(fresh.unsaved.is_none(), "{:?}", fresh.unsaved);
    assert_eq!((asked.get(), clock.pauses()), (1, 3));
    assert_eq!(
        access(&fresh.session.tokens),
        "access-after-refresh-default"
    );
    assert_eq!(kept(&scratch), "access-after-refresh-default");
    assert_eq!(record(&scratch).unwrap().finished_at, Some(clock.now()));
}

#[test]
fn what_the_disk_refuses_for_good_is_handed_over_and_written_later() {
    let scratch = Scratch::signed_in(&["default"]);
    let before = scratch.bytes("credentials.json");
    let clock = Mending::new(Obstacle::of_file(&scratch), u32::MAX);
    let (store, asked) = (scratch.store(), Cell::new(0));
    for _ in 0..2 {
        // The second asks nobody: it has the answer already.
        let fresh = refreshed(&store, &clock, &asked).unwrap();
        let refused = fresh.unsaved.unwrap();
        assert!(
            matches!(refused, StoreError::File(FileError::Io { .. })),
            "{refused:?}"
        );
        assert_eq!(
            access(&fresh.session.tokens),
            "access-after-refresh-default"
        );
        assert_eq!(fresh.session.public.revision, 2);
        assert_eq!(asked.get(), 1);
    }
    assert_eq!(scratch.bytes("credentials.json"), before, "as it was");
    assert_eq!(record(&scratch).unwrap().finished_at, None, "interrupted");

    clock.mend();
    let fresh = refreshed(&store, &clock, &asked).unwrap();
    assert!(fresh.unsaved.is_none());
    assert_eq!(asked.get(), 1, "written without another request");
    assert_eq!(kept(&scratch), "access-after-refresh-default");
    // From now on as ever.
    refreshed(&store, &clock, &asked).unwrap();
    assert_eq!(kept(&scratch), "access-after-refresh-after-refresh-default");
}

#[test]
fn another_process_sends_the_former_token_and_knows_why_it_may_fail() {
    let scratch = Scratch::signed_in(&["default"]);
    let clock = Mending::new(Obstacle::of_file(&scratch), u32::MAX);
    let (store, asked) = (scratch.store(), Cell::new(0));
    refreshed(&store, &clock, &asked).unwrap();
    clock.mend();
    // A moment before the first one looks again: young enough to speak for everybody who has no answer.
    let other = attempt(&scratch, RefreshWhen::Always, &at(3405), &|| {
        Err(refusal(RefusalKind::Ended))
    });
    assert_eq!(other, ("invalid_grant".to_owned(), 1));
    assert!(record(&scratch).unwrap().interrupted);
    // The process that has the answer still heals it: no refusal of the old token says anything
    // about the new one.
    let fresh = refreshed(&store, &clock, &asked).unwrap();
    assert!(fresh.unsaved.is_none());
    assert_eq!(asked.get(), 1);
    assert_eq!(kept(&scratch), "access-after-refresh-default");
}

#[test]
fn what_was_not_written_does_not_undo_a_sign_in_or_a_sign_out() {
    let check = |meanwhile: &dyn Fn(&Store), expected: &str| {
        let scratch = Scratch::signed_in(&["default"]);
        let clock = Mending::new(Obstacle::of_file(&scratch), u32::MAX);
        let (store, asked) = (scratch.store(), Cell::new(0));
        refreshed(&store, &clock, &asked).unwrap();
        clock.mend();
        meanwhile(&scratch.store());
        assert_eq!(answer(refreshed(&store, &clock, &asked)), expected);
    };
    check(
        &|other| {
            drop(
                other
                    .save(&name("default"), public(), tokens("anew"))
                    .unwrap(),
            )
        },
        "access-after-refresh-anew",
    );
    check(
        &|other| assert!(other.remove(&name("default")).unwrap()),
        "not signed in",
    );
}

#[test]
fn an_answer_kept_in_memory_is_not_given_out_after_its_end() {
    let scratch = Scratch::signed_in(&["default"]);
    let clock = Mending::new(Obstacle::of_file(&scratch), u32::MAX);
    let store = scratch.store();
    let short = |_: &Session| {
        Ok(Renewal {
            expires_at: Timestamp::from_second(NOON + 3500).unwrap(),
            refresh: Some(SecretString::from("refresh-rotated")),
            ..renewal("short")
        })
    };
    let fresh = store.refresh(&name("default"), RefreshWhen::Always, &clock, &mut {
        short
    });
    assert!(fresh.unwrap().unsaved.is_some());
    let asked = Cell::new(0);
    let late = refreshed(&store, &at(4000), &asked);
    assert!(
        matches!(late, Err(RefreshError::Store(StoreError::File(_)))),
        "{late:?}"
    );
    assert_eq!(asked.get(), 0, "the former token is not sent again");
    clock.mend();
    // The rotated refresh token was not lost.
    let fresh = refreshed(&store, &at(4000), &asked).unwrap();
    assert_eq!(
        access(&fresh.session.tokens),
        "access-after-refresh-rotated"
    );
    assert_eq!(asked.get(), 1);
}

#[test]
fn without_a_durable_intent_nothing_is_sent() {
    let check = |when: RefreshWhen, now: i64, expected: &str| {
        let scratch = Scratch::signed_in(&["default"]);
        let before = scratch.bytes("credentials.json");
        scratch.home().ensure().unwrap();
        let obstacle = Obstacle::new(&scratch, "locks/default.json.tmp");
        let (found, asked) = attempt(&scratch, when, &at(now), &|| Ok(renewal("new")));
        assert_eq!(asked, 0, "{when:?} {now}");
        assert!(found.starts_with(expected), "{when:?} {now}: {found}");
        assert_eq!(scratch.bytes("credentials.json"), before);
        obstacle.gone();
        let done = attempt(&scratch, RefreshWhen::Always, &at(now), &|| {
            Ok(renewal("new"))
        });
        assert_eq!(done, ("access-new".to_owned(), 1));
        assert!(!record(&scratch).unwrap().interrupted, "nothing was sent");
    };
    // A token that still lives is given out all the same.
    check(RefreshWhen::Due, 3400, "access-default");
    check(RefreshWhen::Due, 3600, "store: ");
    check(RefreshWhen::Always, 3400, "store: ");
}
