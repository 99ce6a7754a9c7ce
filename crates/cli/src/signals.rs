//! Ctrl-C, hang-up and termination: as one future, and held back while a session could be lost.

use std::pin::pin;

use kiro_sign_in::{Code, Context, Failure};

use crate::{passphrase, shell::Shell};

/// Comes back when a signal asks the command to stop. Once polled, signals no longer end the process by themselves.
pub(crate) async fn stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut hang_up), Ok(mut terminate)) = (
            signal(SignalKind::hangup()),
            signal(SignalKind::terminate()),
        ) else {
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = hang_up.recv() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

/// What a command that was asked to stop ends with.
pub(crate) fn interrupted(context: &Context) -> Failure {
    Failure::new(Code::Interrupted, context.clock.now())
}

/// Runs a task that a signal must not cut off: it runs to its end first, and then the command ends as interrupted.
/// Only a passphrase prompt is left at once, for nothing has begun before its answer.
///
/// # Errors
/// The task's own, and `interrupted`.
pub(crate) async fn held_back<T>(
    shell: &Shell,
    context: &Context,
    task: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut task = pin!(task);
    tokio::select! {
        biased;
        () = stop() => {
            if !passphrase::asking() {
                shell.finishing_first();
                let _ = task.await;
            }
            Err(interrupted(context))
        }
        done = &mut task => done,
    }
}
