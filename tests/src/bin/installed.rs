//! Signs in with the programs that a package has installed, and again while it is upgraded: `scripts/package-check` runs it, where
//! nothing that it changes lasts. `KIRO_BIN_DIR` names the programs' folder, `KIRO_UPGRADE` the newer package.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a check tells what it does, and fails by panicking"
)]

use std::process::Command;

use kiro_tests::{Keyring, Peer, Tray, Window, World, program};

#[tokio::main]
async fn main() {
    let upgrade = std::env::var("KIRO_UPGRADE").expect("KIRO_UPGRADE names a package");
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;

    println!("sign in by the link that the package registered");
    window.press("Sign in with SSO").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    tray.says("Aiko Tanaka · ").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");
    let own = world.path(".local/share/applications/kiro-sign-in.desktop");
    assert!(!own.exists(), "the package's launcher is enough");

    println!("upgrade: the program that runs goes on");
    let done = Command::new("dpkg")
        .args(["--install", &upgrade])
        .status()
        .expect("dpkg runs");
    assert!(done.success(), "the newer package installs");
    assert_eq!(world.status()["account"]["state"], "signed_in");
    tray.press("Sign out");
    window.says("Signed out").await;
    assert_eq!(world.status()["account"]["state"], "signed_out");
    window.press("Done").await;
    world.browser().await.touch().await;
    window.press("Sign in with SSO").await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");

    println!("start anew: the upgraded program has the session");
    world.crash_desktop().await;
    drop(window);
    let window = Window::open(&world).await;
    window.says("Aiko Tanaka").await;
    let token = world.kiro(&["auth", "token"]);
    assert!(
        token.status.success(),
        "{} has the token",
        program("kiro").display()
    );
}
