//! The harness of the journeys: private worlds (home, session bus, display, keyring, browser) around the real programs, and the
//! peers they sign in at. It spawns programs and links none of them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness fails its test by panicking"
)]

use std::path::PathBuf;

mod access;
mod authenticator;
mod browser;
mod clipboard;
mod desktop;
mod identity_center;
mod keyring;
mod memory;
mod namespaces;
mod notifications;
mod patience;
mod peer;
mod person;
mod ports;
mod running;
mod tray;
mod waiting;
mod wayland;
mod window;
mod world;

pub use browser::Browser;
pub use clipboard::Copied;
pub use desktop::{App, FOLLOWS_WITHIN};
pub use keyring::Keyring;
pub use memory::children_of;
pub use namespaces::namespaces;
pub use notifications::Notifications;
pub use peer::{Peer, http, python};
pub use person::{Arrived, Person};
pub use ports::REGISTERED;
pub use running::Running;
pub use tray::Tray;
pub use waiting::until;
pub use window::Window;
pub use world::{World, program};

/// The checkout whose tests run. Asked at run time: two checkouts may share a target folder, and with it this very binary.
///
/// # Panics
/// When neither cargo nor nextest started the test.
#[must_use]
pub fn checkout() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo or nextest starts the test");
    PathBuf::from(package).parent().unwrap().to_owned()
}
