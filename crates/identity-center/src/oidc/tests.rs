//! The endpoints over real HTTP. Who signs in is decided by a stand-in for the pages: it grants at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod device;
mod flow;
mod keys;
mod logout;
mod malformed;
mod pkce;
mod pushed;
mod relying_parties;
pub(crate) mod running;
