//! A refresh that is refused until the person proves more (RFC 9470, Entra ID's claims challenge).

use jiff::SignedDuration;
use kiro_sign_in::{Account, Code, Request, Via, access_token, account, begin};
use serde_json::json;

use crate::flow::sign_in_with;
use crate::world::World;

const CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

/// Signed in, and an hour later the refresh is answered with this.
async fn refused(answer: serde_json::Value) -> World {
    let world = World::new();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    world.behave(|behaviour| behaviour.token_answers.push_back((400, answer)));
    world
}

#[tokio::test]
async fn the_claims_of_a_refused_refresh_reach_the_next_sign_in_of_another_process() {
    let world = refused(json!({
        "error": "interaction_required", "error_description": "AADSTS50076: more is needed.",
        "error_codes": [50076], "correlation_id": "c-1", "claims": CLAIMS,
    }))
    .await;
    let failure = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.facts.claims.as_deref()),
        (Code::StepUpNeeded, Some(CLAIMS))
    );

    // A restart, or the other program: all it has is the files.
    let later = world.another_process();
    let Account::NeedsAttention { reason, who } = account(&later, None).unwrap() else {
        panic!("needs attention")
    };
    assert_eq!(
        (reason.code, reason.facts.claims.as_deref()),
        (Code::StepUpNeeded, Some(CLAIMS))
    );
    assert_eq!(reason.detail.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(who.name.as_deref(), Some("Aiko Tanaka"));

    let request = Request {
        claims: reason.facts.claims,
        ..world.request(Via::DeepLink)
    };
    let attempt = begin(&later, request).await.unwrap();
    let sent = attempt
        .url()
        .query_pairs()
        .find(|(name, _)| name == "claims");
    assert_eq!(sent.unwrap().1, CLAIMS);

    // Signed in anew, nothing is asked any more.
    sign_in_with(&world, "code=c2").await.unwrap();
    assert!(matches!(
        account(&later, None).unwrap(),
        Account::SignedIn(_)
    ));
}

#[tokio::test]
async fn claims_that_are_no_claims_are_not_kept() {
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(4096));
    for claims in ["", "{", "[]", "\"x\"", r#"{"a":1,"a":2}"#, &long] {
        let world = refused(json!({"error": "interaction_required", "claims": claims})).await;
        let failure = access_token(&world.context, None).await.unwrap_err();
        assert_eq!(
            (failure.code, failure.facts.claims),
            (Code::StepUpNeeded, None),
            "{claims:.20}"
        );
    }
}
