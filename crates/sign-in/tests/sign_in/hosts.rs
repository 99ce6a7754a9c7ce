//! Whom the programs ask: docs/hosts.md is the list.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use kiro_sign_in::doctor::examine;
use kiro_sign_in::{
    Organization, Request, Revoked, Via, access_token, add, begin_device, check, health, sign_out,
};
use url::Url;

use crate::flow::sign_in_with;
use crate::loopback::{at_entra, waiting};
use crate::world::{ISSUER, World, okta};

/// What everything that was asked for since has in common: hosts, and the ends of paths.
fn asked(world: &World) -> (BTreeSet<String>, BTreeSet<String>) {
    let asked = std::mem::take(&mut *world.provider.asked.lock().unwrap());
    let asked: Vec<Url> = asked.iter().map(|url| url.parse().unwrap()).collect();
    let end = |url: &Url| url.path_segments().unwrap().next_back().unwrap().to_owned();
    let host = |url: &Url| url.host_str().unwrap().to_owned();
    (
        asked.iter().map(host).collect(),
        asked.iter().map(end).collect(),
    )
}

/// Everything was asked at this one host, and each of these.
fn only(world: &World, ends: &[&str], what: &str) {
    let host = Url::parse(ISSUER).unwrap().host_str().unwrap().to_owned();
    let ends = ends.iter().map(|end| (*end).to_owned()).collect();
    assert_eq!(asked(world), (BTreeSet::from([host]), ends), "{what}");
}

/// The whole use of a session, from somebody who has just signed in.
async fn use_up(world: &World, organization: &Organization, what: &str) {
    let (document, keys) = ("openid-configuration", "keys");
    only(world, &[document, keys, "token"], what);
    world.clock.advance(SignedDuration::from_mins(61));
    access_token(&world.context, None).await.unwrap();
    only(world, &[document, keys, "token"], what);
    let request = Request {
        organization: organization.clone(),
        ..world.request(Via::Loopback)
    };
    drop(begin_device(&world.context, request).await.unwrap());
    only(world, &["device"], what);
    world.clock.advance(SignedDuration::from_mins(6));
    check(&world.context, organization).await.unwrap();
    only(world, &[document, keys], what);
    add(&world.context, organization).unwrap();
    world.clock.advance(SignedDuration::from_mins(6));
    let report = examine(&world.context).await;
    assert!(
        report
            .json("test/1.0")
            .to_string()
            .contains("login.acme.test")
    );
    only(world, &[document, keys], what);
}

#[tokio::test]
async fn only_the_organisations_sign_in_server_is_ever_asked() {
    let world = World::new();
    world.behave(|behaviour| {
        behaviour.device = true;
        behaviour.introspection = Some((200, serde_json::json!({ "active": true })));
    });
    sign_in_with(&world, "code=c1").await.unwrap();
    use_up(&world, &okta(), "Okta").await;
    health(&world.context, None).await.unwrap();
    only(&world, &["introspect"], "Okta");
    let receipt = sign_out(&world.context, None).await.unwrap();
    assert_eq!(receipt.revoked, Revoked::Yes);
    only(&world, &["revoke"], "Okta");

    let world = World::new();
    world.behave(|behaviour| behaviour.device = true);
    let (attempt, callback) = waiting(&world).await;
    attempt.handle().offer(&callback).unwrap();
    attempt.wait(&world.context).await.unwrap();
    use_up(&world, &at_entra(&world), "Entra ID").await;
    health(&world.context, None).await.unwrap();
    let nobody = (BTreeSet::new(), BTreeSet::new());
    assert_eq!(asked(&world), nobody, "Entra ID is not asked");
}
