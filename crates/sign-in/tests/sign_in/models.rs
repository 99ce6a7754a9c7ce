//! The models that a person's groups give them, and their session's end: told with the tokens by a service of ours, by AWS never.

use jiff::SignedDuration;
use kiro_models::{Plan, Region, Why, decide};
use kiro_sign_in::{add, grounds};

use crate::faults::{Peer, organization, sign_in, sign_in_by_device, token};
use crate::wire::{Fault, Wire};
use crate::world::World;

/// A token answer with this behind its other members.
pub(crate) fn answer(member: &str) -> Fault {
    let body = format!(
        "{{\"accessToken\":\"access-aws\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"refresh-aws\"{member}}}"
    );
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Fault::Bytes(whole.leak())
}

/// What the groups give, `-` where nobody says.
fn plan(world: &World) -> String {
    match grounds(&world.another_process(), None)
        .unwrap()
        .1
        .account
        .plan
    {
        Plan::Untold => "-".to_owned(),
        Plan::Models(models) => Vec::from_iter(models).join(" "),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_believed_from_sign_in_to_sign_in_and_from_renewal_to_renewal() {
    let mut world = World::new();
    add(&world.context, &organization(Peer::IdentityCenter)).unwrap();
    let wire = Wire::lay(&mut world).await;
    wire.cut("/token", &answer(r#","models":["opus-4.6"]"#), 1);
    sign_in(&world, Peer::IdentityCenter).await.unwrap();
    assert_eq!(plan(&world), "opus-4.6");
    for (member, expected) in [
        (r#","models":["haiku","opus-4.6"]"#, "haiku opus-4.6"),
        (r#","models":[]"#, ""),
        // As AWS answers: nobody says.
        ("", "-"),
        (r#","models":["haiku"]"#, "haiku"),
        // What cannot be read is nothing, and costs nobody their tokens.
        (r#","models":"opus-4.6""#, "-"),
        (r#","models":{"opus-4.6":true}"#, "-"),
        (r#","models":["../opus"]"#, "-"),
        (r#","models":[["opus-4.6"]]"#, "-"),
    ] {
        wire.cut("/token", &answer(member), 1);
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(token(&world).await.unwrap(), "access-aws", "{member}");
        assert_eq!(plan(&world), expected, "{member}");
    }
    // A renewal that fails takes nothing away and gives nothing.
    wire.cut("/token", &answer(r#","models":["haiku"]"#), 1);
    world.clock.advance(SignedDuration::from_mins(61));
    token(&world).await.unwrap();
    wire.cut("/token", &Fault::Bytes(""), 9);
    world.clock.advance(SignedDuration::from_mins(61));
    token(&world).await.unwrap_err();
    assert_eq!(plan(&world), "haiku");
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_groups_lack_a_model_is_told_so() {
    let mut world = World::new();
    add(&world.context, &organization(Peer::IdentityCenter)).unwrap();
    let wire = Wire::lay(&mut world).await;
    let reasons = |world: &World| {
        let (_, grounds) = grounds(&world.context, None).unwrap();
        let region: Region = "eu-central-1".parse().unwrap();
        let decision = decide(
            &grounds.account,
            &grounds.policy,
            &grounds.catalogue,
            "opus-4.6",
            &region,
        );
        let reasons = decision.err().unwrap_or_default();
        reasons
            .into_iter()
            .map(|reason| reason.why)
            .collect::<Vec<_>>()
    };
    wire.cut("/token", &answer(r#","models":["haiku"]"#), 1);
    sign_in(&world, Peer::IdentityCenter).await.unwrap();
    assert_eq!(reasons(&world), [Why::NotInPlan, Why::NoRole]);
    wire.cut("/token", &answer(r#","models":["opus-4.6"]"#), 1);
    world.clock.advance(SignedDuration::from_mins(61));
    token(&world).await.unwrap();
    assert_eq!(reasons(&world), [Why::NoRole]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_s_end_is_told_with_its_tokens_and_kept_until_another_is() {
    let mut world = World::new();
    world.behave(|behaviour| behaviour.device = true);
    add(&world.context, &organization(Peer::IdentityCenter)).unwrap();
    let wire = Wire::lay(&mut world).await;
    let told = r#","sessionExpiresAt":1800000000,"models":["haiku"]"#;
    wire.cut("/token", &answer(told), 1);
    sign_in_by_device(&world, Peer::IdentityCenter)
        .await
        .unwrap();
    let ends = |world: &World| {
        let (who, _) = grounds(&world.another_process(), None).unwrap();
        who.session_expires_at.map(|end| end.as_second())
    };
    assert_eq!(ends(&world), Some(1_800_000_000));
    assert_eq!(plan(&world), "haiku");
    for (member, expected) in [
        (r#","sessionExpiresAt":1800000060"#, 1_800_000_060),
        (r#","sessionExpiresAt":"tomorrow""#, 1_800_000_060),
        ("", 1_800_000_060),
    ] {
        wire.cut("/token", &answer(member), 1);
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(token(&world).await.unwrap(), "access-aws", "{member}");
        assert_eq!(ends(&world), Some(expected), "{member}");
    }
}
