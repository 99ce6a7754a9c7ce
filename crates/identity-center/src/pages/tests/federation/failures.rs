//! The provider does not sign the person in, or cannot.

use serde_json::{Value, json};

use super::provider::{AIKO, Provider, brought, led, signed_in};
use crate::oidc::tests::running::query;
use crate::pages::tests::browser::{Browser, contact, started};

#[tokio::test]
async fn who_was_not_signed_in_there_is_told_why_and_may_try_again() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let ben = signed_in(&browser, &at, &okta, "ben@okta.acme.example").await;
    ben.shows(403, "You were not signed in");
    ben.shows(403, "User is not assigned to the client application.");
    ben.shows(
        403,
        "If you did not cancel it, ask it-help@acme.example for access.",
    );
    assert!(ben.text().contains(&format!("href=\"{}\"", at.path)));

    let again = browser.get(&at.path).await;
    let back = okta.cancel(led(&browser, &again, AIKO).await).await;
    let cancelled = brought(&browser, &back).await;
    cancelled.shows(403, "The resource owner or authorization server denied");
    contact(&service, "").await;
    let back = okta.cancel(led(&browser, &again, AIKO).await).await;
    brought(&browser, &back)
        .await
        .shows(403, "ask your administrator for access.");
    let end = signed_in(&browser, &again, &okta, AIKO).await;
    assert!(query(&end.outside(), "code").is_some());
}

#[tokio::test]
async fn each_error_answer_reaches_who_can_do_something_about_it() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    let answered = async |error: &str| {
        let said = json!({ "authorize_error": { "error": error, "error_description": "<b>\u{202e}why</b>" } });
        okta.control(said).await;
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
        brought(&browser, &back).await
    };
    for (error, status, title) in [
        ("access_denied", 403, "You were not signed in"),
        (
            "server_error",
            503,
            "Your organisation’s sign-in is not available",
        ),
        (
            "temporarily_unavailable",
            503,
            "Your organisation’s sign-in is not available",
        ),
        (
            "invalid_request",
            502,
            "The connection to your organisation’s sign-in is not right",
        ),
        (
            "unauthorized_client",
            502,
            "The connection to your organisation’s sign-in is not right",
        ),
        (
            "invalid_scope",
            502,
            "The connection to your organisation’s sign-in is not right",
        ),
        (
            "something-new",
            502,
            "The connection to your organisation’s sign-in is not right",
        ),
    ] {
        let page = answered(error).await;
        page.shows(status, title);
        page.shows(status, &format!("{error}: &lt;b&gt;why&lt;/b&gt;"));
    }
    for error in [
        "login_required",
        "interaction_required",
        "account_selection_required",
        "consent_required",
        "unmet_authentication_requirements",
    ] {
        let back = answered(error).await.outside();
        assert_eq!(query(&back, "error").as_deref(), Some(error));
        assert_eq!(query(&back, "state").as_deref(), Some("s t"));
        assert_eq!(query(&back, "iss"), Some(service.issuer()));
    }
    // Where there is no application to tell, the person is.
    okta.control(json!({ "authorize_error": { "error": "login_required" } }))
        .await;
    let browser = Browser::new(&service);
    let at = browser.get("/sessions").await;
    let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    brought(&browser, &back)
        .await
        .shows(403, "You were not signed in");
}

#[tokio::test]
async fn where_nobody_may_be_asked_the_provider_is_not_asked_either() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let silent = [("prompt", "none"), ("login_hint", AIKO)];
    let back = browser.begin("native", &silent).await.outside();
    assert_eq!(query(&back, "error").as_deref(), Some("login_required"));
    assert_eq!(okta.seen("authorize").await, 0);
    let at = browser.begin("native", &[]).await;
    signed_in(&browser, &at, &okta, AIKO).await.outside();
    let back = browser.begin("native", &silent).await.outside();
    assert!(query(&back, "code").is_some());
    assert_eq!(okta.seen("authorize").await, 1);
}

#[tokio::test]
async fn a_provider_in_trouble_is_said_to_be_and_nobody_is_signed_in() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let away = "Your organisation’s sign-in is not available";
    let wrong = "The connection to your organisation’s sign-in is not right";
    let untrusted = "This sign-in could not be verified";
    let refused = |error: &str| json!({ "status": 400, "body": { "error": error } });
    for (next, status, title) in [
        (json!({ "status": 500 }), 503, away),
        (json!({ "status": 429 }), 503, away),
        (json!({ "drop": true }), 503, away),
        (refused("invalid_client"), 502, wrong),
        (refused("invalid_grant"), 502, untrusted),
        (json!({ "status": 200, "body": [] }), 502, untrusted),
        (
            json!({ "status": 200, "body": { "access_token": "a", "token_type": "Bearer" } }),
            502,
            wrong,
        ),
    ] {
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
        okta.control(json!({ "next_token": [next.clone()] })).await;
        let page = brought(&browser, &back).await;
        assert!(page.text().contains(title), "{next}: {}", page.text());
        page.shows(status, "Try again");
        if status == 503 {
            assert!(page.answer.header("retry-after").is_some());
        }
        assert!(!browser.jar.borrow().contains_key("kiro-browser"));
    }
    // Its keys cannot be had.
    okta.control(json!({ "rotate_keys": true, "jwks_status": 503 }))
        .await;
    service.pass(61);
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    signed_in(&browser, &at, &okta, AIKO).await.shows(503, away);
    okta.control(json!({ "jwks_status": Value::Null })).await;
    service.pass(61);
    signed_in(&browser, &at, &okta, AIKO).await.outside();
}

#[tokio::test]
async fn a_provider_that_sends_browsers_elsewhere_than_it_did_is_not_followed() {
    let service = started().await;
    let okta = Provider::okta().await;
    let mut connection = okta.connected(&service).await;
    connection.details.origin = "https://login.acme.example".to_owned();
    let store = &service.center.store;
    let kept = store.keep_connection(connection, service.center.now());
    kept.await.unwrap().unwrap();
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let at = browser.step(&at, "name", &[("user_name", AIKO)]).await;
    at.shows(
        502,
        "The connection to your organisation’s sign-in is not right",
    );
    at.shows(502, "connect it anew");
}
