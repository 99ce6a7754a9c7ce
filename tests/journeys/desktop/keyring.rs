//! The keyring locked, absent and back again, through the window.

use kiro_tests::{Keyring, Notifications, Peer, Tray, Window, World};
use serde_json::json;

use crate::paste::{WITH_KEYRING, paste, said};

#[tokio::test]
async fn a_locked_keyring_is_told_before_the_browser_opens_and_unlocked_it_goes_on() {
    let (peer, world, _tray, window) = super::at_okta().await;
    world.lock_keyring();
    window.press("Sign in with SSO").await;
    window.says("The system keyring is locked").await;
    window.picture("keyring-locked").await;
    assert_eq!(peer.control(json!({})).await["authorize"], 0, "no browser");
    world.unlock_keyring();
    window.press("Try again").await;
    window.says("Continue in your browser").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.status()["store"]["key_source"], "os-keyring");
}

#[tokio::test]
async fn a_keyring_locked_at_the_start_needs_the_person_until_it_is_open() {
    let (peer, world, mut tray, window) = super::at_okta().await;
    peer.control(json!({ "at_ttl": 5 })).await;
    window.press("Sign in with SSO").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    drop(window);
    world.lock_keyring();
    let mut notifications = Notifications::new(&world);

    let window = Window::open(&world).await;
    window.says("The system keyring is locked").await;
    tray.says("The system keyring is locked").await;
    world.unlock_keyring();
    peer.control(json!({ "at_ttl": 3600 })).await;
    window.press("Try again").await;
    window.says("Sign out of this computer").await;
    tray.says("Aiko Tanaka · ").await;
    let told = notifications.titles();
    assert!(
        told.len() <= 1,
        "once, or not at all where it was seen: {told:?}"
    );
}

#[tokio::test]
async fn a_locked_keyring_is_notified_once_to_who_has_no_window_open() {
    let locked = "The system keyring is locked";
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    peer.control(json!({ "at_ttl": 1 })).await;
    let signed_in = paste(world.start_kiro(&WITH_KEYRING), "aiko").await;
    assert_eq!(signed_in.status.code(), Some(0), "{}", said(&signed_in));
    world.token_ended().await;
    world.lock_keyring();
    let mut notifications = Notifications::new(&world);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    notifications.says(locked).await;
    tray.says(locked).await;
    notifications.press(locked);
    world.sees_window("keyring-locked-notified").await;
    assert_eq!(notifications.titles(), [locked], "once");
}

#[tokio::test]
async fn without_a_keyring_the_window_says_what_to_do_and_goes_on_once_there_is_one() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("No keyring on this computer").await;
    window.says("kiro auth login --sso --passphrase").await;
    window.picture("no-keyring").await;
    assert_eq!(peer.control(json!({})).await["authorize"], 0, "no browser");
    world.start_keyring();
    window.press("Try again").await;
    window.says("Continue in your browser").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
}
