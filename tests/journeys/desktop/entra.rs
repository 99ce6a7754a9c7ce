//! Entra ID through the window.

use kiro_tests::{Keyring, Peer, Window, World};
use serde_json::json;

#[tokio::test]
async fn entra_id_by_deep_link() {
    let peer = Peer::entra(None);
    let world = World::new(Keyring::Unlocked);
    world.add_entra(&peer);
    world.allow_kiro_links(peer.word("origin"));
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window
        .says("then choose Open Kiro if the browser asks")
        .await;
    world.browser().await.sign_in("maya").await;
    window.says("Sign out of this computer").await;
    window.says("Entra ID").await;
    window.picture("signed-in-entra").await;
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["provider"], &account["name"]),
        (&json!("signed_in"), &json!("entra"), &json!("Maya Okafor"))
    );
}
