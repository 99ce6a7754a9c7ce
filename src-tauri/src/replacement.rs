//! The app goes on as a hidden one in its own place, so that a closed window gives its memory back.
//!
//! WebKit's helper processes and what they left in this one stay after a window is destroyed (about 120 MiB). The same
//! process running the program anew has neither; the tray icon comes back in a tenth of a second. What matters is in
//! the files, so nothing is handed over.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::program;

/// How often this process has begun anew because the app that ran went away meanwhile.
const AGAIN: &str = "KIRO_DESKTOP_STARTED_AGAIN";

/// Runs the program anew in this process, in the tray. Returns only if that fails.
pub(crate) fn start() -> io::Error {
    run_anew(true, None)
}

/// Whether a start that met an app on its way out may be tried once more.
pub(crate) fn may_try_again() -> bool {
    std::env::var_os(AGAIN).is_none()
}

/// Runs the program anew in this process, once. Returns only if that fails.
pub(crate) fn try_again(hidden: bool) -> io::Error {
    run_anew(hidden, Some(AGAIN))
}

fn run_anew(hidden: bool, mark: Option<&str>) -> io::Error {
    keep_descriptors_from_the_next();
    match program::path() {
        Ok(program) => Command::new(program)
            .args(hidden.then_some("--hidden"))
            .env_remove(AGAIN)
            .envs(mark.map(|name| (name, "1")))
            .exec(),
        Err(error) => error,
    }
}

/// Waits, beside the app, for the helpers that the app before this one in the same process has left.
pub(crate) fn reap() {
    let own = std::process::id();
    let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
    let left: Vec<_> = children
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok().and_then(Pid::from_raw))
        .collect();
    if !left.is_empty() {
        std::thread::spawn(move || {
            for pid in left {
                let _ = waitpid(Some(pid), WaitOptions::empty());
            }
        });
    }
}

/// The toolkit leaves a few descriptors open for its children: they would pile up from one app to the next.
#[expect(
    unsafe_code,
    reason = "the call touches no memory, and std has no safe one"
)]
fn keep_descriptors_from_the_next() {
    // SAFETY: sets a flag on descriptors of this process; closes none and takes no pointer.
    let _ = unsafe {
        libc::close_range(
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC as libc::c_int,
        )
    };
}
