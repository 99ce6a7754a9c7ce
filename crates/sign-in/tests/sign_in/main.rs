//! Signing in over real files, with an OpenID Provider in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod center;
mod clock;
mod corpus;
mod device;
mod end_session;
mod faults;
mod flow;
mod forged;
mod grounds;
mod health;
mod hosts;
mod inference;
mod leaving;
mod loopback;
mod models;
mod organizations;
mod preferences;
mod receivers;
mod session;
mod step_up;
mod wire;
mod world;
