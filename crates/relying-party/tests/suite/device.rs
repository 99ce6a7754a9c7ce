//! The device authorization grant (RFC 8628, PROTOCOLS.md §5).

use std::time::Duration;

use kiro_relying_party::{DeviceAuthorization, DevicePoll, TokenError, begin_device, poll_device};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::authorize::metadata;
use crate::peer::{Peer, told};
use crate::token::granted;

const BASE: &str = "https://idp.example";

fn answer() -> Value {
    json!({"device_code": "CANARY", "user_code": "WDJB-MJHT", "verification_uri": "https://idp.example/activate", "expires_in": 900, "interval": 7})
}

async fn begun(peer: &Peer) -> Result<DeviceAuthorization, TokenError> {
    begin_device(
        peer,
        &metadata(BASE),
        "client",
        &["openid".to_owned(), "offline_access".to_owned()],
    )
    .await
}

#[tokio::test]
async fn a_code_is_asked_for() {
    let peer = Peer::json(200, answer().to_string());
    let authorization = begun(&peer).await.unwrap();
    let mut form = peer.form();
    form.sort();
    assert_eq!(peer.address(), "https://idp.example/device");
    assert_eq!(
        form,
        [
            ("client_id".to_owned(), "client".to_owned()),
            ("scope".to_owned(), "openid offline_access".to_owned())
        ]
    );
    assert_eq!(authorization.user_code, "WDJB-MJHT");
    assert_eq!(
        authorization.verification_uri.as_str(),
        "https://idp.example/activate"
    );
    assert_eq!(authorization.verification_uri_complete, None);
    assert_eq!(
        (authorization.expires_in, authorization.interval),
        (Duration::from_secs(900), Duration::from_secs(7))
    );
    assert!(!format!("{authorization:?}").contains("CANARY"));
}

async fn check(field: &str, value: Value, expected: &str) {
    let mut answer = answer();
    answer[field] = value;
    answer
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    assert_eq!(
        told(&begun(&Peer::json(200, answer.to_string())).await),
        expected,
        "{field}"
    );
}

#[tokio::test]
async fn answers_are_read_with_suspicion() {
    for (field, value, expected) in [
        ("interval", Value::Null, "ok"),
        (
            "verification_uri",
            json!("http://idp.example/activate"),
            "Http",
        ),
        ("verification_uri", json!("javascript:alert(1)"), "Http"),
        ("verification_uri", json!("file:///bin/sh"), "Http"),
        ("verification_uri", json!("no address"), "Malformed"),
        ("verification_uri", Value::Null, "Malformed"),
        ("user_code", Value::Null, "Malformed"),
        ("device_code", Value::Null, "Malformed"),
        ("expires_in", Value::Null, "Malformed"),
        ("expires_in", json!("900"), "Malformed"),
    ] {
        check(field, value, expected).await;
    }
    let mut odd = answer();
    odd["verification_uri_complete"] = json!("javascript:alert(1)");
    odd["user_code"] = json!("WD\u{202e}JB\r\n");
    odd["expires_in"] = json!(u64::MAX);
    odd["interval"] = json!(u64::MAX);
    let authorization = begun(&Peer::json(200, odd.to_string())).await.unwrap();
    assert_eq!(authorization.verification_uri_complete, None);
    assert_eq!(authorization.user_code, "WDJB");
    assert_eq!(
        (authorization.expires_in, authorization.interval),
        (Duration::from_secs(3600), Duration::from_secs(60))
    );
    odd["interval"] = json!(0);
    odd["verification_uri_complete"] = json!("https://idp.example/activate?user_code=WDJB");
    let authorization = begun(&Peer::json(200, odd.to_string())).await.unwrap();
    assert_eq!(authorization.interval, Duration::from_secs(1));
    assert_eq!(
        authorization.verification_uri_complete.unwrap().as_str(),
        "https://idp.example/activate?user_code=WDJB"
    );

    let mut without = metadata(BASE);
    without.device_authorization_endpoint = None;
    let peer = Peer::json(200, answer().to_string());
    assert_eq!(
        told(&begin_device(&peer, &without, "c", &[]).await),
        "Malformed"
    );
    assert_eq!(peer.asked(), 0);
    let refused = Peer::json(400, r#"{"error":"unauthorized_client"}"#);
    assert_eq!(told(&begun(&refused).await), "Refused");
}

#[tokio::test]
async fn polls() {
    let error = |name: &str| json!({"error": name}).to_string();
    for (status, body, expected) in [
        (400, error("authorization_pending"), "Pending"),
        (400, error("slow_down"), "SlowDown"),
        (429, error("slow_down"), "SlowDown"),
        (428, error("authorization_pending"), "Pending"),
        (400, error("expired_token"), "Expired"),
        (400, error("access_denied"), "Denied access_denied"),
        (
            400,
            error("authorization_declined"),
            "Denied authorization_declined",
        ),
        (
            400,
            error("bad_verification_code"),
            "Denied bad_verification_code",
        ),
        (400, error("invalid_grant"), "Denied invalid_grant"),
        (200, granted().to_string(), "Granted CANARY-a"),
        (
            200,
            json!({"access_token": "a", "token_type": "DPoP"}).to_string(),
            "Malformed",
        ),
        (200, json!({"access_token": "a"}).to_string(), "Malformed"),
        (
            200,
            json!({"token_type": "Bearer"}).to_string(),
            "Malformed",
        ),
        (200, error("authorization_pending"), "Malformed"),
        (200, "<html>".to_owned(), "Malformed"),
        (400, "<html>".to_owned(), "Malformed"),
        (429, String::new(), "Temporary"),
        (503, String::new(), "Temporary"),
        (503, error("temporarily_unavailable"), "Temporary"),
    ] {
        let authorization = begun(&Peer::json(200, answer().to_string())).await.unwrap();
        let peer = Peer::json(status, body.clone());
        let polled = poll_device(
            &peer,
            &metadata(BASE).token_endpoint,
            "client",
            &authorization,
        )
        .await;
        let found = match &polled {
            Ok(DevicePoll::Pending) => "Pending".to_owned(),
            Ok(DevicePoll::SlowDown) => "SlowDown".to_owned(),
            Ok(DevicePoll::Expired) => "Expired".to_owned(),
            Ok(DevicePoll::Denied(refusal)) => format!("Denied {}", refusal.error),
            Ok(DevicePoll::Granted(answer)) => format!("Granted {}", answer.access.expose_secret()),
            Err(_) => told(&polled),
        };
        assert_eq!(found, expected, "{status} {body}");
        let form = peer.form();
        assert_eq!(
            form[0],
            (
                "grant_type".to_owned(),
                "urn:ietf:params:oauth:grant-type:device_code".to_owned()
            )
        );
        assert_eq!(
            form[1..],
            [
                ("client_id".to_owned(), "client".to_owned()),
                ("device_code".to_owned(), "CANARY".to_owned())
            ]
        );
        assert!(!format!("{polled:?}").contains("CANARY"));
        if let Ok(DevicePoll::Granted(answer)) = polled {
            let scopes = ["openid", "profile"].map(str::to_owned).to_vec();
            assert_eq!(answer.scopes, Some(scopes), "one space or two");
        }
    }
}
