#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap()
}

fn code(state: State, asked_at: Option<i64>) -> Device {
    Device {
        client: "tv".to_owned(),
        state,
        interval: INTERVAL,
        asked_at: asked_at.map(at),
        expires_at: at(600_000),
    }
}

#[test]
fn a_device_is_told_where_its_code_stands() {
    let session = SessionId::random();
    let check = |state, asked: Option<i64>, client: &str, now, expected| {
        let found = poll(&code(state, asked), client, at(now));
        assert_eq!(found, expected, "{state:?} {asked:?} {client} {now}");
    };
    use State::{Approved, Denied, Pending, Redeemed};
    check(Pending, None, "tv", 0, Poll::Pending); // the first question may come at once
    check(Pending, Some(0), "tv", 0, Poll::SlowDown);
    check(Pending, Some(0), "tv", 4_499, Poll::SlowDown);
    check(Pending, Some(0), "tv", 4_500, Poll::Pending);
    check(Pending, Some(0), "tv", 5_000, Poll::Pending);
    check(Pending, Some(9_000), "tv", 8_000, Poll::SlowDown); // asked by a clock that is ahead
    check(Pending, None, "tv", 599_999, Poll::Pending);
    check(Pending, None, "tv", 600_000, Poll::Expired);
    check(Approved(session), Some(0), "tv", 1, Poll::Granted(session));
    check(Approved(session), None, "tv", 600_000, Poll::Expired);
    check(Denied, None, "tv", 1, Poll::Denied);
    check(Denied, None, "tv", 700_000, Poll::Denied);
    check(Redeemed, None, "tv", 1, Poll::Unknown);
    for state in [Pending, Approved(session), Denied, Redeemed] {
        check(state, None, "another", 1, Poll::Unknown);
        check(state, None, "another", 700_000, Poll::Unknown);
    }
}

#[test]
fn a_device_that_was_told_to_slow_down_stays_slow() {
    let mut slow = code(State::Pending, Some(0));
    slow.interval += SLOWER;
    assert_eq!(poll(&slow, "tv", at(5_000)), Poll::SlowDown);
    assert_eq!(poll(&slow, "tv", at(10_000)), Poll::Pending);
}

#[test]
fn a_user_code_is_read_however_it_is_typed() {
    let expected = UserCode::typed("BCDFGHJK").unwrap();
    assert_eq!(expected.to_string(), "BCDF-GHJK");
    for typed in [
        "BCDF-GHJK",
        "bcdf ghjk",
        " bcdf-ghjk\n",
        "B C D F - G H J K",
        "ｂｃｄｆ－ＧＨＪＫ",
        "bcdf–ghjk",
    ] {
        assert_eq!(UserCode::typed(typed), Some(expected.clone()), "{typed}");
    }
    for other in [
        "",
        "-",
        "BCDFGHJ",
        "BCDFGHJKL",
        "ACDFGHJK",
        "0CDFGHJK",
        "BCDF_GHJK",
        "ВCDFGHJK",
        "BCDFGHJK\0",
        &"B".repeat(10_000),
    ] {
        assert_eq!(UserCode::typed(other), None, "{other}");
    }
    let digest = expected.digest();
    assert_ne!(digest, UserCode::typed("BCDFGHJL").unwrap().digest());
    assert!(!format!("{expected:?}").contains("BCDF"));
}

#[test]
fn user_codes_use_every_letter_and_differ() {
    let zeroth = UserCode::of(0).to_string();
    assert_eq!(zeroth, "BBBB-BBBB");
    assert_eq!(UserCode::of(20_u128.pow(8) - 1).to_string(), "ZZZZ-ZZZZ");
    assert_eq!(UserCode::of(20_u128.pow(8)).to_string(), zeroth);
    let several: std::collections::BTreeSet<String> =
        (0..100).map(|_| UserCode::random().to_string()).collect();
    assert_eq!(several.len(), 100);
    for code in several {
        assert_eq!(UserCode::typed(&code).unwrap().to_string(), code);
    }
}
