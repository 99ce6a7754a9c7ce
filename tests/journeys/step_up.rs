//! A claims challenge at a renewal: the command says what to do, and the next sign-in asks for what the IdP wanted.

use kiro_tests::{Keyring, Peer, World};
use serde_json::{Value, json};

use crate::paste::{paste, said};

const LOGIN: [&str; 5] = [
    "auth",
    "login",
    "--sso",
    "--no-browser",
    "--insecure-storage",
];

#[tokio::test]
async fn what_entra_asks_for_at_a_renewal_is_sent_with_the_next_sign_in() {
    let peer = Peer::entra(None);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = World::new(Keyring::Absent);
    world.add_entra(&peer);
    let first = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    world.token_ended().await;
    let claims = json!({ "access_token": { "acrs": { "essential": true, "value": "c1" } } });
    let challenge = json!({ "status": 400, "body": {
        "error": "interaction_required", "error_codes": [50076], "correlation_id": "7c0a0b1e-0000-4000-8000-000000000001",
        "error_description": "AADSTS50076: You must use multi-factor authentication.", "claims": claims.to_string(),
    } });
    peer.control(json!({ "next_token": [challenge], "at_ttl": 3600 }))
        .await;
    let before = world.credentials();
    let token = world.kiro(&["auth", "token"]);
    let text = said(&token);
    assert_eq!(token.status.code(), Some(4), "{text}");
    assert!(token.stdout.is_empty());
    assert!(
        text.contains("error: One more check is needed.")
            && text.contains("`kiro auth login --sso`"),
        "{text}"
    );
    assert!(text.contains("7c0a0b1e-"), "the correlation id: {text}");
    assert_eq!(world.credentials(), before, "the session is kept");
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["reason"]),
        (&json!("needs_attention"), &json!("step_up_needed"))
    );

    let again = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(world.status()["account"]["state"], "signed_in");
    let seen = peer.control(json!({})).await;
    let query = seen["authorize_queries"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    let sent: Value = serde_json::from_str(query["claims"].as_str().unwrap()).unwrap();
    assert_eq!(sent["access_token"]["acrs"]["value"], "c1", "{sent}");
    assert_eq!(
        sent["access_token"]["xms_cc"]["values"],
        json!(["cp1"]),
        "and still says what it understands"
    );
}
