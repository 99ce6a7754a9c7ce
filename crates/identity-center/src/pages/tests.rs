//! The pages over real HTTP, walked as a browser without scripts does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attacks;
mod aws;
pub(crate) mod browser;
mod by_name;
mod chromium;
mod devices;
pub(crate) mod federation;
mod guessing;
mod own;
mod pictures;
mod saml;
mod setup;
mod sign_in;
mod silence;
mod start;
mod tabs;
