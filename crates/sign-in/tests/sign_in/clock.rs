//! A clock that is off, or jumps (THREATS.md T24): a clear `clock`, never a loop. The provider's own clock is right.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::Clock;
use kiro_sign_in::{Account, Code, Failure, access_token, account, fresh_token};
use secrecy::ExposeSecret;

use crate::faults::{Peer, sign_in, signed_in};
use crate::flow::sign_in_with;
use crate::wire::Wire;
use crate::world::{TestClock, World};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const TEN_YEARS: i64 = 3652 * DAY;

/// This computer's clock: the right one, and so many seconds.
struct Off(Arc<TestClock>, i64);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        self.0.now() + SignedDuration::from_secs(self.1)
    }
}

/// From now on this computer's clock is so many seconds ahead.
fn set(world: &mut World, seconds: i64) {
    world.context.clock = Arc::new(Off(Arc::clone(&world.clock), seconds));
}

fn told(failure: &Failure) -> (Code, Option<i64>) {
    (failure.code, failure.facts.skew_seconds)
}

async fn token(world: &World) -> Result<String, Failure> {
    let token = access_token(&world.context, None).await?;
    Ok(token.expose_secret().to_owned())
}

#[tokio::test]
async fn a_sign_in_by_a_clock_that_is_off_works_or_says_so() {
    for (seconds, works) in [
        (0, true),
        (1, true),
        (-1, true),
        (59, true),
        (-59, true),
        (-60, true),
        (-61, false), // the ID token's `iat` lies in the future
        (-299, false),
        (299, true),
        (301, false),
        (-301, false),
        (HOUR, false),
        (-HOUR, false),
        (26 * HOUR, false),
        (-DAY, false),
        (TEN_YEARS, false),
        (-TEN_YEARS, false),
    ] {
        let mut world = World::new();
        set(&mut world, seconds);
        match sign_in_with_what_is_known(&world).await {
            Ok(()) => assert!(works, "{seconds}"),
            Err(failure) => {
                assert!(!works, "{seconds}: {failure:?}");
                assert_eq!(told(&failure), (Code::Clock, Some(seconds)));
            }
        }
    }
}

async fn sign_in_with_what_is_known(world: &World) -> Result<(), Failure> {
    use kiro_sign_in::{Via, begin};
    let attempt = begin(&world.context, world.request(Via::DeepLink)).await?;
    let callback = world.callback(attempt.url(), "code=c1");
    attempt.handle().offer(&callback).unwrap();
    attempt.wait(&world.context).await.map(drop)
}

#[tokio::test]
async fn a_clock_that_jumps_during_a_session_is_told_and_loses_nothing() {
    for (seconds, expected) in [
        (1, None),
        (-1, None),
        (-250, None),
        (250, None),
        (-301, Some(Code::Clock)),
        (-HOUR, Some(Code::Clock)),
        (-DAY, Some(Code::Clock)),
        (-TEN_YEARS, Some(Code::Clock)),
        (50 * 60, None), // the token is not over by this clock either
        (HOUR, Some(Code::Clock)),
        (DAY, Some(Code::Clock)),
        (TEN_YEARS, Some(Code::Clock)),
    ] {
        let mut world = World::new();
        sign_in_with(&world, "code=c1").await.unwrap();
        set(&mut world, seconds);
        let before = world.provider.requests.load(Ordering::SeqCst);
        for call in 0..20 {
            match (token(&world).await, expected) {
                (Ok(token), None) => assert_eq!(token, "access-1", "{seconds} {call}"),
                (Err(failure), Some(code)) => {
                    let expected = (code, Some(seconds));
                    assert_eq!(told(&failure), expected, "{call}: {failure:?}");
                }
                (outcome, expected) => panic!("{seconds} {call}: {outcome:?}, not {expected:?}"),
            }
        }
        let asked = world.provider.requests.load(Ordering::SeqCst) - before;
        assert!(
            asked <= 1,
            "{seconds}: asked {asked} times for twenty calls"
        );
        assert!(
            world.provider.token_requests.lock().unwrap().len() == 1,
            "{seconds}: no refresh token was spent"
        );
        assert!(
            matches!(
                account(&world.another_process(), None).unwrap(),
                Account::SignedIn(_)
            ),
            "{seconds}"
        );
        // Set right again, everything goes on.
        set(&mut world, 0);
        world.clock.advance(SignedDuration::from_secs(31));
        assert_eq!(token(&world).await.unwrap(), "access-1", "{seconds}");
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(token(&world).await.unwrap(), "access-2", "{seconds}");
    }
}

/// What a sign-in may refuse, a renewal may not: by then the old refresh token is spent.
#[tokio::test]
async fn a_clock_that_is_a_little_off_costs_no_session_at_its_renewals() {
    for seconds in [-299, -250, -61, -60, 60, 61, 299] {
        let mut world = World::new();
        sign_in_with(&world, "code=c1").await.unwrap();
        set(&mut world, seconds);
        for expected in ["access-2", "access-3"] {
            world.clock.advance(SignedDuration::from_mins(61));
            assert_eq!(token(&world).await.unwrap(), expected, "{seconds}");
        }
        let sent = world.provider.token_requests.lock().unwrap().clone();
        assert!(sent[2].contains("refresh_token=refresh-2"), "{seconds}");
        assert_eq!(
            world.provider.revoked.load(Ordering::SeqCst),
            0,
            "{seconds}"
        );
        let Account::SignedIn(who) = account(&world.another_process(), None).unwrap() else {
            panic!("{seconds}: signed in")
        };
        assert_eq!(who.subject.as_deref(), Some("00u1"));
    }
}

#[tokio::test]
async fn the_way_without_a_network_gives_no_token_before_its_time() {
    let mut world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    for (seconds, given) in [
        (0, true),
        (-299, true),
        (-301, false),
        (-DAY, false),
        (HOUR, false),
    ] {
        set(&mut world, seconds);
        let token = fresh_token(&world.context, None).unwrap();
        assert_eq!(token.token.is_some(), given, "{seconds}");
    }
}

/// AWS has no discovery document to tell the time, and no ID token that a clock could spoil.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_told_at_identity_center_before_anything_is_asked_for() {
    for (seconds, works) in [
        (0, true),
        (1, true),
        (-1, true),
        (299, true),
        (-299, true),
        (302, false),
        (-302, false),
        (HOUR, false),
        (-HOUR, false),
        (DAY, false),
        (-DAY, false),
        (TEN_YEARS, false),
        (-TEN_YEARS, false),
    ] {
        let mut world = World::new();
        let wire = Wire::lay(&mut world).await;
        set(&mut world, seconds);
        match sign_in(&world, Peer::IdentityCenter).await {
            Ok(_) => assert!(works, "{seconds}"),
            Err(failure) => {
                assert!(!works, "{seconds}: {failure:?}");
                assert_eq!(failure.code, Code::Clock, "{seconds}");
                let told = failure.facts.skew_seconds.unwrap();
                assert!((told - seconds).abs() <= 1, "{seconds}: {told}");
                assert_eq!(
                    failure.host.as_deref(),
                    Some("oidc.eu-central-1.amazonaws.com")
                );
                assert_eq!(wire.asked("/client/register"), 0, "{seconds}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_spends_no_refresh_token_at_identity_center_either() {
    for seconds in [HOUR, DAY, TEN_YEARS, -HOUR, -DAY, -TEN_YEARS] {
        let (mut world, wire) = signed_in(Peer::IdentityCenter).await;
        assert_eq!(wire.asked("/token"), 1);
        set(&mut world, seconds);
        for call in 0..5 {
            let failure = token(&world).await.unwrap_err();
            assert_eq!(failure.code, Code::Clock, "{seconds} {call}: {failure:?}");
        }
        assert_eq!(wire.asked("/token"), 1, "{seconds}: nothing was sent");
        set(&mut world, 0);
        world.clock.advance(SignedDuration::from_secs(31));
        assert_eq!(token(&world).await.unwrap(), "access-aws", "{seconds}");
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(token(&world).await.unwrap(), "access-aws", "{seconds}");
        assert_eq!(wire.asked("/token"), 2, "{seconds}: renewed once");
    }
}
