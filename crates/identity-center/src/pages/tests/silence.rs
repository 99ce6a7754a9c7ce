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
