//! Access tokens that have ended: who renews them, how often, and what is said when nobody may.

use kiro_tests::{Peer, Running};
use serde_json::{Value, json};

use crate::paste::{said, signed_in};

#[tokio::test]
async fn fifty_processes_with_an_ended_token_make_one_request_and_get_one_answer() {
    let peer = Peer::okta(0);
    peer.control(json!({ "at_ttl": 2 })).await;
    let world = signed_in(&peer).await;
    world.token_ended().await;
    peer.control(json!({ "at_ttl": 3600 })).await;
    let running: Vec<_> = (0..50)
        .map(|_| world.start_kiro(&["auth", "token"]))
        .collect();
    let outputs: Vec<_> = running.into_iter().map(Running::end).collect();
    let seen = peer.control(json!({})).await;
    let told: Vec<_> = outputs
        .iter()
        .map(|output| (output.status.code(), said(output)))
        .collect();
    let first = &outputs[0].stdout;
    let equal = outputs
        .iter()
        .filter(|output| &output.stdout == first)
        .count();
    assert!(
        outputs.iter().all(|output| output.status.success()),
        "{told:?} {}",
        seen["grants"]
    );
    assert_eq!(
        (equal, &seen["grants"]["refresh_token"]),
        (50, &json!(1)),
        "{told:?}"
    );
    assert!(first.len() > 20 && first.ends_with(b"\n"));
}

#[tokio::test]
async fn every_renewal_sends_the_newest_refresh_token() {
    let peer = Peer::okta(0);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(&peer).await;
    let mut tokens = Vec::new();
    for renewals in 1..=3 {
        world.token_ended().await;
        let output = world.kiro(&["auth", "token"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(!tokens.contains(&output.stdout), "a new token");
        tokens.push(output.stdout);
        assert_eq!(
            peer.control(json!({})).await["grants"]["refresh_token"],
            renewals
        );
    }
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

#[tokio::test]
async fn a_revoked_session_needs_attention_and_a_new_sign_in_heals_it() {
    let peer = Peer::okta(30);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(&peer).await;
    peer.control(json!({ "revoke_user": "aiko", "at_ttl": 3600 }))
        .await;
    world.token_ended().await;
    for _ in 0..2 {
        let output = world.kiro(&["auth", "token"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert_eq!(output.stdout, b"");
        assert!(
            said(&output).contains("error: Your sign-in has ended."),
            "{}",
            said(&output)
        );
    }
    assert_eq!(
        peer.control(json!({})).await["grants"]["refresh_token"],
        1,
        "the second asks nobody"
    );
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["reason"], &account["name"]),
        (
            &json!("needs_attention"),
            &json!("session_ended"),
            &json!("Aiko Tanaka")
        )
    );
    assert_eq!(world.kiro(&["auth", "status"]).status.code(), Some(3));
    let again = crate::paste::paste(world.start_kiro(&crate::paste::LOGIN), "aiko").await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(world.status()["account"]["state"], "signed_in");
    assert_eq!(world.status()["account"]["reason"], Value::Null);
}

#[tokio::test]
async fn a_server_that_fails_ends_no_session() {
    let peer = Peer::okta(30);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(&peer).await;
    world.token_ended().await;
    let before = world.credentials();
    let unavailable = json!({ "status": 503, "body": { "error": "temporarily_unavailable" } });
    peer.control(json!({ "next_token": [unavailable, unavailable, unavailable, unavailable] }))
        .await;
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert_eq!(output.stdout, b"");
    assert_eq!(world.credentials(), before, "the session is as it was");
    assert_eq!(world.status()["account"]["state"], "signed_in");
}
