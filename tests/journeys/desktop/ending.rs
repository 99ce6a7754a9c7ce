//! The end of the app while something is under way: by a signal, or by its window where no panel keeps it.

use kiro_tests::{Keyring, Peer, Window, World, until};
use serde_json::json;

use crate::paste::{said, signed_in};

/// Longer than a window takes to come, shorter than the app waits for its last work.
const SLOW: u32 = 6_000;

/// A world whose session is due, at a provider that takes its time for the renewal and gives a rotated token no leeway.
async fn about_to_be_renewed() -> (Peer, World) {
    let peer = Peer::okta(0);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(&peer).await;
    peer.control(json!({ "at_ttl": 3600, "next_token": [{ "slow_ms": SLOW }] }))
        .await;
    world.token_ended().await;
    (peer, world)
}

async fn renewal_is_under_way(peer: &Peer) {
    until("the renewal is asked for", async || {
        (peer.control(json!({})).await["token_requests"] == 2).then_some(())
    })
    .await;
}

async fn ends_with_the_renewed_session(peer: &Peer, world: &World) {
    until("the app has ended", async || {
        world.desktop_processes().is_empty().then_some(())
    })
    .await;
    let token = world.kiro(&["auth", "token"]);
    assert_eq!(token.status.code(), Some(0), "{}", said(&token));
    let seen = peer.control(json!({})).await;
    assert_eq!(seen["grants"]["refresh_token"], 1, "the saved one: {seen}");
}

#[tokio::test]
async fn a_signal_waits_for_the_renewal_under_way() {
    for signal in ["TERM", "HUP", "INT"] {
        let (peer, world) = about_to_be_renewed().await;
        let _app = world.start_hidden();
        renewal_is_under_way(&peer).await;
        world.signal_desktop(signal);
        ends_with_the_renewed_session(&peer, &world).await;
    }
}

#[tokio::test]
async fn without_a_panel_the_windows_end_waits_for_the_renewal_under_way() {
    let (peer, world) = about_to_be_renewed().await;
    let _window = Window::open_unpictured(&world).await;
    renewal_is_under_way(&peer).await;
    world.close_window();
    ends_with_the_renewed_session(&peer, &world).await;
}

#[tokio::test]
async fn without_a_panel_a_sign_in_outlives_the_window_and_brings_it_back() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    // The answer comes to a port that this app alone listens at.
    world.install_handler("kiro-ide", "#!/bin/sh\n", &["x-scheme-handler/kiro"]);
    let window = Window::open_unpictured(&world).await;
    window.press("Sign in with SSO").await;
    window.says("Signing in through localhost instead.").await;
    let app = world.desktop_processes();
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    world.close_window();
    until("the window is closed", async || {
        (!world.has_window()).then_some(())
    })
    .await;
    browser.sign_in("aiko").await;
    until("the window is back", async || {
        world.has_window().then_some(())
    })
    .await;
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert_eq!(world.desktop_processes(), app);
    world.close_window();
    until("the app has ended", async || {
        world.desktop_processes().is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_app_that_is_started_hidden_where_no_panel_is_shows_itself() {
    let world = World::new(Keyring::Absent);
    let _app = world.start_hidden();
    world.sees_window("no-panel").await;
}
