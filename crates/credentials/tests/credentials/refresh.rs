//! One refresh at a time, and what its outcomes mean for the session.

mod due;
mod left_alone;
mod unsaved;
mod waiting;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{
    Clock, Fresh, NewPublic, RefreshError, RefreshRecord, RefreshWhen, Refusal, RefusalKind,
    Renewal,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::scratch::{NOON, Scratch, access, name, noon, public, refresh, tokens};

/// A clock that stands still.
pub(crate) struct At(pub(crate) Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// So many seconds after the sign-in. The access token ends at 3600.
fn at(seconds: i64) -> At {
    At(noon() + SignedDuration::from_secs(seconds))
}

fn renewal(mark: &str) -> Renewal {
    Renewal {
        access: SecretString::from(format!("access-{mark}")),
        refresh: Some(SecretString::from(format!("refresh-{mark}"))),
        id: None,
        expires_at: Timestamp::from_second(NOON + 7200).unwrap(),
        session_expires_at: None,
        scopes: None,
        models: None,
    }
}

pub(crate) fn refusal(kind: RefusalKind) -> Refusal {
    let error = match kind {
        RefusalKind::Ended => "invalid_grant",
        RefusalKind::Interaction => "interaction_required",
        RefusalKind::Temporary => "temporarily_unavailable",
        RefusalKind::Other => "server_error",
    };
    Refusal {
        kind,
        error: error.to_owned(),
        description: Some("as the IdP says it".to_owned()),
        correlation_id: None,
        claims: None,
        retry_after: None,
        told: None,
    }
}

/// The access token, or the refusal's word.
fn answer(result: Result<Fresh, RefreshError>) -> String {
    match result {
        Ok(fresh) => access(&fresh.session.tokens).to_owned(),
        Err(RefreshError::Refused(refusal)) => refusal.error,
        Err(RefreshError::NotSignedIn) => "not signed in".to_owned(),
        Err(RefreshError::NoRefreshToken) => "no refresh token".to_owned(),
        Err(RefreshError::Store(error)) => format!("store: {error}"),
    }
}

fn record(scratch: &Scratch) -> Option<RefreshRecord> {
    scratch.store().refresh_record(&name("default")).unwrap()
}

/// Refreshes in a process of its own; the second is how often the IdP was asked.
fn attempt(
    scratch: &Scratch,
    when: RefreshWhen,
    clock: &dyn Clock,
    result: &dyn Fn() -> Result<Renewal, Refusal>,
) -> (String, usize) {
    let asked = Cell::new(0);
    let done = scratch
        .store()
        .refresh(&name("default"), when, clock, &mut |_| {
            asked.set(asked.get() + 1);
            result()
        });
    (answer(done), asked.get())
}

/// 50 at once, each with its own store as 50 processes would have; answers and exchanges.
fn fifty(
    scratch: &Scratch,
    result: &(dyn Fn() -> Result<Renewal, Refusal> + Sync),
) -> (Vec<String>, usize) {
    let (asked, together) = (AtomicUsize::new(0), Barrier::new(50));
    let answers = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let store = scratch.store();
                    together.wait();
                    answer(store.refresh(
                        &name("default"),
                        RefreshWhen::Due,
                        &at(3400),
                        &mut |_| {
                            asked.fetch_add(1, Ordering::SeqCst);
                            result()
                        },
                    ))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    (answers, asked.into_inner())
}

#[test]
fn fifty_at_once_are_one_exchange() {
    let scratch = Scratch::signed_in(&["default"]);
    let (answers, asked) = fifty(&scratch, &|| Ok(renewal("new")));
    assert_eq!(asked, 1);
    assert_eq!(answers, vec!["access-new"; 50]);
    assert_eq!(
        scratch.store().read().unwrap().profiles[&name("default")].revision,
        2
    );
}

#[test]
fn fifty_at_once_share_one_refusal() {
    let scratch = Scratch::signed_in(&["default"]);
    let (answers, asked) = fifty(&scratch, &|| Err(refusal(RefusalKind::Ended)));
    assert_eq!(asked, 1);
    assert_eq!(answers, vec!["invalid_grant"; 50]);
}

#[test]
fn a_refusal_speaks_for_a_while() {
    use RefreshWhen::{Always, Due};
    use RefusalKind::{Ended, Interaction, Other, Temporary};
    let check = |kind: RefusalKind, when: RefreshWhen, first: i64, later: i64, expected: usize| {
        let scratch = Scratch::signed_in(&["default"]);
        let refused = attempt(&scratch, Always, &at(first), &|| Err(refusal(kind)));
        assert_eq!(refused, (refusal(kind).error, 1));
        let second = attempt(&scratch, when, &at(first + later), &|| Ok(renewal("new")));
        assert_eq!(second.1, expected, "{kind:?} {when:?} {first} {later}");
    };
    for (when, first) in [(Always, 100), (Due, 3400), (Due, 3700)] {
        for kind in [Ended, Interaction] {
            check(kind, when, first, 0, 0);
            check(kind, when, first, 29, 0);
            check(kind, when, first, 30, 1);
        }
    }
    for kind in [Temporary, Other] {
        // A token that is good until 3600 and merely due.
        check(kind, Due, 3400, 29, 0);
        check(kind, Due, 3400, 30, 1);
        // Nothing to go on with: who tries again five seconds later is not told of the old failure.
        for (when, first) in [(Always, 100), (Due, 3700)] {
            check(kind, when, first, 4, 0);
            check(kind, when, first, 5, 1);
        }
        check(kind, Due, 3590, 9, 0);
        check(kind, Due, 3590, 10, 1);
    }
    for kind in [Ended, Interaction, Temporary, Other] {
        check(kind, Always, 100, -1, 1); // the clock was set back: nothing is known of the age
    }
}

#[test]
fn no_refusal_changes_the_file() {
    let scratch = Scratch::signed_in(&["default"]);
    let before = scratch.bytes("credentials.json");
    for (index, kind) in [
        RefusalKind::Ended,
        RefusalKind::Interaction,
        RefusalKind::Temporary,
        RefusalKind::Other,
    ]
    .into_iter()
    .enumerate()
    {
        let now = at(3700 + 60 * i64::try_from(index).unwrap());
        let found = attempt(&scratch, RefreshWhen::Due, &now, &|| Err(refusal(kind)));
        assert_eq!(found, (refusal(kind).error, 1));
        assert_eq!(scratch.bytes("credentials.json"), before);
        let told = record(&scratch).unwrap();
        assert_eq!((told.revision, told.refusal), (1, Some(refusal(kind))));
        assert_eq!((told.finished_at, told.interrupted), (Some(now.0), false));
    }
}

#[test]
fn a_refusal_of_a_token_no_longer_in_the_file_says_nothing() {
    let scratch = Scratch::signed_in(&["default"]);
    let replaced = attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
        scratch
            .store()
            .save(&name("default"), public(), tokens("anew"))
            .unwrap();
        Err(refusal(RefusalKind::Ended))
    });
    assert_eq!(replaced, ("access-anew".to_owned(), 1));
    assert_eq!(record(&scratch).unwrap().refusal, None);
    // The new session is refreshed as if nothing had been.
    let next = attempt(&scratch, RefreshWhen::Always, &at(101), &|| {
        Ok(renewal("new"))
    });
    assert_eq!(next, ("access-new".to_owned(), 1));

    let gone = attempt(&scratch, RefreshWhen::Always, &at(200), &|| {
        scratch.store().remove(&name("default")).unwrap();
        Err(refusal(RefusalKind::Ended))
    });
    assert_eq!(gone, ("not signed in".to_owned(), 1));
}

#[test]
fn who_signed_in_or_out_meanwhile_wins() {
    let scratch = Scratch::signed_in(&["default"]);
    let replaced = attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
        scratch
            .store()
            .save(&name("default"), public(), tokens("anew"))
            .unwrap();
        Ok(renewal("late"))
    });
    assert_eq!(replaced, ("access-anew".to_owned(), 1));
    let removed = attempt(&scratch, RefreshWhen::Always, &at(200), &|| {
        scratch.store().remove(&name("default")).unwrap();
        Ok(renewal("late"))
    });
    assert_eq!(removed, ("not signed in".to_owned(), 1));
    assert!(scratch.store().read().unwrap().profiles.is_empty());
}

#[test]
fn what_the_answer_leaves_out_is_kept() {
    let scratch = Scratch::new();
    let ends = Timestamp::from_second(NOON + 28_800).unwrap();
    let told = NewPublic {
        session_expires_at: Some(ends),
        models: Some(vec!["opus-4.6".to_owned()]),
        ..public()
    };
    scratch
        .store()
        .save(&name("default"), told, tokens("old"))
        .unwrap();
    let bare = || {
        let mut bare = renewal("new");
        bare.refresh = None;
        Ok(bare)
    };
    assert_eq!(
        attempt(&scratch, RefreshWhen::Always, &at(100), &bare).0,
        "access-new"
    );
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    assert_eq!(refresh(&session.tokens), Some("refresh-old"));
    assert_eq!(session.tokens.id.unwrap().expose_secret(), "id-old");
    assert_eq!(session.public.session_expires_at, Some(ends));
    assert_eq!(session.public.models, None, "nobody says so any more");
    assert_eq!(session.public.scopes, ["openid", "offline_access"]);
    assert_eq!(session.public.expires_at, renewal("").expires_at);
    assert_eq!(session.public.signed_in_at, noon());

    let full = || {
        let mut full = renewal("full");
        full.id = Some(SecretString::from("id-full"));
        full.scopes = Some(vec!["openid".to_owned()]);
        full.session_expires_at = Some(noon());
        full.models = Some(Vec::new());
        Ok(full)
    };
    assert_eq!(
        attempt(&scratch, RefreshWhen::Always, &at(200), &full).0,
        "access-full"
    );
    let session = scratch.store().session(&name("default")).unwrap().unwrap();
    assert_eq!(refresh(&session.tokens), Some("refresh-full"));
    assert_eq!(session.tokens.id.unwrap().expose_secret(), "id-full");
    assert_eq!(session.public.session_expires_at, Some(noon()));
    assert_eq!(session.public.models, Some(Vec::new()));
    assert_eq!(session.public.scopes, ["openid"]);
    assert_eq!(session.public.revision, 3);
}

#[test]
fn an_intent_is_on_the_disk_before_the_request() {
    let scratch = Scratch::signed_in(&["default"]);
    let done = attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
        let intent = record(&scratch).unwrap();
        assert_eq!((intent.revision, intent.started_at), (1, at(100).0));
        assert_eq!((intent.finished_at, intent.interrupted), (None, false));
        Ok(renewal("new"))
    });
    assert_eq!(done.0, "access-new");
    let told = record(&scratch).unwrap();
    assert_eq!((told.finished_at, told.refusal), (Some(at(100).0), None));
}

#[test]
fn an_interrupted_refresh_is_tried_again_and_remembered() {
    let scratch = Scratch::signed_in(&["default"]);
    let died = catch_unwind(AssertUnwindSafe(|| {
        attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
            std::panic::resume_unwind(Box::new(()))
        })
    }));
    assert!(died.is_err());
    assert_eq!(record(&scratch).unwrap().finished_at, None);
    // Within the IdP's leeway the old token still works; else the record tells why it does not.
    let refused = attempt(&scratch, RefreshWhen::Always, &at(101), &|| {
        Err(refusal(RefusalKind::Ended))
    });
    assert_eq!(refused, ("invalid_grant".to_owned(), 1));
    assert!(record(&scratch).unwrap().interrupted);
    let renewed = attempt(&scratch, RefreshWhen::Always, &at(140), &|| {
        Ok(renewal("new"))
    });
    assert_eq!(renewed, ("access-new".to_owned(), 1));
    attempt(&scratch, RefreshWhen::Always, &at(200), &|| {
        Err(refusal(RefusalKind::Ended))
    });
    assert!(
        !record(&scratch).unwrap().interrupted,
        "that was another revision"
    );
}

#[test]
fn a_damaged_record_is_none() {
    let scratch = Scratch::signed_in(&["default"]);
    scratch.home().ensure().unwrap();
    kiro_credentials::replace(&scratch.home().locks().join("default.json"), b"{").unwrap();
    assert_eq!(record(&scratch), None);
    let done = attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
        Ok(renewal("new"))
    });
    assert_eq!(done, ("access-new".to_owned(), 1));
}

#[test]
fn a_profile_that_is_not_there_is_not_signed_in() {
    let scratch = Scratch::new();
    let found = attempt(&scratch, RefreshWhen::Always, &at(0), &|| {
        Ok(renewal("new"))
    });
    assert_eq!(found, ("not signed in".to_owned(), 0));
    assert!(!scratch.home().root().exists());
}

#[test]
fn one_profile_does_not_wait_for_another() {
    let scratch = Scratch::signed_in(&["default", "work"]);
    let done = scratch
        .store()
        .refresh(&name("work"), RefreshWhen::Always, &at(100), &mut |_| {
            let other = attempt(&scratch, RefreshWhen::Always, &at(100), &|| {
                Ok(renewal("new"))
            });
            assert_eq!(other, ("access-new".to_owned(), 1));
            Ok(renewal("work"))
        });
    assert_eq!(answer(done), "access-work");
}
