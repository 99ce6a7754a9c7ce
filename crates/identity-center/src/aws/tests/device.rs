//! The device grant on AWS's wire.

use super::*;
use crate::authorization;
use crate::device::UserCode;
use crate::id::UserId;
use crate::session::{Authentication, Ended, Session};
use crate::store::Granted;
use crate::store::tests::polls::begun;

/// Registers a client as the AWS command line does without a `sso-session`: no grants, no scopes.
pub(super) async fn legacy(service: &Running) -> Value {
    let asked = json!({ "clientName": "botocore-client", "clientType": "public" });
    let answer = call(service, "/client/register", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub(super) async fn start(service: &Running, client: &Value, start_url: &str) -> Answer {
    let body = json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"], "startUrl": start_url });
    call(service, "/device_authorization", &body).await
}

/// The person signs in and decides, as the pages will have it.
pub(crate) async fn decide(service: &Running, user_code: &str, user: UserId, allow: bool) -> bool {
    let (store, now) = (&service.center.store, service.center.now());
    let typed = UserCode::typed(user_code).unwrap();
    let found = store.waiting_device(typed.digest(), now).await.unwrap();
    let Some(device) = found else {
        return false;
    };
    let seen = begun(store, &device, now + authorization::LIFETIME).await;
    if !allow {
        store.deny_device(&seen, &device).await.unwrap();
        return true;
    }
    let proved = Authentication::here(now, &["pwd"]);
    let lifetime = service.center.settings.session_lifetime;
    let session = Session {
        scopes: device.scopes.clone(),
        ..Session::offered(user, &device.client, proved, now, lifetime)
    };
    let approved = store.approve_device(&seen, &device, session, vec![], now);
    approved.await.unwrap() == Granted::Yes
}

fn ask(started: &Value) -> Value {
    json!({ "grantType": crate::device::GRANT, "deviceCode": started["deviceCode"] })
}

fn pending(answer: &Answer) {
    refused(
        answer,
        400,
        "AuthorizationPendingException",
        "authorization_pending",
    );
}

#[tokio::test]
async fn a_device_gets_its_tokens_once_the_person_has_allowed_it() {
    let service = Running::start().await;
    let client = legacy(&service).await;
    let start_url = crate::start_url::of(&service.center.settings, "acme");
    let started = start(&service, &client, &format!("{start_url}/#/")).await;
    assert_eq!(started.status, 200, "{}", started.text());
    let started = started.json();
    let user_code = started["userCode"].as_str().unwrap();
    assert_eq!(
        (&started["expiresIn"], &started["interval"]),
        (&json!(600), &json!(5))
    );
    let page = format!("{}/device", service.issuer());
    assert_eq!(started["verificationUri"], page);
    assert_eq!(
        started["verificationUriComplete"],
        format!("{page}?user_code={user_code}")
    );
    // The person is told from where the device asks.
    let digest = UserCode::typed(user_code).unwrap().digest();
    let now = service.center.now();
    let waiting = service.center.store.waiting_device(digest, now);
    assert_eq!(waiting.await.unwrap().unwrap().place, "127.0.0.1");

    // The first question may come at once; the second, too soon, is told to slow down, and the interval stays longer.
    pending(&create_token(&service, &client, ask(&started)).await);
    let hasty = create_token(&service, &client, ask(&started)).await;
    refused(&hasty, 400, "SlowDownException", "slow_down");
    service.pass(6);
    let hasty = create_token(&service, &client, ask(&started)).await;
    refused(&hasty, 400, "SlowDownException", "slow_down");
    service.pass(15);
    pending(&create_token(&service, &client, ask(&started)).await);
    // Another application's question changes nothing.
    let other = legacy(&service).await;
    let stolen = create_token(&service, &other, ask(&started)).await;
    refused(&stolen, 400, "InvalidGrantException", "invalid_grant");

    assert!(decide(&service, user_code, service.user, true).await);
    assert!(
        !decide(&service, user_code, service.user, false).await,
        "it is decided once"
    );
    let granted = create_token(&service, &client, ask(&started)).await;
    assert_eq!(granted.status, 200, "{}", granted.text());
    let granted = granted.json();
    assert_eq!(granted["expiresIn"], 3600);
    let ends = granted["sessionExpiresAt"].as_i64().unwrap() - service.center.now().as_second();
    assert!((7 * 86_400 - 30..=7 * 86_400).contains(&ends), "{ends}");
    let twice = create_token(&service, &client, ask(&started)).await;
    refused(&twice, 400, "InvalidGrantException", "invalid_grant");
    let renewed = create_token(&service, &client, refresh(&granted["refreshToken"])).await;
    assert_eq!(renewed.status, 200, "its refusal ended nothing");
}

#[tokio::test]
async fn a_device_that_was_refused_or_forgotten_gets_nothing() {
    let service = Running::start().await;
    let client = legacy(&service).await;
    let start_url = crate::start_url::of(&service.center.settings, "acme");
    let begin = async || start(&service, &client, &start_url).await.json();

    let started = begin().await;
    let user_code = started["userCode"].as_str().unwrap();
    assert!(decide(&service, user_code, service.user, false).await);
    let denied = create_token(&service, &client, ask(&started)).await;
    refused(&denied, 400, "AccessDeniedException", "access_denied");

    // Allowed, and then everything of the person's was ended before the device asked.
    let started = begin().await;
    let user_code = started["userCode"].as_str().unwrap();
    assert!(decide(&service, user_code, service.user, true).await);
    let now = service.center.now();
    let ended = service
        .center
        .store
        .end_sessions_of(service.user, Ended::ByAdministrator, now);
    ended.await.unwrap();
    let denied = create_token(&service, &client, ask(&started)).await;
    refused(&denied, 400, "AccessDeniedException", "access_denied");

    let started = begin().await;
    let user_code = started["userCode"].as_str().unwrap();
    service.pass(601);
    assert!(!decide(&service, user_code, service.user, true).await);
    let late = create_token(&service, &client, ask(&started)).await;
    refused(&late, 400, "ExpiredTokenException", "expired_token");
}

#[tokio::test]
async fn a_device_authorization_is_refused_in_aws_s_words() {
    let service = Running::start().await;
    let client = legacy(&service).await;
    let settings = &service.center.settings;
    let acme = crate::start_url::of(settings, "acme");
    for start_url in [
        "",
        "https://acme.awsapps.com/start",
        &service.issuer(),
        &crate::start_url::of(settings, "other"),
        &format!("{acme}?x=1"),
        &"a".repeat(10_000),
    ] {
        let answer = start(&service, &client, start_url).await;
        refused(&answer, 400, "InvalidRequestException", "invalid_request");
    }
    let stranger = json!({ "clientId": client["clientId"], "clientSecret": "wrong" });
    let answer = start(&service, &stranger, &acme).await;
    refused(&answer, 401, "InvalidClientException", "invalid_client");
    let browsers = register(&service).await;
    let answer = start(&service, &browsers, &acme).await;
    refused(
        &answer,
        400,
        "UnauthorizedClientException",
        "unauthorized_client",
    );
    for body in [
        &b"{}"[..],
        b"[]",
        b"null",
        b"{\"clientId\":",
        b"\xff",
        b"clientId=x",
    ] {
        let answer = service
            .send(
                "POST",
                "/device_authorization",
                &[("content-type", "x/y")],
                body,
            )
            .await;
        refused(&answer, 400, "InvalidRequestException", "invalid_request");
    }
    for code in [
        json!(null),
        json!(""),
        json!("unknown"),
        json!("x".repeat(10_000)),
    ] {
        let asked = json!({ "grantType": crate::device::GRANT, "deviceCode": code });
        let answer = create_token(&service, &client, asked).await;
        let expected = match code.is_null() {
            true => ("InvalidRequestException", "invalid_request"),
            false => ("InvalidGrantException", "invalid_grant"),
        };
        refused(&answer, 400, expected.0, expected.1);
    }
}

#[tokio::test]
async fn a_registration_with_a_start_url_of_ours_is_for_that_organisation() {
    let service = Running::start().await;
    let check = async |issuer: Option<String>, expected: Option<&str>| {
        let mut asked = registration();
        asked["issuerUrl"] = issuer.clone().into();
        let client = call(&service, "/client/register", &asked).await.json();
        let id = client["clientId"].as_str().unwrap();
        let now = service.center.now();
        let client = service.center.store.client(id, now).await.unwrap().unwrap();
        assert_eq!(client.organization.as_deref(), expected, "{issuer:?}");
    };
    let of = |name| Some(crate::start_url::of(&service.center.settings, name));
    check(of("acme"), Some("acme")).await;
    check(of("other"), None).await;
    check(Some("https://acme.awsapps.com/start".to_owned()), None).await;
    check(None, None).await;
}

#[tokio::test]
async fn nothing_of_a_device_stands_in_the_store_as_it_was_given_out() {
    let service = Running::start().await;
    let client = legacy(&service).await;
    let start_url = crate::start_url::of(&service.center.settings, "acme");
    let started = start(&service, &client, &start_url).await.json();
    for secret in ["deviceCode", "userCode"] {
        let secret = started[secret].as_str().unwrap();
        let files: Vec<_> = std::fs::read_dir(service.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(!files.is_empty());
        for name in files {
            let bytes = std::fs::read(&name).unwrap();
            let held = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!held, "{}", name.display());
        }
    }
}
