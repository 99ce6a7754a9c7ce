//! This computer's clock beside a server's (THREATS.md T24).

use jiff::SignedDuration;

use crate::{Code, Context, Failure};

/// More than this between the two is said before anything is begun.
const LIMIT_SECONDS: i64 = 300;

impl Context {
    /// Whether the clock is right enough to sign in by, given the server's clock minus ours.
    ///
    /// # Errors
    /// `clock`.
    pub(crate) fn on_time(&self, skew: Option<SignedDuration>) -> Result<(), Failure> {
        match skew.map(|skew| -skew.as_secs()) {
            Some(seconds) if seconds.abs() > LIMIT_SECONDS => Err(self.clock_failure(seconds)),
            Some(_) | None => Ok(()),
        }
    }

    /// This computer's clock is so many seconds ahead of the server's.
    pub(crate) fn clock_failure(&self, seconds: i64) -> Failure {
        let mut failure = self.failure(Code::Clock);
        failure.facts.skew_seconds = Some(seconds);
        failure
    }
}
