//! When a refresh is wanted, and when its refusal matters.

use jiff::Timestamp;
use kiro_credentials::{NewPublic, RefreshWhen, RefusalKind};

use super::{at, attempt, refusal, renewal};
use crate::scratch::{NOON, Scratch, name, public, tokens};

#[test]
fn when_a_refresh_is_wanted() {
    // The life of the access token, when, seconds after the sign-in, exchanges.
    let check = |life: i64, when: RefreshWhen, now: i64, expected: usize| {
        let scratch = Scratch::new();
        let expires_at = Timestamp::from_second(NOON + life).unwrap();
        let new = NewPublic {
            expires_at,
            ..public()
        };
        scratch
            .store()
            .save(&name("default"), new, tokens("old"))
            .unwrap();
        let (_, asked) = attempt(&scratch, when, &at(now), &|| Ok(renewal("new")));
        assert_eq!(asked, expected, "{life} {when:?} {now}");
    };
    // 5 minutes before the end, and up to 30 s of jitter.
    check(3600, RefreshWhen::Due, 0, 0);
    check(3600, RefreshWhen::Due, 3269, 0);
    check(3600, RefreshWhen::Due, 3300, 1);
    check(3600, RefreshWhen::Due, 3600, 1);
    check(3600, RefreshWhen::Due, 100_000, 1);
    // The last quarter of a short life, and up to an eighth of jitter (at most 30 s).
    check(600, RefreshWhen::Due, 419, 0);
    check(600, RefreshWhen::Due, 450, 1);
    check(60, RefreshWhen::Due, 37, 0);
    check(60, RefreshWhen::Due, 45, 1);
    check(0, RefreshWhen::Due, 0, 1);
    check(3600, RefreshWhen::Always, 0, 1);
    check(3600, RefreshWhen::Revision(1), 0, 1);
    check(3600, RefreshWhen::Revision(0), 0, 0);
    check(3600, RefreshWhen::Revision(2), 0, 0);
}

#[test]
fn a_temporary_refusal_of_a_valid_token_is_no_error() {
    let check = |kind: RefusalKind, when: RefreshWhen, now: i64, expected: &str| {
        let scratch = Scratch::signed_in(&["default"]);
        for _ in 0..2 {
            // Refused, then adopted.
            let (found, _) = attempt(&scratch, when, &at(now), &|| Err(refusal(kind)));
            assert_eq!(found, expected, "{kind:?} {when:?} {now}");
        }
    };
    check(
        RefusalKind::Temporary,
        RefreshWhen::Due,
        3599,
        "access-default",
    );
    check(
        RefusalKind::Temporary,
        RefreshWhen::Due,
        3600,
        "temporarily_unavailable",
    );
    check(
        RefusalKind::Temporary,
        RefreshWhen::Always,
        3599,
        "temporarily_unavailable",
    );
    check(
        RefusalKind::Temporary,
        RefreshWhen::Revision(1),
        10,
        "temporarily_unavailable",
    );
    check(RefusalKind::Ended, RefreshWhen::Due, 3599, "invalid_grant");
    check(
        RefusalKind::Interaction,
        RefreshWhen::Due,
        3599,
        "interaction_required",
    );
    check(RefusalKind::Other, RefreshWhen::Due, 3599, "server_error");
}

#[test]
fn without_a_refresh_token_nothing_is_asked() {
    let check = |when: RefreshWhen, now: i64, expected: &str| {
        let scratch = Scratch::new();
        let mut bare = tokens("bare");
        bare.refresh = None;
        scratch
            .store()
            .save(&name("default"), public(), bare)
            .unwrap();
        let found = attempt(&scratch, when, &at(now), &|| Ok(renewal("new")));
        assert_eq!(found, (expected.to_owned(), 0), "{when:?} {now}");
    };
    check(RefreshWhen::Due, 3599, "access-bare");
    check(RefreshWhen::Due, 3600, "no refresh token");
    check(RefreshWhen::Always, 0, "no refresh token");
}
