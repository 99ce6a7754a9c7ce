//! Asking whether a session still lives: nothing is used up, and nothing ends but by a refused renewal.

use jiff::SignedDuration;
use kiro_sign_in::{Account, Code, Health, access_token, account, fresh_token, health};
use serde_json::{Value, json};

use crate::faults::{self, Peer};
use crate::flow::sign_in_with;
use crate::wire::Fault;
use crate::world::World;

async fn signed_in(introspection: Option<(u16, Value)>) -> World {
    let world = World::new();
    world.behave(|behaviour| behaviour.introspection = introspection);
    sign_in_with(&world, "code=c1").await.unwrap();
    world
}

fn refreshes(world: &World) -> usize {
    world.provider.token_requests.lock().unwrap().len() - 1 // the code's
}

fn lives(world: &World) -> bool {
    matches!(account(&world.context, None).unwrap(), Account::SignedIn(_))
}

#[tokio::test]
async fn asking_a_hundred_times_renews_nothing() {
    let world = signed_in(Some((200, json!({"active": true})))).await;
    for _ in 0..100 {
        assert_eq!(health(&world.context, None).await, Ok(Health::Alive));
        world.clock.advance(SignedDuration::from_secs(30));
    }
    assert_eq!((refreshes(&world), lives(&world)), (0, true));
}

#[tokio::test]
async fn who_does_not_answer_such_questions_is_not_asked_for_a_renewal() {
    for answer in [
        None,
        Some((401, json!({"error": "invalid_client"}))),
        Some((404, json!("none"))),
        Some((200, json!({}))),
    ] {
        let world = signed_in(answer.clone()).await;
        let told = health(&world.context, None).await;
        assert_eq!(told, Ok(Health::Unknown), "{answer:?}");
        assert_eq!((refreshes(&world), lives(&world)), (0, true), "{answer:?}");
    }
}

#[tokio::test]
async fn an_end_is_believed_only_when_a_renewal_confirms_it() {
    let world = signed_in(Some((200, json!({"active": false})))).await;
    assert_eq!(health(&world.context, None).await, Ok(Health::Unknown));
    assert_eq!(
        (refreshes(&world), lives(&world)),
        (1, true),
        "a false alarm"
    );

    world.behave(|behaviour| {
        let refused = (400, json!({"error": "invalid_grant"}));
        behaviour.token_answers.push_back(refused);
    });
    let failure = health(&world.context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::SessionEnded);
    assert_eq!((refreshes(&world), lives(&world)), (2, false));

    // Its token, good for most of an hour by its own word, is given to nobody any more, and nobody is asked again.
    let other = world.another_process();
    assert!(fresh_token(&other, None).unwrap().token.is_none());
    let failure = access_token(&other, None).await.unwrap_err();
    assert_eq!(failure.code, Code::SessionEnded);
    assert_eq!(refreshes(&world), 2);
    sign_in_with(&world, "code=c2").await.unwrap();
    assert!(fresh_token(&other, None).unwrap().token.is_some());
}

#[tokio::test]
async fn without_a_network_or_with_a_server_in_trouble_nothing_ends() {
    let world = signed_in(Some((200, json!({"active": false})))).await;
    world.behave(|behaviour| behaviour.offline = true);
    let failure = health(&world.context, None).await.unwrap_err();
    assert_eq!((failure.code, lives(&world)), (Code::Unreachable, true));
    world.behave(|behaviour| {
        behaviour.offline = false;
        behaviour.introspection = Some((503, Value::Null));
    });
    let failure = health(&world.context, None).await.unwrap_err();
    assert_eq!((failure.code, lives(&world)), (Code::ServerError, true));
    assert_eq!(refreshes(&world), 0);
}

/// What the access portal answers once a session is over, and to a token without its scope.
const OVER: Fault = Fault::Bytes(
    "HTTP/1.1 401 X\r\ncontent-length: 54\r\n\r\n{\"message\":\"Session token not found or invalid\",\"x\":0}\n",
);
const NO_SCOPE: Fault =
    Fault::Bytes("HTTP/1.1 403 X\r\ncontent-length: 25\r\n\r\n{\"message\":\"No access\"}\n\n");
const ENDED: Fault =
    Fault::Bytes("HTTP/1.1 400 X\r\ncontent-length: 25\r\n\r\n{\"error\":\"invalid_grant\"}");

#[tokio::test]
async fn identity_center_is_asked_through_its_access_portal() {
    let (world, wire) = faults::signed_in(Peer::IdentityCenter).await;
    assert_eq!(health(&world.context, None).await, Ok(Health::Alive));
    wire.cut("/assignment/accounts", &NO_SCOPE, 1);
    assert_eq!(health(&world.context, None).await, Ok(Health::Unknown));
    wire.cut("/assignment/accounts", &OVER, 1);
    assert_eq!(health(&world.context, None).await, Ok(Health::Unknown));
    assert!(lives(&world), "a renewal succeeded");

    wire.cut("/token", &ENDED, 1);
    world.clock.advance(SignedDuration::from_mins(61));
    let told = health(&world.context, None).await;
    assert_eq!(told, Ok(Health::Unknown), "an ended token tells nothing");
    assert!(lives(&world));
}
