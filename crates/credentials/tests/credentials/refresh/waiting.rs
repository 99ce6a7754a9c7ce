//! Who waits for another process's refresh is answered by what it wrote, not by its lock.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use jiff::Timestamp;
use kiro_credentials::{Clock, FileLock, RefreshRecord, RefreshWhen, RefusalKind};

use super::{answer, at, attempt, refusal, renewal};
use crate::scratch::{Scratch, access, name, noon, public, tokens};

/// Tells when it is asked: the caller has then read the session, and not yet taken the lock.
struct Telling(Mutex<Option<Sender<()>>>);

impl Clock for Telling {
    fn now(&self) -> Timestamp {
        if let Some(asked) = self.0.lock().unwrap().take() {
            asked.send(()).unwrap();
        }
        noon()
    }
}

#[test]
fn who_waited_for_another_refresh_takes_its_session() {
    let check = |when: RefreshWhen| {
        let scratch = Scratch::signed_in(&["default"]);
        let waiting = std::thread::scope(|scope| {
            let waiting = Cell::new(None);
            let first = attempt(&scratch, RefreshWhen::Always, &at(0), &|| {
                let (asked, has_read) = channel();
                let store = scratch.store();
                waiting.set(Some(scope.spawn(move || {
                    let clock = Telling(Mutex::new(Some(asked)));
                    answer(store.refresh(&name("default"), when, &clock, &mut |_| {
                        Ok(renewal("second"))
                    }))
                })));
                has_read.recv().unwrap();
                Ok(renewal("first"))
            });
            assert_eq!(first, ("access-first".to_owned(), 1));
            waiting.take().unwrap().join().unwrap()
        });
        assert_eq!(waiting, "access-first", "{when:?}");
    };
    check(RefreshWhen::Always);
    check(RefreshWhen::Revision(1));
}

/// A clock that is asked once the session was read and before anything is waited for: then something else happens.
struct Between<'a>(Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>);

impl Clock for Between<'_> {
    fn now(&self) -> Timestamp {
        let happens = self.0.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        noon()
    }
}

/// A refresh during which `meanwhile` happens, and the lock is held to the very end.
fn waited(scratch: &Scratch, when: RefreshWhen, meanwhile: impl FnOnce() + Send) -> String {
    scratch.home().ensure().unwrap();
    let held = FileLock::try_acquire(&scratch.home().locks().join("default"));
    let held = held.unwrap().unwrap();
    let clock = Between(Mutex::new(Some(Box::new(meanwhile))));
    let refreshed = scratch
        .store()
        .refresh(&name("default"), when, &clock, &mut |_| {
            panic!("the lock is not its own")
        });
    drop(held);
    answer(refreshed)
}

#[test]
fn who_waits_takes_the_session_while_the_lock_is_still_held() {
    for when in [RefreshWhen::Always, RefreshWhen::Revision(1)] {
        let scratch = Scratch::signed_in(&["default"]);
        let answered = waited(&scratch, when, || {
            scratch
                .store()
                .save(&name("default"), public(), tokens("anew"))
                .unwrap();
        });
        assert_eq!(answered, "access-anew");
    }
}

#[test]
fn who_waits_takes_the_refusal_while_the_lock_is_still_held() {
    let scratch = Scratch::signed_in(&["default"]);
    let answered = waited(&scratch, RefreshWhen::Always, || {
        let record = RefreshRecord {
            revision: 1,
            started_at: noon(),
            finished_at: Some(noon()),
            refusal: Some(refusal(RefusalKind::Ended)),
            interrupted: false,
        };
        let path = scratch.home().locks().join("default.json");
        kiro_credentials::replace(&path, &serde_json::to_vec(&record).unwrap()).unwrap();
    });
    assert_eq!(answered, "invalid_grant");
}

/// A clock on which much time goes by after the first look at it.
struct Later(AtomicBool);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        at(if self.0.swap(true, Ordering::SeqCst) {
            20
        } else {
            0
        })
        .now()
    }
}

#[test]
fn who_waited_takes_a_refusal_that_may_be_over_however_late_it_looks() {
    let check = |finished_at: i64, expected: &str| {
        let scratch = Scratch::signed_in(&["default"]);
        let record = RefreshRecord {
            revision: 1,
            started_at: at(-1).now(),
            finished_at: Some(at(finished_at).now()),
            refusal: Some(refusal(RefusalKind::Temporary)),
            interrupted: false,
        };
        scratch.home().ensure().unwrap();
        let path = scratch.home().locks().join("default.json");
        kiro_credentials::replace(&path, &serde_json::to_vec(&record).unwrap()).unwrap();
        let clock = Later(AtomicBool::new(false));
        let exchange = &mut |_: &_| Ok(renewal("new"));
        let refreshed =
            scratch
                .store()
                .refresh(&name("default"), RefreshWhen::Always, &clock, exchange);
        assert_eq!(answer(refreshed), expected, "{finished_at}");
    };
    let refused = refusal(RefusalKind::Temporary).error;
    check(14, &refused);
    check(0, &refused);
    check(-1, "access-new"); // it was over before this one began
}

#[test]
fn who_waits_hears_of_a_sign_out_while_the_lock_is_still_held() {
    let scratch = Scratch::signed_in(&["default"]);
    let answered = waited(&scratch, RefreshWhen::Always, || {
        scratch.store().remove(&name("default")).unwrap();
    });
    assert_eq!(answered, "not signed in");
}

/// A clock at which the session is due, and a pause in which something else happens.
struct Meanwhile<'a>(Mutex<Option<Box<dyn FnOnce() + Send + 'a>>>);

impl Clock for Meanwhile<'_> {
    fn now(&self) -> Timestamp {
        at(3400).now()
    }

    fn pause(&self, _: Duration) {
        let happens = self.0.lock().unwrap().take();
        happens.expect("it heard of it at the next look")();
    }
}

/// What a program hears that only waits for others; `meanwhile` has the lock that somebody else holds.
fn elsewhere(scratch: &Scratch, meanwhile: impl FnOnce(&mut Option<FileLock>) + Send) -> String {
    scratch.home().ensure().unwrap();
    let held = FileLock::try_acquire(&scratch.home().locks().join("default"));
    let mut held = held.unwrap();
    let clock = Meanwhile(Mutex::new(Some(Box::new(|| meanwhile(&mut held)))));
    let found = scratch.store().session_unless_due(&name("default"), &clock);
    drop(clock);
    found.map_or("nothing".to_owned(), |session| {
        access(&session.tokens).to_owned()
    })
}

#[test]
fn who_only_waits_takes_what_another_process_renewed_and_nothing_else() {
    let check = |meanwhile: &(dyn Fn(&Scratch, &mut Option<FileLock>) + Sync), expected: &str| {
        let scratch = Scratch::signed_in(&["default"]);
        let heard = elsewhere(&scratch, |held| meanwhile(&scratch, held));
        assert_eq!(heard, expected);
    };
    let save = |scratch: &Scratch| {
        let saved = scratch
            .store()
            .save(&name("default"), public(), tokens("anew"));
        saved.unwrap();
    };
    check(&|scratch, _| save(scratch), "access-anew");
    check(
        &|scratch, held| {
            save(scratch);
            *held = None;
        },
        "access-anew",
    );
    check(&|_, held| *held = None, "nothing");
    check(
        &|scratch, _| assert!(scratch.store().remove(&name("default")).unwrap()),
        "nothing",
    );
    check(
        &|scratch, _| {
            let record = RefreshRecord {
                revision: 1,
                started_at: at(3400).now(),
                finished_at: Some(at(3400).now()),
                refusal: Some(refusal(RefusalKind::Ended)),
                interrupted: false,
            };
            let path = scratch.home().locks().join("default.json");
            kiro_credentials::replace(&path, &serde_json::to_vec(&record).unwrap()).unwrap();
        },
        "nothing",
    );
}

#[test]
fn who_only_waits_does_not_when_nobody_renews() {
    let scratch = Scratch::signed_in(&["default"]);
    let clock = Meanwhile(Mutex::new(None));
    let found = scratch.store().session_unless_due(&name("default"), &clock);
    assert!(found.is_none());
    assert!(
        std::fs::read_dir(scratch.home().locks()).map_or(true, |files| files.count() == 0),
        "no lock was made"
    );
}

/// With the lock in the hands of a process that does nothing: what both programs say at this time, and after how long.
fn stopped(now: i64) -> [(String, Duration); 2] {
    let scratch = Scratch::signed_in(&["default"]);
    scratch.home().ensure().unwrap();
    let held = FileLock::try_acquire(&scratch.home().locks().join("default"));
    let _held = held.unwrap().unwrap();
    let timed = |ask: &dyn Fn() -> String| {
        let begun = std::time::Instant::now();
        (ask(), begun.elapsed())
    };
    let front = timed(&|| {
        let found = scratch
            .store()
            .session_unless_due(&name("default"), &at(now));
        found.map_or("nothing".to_owned(), |session| {
            access(&session.tokens).to_owned()
        })
    });
    if now >= 3600 {
        return [front.clone(), front];
    }
    let whole = timed(&|| {
        let exchange = &mut |_: &_| panic!("the lock is not its own");
        let store = scratch.store();
        answer(store.refresh(&name("default"), RefreshWhen::Due, &at(now), exchange))
    });
    [front, whole]
}

#[test]
fn who_has_a_good_token_waits_for_a_stopped_process_for_seconds_only() {
    let seconds = Duration::from_secs(20);
    for (token, took) in stopped(3500) {
        assert!(token.starts_with("access-"), "{token}");
        assert!(took < seconds, "{took:?}");
    }
    // Over: handed on to the program that can wait longer and say so.
    let [(token, took), _] = stopped(3700);
    assert_eq!(token, "nothing");
    assert!(took < seconds, "{took:?}");
}

#[test]
fn who_waits_for_seconds_is_told_once_for_what() {
    let scratch = Scratch::signed_in(&["default"]);
    scratch.home().ensure().unwrap();
    let lock = scratch.home().locks().join("default");
    let held = FileLock::try_acquire(&lock).unwrap().unwrap();
    let (told, heard) = channel();
    let store = scratch.store();
    store.tell_waits(move |lock| told.send(lock.to_owned()).unwrap());
    let renewed = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let exchange = &mut |_: &_| Ok(renewal("own"));
            answer(store.refresh(&name("default"), RefreshWhen::Due, &at(3700), exchange))
        });
        let patience = Duration::from_secs(20);
        assert_eq!(heard.recv_timeout(patience), Ok(lock));
        drop(held);
        waiting.join().unwrap()
    });
    assert_eq!(renewed, "access-own");
    assert!(heard.try_recv().is_err(), "once");
}
