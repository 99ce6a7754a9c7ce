//! A server that asks to be left alone is, by every process.

use kiro_credentials::{RefreshError, RefreshWhen, Refusal, RefusalKind};

use super::{at, attempt, refusal, renewal};
use crate::scratch::{Scratch, name};

fn busy(seconds: u32) -> Refusal {
    Refusal {
        retry_after: Some(seconds),
        ..refusal(RefusalKind::Temporary)
    }
}

#[test]
fn nobody_asks_again_before_the_time_that_the_server_asked_for() {
    let check = |asked_for: u32, later: i64, expected: usize| {
        for when in [RefreshWhen::Always, RefreshWhen::Due] {
            let scratch = Scratch::signed_in(&["default"]);
            let first = attempt(&scratch, when, &at(3700), &|| Err(busy(asked_for)));
            assert_eq!(first, (busy(0).error, 1));
            let second = attempt(&scratch, when, &at(3700 + later), &|| Ok(renewal("new")));
            assert_eq!(second.1, expected, "{asked_for} s, after {later} s");
        }
    };
    check(7, 6, 0);
    check(7, 7, 1);
    check(120, 119, 0);
    check(120, 120, 1);
    check(120, -1, 1); // the clock was set back: nothing is known
    check(3_600, 3_599, 0);
    check(86_400, 3_599, 0);
    check(86_400, 3_600, 1); // an hour at most
    check(u32::MAX, 3_600, 1);
}

#[test]
fn who_comes_meanwhile_is_told_how_long_it_still_is_and_uses_what_is_good() {
    let scratch = Scratch::signed_in(&["default"]);
    let refresh = |seconds, when| {
        let exchange = &mut |_: &_| Err(busy(600));
        scratch
            .store()
            .refresh(&name("default"), when, &at(seconds), exchange)
    };
    let told = |seconds| match refresh(seconds, RefreshWhen::Always) {
        Err(RefreshError::Refused(refusal)) => refusal.retry_after,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(3_300), Some(600));
    assert_eq!(told(3_301), Some(599));
    assert_eq!(told(3_890), Some(10));
    // The access token ends at 3600: until then there is no error.
    assert!(refresh(3_599, RefreshWhen::Due).is_ok());
    assert!(refresh(3_601, RefreshWhen::Due).is_err());
    // A new sign-in is asked for as if nothing had been.
    scratch.sign_in("default");
    let done = attempt(&scratch, RefreshWhen::Always, &at(3_700), &|| {
        Ok(renewal("new"))
    });
    assert_eq!(done, ("access-new".to_owned(), 1));
}
