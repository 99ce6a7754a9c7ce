//! Another browser than the system's: the link copied, the answer's address pasted.

use kiro_tests::{Keyring, Peer, Person, Window, World};
use serde_json::json;

#[tokio::test]
async fn the_link_is_copied_and_the_address_that_localhost_would_get_is_pasted() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    world.only_note_addresses();
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    let by_link = world.opened().await;
    assert!(by_link.contains("redirect_uri=kiro%3A%2F%2F"), "{by_link}");
    window.press("Nothing happening?").await;
    window.press("Try without the app link").await;
    window.says("This window moves on by itself").await;
    window.press("Nothing happening?").await;
    window.press("Copy the link").await;
    window.says("Copied. Open it in a browser").await;
    let address = world.copied();
    assert!(address.starts_with(peer.word("issuer")), "{address}");
    assert!(
        address.contains("redirect_uri=http%3A%2F%2Flocalhost"),
        "{address}"
    );

    let nothing = world.copy("http://localhost:3128/oauth/callback?code=x&state=forged");
    window.press("Paste the browser").await;
    window
        .says("The clipboard holds no answer to this sign-in.")
        .await;
    drop(nothing);
    let callback = Person::new("aiko").callback(&address).await;
    let _held = world.copy(&callback);
    window.press("Paste the browser").await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert_eq!(peer.control(json!({})).await["token_requests"], 1);
}
