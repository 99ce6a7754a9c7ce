//! `kiro auth login` in its ways, and what the other verbs say afterwards.

use kiro_tests::{Keyring, Peer, World};
use serde_json::json;

async fn signed_in(keyring: Keyring, peer: &Peer) -> World {
    let world = World::new(keyring);
    world.add_okta(peer);
    let login = world.start_kiro(&["auth", "login", "--sso", "--org", "acme"]);
    world.browser().await.sign_in("aiko").await;
    let output = tokio::task::spawn_blocking(|| login.end()).await.unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    world
}

#[tokio::test]
async fn loopback_through_the_system_browser() {
    let peer = Peer::okta(30);
    let world = signed_in(Keyring::Unlocked, &peer).await;
    let status = world.status();
    assert_eq!(status["account"]["state"], "signed_in");
    assert_eq!(status["account"]["name"], "Aiko Tanaka");
    assert_eq!(status["account"]["provider"], "okta");
    assert_eq!(status["store"]["key_source"], "os-keyring");
    let again = world.kiro(&["auth", "login", "--sso"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&again.stderr).contains("Already signed in as Aiko Tanaka"));
    let seen = peer.control(json!({})).await;
    assert_eq!(seen["authorize"], 1, "the second login opens nothing");
}

#[test]
fn without_a_session_the_token_is_nothing_and_the_exit_code_says_so() {
    let world = World::new(Keyring::Unlocked);
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
}
