//! "Check my computer" in the real window (UX.md S2b): what `kiro doctor` finds, with its remedies, while a sign-in
//! goes on.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use kiro_tests::{Keyring, Peer, Tray, Window, World};

#[tokio::test]
async fn the_window_names_what_is_wrong_and_the_remedy_while_a_sign_in_goes_on() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.start_accessibility();
    world.add_okta(&peer);
    let _tray = Tray::new(&world);
    let window = Window::open(&world).await;
    let key = world.path("kiro/key");
    fs::write(&key, [0; 32]).unwrap();
    let mode = |mode| fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    window.press("Nothing happening?").await;
    window.press("Check my computer").await;
    window.focused("h1 Check my computer").await;
    window.says("Problems: 1").await;
    window.says("chmod 600 ").await;
    window.says("in the system keyring, which is open").await;
    window.says("discovery ok, issuer equal").await;
    let told = world
        .read_out(
            "Check my computer",
            &["push button: Check again", "push button: Back"],
        )
        .await;
    assert!(!told.iter().any(|one| one.ends_with(": ")), "{told:#?}");
    window.picture("checkup").await;
    window.press("日本語").await;
    window.says("ほかのユーザーがアクセスできます").await;
    window.says("ブラウザーから Kiro に届きます").await;
    window.press("English").await;

    mode(0o600);
    window.press("Check again").await;
    window.says("Everything is as it should be").await;

    window.key("Escape").await;
    window.focused("h1 Continue in your browser").await;
    window.press("Nothing happening?").await;
    window.press("Check my computer").await;
    window.says("Everything is as it should be").await;
    world.browser().await.sign_in("aiko").await;
    window.focused("h1 Aiko Tanaka").await;
}
