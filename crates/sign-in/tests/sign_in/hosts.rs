//! Whom the programs ask: docs/hosts.md is the list.

use jiff::SignedDuration;
use kiro_sign_in::{Revoked, Via, access_token, begin_device, check, health, sign_out};

use crate::flow::sign_in_with;
use crate::world::{ISSUER, World, okta};

#[tokio::test]
async fn only_the_organisations_sign_in_server_is_ever_asked() {
    let world = World::new();
    world.behave(|behaviour| {
        behaviour.device = true;
        behaviour.introspection = Some((200, serde_json::json!({ "active": true })));
    });
    check(&world.context, &okta()).await.unwrap();
    sign_in_with(&world, "code=c1").await.unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    access_token(&world.context, None).await.unwrap();
    health(&world.context, None).await.unwrap();
    drop(begin_device(&world.context, world.request(Via::Loopback)).await);
    let receipt = sign_out(&world.context, None).await.unwrap();
    assert_eq!(receipt.revoked, Revoked::Yes);

    let asked = world.provider.asked.lock().unwrap();
    for path in [
        "/.well-known/openid-configuration",
        "/keys",
        "/token",
        "/device",
        "/introspect",
        "/revoke",
    ] {
        assert!(
            asked.iter().any(|address| address.ends_with(path)),
            "{path} was asked: {asked:?}"
        );
    }
    let strangers: Vec<_> = asked
        .iter()
        .filter(|address| !address.starts_with(ISSUER))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}
