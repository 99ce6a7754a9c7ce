//! Calls that may never come back: a thread of their own, and a deadline for who waits.
//!
//! The thread is never joined. A call whose caller has given up is not begun; a start that failed
//! is tried again at the next call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::KeyError;

type Job<C> = Box<dyn FnOnce(&mut Option<C>) + Send>;

/// A connection that lives on a thread of its own.
pub(super) struct Patient<C> {
    deadline: Duration,
    open: fn() -> Result<C, KeyError>,
    connected: Arc<AtomicBool>,
    thread: Mutex<Option<Sender<Job<C>>>>,
}

impl<C: 'static> Patient<C> {
    /// Connects by `open` at the first call. Touches nothing yet.
    pub(super) fn new(deadline: Duration, open: fn() -> Result<C, KeyError>) -> Patient<C> {
        Patient {
            deadline,
            open,
            connected: Arc::new(AtomicBool::new(false)),
            thread: Mutex::new(None),
        }
    }

    /// What `work` answers within the deadline. It is told when nobody waits for its answer.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&C, &AtomicBool) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let (answer, wait) = channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let job: Job<C> = {
            let (given_up, connected) = (Arc::clone(&given_up), Arc::clone(&self.connected));
            let open = self.open;
            Box::new(move |slot| {
                if given_up.load(Ordering::Acquire) {
                    return;
                }
                let result = match slot.take().map_or_else(open, Ok) {
                    Ok(connection) => {
                        connected.store(true, Ordering::Release);
                        work(slot.insert(connection), &given_up)
                    }
                    Err(error) => Err(error),
                };
                if matches!(
                    result,
                    Err(KeyError::Unavailable { .. } | KeyError::Failed { .. })
                ) {
                    *slot = None;
                    connected.store(false, Ordering::Release);
                }
                let _ = answer.send(result);
            })
        };
        self.send(job)?;
        match wait.recv_timeout(self.deadline) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                given_up.store(true, Ordering::Release);
                // Connected and silent: it waits for somebody to unlock it. So does a call
                // that is queued behind such a one.
                if self.connected.load(Ordering::Acquire) {
                    Err(KeyError::Locked)
                } else {
                    Err(KeyError::TimedOut)
                }
            }
            Err(RecvTimeoutError::Disconnected) => Err(KeyError::Failed {
                why: "the keyring's thread ended".to_owned(),
            }),
        }
    }

    fn send(&self, job: Job<C>) -> Result<(), KeyError> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match thread.as_ref() {
            Some(sender) => match sender.send(job) {
                Ok(()) => return Ok(()),
                Err(returned) => returned.0,
            },
            None => job,
        };
        let sender = start()?;
        let _ = sender.send(job);
        *thread = Some(sender);
        Ok(())
    }
}

fn start<C: 'static>() -> Result<Sender<Job<C>>, KeyError> {
    let (sender, jobs): (Sender<Job<C>>, Receiver<Job<C>>) = channel();
    std::thread::Builder::new()
        .name("keyring".to_owned())
        .spawn(move || {
            let mut connection = None;
            for job in jobs {
                // A job that panics costs its own caller the answer, and nobody else the thread.
                if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
                    connection = None;
                }
            }
        })
        .map_err(|error| KeyError::Failed {
            why: error.to_string(),
        })?;
    Ok(sender)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use super::{KeyError, Patient};

    const AT_ONCE: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    /// A place for keys that may not be there at first.
    struct Place(u32);

    #[test]
    fn a_call_that_hangs_is_given_up_and_the_next_one_works_once_it_has_ended() {
        let mut service = Patient::new(AT_ONCE, || Ok(Place(1)));
        let (release, hangs) = channel::<()>();
        let begun = Instant::now();
        let hung = service.call(move |_, given_up| {
            hangs.recv().unwrap();
            assert!(given_up.load(Ordering::Acquire), "it may clean up");
            Ok(())
        });
        assert_eq!(hung, Err(KeyError::Locked));
        // Queued behind it: given up as well, and never begun.
        static BEGUN: AtomicU32 = AtomicU32::new(0);
        let queued = service.call(|_, _| Ok(BEGUN.fetch_add(1, Ordering::SeqCst)));
        assert_eq!(queued, Err(KeyError::Locked));
        assert!(begun.elapsed() < LONG, "nobody waits for it");
        release.send(()).unwrap();
        service.deadline = LONG;
        assert_eq!(service.call(|service, _| Ok(service.0)), Ok(1));
        assert_eq!(BEGUN.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_connection_that_hangs_is_no_locked_keyring() {
        let service: Patient<Place> = Patient::new(AT_ONCE, || {
            loop {
                std::thread::park();
            }
        });
        assert_eq!(service.call(|_, _| Ok(())), Err(KeyError::TimedOut));
    }

    #[test]
    fn a_service_that_starts_later_or_anew_is_found() {
        static STARTS: AtomicU32 = AtomicU32::new(0);
        let service = Patient::new(LONG, || match STARTS.fetch_add(1, Ordering::SeqCst) {
            0 => Err(KeyError::Unavailable {
                why: "not yet".to_owned(),
            }),
            start => Ok(Place(start)),
        });
        let number = || service.call(|service, _| Ok(service.0));
        assert!(matches!(number(), Err(KeyError::Unavailable { .. })));
        assert_eq!(number(), Ok(1));
        assert_eq!(number(), Ok(1), "the connection is kept");
        let broken = service.call(|_, _| -> Result<(), KeyError> {
            Err(KeyError::Failed {
                why: "the service has gone".to_owned(),
            })
        });
        assert!(broken.is_err());
        assert_eq!(number(), Ok(2), "connected anew");
    }

    #[test]
    fn after_a_call_that_panicked_the_next_one_works() {
        let service = Patient::new(LONG, || Ok(Place(1)));
        let panicked = service
            .call(|_, _| -> Result<(), KeyError> { std::panic::resume_unwind(Box::new(())) });
        assert!(
            matches!(panicked, Err(KeyError::Failed { .. })),
            "{panicked:?}"
        );
        assert_eq!(service.call(|service, _| Ok(service.0)), Ok(1));
    }
}
