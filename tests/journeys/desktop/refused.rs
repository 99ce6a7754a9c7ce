//! The window says what went wrong, and what to do.

use kiro_tests::{Keyring, Peer, Window, World};
use serde_json::json;

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
async fn where_another_program_opens_kiro_links_the_answer_comes_through_localhost() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let taken = world.path("taken");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", taken.display());
    world.install_handler("kiro-ide", &script, &["x-scheme-handler/kiro"]);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window
        .says("Another app opens kiro:// links (kiro-ide)")
        .await;
    window.says("Signing in through localhost instead.").await;
    window.picture("scheme-taken").await;
    let browser = world.browser().await;
    browser.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    browser.tab("localhost").await;
    assert!(browser.text().await.contains("You are signed in"));
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert!(!taken.exists(), "the other program got no link");
    let owner = world
        .command("xdg-mime")
        .args(["query", "default", "x-scheme-handler/kiro"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&owner.stdout).trim(),
        "kiro-ide.desktop"
    );
}
