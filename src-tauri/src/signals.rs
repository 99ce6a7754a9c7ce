//! SIGTERM, SIGHUP and SIGINT: the end of the desktop session, or a hand on the terminal. What is under way comes to its
//! end first.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use tauri::async_runtime;

use crate::desktop::{self, Desktop};

/// Has the app quit at a signal, which no longer ends it by itself.
///
/// # Errors
/// When the system takes no handler.
pub(crate) fn follow(desktop: &Arc<Desktop>) -> io::Result<()> {
    let mut signals = {
        let _inside = async_runtime::handle().inner().enter();
        Signals::new()?
    };
    let desktop = desktop.clone();
    async_runtime::spawn(async move {
        signals.next().await;
        tracing::info!("a signal asks the app to end");
        desktop::quit(desktop).await;
    });
    Ok(())
}

/// What came of this task, which runs to its end; `None` when a signal asked the program to end meanwhile.
pub(crate) async fn held_back<T>(task: impl Future<Output = T>) -> Option<T> {
    let Ok(mut signals) = Signals::new() else {
        return Some(task.await);
    };
    let mut task = pin!(task);
    tokio::select! {
        biased;
        done = &mut task => Some(done),
        () = signals.next() => {
            task.await;
            None
        }
    }
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals([
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::interrupt())?,
        ]))
    }

    async fn next(&mut self) {
        let [terminate, hang_up, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// The other systems end a program by a message to its window.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
