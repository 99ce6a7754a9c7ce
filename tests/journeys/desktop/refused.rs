//! The window says what went wrong, and what to do.

use std::fs;

use kiro_tests::{Keyring, Peer, Tray, Window, World, until};
use serde_json::{Value, json};

#[tokio::test]
async fn ben_is_not_assigned_and_reads_who_can_change_that() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    world.browser().await.sign_in("ben").await;
    window.says("You do not have access yet").await;
    window
        .says("signed you in, but Kiro is not assigned to")
        .await;
    window.says("to assign it.").await;
    window.picture("not-assigned").await;
    tray.says("Not signed in").await;
    assert_eq!(world.status()["account"]["state"], "signed_out");
    assert_eq!(
        world.status()["profiles"],
        json!([]),
        "nobody's session is kept"
    );

    window.press("Copy request for IT").await;
    window.says("Copied").await;
    window.press("Back").await;
    window.says("Sign in to Kiro").await;
}

#[tokio::test]
async fn a_refused_sign_in_leaves_the_older_session_untouched_and_visible() {
    let (peer, world, mut tray, window) = super::at_okta().await;
    window.press("Sign in with SSO").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    let (before, token) = (world.credentials(), world.kiro(&["auth", "token"]).stdout);
    peer.control(json!({ "authorize_error": { "error": "access_denied", "error_description": "User is not assigned to the client application." } }))
        .await;

    window.press("Accounts").await;
    window.press("Add an account").await;
    window.says("Choose your organisation").await;
    window.press("Sign in with SSO").await;
    window.says("You do not have access yet").await;
    window.says("Signed in").await;
    window.picture("refused-over-a-session").await;
    tray.says("Aiko Tanaka · ").await;
    assert_eq!(world.credentials(), before);
    assert_eq!(world.kiro(&["auth", "token"]).stdout, token);
    window.press("Back").await;
    window.says("Sign out of this computer").await;
}

#[tokio::test]
async fn a_device_rule_is_met_in_another_browser_that_the_person_chooses() {
    let peer = Peer::entra(None);
    let world = World::new(Keyring::Unlocked);
    world.add_entra(&peer);
    let opened = world.path("opened-in-edge");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
    let kinds = ["x-scheme-handler/http", "x-scheme-handler/https"];
    world.install_handler("managed-edge", &script, &kinds);
    world.use_browser();
    let window = Window::open(&world).await;
    let rule = json!({ "error": "access_denied", "error_description": "AADSTS53000: Device is not compliant." });
    peer.control(json!({ "authorize_error": rule })).await;
    window.press("Sign in with SSO").await;
    window.says("does not meet your company’s rules").await;
    window.says("(53000)").await;
    window.press("Choose browser").await;
    window.focused("h1 Choose a browser").await;
    window.says("The usual one").await;
    window.picture("browsers").await;
    assert!(
        !opened.exists(),
        "nothing but the usual one was used so far"
    );
    window.press("managed-edge").await;
    window.says("Continue in your browser").await;
    let lines = async |count: usize| {
        until("the chosen browser is opened", async || {
            let text = fs::read_to_string(&opened).unwrap_or_default();
            (text.lines().count() == count).then_some(text)
        })
        .await
    };
    let address = lines(1).await;
    assert!(address.starts_with(peer.word("origin")), "{address}");
    assert!(address.contains("/authorize?"), "{address}");
    window.press("Open the browser again").await;
    assert_eq!(lines(2).await, address.repeat(2));
}

#[tokio::test]
async fn one_more_check_is_walked_from_the_window_with_the_claims_that_were_asked_for() {
    let more = json!({ "essential": true, "value": "c1" });
    let claims = json!({ "access_token": { "acrs": more } }).to_string();
    let peer = Peer::entra(None);
    let world = World::new(Keyring::Unlocked);
    world.add_entra(&peer);
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    peer.control(json!({ "at_ttl": 5 })).await;
    window.press("Sign in with SSO").await;
    world.browser().await.sign_in("maya").await;
    window.says("Sign out of this computer").await;
    let refusal = json!({ "error": "interaction_required", "error_description": "AADSTS50076: more is needed.", "error_codes": [50076], "suberror": "basic_action", "claims": claims });
    peer.control(json!({ "at_ttl": 3600, "next_token": [{ "status": 400, "body": refusal }] }))
        .await;
    world.token_ended().await;
    let _ = world.kiro(&["auth", "token"]);
    window.says("One more check is needed").await;
    tray.says("One more check is needed").await;
    window.picture("one-more-check").await;

    window.press("Sign in again").await;
    window.says("Sign out of this computer").await;
    tray.says("Maya Okafor · ").await;
    let seen = peer.control(json!({})).await;
    let last = seen["authorize_queries"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    let sent: Value = serde_json::from_str(last["claims"].as_str().unwrap()).unwrap();
    assert_eq!(sent["access_token"]["acrs"], more, "{last}");
}
