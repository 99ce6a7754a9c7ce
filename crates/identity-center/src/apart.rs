//! Work that takes the processor for long: on threads beside those that answer, so that nobody waits for it who did not ask for it.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::audit::By;

/// So much of it is done at once.
const AT_ONCE: usize = 4;
/// So much more may wait; what comes then is told to come again.
const WAITING: usize = 60;

/// It is not done now: there is too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is being done")]
pub struct Busy;

/// Where such work is done.
#[derive(Clone)]
pub struct Apart {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Default for Apart {
    fn default() -> Apart {
        Apart {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            admitted: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }
}

tokio::task_local! {
    /// What is done there does not wait for a place of its own.
    static HERE: ();
}

impl Apart {
    /// How much is done now.
    #[must_use]
    pub fn running(&self) -> usize {
        AT_ONCE - self.running.available_permits()
    }

    /// Whether more may wait.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.admitted.available_permits() > 0
    }

    /// What this comes to. It is done to its end, also if nobody waits for it any more.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn run<T, F>(&self, work: F) -> Result<T, Busy>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        if HERE.try_with(|()| ()).is_ok() {
            return Ok(work.await);
        }
        let _admitted = self.admitted.try_acquire().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| Busy)?;
        let by = By::current().as_ref().clone();
        let work = by.doing(HERE.scope((), work));
        let done = tokio::task::spawn_blocking(move || {
            let _running = running;
            Handle::current().block_on(work)
        });
        match done.await {
            Ok(done) => Ok(done),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Busy),
        }
    }
}
