//! `kiro auth login` in its ways, and what the other verbs say afterwards.

use kiro_tests::{Keyring, Peer, World};
use serde_json::json;

async fn signed_in(keyring: Keyring, peer: &Peer) -> World {
    let world = World::new(keyring);
    world.add_okta(peer);
    let login = world.start_kiro(&["auth", "login", "--sso", "--org", "acme"]);
    world.browser().await.sign_in("aiko").await;
    let output = tokio::task::spawn_blocking(|| login.end()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
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

#[tokio::test]
async fn fifty_processes_with_an_expired_token_make_one_request_and_get_one_answer() {
    let peer = Peer::okta(0);
    peer.control(json!({ "at_ttl": 5 })).await;
    let world = signed_in(Keyring::Unlocked, &peer).await;
    peer.control(json!({ "at_ttl": 3600 })).await;
    let running: Vec<_> = (0..50).map(|_| world.start_kiro(&["auth", "token"])).collect();
    let outputs: Vec<_> = running.into_iter().map(kiro_tests::Running::end).collect();
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stdout, outputs[0].stdout);
    }
    assert_eq!(peer.control(json!({})).await["grants"]["refresh_token"], 1);
}

#[test]
fn without_a_session_the_token_is_nothing_and_the_exit_code_says_so() {
    let world = World::new(Keyring::Unlocked);
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
}
