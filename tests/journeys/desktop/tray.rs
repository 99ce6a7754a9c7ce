//! Everything by the tray alone (UX.md §4).

use kiro_tests::{Keyring, Peer, Tray, World, until};
use serde_json::json;

#[tokio::test]
async fn the_tray_cancels_signs_in_and_quits_and_the_session_stays() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let links = world.record_links();
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Not signed in").await;
    assert_eq!(
        tray.rows(),
        ["Not signed in", "Sign in with SSO", "Open Kiro", "Quit"]
    );

    tray.press("Sign in with SSO");
    tray.says("Waiting for the browser, 10 min left").await;
    assert_eq!(
        tray.rows()[1..],
        [
            "Open the browser again",
            "Cancel sign-in",
            "Open Kiro",
            "Quit"
        ]
    );
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    tray.press("Cancel sign-in");
    tray.says("Not signed in").await;
    let app = world.desktop_processes();
    browser.sign_in("aiko").await;
    until("the late link has come and gone", async || {
        (links.exists() && world.desktop_processes() == app).then_some(())
    })
    .await;
    assert_eq!(world.status()["account"]["state"], "signed_out");

    browser.touch().await;
    tray.press("Sign in with SSO");
    tray.says("Aiko Tanaka · ").await;
    assert_eq!(
        tray.rows()[1..],
        [
            "Renews by itself",
            "Sign out",
            "Open Kiro",
            "Quit (stay signed in)"
        ]
    );
    let seen = peer.control(json!({})).await;
    assert_eq!(seen["token_requests"], 1, "the cancelled one asked nothing");

    tray.press("Quit (stay signed in)");
    until("the app has ended", async || {
        world.desktop_processes().is_empty().then_some(())
    })
    .await;
    assert_eq!(world.status()["account"]["state"], "signed_in");
}
