//! A link that the system handed to this process, before any window toolkit starts.
//!
//! Most links end here: a forged or finished one changes nothing and shows nothing, and one whose beginner lives is
//! left for it in the files. Only a link that this process finished, or that asks for the window, goes on to the app.

use kiro_sign_in::{Context, Failure, Received, receive};

use crate::{activation, signals};

/// What a link leaves to do.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Nothing: end silently.
    Over,
    /// Go on as the app, with the failure of the sign-in that this process finished, if it failed.
    Shown(Option<Box<Failure>>),
}

/// Leaves the browser's session and process group, which would take this process along when the browser ends.
///
/// A process that leads a group already (one that a terminal started) stays where it is: nobody else's end ends it.
pub(crate) fn leave_the_browser() {
    #[cfg(unix)]
    let _ = rustix::process::setsid();
}

/// Receives a link. Blocks until the sign-in it belongs to is finished, if that falls to this process; a signal waits for
/// that, too.
pub(crate) fn arrive(context: &Context, link: &str) -> Arrival {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return Arrival::Over;
    };
    let received = runtime.block_on(signals::held_back(receive(context, link)));
    // A key store may still wait for a prompt on a thread of its own: do not join it.
    runtime.shutdown_background();
    let Some(received) = received else {
        return Arrival::Over;
    };
    if !matches!(received, Received::NotOurs) {
        activation::leave(context.store.home());
    }
    after(received)
}

fn after(received: Received) -> Arrival {
    match received {
        Received::NotOurs => Arrival::Over,
        Received::Left(attempt) => {
            tracing::info!(%attempt, "left for the process that began the sign-in");
            Arrival::Over
        }
        Received::Opened(_) => Arrival::Shown(None),
        Received::Finished(result) => Arrival::Shown(result.err().map(Box::new)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiro_sign_in::Code;

    #[test]
    fn only_a_finished_sign_in_goes_on_to_the_app() {
        assert!(matches!(after(Received::NotOurs), Arrival::Over));
        let failure = Failure::new(Code::Denied, jiff::Timestamp::UNIX_EPOCH);
        let arrival = after(Received::Finished(Box::new(Err(failure))));
        assert!(matches!(arrival, Arrival::Shown(Some(failure)) if failure.code == Code::Denied));
    }
}
