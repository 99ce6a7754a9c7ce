//! Lock-out: how often somebody may guess. It counts by organisation (by each, where none is meant) and by what was typed, whether or not
//! anybody has that name, so that its answers tell nothing of who is there; passwords, one-time codes and device codes count alike.
//!
//! An attempt is counted before it is looked at, so that many at once get no further than one after the other.
//!
//! Passwords count by where they come from as well ([`from`]): whoever tries one password with many names meets no name's lock. So do
//! programs that register themselves.

use jiff::{SignedDuration, Timestamp};

/// So many attempts are free; each one from the last of them on locks.
pub const FREE: u32 = 5;
/// The first lock; each further one lasts twice as long.
pub const FIRST: SignedDuration = SignedDuration::from_secs(30);
/// No lock lasts longer.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// What failed is forgotten after so long without an attempt.
pub const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// What is remembered of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Attempts that failed, or are not known to have succeeded.
    pub failures: u32,
    /// The last of them.
    pub last_at: Timestamp,
    /// Until then nothing is tried.
    pub locked_until: Timestamp,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and this is remembered unless it succeeds.
    Try(Attempts),
    /// It may not before then, right or wrong.
    Locked {
        /// The lock's end.
        until: Timestamp,
    },
}

/// Whether an attempt may be made now.
#[must_use]
pub fn attempt(before: Option<Attempts>, now: Timestamp) -> Verdict {
    let before = before.filter(|before| now.duration_since(before.last_at) < MEMORY);
    if let Some(before) = before
        && now < before.locked_until
    {
        return Verdict::Locked {
            until: before.locked_until,
        };
    }
    let failures = before.map_or(0, |before| before.failures).saturating_add(1);
    Verdict::Try(Attempts {
        failures,
        last_at: now,
        locked_until: now + lock(failures),
    })
}

/// What is remembered once an attempt proved right, but more is asked (the password of two factors): it did not fail, and what
/// failed before stays.
#[must_use]
pub fn returned(counted: Attempts, now: Timestamp) -> Attempts {
    Attempts {
        failures: counted.failures.saturating_sub(1),
        last_at: now,
        locked_until: now,
    }
}

/// What an address may do: a whole office may have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many are remembered.
    pub burst: u32,
    /// One of them is forgotten each time that this has passed.
    pub each: SignedDuration,
}

/// Of passwords and codes that are not right.
pub const GUESSES: Allowance = Allowance {
    burst: 100,
    each: SignedDuration::from_secs(30),
};

/// Of programs that register themselves: each is kept for as long as AWS keeps one, and nobody has to be signed in for it.
pub const REGISTRATIONS: Allowance = Allowance {
    burst: 1_000,
    each: SignedDuration::from_secs(10),
};

/// Whether an address may make an attempt now: it may while fewer than its allowance are remembered.
#[must_use]
pub fn from(
    before: Option<Attempts>,
    now: Timestamp,
    Allowance { burst, each }: Allowance,
) -> Verdict {
    let (failures, since) = before.map_or((0, now), |before| {
        let passed = now.duration_since(before.last_at).as_secs().max(0) / each.as_secs();
        let forgotten = u32::try_from(passed).unwrap_or(u32::MAX);
        match before.failures.checked_sub(forgotten) {
            None | Some(0) => (0, now),
            Some(left) => (
                left,
                before.last_at + each * i32::try_from(passed).unwrap_or(0),
            ),
        }
    });
    if failures >= burst {
        return Verdict::Locked {
            until: since + each,
        };
    }
    Verdict::Try(Attempts {
        failures: failures + 1,
        last_at: since,
        locked_until: now,
    })
}

fn lock(failures: u32) -> SignedDuration {
    let Some(doublings) = failures.checked_sub(FREE) else {
        return SignedDuration::ZERO;
    };
    let factor = 1_i32.checked_shl(doublings).unwrap_or(i32::MAX);
    match doublings {
        0..=5 => (FIRST * factor).min(LONGEST),
        _ => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000 + second)
    }

    /// Attempts at these seconds: `Ok(failures)` where one was made, `Err(wait)` where it was locked for so many seconds more.
    fn check(seconds: &[(i64, Result<u32, i64>)]) {
        let mut known = None;
        for &(second, expected) in seconds {
            let found = match attempt(known, at(second)) {
                Verdict::Try(attempts) => {
                    known = Some(attempts);
                    Ok(attempts.failures)
                }
                Verdict::Locked { until } => Err(until.duration_since(at(second)).as_secs()),
            };
            assert_eq!(found, expected, "at {second} of {seconds:?}");
        }
    }

    #[test]
    fn five_attempts_are_free_and_then_each_lock_is_twice_as_long() {
        let free = [(0, Ok(1)), (0, Ok(2)), (0, Ok(3)), (1, Ok(4)), (2, Ok(5))];
        check(&[&free[..], &[(2, Err(30)), (31, Err(1)), (32, Ok(6))]].concat());
        check(
            &[
                &free[..],
                &[
                    (32, Ok(6)),
                    (32, Err(60)),
                    (92, Ok(7)),
                    (212, Ok(8)),
                    (452, Ok(9)),
                    (932, Ok(10)),
                    (932, Err(900)),
                    (1832, Ok(11)),
                    (1832, Err(900)),
                ],
            ]
            .concat(),
        );
    }

    #[test]
    fn an_address_fails_a_hundred_times_and_then_once_in_half_a_minute() {
        let burst = GUESSES.burst;
        let mut known = None;
        let mut tries = |second: i64| match from(known, at(second), GUESSES) {
            Verdict::Try(attempts) => {
                known = Some(attempts);
                Ok(attempts.failures)
            }
            Verdict::Locked { until } => Err(until.duration_since(at(second)).as_secs()),
        };
        for number in 1..=burst {
            assert_eq!(tries(0), Ok(number));
        }
        assert_eq!(tries(0), Err(30));
        assert_eq!(tries(29), Err(1));
        assert_eq!(tries(30), Ok(burst));
        assert_eq!(tries(30), Err(30));
        // What has passed of the next half minute is not lost.
        assert_eq!(tries(105), Ok(burst - 1));
        assert_eq!(tries(119), Ok(burst));
        assert_eq!(tries(119), Err(1));
        assert_eq!(tries(120), Ok(burst));
        assert_eq!(tries(120 + 30 * 40), Ok(burst - 39));
        assert_eq!(tries(86_400), Ok(1));
        assert_eq!(
            tries(86_399),
            Ok(2),
            "a clock that goes back forgets nothing"
        );
        assert_eq!(tries(i64::from(i32::MAX)), Ok(1));
    }

    #[test]
    fn what_failed_is_forgotten_a_day_later() {
        let day = 86_400;
        check(&[(0, Ok(1)), (day - 1, Ok(2)), (2 * day - 1, Ok(1))]);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        for failures in [37, 38, 100, u32::MAX - 1, u32::MAX] {
            let before = Attempts {
                failures,
                last_at: at(0),
                locked_until: at(0),
            };
            let Verdict::Try(after) = attempt(Some(before), at(1)) else {
                panic!("{failures}");
            };
            assert_eq!(after.locked_until, at(1) + LONGEST, "{failures}");
        }
    }

    #[test]
    fn a_right_password_lifts_its_own_lock_but_not_what_failed_before() {
        let Verdict::Try(fifth) = attempt(
            Some(Attempts {
                failures: 4,
                last_at: at(0),
                locked_until: at(0),
            }),
            at(1),
        ) else {
            panic!("it was free");
        };
        let after = returned(fifth, at(1));
        assert_eq!((after.failures, after.locked_until), (4, at(1)));
        assert!(
            matches!(attempt(Some(after), at(2)), Verdict::Try(next) if next.locked_until == at(2) + FIRST),
            "the code that is guessed next locks"
        );
    }
}
