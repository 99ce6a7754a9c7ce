//! Somebody who signs in at Entra ID directly asks by their ID token.

use jiff::SignedDuration;
use kiro_credentials::Clock;
use serde_json::json;

use super::aws::{Aws, DIRECTORY, TENANT, Way, signed_in};
use super::{WHOLE, whole};

#[tokio::test]
async fn somebody_of_entra_id_asks_by_their_id_token() {
    let aws = Aws::start();
    let world = signed_in(Way::Entra, &aws, "").await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    let seen = aws.control(json!({})).await;
    let role = json!({"RoleArn": "arn:aws:iam::111122223333:role/Kiro", "RoleSessionName": "aiko@acme.com"});
    assert_eq!(seen["roles"], json!([role]));
}

/// Entra ID's ID token lives as long as its access token: both have ended, and one renewal brings both.
#[tokio::test]
async fn somebody_of_entra_id_whose_tokens_ended_is_renewed_once_and_asks_on() {
    let aws = Aws::start();
    let world = signed_in(Way::Entra, &aws, "").await;
    let renewals = || world.provider.token_requests.lock().unwrap().clone();
    world.behave(|entra| {
        let exp = world.clock.now().as_second() + 7200;
        entra.issuer = Some(DIRECTORY.to_owned());
        entra.claims = json!({"iss": DIRECTORY, "tid": TENANT, "nonce": null, "exp": exp});
    });
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    // The role's credentials end while the ID token is good: others are had for it.
    aws.control(json!({ "spend": true })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    assert_eq!(renewals(), [""; 0]);
    assert_eq!(aws.control(json!({})).await["given"], 2);

    world.clock.advance(SignedDuration::from_mins(61));
    let now = world.clock.now().as_second();
    aws.control(json!({ "sts_now": now })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    let renewed = renewals();
    assert_eq!(renewed.len(), 1, "{renewed:?}");
    for part in [
        "grant_type=refresh_token",
        "refresh_token=refresh-canary",
        "scope=",
    ] {
        assert!(renewed[0].contains(part), "{part}: {renewed:?}");
    }
    let seen = aws.control(json!({})).await;
    assert_eq!((&seen["given"], aws.requests().await.len()), (&json!(3), 4));
}
