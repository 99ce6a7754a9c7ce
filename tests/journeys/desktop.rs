//! The desktop app: the window, the tray and the deep link, with a real browser and a real keyring.

use kiro_tests::{Keyring, Peer, Tray, Window, World};

mod access;
mod background;
mod callbacks;
mod checkup;
mod dialogs;
mod ending;
mod entra;
mod health;
mod identity_center;
mod keyboard;
mod keyring;
mod links;
mod memory;
mod models;
mod paste;
mod provisioning;
mod refused;
mod together;
mod traces;
mod tray;
mod wayland;

/// A world with the organisation `acme` at an IdP like Okta's, and the app in it.
async fn at_okta() -> (Peer, World, Tray, Window) {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let tray = Tray::new(&world);
    let window = Window::open(&world).await;
    (peer, world, tray, window)
}
