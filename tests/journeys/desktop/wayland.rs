//! On a Wayland desktop, where a program comes to the front by a token that the desktop gave for a person's click, and not by itself.

use kiro_tests::{Keyring, Notifications, Peer, Window, World};

/// A sign-in that waits for the link which the browser has got, and another program in front that has this link.
async fn elsewhere() -> (Peer, World, Notifications, Window, String) {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.on_wayland();
    world.add_okta(&peer);
    let _ = world.keep_links();
    let notifications = Notifications::new(&world);
    let window = Window::open_unpictured(&world).await;
    world.comes_to_the_front("Kiro Sign-In").await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    browser.sign_in("aiko").await;
    let link = world.link().await;
    let _ = world.record_links();
    world.elsewhere(&link).await;
    (peer, world, notifications, window, link)
}

#[tokio::test]
async fn the_link_that_was_clicked_brings_the_window_to_the_front() {
    let (_peer, mut world, mut notifications, window, _link) = elsewhere().await;
    world.click_elsewhere();
    window.says("Sign out of this computer").await;
    world.comes_to_the_front("Kiro Sign-In").await;
    world.picture_of_wayland("signed-in").await;
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert_eq!(notifications.titles(), [""; 0]);
}

#[tokio::test]
async fn where_the_window_cannot_come_to_the_front_a_notification_says_who_is_signed_in() {
    let (_peer, mut world, mut notifications, window, link) = elsewhere().await;
    world.open(&link);
    window.says("Sign out of this computer").await;
    notifications.says("Kiro: signed in as Aiko Tanaka").await;
    assert_eq!(world.in_front().as_deref(), Some("Elsewhere"));
}
