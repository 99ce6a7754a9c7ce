//! Signing in over real files, with an OpenID Provider in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod device;
mod faults;
mod flow;
mod organizations;
mod session;
mod step_up;
mod wire;
mod world;
