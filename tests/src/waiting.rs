//! One bounded wait for everything: a condition, asked again until it holds or the deadline has passed.

use std::time::{Duration, Instant};

/// Asks `ready` until it answers `Some`, at most 20 s.
///
/// # Panics
/// When the deadline passes; `what` says what was awaited.
pub async fn until<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = ready().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited 20 s in vain: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
