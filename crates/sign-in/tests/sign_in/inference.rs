//! Asking a model, over a real wire: each request's signature is made anew by botocore's signer and compared, and what is
//! answered is a stream that botocore's parser has read (`tests/peers/bedrock.py`).

mod aws;
#[path = "../../../../tests/peers/bedrock.rs"]
mod bedrock;
mod entra;
mod residency;

use std::sync::Arc;

use aws::{Aws, Way, signed_in};
use jiff::{SignedDuration, Timestamp};
use kiro_credentials::Clock;
use kiro_models::Region;
use kiro_sign_in::{
    Answer, Begun, Code, Failure, Piece, Question, Role, Usage, access_token, add, ask, prepare,
    role_credentials, sign_out,
};
use serde_json::json;

use crate::faults::{Peer, organization, sign_in};
use crate::flow::sign_in_with;
use crate::models::answer;
use crate::wire::{Fault, Wire};
use crate::world::{World, okta};

const WHOLE: &str = "Once upon a time – 日本";

fn question() -> Question {
    Question {
        text: "Tell me a story".into(),
        ..Question::default()
    }
}

fn at(name: &str) -> Region {
    name.parse().unwrap()
}

/// The text up to the end or a failure, and what it took.
async fn read(answer: &mut Answer) -> (String, Result<Option<Usage>, Failure>) {
    let (mut text, mut usage) = (String::new(), None);
    loop {
        match answer.next().await {
            Ok(Some(Piece::Text(more))) => text.push_str(&more),
            Ok(Some(Piece::Usage(took))) => usage = Some(took),
            Ok(None) => return (text, Ok(usage)),
            Err(failure) => return (text, Err(failure)),
        }
    }
}

async fn whole(world: &World) -> Result<String, Failure> {
    let mut answer = ask(&world.context, None, &question()).await?;
    let (text, ended) = read(&mut answer).await;
    ended.map(|_| text)
}

#[tokio::test]
async fn an_answer_comes_as_it_is_told_by_credentials_of_the_role_for_the_id_token() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    aws.control(json!({ "gate": true })).await;
    let mut answer = ask(&world.context, None, &question()).await.unwrap();
    let first = answer.next().await.unwrap();
    assert_eq!(
        first,
        Some(Piece::Text("Once ".into())),
        "the rest is not told yet"
    );
    aws.control(json!({ "go_on": true })).await;
    let (rest, usage) = read(&mut answer).await;
    assert_eq!(format!("Once {rest}"), WHOLE);
    let took = Usage {
        tokens: Some((12, 5)),
        cut_short: false,
    };
    assert_eq!(usage.unwrap(), Some(took));

    aws.control(json!({ "gate": false, "faults": ["max_tokens"] }))
        .await;
    let mut second = ask(&world.context, None, &question()).await.unwrap();
    let (_, usage) = read(&mut second).await;
    assert!(usage.unwrap().unwrap().cut_short);

    let seen = aws.control(json!({})).await;
    let requests = seen["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2, "{seen}");
    for request in requests {
        assert_eq!(
            (&request["refused"], &request["host"]),
            (&json!(null), &json!(aws.host())),
            "signed for this region and host"
        );
        assert_eq!(
            request["path"],
            "/model/us.anthropic.claude-opus-4-6-v1/converse-stream"
        );
        assert_eq!(
            request["body"]["messages"][0]["content"][0]["text"],
            "Tell me a story"
        );
    }
    let role = json!({"RoleArn": "arn:aws:iam::111122223333:role/Kiro", "RoleSessionName": "aiko@acme.com"});
    assert_eq!(
        seen["roles"],
        json!([role]),
        "asked for once, and kept under seal"
    );
    assert_eq!(
        aws.control(json!({ "botocore": true })).await["botocore"],
        WHOLE
    );
    sign_out(&world.context, None).await.ok();
    assert!(world.files("role-credentials").is_empty());
}

#[tokio::test]
async fn somebody_of_identity_center_asks_in_the_eu_by_a_profile_of_the_eu() {
    let aws = Aws::start();
    aws.control(json!({ "region": "eu-central-1" })).await;
    let world = signed_in(Way::IdentityCenter, &aws, "residency = \"eu\"\n").await;
    let mut answer = ask(&world.context, None, &question()).await.unwrap();
    assert_eq!(answer.endpoint.region, at("eu-central-1"));
    assert_eq!(read(&mut answer).await.0, WHOLE);
    let seen = aws.control(json!({})).await;
    assert_eq!(
        seen["requests"][0]["path"],
        "/model/eu.anthropic.claude-opus-4-6-v1/converse-stream"
    );
    let role = json!({"account_id": "111122223333", "role_name": "Kiro"});
    assert_eq!(seen["roles"], json!([role]));
}

#[tokio::test]
async fn credentials_that_ran_out_are_replaced_and_nobody_notices() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    aws.control(json!({ "spend": true })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    let seen = aws.control(json!({})).await;
    let requests = seen["requests"].as_array().unwrap().iter();
    let refused: Vec<_> = requests.map(|request| request["refused"].clone()).collect();
    assert_eq!(
        refused,
        [json!(null), json!("ExpiredTokenException"), json!(null)]
    );
    assert_eq!(seen["given"], 2);
    // Near their end they are replaced before anybody refuses them.
    world.clock.advance(SignedDuration::from_mins(50));
    aws.control(json!({ "clock": 0 })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    assert_eq!(aws.control(json!({})).await["given"], 3);
}

#[tokio::test]
async fn an_id_token_that_ended_is_renewed_before_sts_sees_it() {
    let aws = Aws::start();
    let world = World::new();
    add(&world.context, &okta()).unwrap();
    sign_in_with(&world, "code=c1").await.unwrap();
    let world = aws.around(world, Way::Okta, "");
    let before = world.provider.token_requests.lock().unwrap().len();
    // It lives five minutes there, and the access token an hour.
    world.clock.advance(SignedDuration::from_mins(10));
    let now = world.context.clock.now().as_second();
    aws.control(json!({ "sts_now": now })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    let requests = world.provider.token_requests.lock().unwrap();
    assert_eq!(requests.len(), before + 1, "one renewal");
}

#[tokio::test]
async fn whose_session_is_over_asks_nothing_by_what_is_kept() {
    let aws = Aws::start();
    aws.control(json!({ "role_ttl": 7200 })).await;
    for recorded in [true, false] {
        let world = signed_in(Way::Okta, &aws, "").await;
        assert_eq!(whole(&world).await.unwrap(), WHOLE);
        let before = aws.requests().await.len();
        let over = (400, json!({"error": "invalid_grant"}));
        world.behave(|behaviour| behaviour.token_answers.push_back(over));
        world.clock.advance(SignedDuration::from_mins(57));
        if recorded {
            let ended = access_token(&world.context, None).await.unwrap_err();
            assert_eq!(ended.code, Code::SessionEnded);
        }
        let refused = whole(&world).await.unwrap_err();
        assert_eq!(refused.code, Code::SessionEnded, "{recorded}");
        assert_eq!(aws.requests().await.len(), before, "{recorded}");
        aws.control(json!({ "clock": 0 })).await;
    }
}

/// What the token endpoint says of a session that is over.
const OVER: Fault = Fault::Bytes(
    "HTTP/1.1 400 No\r\nx-amzn-errortype: InvalidGrantException\r\ncontent-length: 25\r\n\r\n{\"error\":\"invalid_grant\"}",
);

#[tokio::test(flavor = "multi_thread")]
async fn aws_s_tools_get_nothing_that_is_kept_of_a_session_that_is_over() {
    let aws = Aws::start();
    aws.control(json!({ "role_ttl": 14_400 })).await;
    let (world, wire) = whose_groups_give_a_model(&aws).await;
    let role = Role {
        account: "111122223333".into(),
        name: "Kiro".into(),
    };
    let given = async || {
        role_credentials(&world.context, None, &role)
            .await
            .map(drop)
    };
    given().await.unwrap();
    wire.cut("/token", &OVER, 1);
    world.clock.advance(SignedDuration::from_mins(61));
    given().await.unwrap(); // nobody knows yet, and nobody has to be asked
    let ended = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(ended.code, Code::SessionEnded, "{ended:?}");
    assert_eq!(given().await.unwrap_err().code, Code::SessionEnded);
}

/// Somebody of our Identity Center whose groups give them a model, for now.
async fn whose_groups_give_a_model(aws: &Aws) -> (World, Arc<Wire>) {
    let mut world = World::new();
    let now = Timestamp::now();
    world.clock.advance(now.duration_since(world.clock.now()));
    add(&world.context, &organization(Peer::IdentityCenter)).unwrap();
    let wire = Wire::lay(&mut world).await;
    wire.cut("/token", &answer(r#","models":["opus-4.6"]"#), 1);
    sign_in(&world, Peer::IdentityCenter).await.unwrap();
    (aws.around(world, Way::IdentityCenter, ""), wire)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_decided_by_what_the_renewed_session_gives() {
    let aws = Aws::start();
    for kept in [true, false] {
        let ttl = if kept { 14_400 } else { -1 };
        aws.control(json!({ "role_ttl": ttl })).await;
        let (world, wire) = whose_groups_give_a_model(&aws).await;
        assert_eq!(whole(&world).await.unwrap(), WHOLE);
        let before = aws.requests().await.len();
        wire.cut("/token", &answer(r#","models":["haiku"]"#), 1);
        world.clock.advance(SignedDuration::from_mins(61));
        let blocked = whole(&world).await.unwrap_err();
        assert_eq!(blocked.code, Code::ModelBlocked, "{kept}");
        assert_eq!(aws.requests().await.len(), before, "{kept}");
        wire.cut("/token", &answer(r#","models":["opus-4.6"]"#), 1);
        world.clock.advance(SignedDuration::from_mins(61));
        assert_eq!(whole(&world).await.unwrap(), WHOLE, "given again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn between_the_decision_and_the_question_a_model_may_be_taken_away() {
    let aws = Aws::start();
    let (world, wire) = whose_groups_give_a_model(&aws).await;
    let asking = prepare(&world.context, None, &question()).await.unwrap();
    aws.control(json!({ "spend": true })).await;
    let Begun::Refused(refused) = asking.begin().await.unwrap() else {
        panic!("AWS takes them no more");
    };
    wire.cut("/token", &answer(r#","models":[]"#), 1);
    world.clock.advance(SignedDuration::from_mins(61));
    let blocked = refused.with_others().await.map(drop).unwrap_err();
    assert_eq!(blocked.code, Code::ModelBlocked);
    assert_eq!(aws.requests().await.len(), 1, "it was not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_serves_where_nobody_can_be_asked_whether_the_session_lives() {
    let aws = Aws::start();
    aws.control(json!({ "role_ttl": 14_400 })).await;
    let (world, wire) = whose_groups_give_a_model(&aws).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    wire.cut("/token", &Fault::Bytes(""), 9);
    world.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    world.clock.advance(SignedDuration::from_hours(4));
    let nobody = whole(&world).await.unwrap_err();
    assert_eq!(nobody.code, Code::Unreachable, "{nobody:?}");
}

#[tokio::test]
async fn an_answer_outlives_its_credentials_and_the_next_question_gets_others() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    aws.control(json!({ "role_ttl": 1200, "gate": true })).await;
    let mut answer = ask(&world.context, None, &question()).await.unwrap();
    let first = answer.next().await.unwrap();
    assert_eq!(first, Some(Piece::Text("Once ".into())));
    world.clock.advance(SignedDuration::from_mins(30));
    aws.control(json!({ "spend": true, "go_on": true, "gate": false }))
        .await;
    let (rest, ended) = read(&mut answer).await;
    assert_eq!(
        (format!("Once {rest}").as_str(), ended.is_ok()),
        (WHOLE, true)
    );
    assert_eq!(whole(&world).await.unwrap(), WHOLE);
    let seen = aws.control(json!({})).await;
    let requests = seen["requests"].as_array().unwrap();
    assert!(
        requests.iter().all(|one| one["refused"].is_null()),
        "{seen}"
    );
    assert_eq!((requests.len(), &seen["given"]), (2, &json!(2)));
}

/// What a fault of a request is to the person, and how often the same was asked.
#[tokio::test]
async fn each_fault_is_told_as_what_it_is_and_a_busy_model_is_asked_again_in_its_region() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    let fault = |status: u16, kind: &str, words: &str| json!({"status": status, "kind": kind, "message": words});
    let busy = fault(429, "ThrottlingException", "Too many requests");
    let rows = [
        ("throttled once", vec![busy.clone()], None, 2),
        (
            "throttled for ever",
            vec![busy.clone(), busy.clone(), busy.clone(), busy.clone()],
            Some(Code::ModelBusy),
            4,
        ),
        (
            "throttled for long",
            vec![json!({"status": 429, "kind": "ThrottlingException", "retry_after": 60})],
            Some(Code::ModelBusy),
            1,
        ),
        (
            "throttled in the stream",
            vec![json!("exception_first")],
            None,
            2,
        ),
        (
            "not ready",
            vec![fault(429, "ModelNotReadyException", "")],
            None,
            2,
        ),
        (
            "an error of its own",
            vec![fault(503, "ServiceUnavailableException", "")],
            None,
            2,
        ),
        (
            "an error by its common name",
            vec![fault(503, "ServiceUnavailable", "")],
            None,
            2,
        ),
        (
            "a failure by its common name",
            vec![fault(500, "InternalFailure", "")],
            None,
            2,
        ),
        (
            "an error that nobody knows",
            vec![fault(502, "SomethingNew", "")],
            None,
            2,
        ),
        (
            "a refusal that nobody knows",
            vec![fault(400, "SomethingNew", "")],
            Some(Code::MalformedAnswer),
            1,
        ),
        (
            "not enabled in the account",
            vec![fault(
                403,
                "AccessDeniedException",
                "You don't have access to the model with the specified model ID.",
            )],
            Some(Code::ModelNotEnabled),
            1,
        ),
        (
            "access denied",
            vec![fault(
                403,
                "AccessDeniedException",
                "User is not authorized to perform: bedrock:InvokeModelWithResponseStream",
            )],
            Some(Code::RoleRefused),
            1,
        ),
        (
            "too long",
            vec![fault(
                400,
                "ValidationException",
                "Input is too long for requested model.",
            )],
            Some(Code::QuestionRefused),
            1,
        ),
    ];
    for (row, faults, expected, times) in rows {
        let before = aws.requests().await.len();
        aws.control(json!({ "faults": faults })).await;
        let seen = whole(&world).await;
        match (&seen, expected) {
            (Ok(text), None) => assert_eq!(text, WHOLE, "{row}"),
            (Err(failure), Some(code)) => assert_eq!(failure.code, code, "{row}: {failure:?}"),
            (Ok(_), Some(_)) | (Err(_), None) => panic!("{row}: {seen:?}"),
        }
        let requests = aws.requests().await.split_off(before);
        assert_eq!(requests.len(), times, "{row}");
        let same = |request: &serde_json::Value| {
            (request["path"].clone(), request["host"].clone())
                == (requests[0]["path"].clone(), requests[0]["host"].clone())
        };
        assert!(requests.iter().all(same), "{row}: {requests:?}");
        aws.control(json!({ "faults": [] })).await;
    }
}

#[tokio::test]
async fn an_answer_that_ends_before_its_end_is_told_after_what_came_of_it() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    aws.control(json!({ "faults": ["cut_at_the_end"] })).await;
    assert_eq!(whole(&world).await.unwrap(), WHOLE, "nothing is missing");
    for (fault, expected) in [
        ("cut", Code::AnswerCut),
        ("ends_early", Code::AnswerCut),
        ("flipped", Code::AnswerCut),
        ("exception_later", Code::ModelBusy),
    ] {
        let before = aws.requests().await.len();
        aws.control(json!({ "faults": [fault] })).await;
        let mut answer = ask(&world.context, None, &question()).await.unwrap();
        let (text, ended) = read(&mut answer).await;
        assert_eq!(text, "Once ", "{fault}");
        assert_eq!(ended.unwrap_err().code, expected, "{fault}");
        assert_eq!(
            aws.requests().await.len(),
            before + 1,
            "{fault}: what was read in part is not asked again"
        );
    }
}

#[tokio::test]
async fn credentials_of_elsewhere_a_clock_that_is_off_and_a_refused_role_are_told() {
    let aws = Aws::start();
    let world = signed_in(Way::Okta, &aws, "").await;
    aws.control(json!({ "region": "us-west-2" })).await;
    let failure = whole(&world).await.unwrap_err();
    assert_eq!(failure.code, Code::RoleRefused);
    assert_eq!(
        failure.detail.description.as_deref(),
        Some("Credential should be scoped to a valid region.")
    );
    aws.control(json!({ "region": "us-east-1", "clock": 3600 }))
        .await;
    let failure = whole(&world).await.unwrap_err();
    assert_eq!(failure.code, Code::Clock, "{failure:?}");
    let behind = failure.facts.skew_seconds.unwrap();
    assert!((-3660..=-3540).contains(&behind), "{behind}");

    aws.control(json!({ "clock": 0, "sts_fault": "AccessDenied" }))
        .await;
    let another = signed_in(Way::Okta, &aws, "").await;
    let failure = whole(&another).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.detail.error.as_deref()),
        (Code::RoleRefused, Some("AccessDenied"))
    );
    let told = format!("{failure:?}");
    assert!(!told.contains("id-token-canary"), "{told}");
}
