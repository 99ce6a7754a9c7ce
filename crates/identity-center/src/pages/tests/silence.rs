//! What an application asks of the browser that is signed in: `prompt`, `max_age`, `login_hint`.

use super::browser::{Browser, PASSWORD, application, person, started, with_factor, with_password};
use crate::oidc::tests::running::query;

#[tokio::test]
async fn nobody_is_asked_where_nobody_may_be() {
    let service = started().await;
    application(&service.center.store, "asking", "Acme Builds", true, vec![]).await;
    let browser = Browser::new(&service);
    let silent = async |client: &str, further: &[(&str, &str)]| {
        let mut all = vec![("prompt", "none")];
        all.extend_from_slice(further);
        let back = browser.begin(client, &all).await.outside();
        assert_eq!(query(&back, "iss").unwrap(), service.issuer());
        assert_eq!(query(&back, "state").unwrap(), "s t");
        match query(&back, "error") {
            Some(error) => error,
            None => query(&back, "code").map(|_| "code".to_owned()).unwrap(),
        }
    };
    assert_eq!(silent("native", &[]).await, "login_required");
    let at = browser.begin("native", &[]).await;
    browser.aiko(&at).await.outside();
    assert_eq!(silent("native", &[]).await, "code");
    assert_eq!(
        silent("native", &[("login_hint", "aiko@acme.example")]).await,
        "code"
    );
    assert_eq!(
        silent("native", &[("login_hint", "ben")]).await,
        "login_required"
    );
    assert_eq!(silent("native", &[("max_age", "600")]).await, "code");
    assert_eq!(
        silent("native", &[("max_age", "0")]).await,
        "login_required"
    );
    assert_eq!(silent("asking", &[]).await, "consent_required");
    service.pass(700);
    assert_eq!(
        silent("native", &[("max_age", "600")]).await,
        "login_required"
    );
}

#[tokio::test]
async fn a_person_is_asked_anew_where_the_application_wants_it() {
    let service = started().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    browser.aiko(&at).await.outside();
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let at = browser.begin("native", &[(name, value)]).await;
        at.shows(200, "Work e-mail or user name");
        assert!(
            !at.text().contains("/account"),
            "{name}: the session is no way round it"
        );
        let refused = browser.step(&at, "account", &[]).await;
        refused.shows(200, "Work e-mail or user name");
        browser.aiko(&at).await.outside();
    }
    let at = browser
        .begin("native", &[("prompt", "select_account")])
        .await;
    at.shows(200, "Choose an account");
    assert!(at.text().contains("Aiko 愛子"), "{}", at.text());
    browser.step(&at, "account", &[]).await.outside();

    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &["AAAA-BBBB-CCCC-DDDD"]).await;
    let at = browser.begin("native", &[("login_hint", "ben")]).await;
    at.shows(200, "Choose an account");
    let at = browser.password(&at, "ben", PASSWORD).await;
    browser
        .step(&at, "code", &[("code", "AAAABBBBCCCCDDDD")])
        .await
        .outside();
    let at = browser.get("/sessions").await;
    at.shows(200, "Ben, at Acme");
}

#[tokio::test]
async fn whoever_else_is_signed_in_does_not_come_back_for_the_one_who_is_hinted() {
    let service = started().await;
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(
        &service,
        ben,
        &["AAAA-BBBB-CCCC-DDDD", "AAAA-BBBB-CCCC-EEEE"],
    )
    .await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = browser.aiko(&at).await.outside();
    let tokens = service.redeem(&query(&back, "code").unwrap()).await;
    let aikos = tokens.json()["id_token"].as_str().unwrap().to_owned();
    let hint = [("id_token_hint", aikos.as_str())];
    let silent = [hint[0], ("prompt", "none")];
    let error = |back: url::Url| query(&back, "error");

    // She is signed in: nothing is asked, and an old token is as good.
    service.pass(7200);
    for request in [&hint[..], &silent[..]] {
        let back = browser.begin("native", request).await.outside();
        assert!(query(&back, "code").is_some(), "{back}");
    }
    let as_ben = async |browser: &Browser<'_>, recovery: &str, request: &[(&str, &str)]| {
        let at = browser.begin("native", request).await;
        let at = browser.password(&at, "ben", PASSWORD).await;
        let at = browser.step(&at, "code", &[("code", recovery)]).await;
        at.outside()
    };
    let other = Browser::new(&service);
    as_ben(&other, "AAAABBBBCCCCDDDD", &[]).await;
    let back = other.begin("native", &silent).await.outside();
    assert_eq!(error(back).as_deref(), Some("login_required"));
    let at = other.begin("native", &hint).await;
    at.shows(200, "Work e-mail or user name");
    assert!(!at.text().contains("/account"), "Ben is not offered");
    let refused = other.step(&at, "account", &[]).await;
    refused.shows(200, "Work e-mail or user name");
    // Ben signs in again where Aiko was asked for: the application gets nobody.
    let back = as_ben(&other, "AAAABBBBCCCCEEEE", &hint).await;
    assert_eq!(error(back).as_deref(), Some("login_required"));
    let at = other.begin("native", &hint).await;
    let back = other.aiko(&at).await.outside();
    assert!(query(&back, "code").is_some(), "{back}");

    application(&service.center.store, "another", "Another", false, vec![]).await;
    let (head, _) = aikos.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(86));
    for (client, token) in [
        ("another", aikos.as_str()),
        ("native", forged.as_str()),
        ("native", "x"),
    ] {
        let back = browser.begin(client, &[("id_token_hint", token)]).await;
        assert_eq!(error(back.outside()).as_deref(), Some("invalid_request"));
    }
}
