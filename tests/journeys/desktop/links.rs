//! Whose `kiro://` links are, through the window.

use std::fs;
use std::path::PathBuf;

use kiro_tests::{Keyring, Peer, Window, World};

/// A world where `kiro-ide` opens the links, and the file in which it notes them.
fn with_kiro_ide(world: &World) -> PathBuf {
    let taken = world.path("taken");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", taken.display());
    world.install_handler("kiro-ide", &script, &["x-scheme-handler/kiro"]);
    taken
}

fn owner(world: &World) -> String {
    let asked = world
        .command("xdg-mime")
        .args(["query", "default", "x-scheme-handler/kiro"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&asked.stdout).trim().to_owned()
}

/// A sign-in just begun where the links are another program's, and what that program would have got.
async fn beside_kiro_ide() -> (Peer, World, PathBuf, Window) {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let taken = with_kiro_ide(&world);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window
        .says("Another app opens kiro:// links (kiro-ide)")
        .await;
    (peer, world, taken, window)
}

#[tokio::test]
async fn where_another_program_opens_kiro_links_the_answer_comes_through_localhost() {
    let (_peer, world, taken, window) = beside_kiro_ide().await;
    window.says("Signing in through localhost instead.").await;
    window.picture("scheme-taken").await;
    let browser = world.browser().await;
    browser.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    browser.tab("localhost").await;
    assert!(browser.text().await.contains("You are signed in"));
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert!(!taken.exists(), "the other program got no link");
    assert_eq!(owner(&world), "kiro-ide.desktop");
}

#[tokio::test]
async fn the_links_are_taken_at_the_persons_word_and_the_former_owner_is_remembered() {
    let (_peer, world, taken, window) = beside_kiro_ide().await;
    assert_eq!(owner(&world), "kiro-ide.desktop");
    window.press("Use Kiro Sign-In for these links").await;
    window.says("Kiro Sign-In opens kiro:// links now.").await;
    assert_eq!(owner(&world), "kiro-sign-in.desktop");
    let remembered = fs::read_to_string(world.path("kiro/links.json")).unwrap();
    assert!(remembered.contains("kiro-ide.desktop"), "{remembered}");
    let defaults = fs::read_to_string(world.path(".config/mimeapps.list")).unwrap();
    let line = "x-scheme-handler/kiro=kiro-sign-in.desktop;kiro-ide.desktop;";
    assert!(defaults.lines().any(|each| each == line), "{defaults}");

    world.browser().await.leave().await;
    window.press("Nothing happening?").await;
    window.press("Use the app link instead").await;
    window
        .says("then choose Open Kiro if the browser asks")
        .await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    assert!(!taken.exists(), "the former owner got no link");

    window.press_named("Settings").await;
    window.press("kiro:// links").await;
    window.says("Opened by Kiro Sign-In").await;
    window.press("Give back to kiro-ide").await;
    window.says("Opened by kiro-ide").await;
    assert_eq!(owner(&world), "kiro-ide.desktop");
    assert!(!world.path("kiro/links.json").exists());
    let defaults = fs::read_to_string(world.path(".config/mimeapps.list")).unwrap();
    assert!(!defaults.contains("kiro-sign-in"), "{defaults}");
}
