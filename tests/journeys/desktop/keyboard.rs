//! The whole use by keyboard alone (UX.md §8 a): every control in its visual order, a focus ring, no trap, and the
//! focus on the heading after each change of screen.

use std::fs;

use kiro_tests::{Keyring, Peer, Window, World, until};

/// Presses Tab until this has the focus; what was passed on the way is returned.
async fn tab_to(window: &Window, wanted: &str) -> Vec<String> {
    let mut passed = Vec::new();
    for _ in 0..24 {
        window.key("Tab").await;
        let (at, ring) = window.focus().await;
        if !at.starts_with("body") {
            assert!(ring, "a focus ring is drawn on {at}");
        }
        if at.contains(wanted) {
            return passed;
        }
        passed.push(at);
    }
    panic!("Tab never reaches “{wanted}”: {passed:?}");
}

/// Waits for a screen, and sees the focus on its heading.
async fn arrives(window: &Window, heading: &str) {
    window.says(heading).await;
    window.focused(&format!("h1 {heading}")).await;
}

async fn signed_in_by_keyboard(world: &World, window: &Window) {
    window.key("Enter").await; // the primary button, wherever the focus is
    arrives(window, "Continue in your browser").await;
    world.browser().await.sign_in("aiko").await;
    arrives(window, "Aiko Tanaka").await;
}

#[tokio::test]
async fn from_the_first_run_to_the_receipt_without_a_mouse() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.allow_kiro_links(peer.word("origin"));
    world.needs_ports();
    let window = Window::open(&world).await;
    window.says("Welcome to Kiro").await;
    let passed = tab_to(&window, "Open organisation file…").await;
    let order = [
        "button Settings",
        "button 日本語",
        "button Use an AWS access portal URL For IAM Identity Center",
        "button I am the administrator Issuer, client ID and the redirect URIs to register",
    ];
    assert_eq!(passed, order, "the order on the screen");
    window.key("Shift+Tab").await;
    window.key("Enter").await;
    arrives(&window, "Set up your organisation").await;
    for (field, text) in [
        ("Name", "Acme"),
        ("Issuer URL", peer.word("issuer")),
        ("Client ID", peer.word("client_id")),
    ] {
        tab_to(&window, &format!("input {field}")).await;
        window.type_text(text).await;
    }
    window.key("Enter").await;
    arrives(&window, "Is this your organisation?").await;
    window.key("Enter").await;
    arrives(&window, "Sign in to Kiro").await;
    let passed = tab_to(&window, "Sign in with SSO").await;
    assert_eq!(passed, ["button Change", "button Use another account"]);

    window.key("Space").await;
    arrives(&window, "Continue in your browser").await;
    world.browser().await.leave().await;
    window.key("Escape").await;
    arrives(&window, "Sign in to Kiro").await;

    signed_in_by_keyboard(&world, &window).await;
    tab_to(&window, "Accounts").await;
    window.key("Enter").await;
    tab_to(&window, "Add an account").await;
    window.key("Enter").await;
    arrives(&window, "Choose your organisation").await;
    window.key("Escape").await;
    arrives(&window, "Aiko Tanaka").await;

    tab_to(&window, "Settings").await;
    window.key("Enter").await;
    arrives(&window, "Settings").await;
    window.key("Escape").await;
    arrives(&window, "Aiko Tanaka").await;

    let passed = tab_to(&window, "Sign out of this computer").await;
    assert!(!passed.is_empty());
    window.key("Enter").await;
    arrives(&window, "Signed out").await;
    window.key("Enter").await;
    arrives(&window, "Sign in to Kiro").await;
    assert_eq!(world.status()["account"]["state"], "signed_out");
}

#[tokio::test]
async fn tab_leaves_no_control_out_and_comes_round() {
    let (_peer, _world, _tray, window) = super::at_okta().await;
    window.says("Sign in to Kiro").await;
    tab_to(&window, "Sign in with SSO").await;
    let round = tab_to(&window, "Sign in with SSO").await;
    for button in ["Settings", "日本語", "Change", "Use another account"] {
        assert!(round.iter().any(|at| at.contains(button)), "{round:?}");
    }
    window.key("Shift+Tab").await;
    assert_eq!(window.focus().await.0, "button Use another account");
}

#[tokio::test]
async fn settings_are_changed_before_anybody_is_signed_in_and_are_in_the_files() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    let entry = world.path(".config/autostart/kiro-sign-in.desktop");
    let settings = world.path("kiro/settings.toml");
    let holds = async |wanted: &str| {
        until(wanted, async || {
            let text = fs::read_to_string(&settings).unwrap_or_default();
            text.contains(wanted).then_some(())
        })
        .await;
    };
    window.says("Sign in to Kiro").await;
    tab_to(&window, "Settings").await;
    window.key("Enter").await;
    arrives(&window, "Settings").await;
    tab_to(&window, "Start in the tray").await;
    window.key("Space").await;
    until("the app starts at login", async || {
        let text = fs::read_to_string(&entry).unwrap_or_default();
        text.contains("--hidden").then_some(())
    })
    .await;
    window.key("Space").await;
    until("it does no longer", async || {
        (!entry.exists()).then_some(())
    })
    .await;
    tab_to(&window, "Notifications").await;
    window.key("Space").await;
    holds("notifications = false").await;
    tab_to(&window, "Proxy and certificates").await;
    window.key("Enter").await;
    window.press("None").await;
    holds("proxy = \"none\"").await;
    window.picture("settings").await;
    window.press("日本語").await;
    holds("language = \"ja\"").await;
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let said = told(&world.kiro(&["auth", "status"]));
    assert!(said.contains("サインインしていません"), "{said}");
    let mut english = world.command(kiro_tests::program("kiro").to_str().unwrap());
    let output = english.args(["auth", "status"]).env("LC_ALL", "C").output();
    let said = told(&output.unwrap());
    assert!(said.contains("Not signed in"), "{said}");
    tray.says("サインインしていません").await;
    // Whoever else writes the file is followed, too.
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("\"ja\"", "\"en\"")).unwrap();
    tray.says("Not signed in").await;
}
