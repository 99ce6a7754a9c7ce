//! One refresh at a time.

use jiff::Timestamp;
use kiro_credentials::Clock;

/// A clock that stands still.
pub(crate) struct At(pub(crate) Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}
