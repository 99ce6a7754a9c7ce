//! The disk fails at each call by itself, and processes die at each call: real processes, real
//! calls, and `strace` to break them. Nothing in the library knows of these tests.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod actor;
mod breaking;
mod disk;
mod kills;
mod state;
