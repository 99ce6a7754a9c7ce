//! What the application asks for beyond a sign-in reaches who can do it.

use serde_json::{Value, json};

use super::provider::{AIKO, Provider, brought, led, signed_in};
use crate::oidc::tests::running::{claims, query};
use crate::pages::tests::browser::{Browser, started};

#[tokio::test]
async fn a_step_up_reaches_the_provider() {
    let service = started().await;
    let (okta, entra) = (Provider::okta().await, Provider::entra(None).await);
    okta.connected(&service).await;
    entra.connected(&service).await;
    let asked = async |provider: &Provider, user_name: &str, further: &[(&str, &str)]| {
        let browser = Browser::new(&service);
        let at = browser.begin("native", further).await;
        let address = led(&browser, &at, user_name).await;
        provider.sign_in(address, user_name).await;
        provider.asked().await
    };
    let wish = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let all = [
        ("max_age", "300"),
        ("acr_values", "urn:acme:mfa c1"),
        ("claims", wish),
    ];
    let sent = asked(&okta, AIKO, &all).await;
    assert_eq!(sent["max_age"], "300");
    assert_eq!(sent["acr_values"], "urn:acme:mfa c1");
    assert_eq!(sent["claims"], wish);
    assert_eq!(sent["prompt"], Value::Null);
    let sent = asked(&okta, AIKO, &[("prompt", "login")]).await;
    assert_eq!(sent["prompt"], "login");
    let sent = asked(&entra, "maya@entra.acme.example", &[("max_age", "300")]).await;
    assert_eq!(sent["prompt"], "login", "Entra ID does not say when");
}

#[tokio::test]
async fn who_the_application_means_is_said_to_nobody_who_knows_them_otherwise() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let aiko = service.center.store.user_by_name(Some("acme"), AIKO);
    let aiko = aiko.await.unwrap().unwrap().id.to_string();
    let wish = json!({ "id_token": { "sub": { "value": aiko }, "acrs": { "value": "c1" } } });
    let browser = Browser::new(&service);
    let further = [("claims", wish.to_string())];
    let further = further
        .each_ref()
        .map(|(name, wish)| (*name, wish.as_str()));
    let at = browser.begin("native", &further).await;
    // This provider acts on `claims`.
    let end = signed_in(&browser, &at, &okta, AIKO).await.outside();
    let tokens = service.redeem(&query(&end, "code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["sub"], aiko);
    let sent = okta.asked().await;
    assert_eq!(sent["claims"], r#"{"id_token":{"acrs":{"value":"c1"}}}"#);
}

#[tokio::test]
async fn an_authentication_is_as_fresh_as_the_application_wants_it() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let now = service.center.now().as_second();
    let says = async |auth_time: i64| {
        okta.control(json!({ "tamper": { "auth_time": auth_time } }))
            .await;
    };
    let at = browser.begin("native", &[("max_age", "300")]).await;
    says(now - 600).await;
    let stale = signed_in(&browser, &at, &okta, AIKO).await;
    stale.shows(502, "did not ask the person again (auth_time)");
    says(now - 200).await;
    let end = signed_in(&browser, &at, &okta, AIKO).await.outside();
    let tokens = service.redeem(&query(&end, "code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["auth_time"], now - 200);
    // It was two hundred seconds ago, however lately the provider vouched for it.
    let silent = async |age: &str| {
        let further = [("prompt", "none"), ("max_age", age)];
        let back = browser.begin("native", &further).await.outside();
        query(&back, "error")
    };
    assert_eq!(silent("600").await, None);
    assert_eq!(silent("100").await.as_deref(), Some("login_required"));
    let at = browser.begin("native", &[("prompt", "login")]).await;
    signed_in(&browser, &at, &okta, AIKO)
        .await
        .shows(502, "did not ask the person again (auth_time)");
}

#[tokio::test]
async fn a_browser_that_is_signed_in_is_no_way_round_a_step_up() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    okta.control(json!({ "tamper": { "acr": "urn:acme:pwd" } }))
        .await;
    signed_in(&browser, &at, &okta, AIKO).await.outside();
    let same = [("acr_values", "urn:acme:pwd")];
    browser.begin("native", &same).await.outside();
    for further in [
        ("acr_values", "urn:acme:mfa"),
        (
            "claims",
            r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#,
        ),
    ] {
        let silent = [("prompt", "none"), further];
        let back = browser.begin("native", &silent).await.outside();
        assert_eq!(query(&back, "error").as_deref(), Some("login_required"));
        let at = browser.begin("native", &[further]).await;
        at.shows(200, "Work e-mail or user name");
        browser
            .step(&at, "account", &[])
            .await
            .shows(200, "Work e-mail or user name");
        okta.control(json!({ "tamper": { "acr": "urn:acme:mfa" } }))
            .await;
        let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
        let end = brought(&browser, &back).await.outside();
        let tokens = service.redeem(&query(&end, "code").unwrap()).await.json();
        assert_eq!(claims(&tokens["id_token"])["acr"], "urn:acme:mfa");
    }
    // What the service says itself needs nobody to be asked.
    let plain = [
        ("prompt", "none"),
        (
            "claims",
            r#"{"id_token":{"email":null,"acr":{"essential":true}}}"#,
        ),
    ];
    let back = browser.begin("native", &plain).await.outside();
    assert_eq!(query(&back, "error"), None);
    // A class that the application insists on, and that the provider did not reach.
    let insists = r#"{"id_token":{"acr":{"essential":true,"values":["urn:acme:hardware"]}}}"#;
    let at = browser.begin("native", &[("claims", insists)]).await;
    let to = led(&browser, &at, AIKO).await;
    assert_eq!(
        query(&to, "acr_values").as_deref(),
        Some("urn:acme:hardware")
    );
    let back = okta.sign_in(to, "aiko").await;
    let end = brought(&browser, &back).await.outside();
    let error = query(&end, "error");
    assert_eq!(error.as_deref(), Some("unmet_authentication_requirements"));
}
