//! `kiro` while it runs: signals, and the terminal.
#![cfg(unix)]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod interruptions;
mod server;
mod terminal;
