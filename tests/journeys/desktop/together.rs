//! The window, the tray and the `kiro` command tell the same story.

use std::time::Instant;

use kiro_tests::{FOLLOWS_WITHIN, until};

#[tokio::test]
async fn signing_in_and_out_and_in_again_is_known_to_window_tray_and_command() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    window.says("Sign in to Kiro").await;
    tray.says("Not signed in").await;
    window.picture("signed-out").await;

    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    tray.says("Waiting for the browser").await;
    window.picture("waiting").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Aiko Tanaka").await;
    window.says("Sign out of this computer").await;
    window.picture("signed-in").await;
    tray.says("Aiko Tanaka · ").await;
    let status = world.status();
    assert_eq!(status["account"]["state"], "signed_in");
    assert_eq!(status["account"]["email"], "aiko@acme.com");
    assert_eq!(status["store"]["key_source"], "os-keyring");
    let token = world.kiro(&["auth", "token"]);
    assert_eq!(token.status.code(), Some(0));
    let launcher = world.path(".local/share/applications/kiro-sign-in.desktop");
    assert!(launcher.exists(), "the app registered kiro:// by itself");

    tray.press("Sign out");
    tray.says("Not signed in").await;
    window.says("Signed out").await;
    window.picture("receipt").await;
    until("the command knows", async || {
        (world.kiro(&["auth", "status"]).status.code() == Some(3)).then_some(())
    })
    .await;
    assert_eq!(world.status()["account"]["state"], "signed_out");

    window.press("Done").await;
    window.says("Sign in to Kiro").await;
    // The browser is still signed in at the provider and nobody touches it: it would drop a second link.
    window.press("Sign in with SSO").await;
    window.says("Sign out of this computer").await;
    tray.says("Sign out").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

#[tokio::test]
async fn what_the_command_does_is_in_window_and_tray_within_a_second() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    window.says("Sign in to Kiro").await;
    tray.says("Not signed in").await;
    let login = world.start_kiro(&["auth", "login", "--sso", "--org", "acme"]);
    world.browser().await.sign_in("aiko").await;
    let output = tokio::task::spawn_blocking(|| login.end()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let done = Instant::now();
    window.says("Sign out of this computer").await;
    assert!(
        done.elapsed() < FOLLOWS_WITHIN,
        "the window took {:?}",
        done.elapsed()
    );
    tray.says("Aiko Tanaka · ").await;
    assert!(
        done.elapsed() < FOLLOWS_WITHIN,
        "the tray took {:?}",
        done.elapsed()
    );

    tray.press("Sign out");
    window.says("Signed out").await;
    // The browser is still signed in at the provider. A receipt does not hide who has signed in since.
    let login = world.start_kiro(&["auth", "login", "--sso", "--org", "acme"]);
    let output = tokio::task::spawn_blocking(|| login.end()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    window.says("Sign out of this computer").await;
    tray.says("Aiko Tanaka · ").await;

    assert_eq!(world.kiro(&["auth", "logout"]).status.code(), Some(0));
    let done = Instant::now();
    window.says("Sign in to Kiro").await;
    assert!(
        done.elapsed() < FOLLOWS_WITHIN,
        "the window took {:?}",
        done.elapsed()
    );
    tray.says("Not signed in").await;
    assert!(
        done.elapsed() < FOLLOWS_WITHIN,
        "the tray took {:?}",
        done.elapsed()
    );
}

#[tokio::test]
async fn window_tray_and_title_change_their_language_together() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    window.press("日本語").await;
    window.says("Kiro にサインイン").await;
    tray.says("サインインしていません").await;
    window.picture("signed-out-ja").await;
    window.press("English").await;
    window.says("Sign in to Kiro").await;
    tray.says("Not signed in").await;
    assert!(world.has_window(), "the title is English again");
}
