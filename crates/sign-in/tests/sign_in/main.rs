//! Signing in over real files, with an OpenID Provider in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod device;
mod flow;
mod organizations;
mod session;
mod world;
