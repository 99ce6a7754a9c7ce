//! The window, the tray and the `kiro` command tell the same story.

use kiro_tests::until;

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
    world.browser().await.touch().await;
    window.press("Sign in with SSO").await;
    window.says("Sign out of this computer").await;
    tray.says("Sign out").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");
}
