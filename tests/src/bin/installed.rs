//! Signs in with the programs that a package has installed, again while it is upgraded, and takes it away from under links that were
//! another program's: `scripts/package-check` runs it, where nothing that it changes lasts. `KIRO_BIN_DIR` names the programs'
//! folder; `KIRO_UPGRADE` and `KIRO_REMOVE` are the commands that do it.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a check tells what it does, and fails by panicking"
)]

use std::process::Command;

use kiro_tests::{Keyring, Peer, Tray, Window, World, program};

/// Does what the package's tools are for.
fn run(name: &str) {
    let command = std::env::var(name).unwrap_or_else(|_| panic!("{name} is a command"));
    let done = Command::new("sh").args(["-euxc", &command]).status();
    assert!(done.expect("sh runs").success(), "{command}");
}

/// Who opens `kiro://` links: as `xdg-mime` tells, and as desktops that follow the specification find it.
fn owners(world: &World) -> [String; 2] {
    [
        ["xdg-mime", "query", "default", "x-scheme-handler/kiro"].as_slice(),
        &["gio", "mime", "x-scheme-handler/kiro"],
    ]
    .map(|words| {
        let asked = world.command(words[0]).args(&words[1..]).output();
        let told = asked.expect("it runs").stdout;
        let told = String::from_utf8_lossy(&told).into_owned();
        let first = told.lines().next().unwrap_or_default();
        first.rsplit(' ').next().unwrap_or_default().to_owned()
    })
}

#[tokio::main]
async fn main() {
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
    run("KIRO_UPGRADE");
    assert_eq!(world.status()["account"]["state"], "signed_in");
    tray.press("Sign out");
    window.says("Signed out").await;
    assert_eq!(world.status()["account"]["state"], "signed_out");
    window.press("Done").await;
    world.browser().await.touch().await;
    window.press("Sign in with SSO").await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");

    println!(
        "start anew: the upgraded program has the session, and takes another program's links at the person's word"
    );
    world.crash_desktop().await;
    drop(window);
    world.install_handler("kiro-ide", "#!/bin/sh\n", &["x-scheme-handler/kiro"]);
    let window = Window::open(&world).await;
    window.says("Aiko Tanaka").await;
    let token = world.kiro(&["auth", "token"]);
    assert!(
        token.status.success(),
        "{} has the token",
        program("kiro").display()
    );
    window.press_named("Settings").await;
    window.press("kiro:// links").await;
    window.says("Opened by kiro-ide").await;
    window.press("Use Kiro Sign-In for these links").await;
    window.says("Opened by Kiro Sign-In").await;
    assert_eq!(owners(&world), ["kiro-sign-in.desktop"; 2]);

    println!("remove: the links are the other program's again");
    world.crash_desktop().await;
    run("KIRO_REMOVE");
    assert_eq!(owners(&world), ["kiro-ide.desktop"; 2]);
}
