//! The app without its window: sign-ins, the panel's restarts, notifications.

use kiro_tests::{Keyring, Notifications, Peer, Tray, World};
use serde_json::json;

#[tokio::test]
async fn a_window_that_is_closed_while_the_browser_is_open_keeps_the_sign_in() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Not signed in").await;
    tray.press("Open Kiro");
    world.sees_window("from-the-tray").await;
    let process = world.desktop_processes();
    tray.press("Sign in with SSO");
    tray.says("Waiting for the browser").await;
    world.close_window();
    tray.says("Cancel sign-in").await;
    world.browser().await.sign_in("aiko").await;
    tray.says("Aiko Tanaka · ").await;
    assert_eq!(world.desktop_processes(), process);
    world.sees_window("signed-in-after-closing").await;
}

#[tokio::test]
async fn a_panel_that_restarts_shows_the_icon_again() {
    let world = World::new(Keyring::Unlocked);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Not signed in").await;
    drop(tray);
    let mut tray = Tray::new(&world);
    tray.says("Not signed in").await;
    assert_eq!(world.desktop_processes().len(), 1);
    tray.press("Open Kiro");
    world.sees_window("after-the-panel").await;
}

#[tokio::test]
async fn an_ended_session_is_notified_once_and_its_button_signs_in_again() {
    let ended = "Your session ended";
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let mut notifications = Notifications::new(&world);
    let mut tray = Tray::new(&world);
    peer.control(json!({ "at_ttl": 5 })).await;
    let _app = world.start_hidden();
    tray.says("Not signed in").await;
    tray.press("Sign in with SSO");
    let browser = world.browser().await;
    browser.sign_in("aiko").await;
    tray.says("Aiko Tanaka · ").await;
    assert!(!notifications.titles().contains(&ended.to_owned()));

    world.sees_window("signed-in").await;
    world.close_window();
    peer.control(json!({ "revoke_user": "aiko" })).await;
    world.token_ended().await;
    let _ = world.kiro(&["auth", "token"]);
    notifications.says(ended).await;
    tray.says(ended).await;
    peer.control(json!({ "at_ttl": 3600 })).await;
    notifications.press(ended);
    tray.says("Aiko Tanaka · ").await;
    let told = notifications.titles();
    assert_eq!(
        told.iter().filter(|title| *title == ended).count(),
        1,
        "{told:?}"
    );
}
