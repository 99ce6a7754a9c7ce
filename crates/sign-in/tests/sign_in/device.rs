//! A device sign-in that is given up: between two polls, during a poll, and when its tokens are here already.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{
    Account, Code, Context, DeviceAttempt, Failure, Step, Via, account, begin_device,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{ISSUER, Provider, World};

/// A test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The provider with a device endpoint; a poll waits until the test lets it be answered.
struct Devices {
    provider: Arc<Provider>,
    interval: u64,
    asked: Notify,
    answer: Notify,
}

#[async_trait]
impl HttpClient for Devices {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let path = request.uri().path().to_owned();
        if path.ends_with("/device") {
            let body = json!({ "device_code": "d", "user_code": "ABCD", "verification_uri": ISSUER, "expires_in": 600, "interval": self.interval });
            return Ok(http::Response::new(body.to_string().into_bytes()));
        }
        if path.ends_with("/token") {
            self.asked.notify_one();
            self.answer.notified().await;
        }
        let answer = self.provider.send(request).await?;
        if !path.ends_with("/openid-configuration") {
            return Ok(answer);
        }
        Ok(answer.map(|body| {
            let mut document: Value = serde_json::from_slice(&body).unwrap();
            document["device_authorization_endpoint"] = json!(format!("{ISSUER}/v1/device"));
            document.to_string().into_bytes()
        }))
    }
}

async fn begun(interval: u64) -> (World, Arc<Devices>, Context, DeviceAttempt) {
    let world = World::new();
    let devices = Arc::new(Devices {
        provider: Arc::clone(&world.provider),
        interval,
        asked: Notify::new(),
        answer: Notify::new(),
    });
    let mut context = world.context.clone();
    context.http = Arc::clone(&devices) as Arc<dyn HttpClient>;
    let attempt = begin_device(&context, world.request(Via::Loopback))
        .await
        .unwrap();
    (world, devices, context, attempt)
}

fn code(failure: Failure) -> Code {
    failure.code
}

#[tokio::test]
async fn between_two_polls_it_ends_at_once() {
    let (_world, _devices, context, attempt) = begun(60).await;
    attempt.handle().cancel();
    let ended = tokio::time::timeout(PATIENCE, attempt.wait(&context));
    assert_eq!(
        ended.await.unwrap().map_err(code).unwrap_err(),
        Code::Cancelled
    );
}

#[tokio::test]
async fn a_poll_that_nobody_answers_holds_it_up_for_a_moment_only() {
    let (_world, devices, context, attempt) = begun(1).await;
    let handle = attempt.handle();
    let give_up = async {
        devices.asked.notified().await;
        handle.cancel();
    };
    let (ended, ()) = tokio::join!(attempt.wait(&context), give_up);
    assert_eq!(ended.map_err(code).unwrap_err(), Code::Cancelled);
    assert_eq!(
        account(&context, None).unwrap(),
        Account::SignedOut { reason: None }
    );
}

#[tokio::test]
async fn tokens_that_a_poll_brings_are_saved_even_so() {
    let (_world, devices, context, attempt) = begun(1).await;
    let handle = attempt.handle();
    let mut step = handle.step();
    assert_eq!(*step.borrow(), Step::Waiting);
    let give_up = async {
        devices.asked.notified().await;
        handle.cancel();
        devices.answer.notify_one();
        // `Done` may come before anybody looks again.
        assert!(step.wait_for(|step| *step != Step::Waiting).await.is_ok());
    };
    let both = async { tokio::join!(attempt.wait(&context), give_up) };
    let (ended, ()) = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(ended.unwrap().name.as_deref(), Some("Aiko Tanaka"));
    assert_eq!(*handle.step().borrow(), Step::Done);
    assert!(matches!(
        account(&context, None).unwrap(),
        Account::SignedIn(_)
    ));
}
