//! Work that takes the processor for long: on threads beside those that answer, so that nobody waits for it who did not ask for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::audit::By;

/// It is not done now: there is too much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is being done")]
pub struct Busy;

/// Where such work is done.
#[derive(Clone)]
pub struct Apart {
    pub(crate) running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    at_once: usize,
    waiting: usize,
}

impl Default for Apart {
    fn default() -> Apart {
        Apart::of(4, 60)
    }
}

tokio::task_local! {
    /// What is done there does not wait for a place of its own.
    static HERE: ();
}

impl Apart {
    /// So much is done at once, and so much more may wait; what comes then is told to come again.
    #[must_use]
    pub fn of(at_once: usize, waiting: usize) -> Apart {
        Apart {
            running: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + waiting)),
            at_once,
            waiting,
        }
    }

    /// How much is done now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.at_once - self.running.available_permits()
    }

    /// How much is done or waits.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.at_once + self.waiting - self.admitted.available_permits()
    }

    /// Whether more may wait.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.admitted.available_permits() > 0
    }

    /// What this comes to. It is done to its end, also if nobody waits for it any more.
    ///
    /// It comes in a box: it is handed from one to the next until it is done, and whole on each one's stack it does not find room there.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: Pin<Box<impl Future<Output = T> + Send + 'static>>,
    ) -> Result<T, Busy> {
        if HERE.try_with(|()| ()).is_ok() {
            return Ok(work.await);
        }
        let by = By::current().as_ref().clone();
        let work = by.doing(HERE.scope((), work));
        self.compute(|| Handle::current().block_on(work)).await
    }

    /// The same of what waits for nothing.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn compute<T, F>(&self, work: F) -> Result<T, Busy>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let _admitted = self.admitted.try_acquire().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // The permit goes with the work: a client that went away does not make room for one more.
            let _running = running;
            work()
        });
        match done.await {
            Ok(done) => Ok(done),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Busy),
        }
    }
}
