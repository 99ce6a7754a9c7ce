//! SAML 2.0 with a provider that this project did not write (pysaml2).

mod forged;
mod provider;

use serde_json::json;

use super::browser::{Browser, application, person, started};
use crate::federation::trial::offer;
use crate::oidc::tests::running::{Running, claims, query};
use provider::{Idp, accepted, answered, led};

const AIKO: &str = "aiko@saml.acme.example";

async fn told(service: &Running, back: &url::Url) -> serde_json::Value {
    let tokens = service.redeem(&query(back, "code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    claims(&tokens.json()["id_token"])
}

#[tokio::test]
async fn a_person_signs_in_there_and_the_application_learns_who_and_how() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    let aiko = person(&service, AIKO, "Aiko Tanaka").await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let sent = led(&browser, &at, AIKO).await;
    assert_eq!(sent.origin(), idp.origin().origin());
    let request = idp.request(&sent);
    let ours = format!("{}/federation/saml/acme/saml", service.issuer());
    assert!(
        request.contains(&format!("<saml:Issuer>{ours}/metadata</saml:Issuer>")),
        "{request}"
    );
    assert!(
        request.contains(&format!("AssertionConsumerServiceURL=\"{ours}/acs\"")),
        "{request}"
    );
    assert!(!request.contains("ForceAuthn"), "{request}");
    idp.control(json!({ "instant": 3600, "context": "https://refeds.org/profile/mfa" }))
        .await;
    let back = answered(&browser, &idp, &sent, "aiko").await;
    let said = told(&service, &back.outside()).await;
    assert_eq!(said["sub"], aiko.to_string());
    assert_eq!(said["amr"], json!(["mfa"]));
    assert_eq!(said["acr"], "https://refeds.org/profile/mfa");
    let ago = service.center.now().as_second() - said["auth_time"].as_i64().unwrap();
    assert!((3590..3700).contains(&ago), "{ago}");

    // The link holds, whatever the names become.
    idp.control(json!({ "attributes": { "userName": "tanaka@saml.acme.example" } }))
        .await;
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let sent = led(&other, &at, AIKO).await;
    let back = answered(&other, &idp, &sent, "aiko").await;
    assert_eq!(
        told(&service, &back.outside()).await["sub"],
        aiko.to_string()
    );
    // And who gets the name later does not get the account.
    idp.control(json!({ "attributes": { "id": "00u7", "userName": AIKO } }))
        .await;
    let third = Browser::new(&service);
    let at = third.begin("native", &[]).await;
    let sent = led(&third, &at, AIKO).await;
    answered(&third, &idp, &sent, "aiko")
        .await
        .shows(403, "You do not have an account here yet");
}

#[tokio::test]
async fn entra_s_people_are_its_objects() {
    let (service, idp) = (started().await, Idp::entra().await);
    idp.connected(&service, false).await;
    let maya = person(&service, "maya@saml.acme.example", "Maya").await;
    let end = accepted(&service, &idp, "maya").await;
    assert_eq!(
        told(&service, &end.outside()).await["sub"],
        maya.to_string()
    );
    idp.control(json!({ "name_id": "another@elsewhere.example" }))
        .await;
    let end = accepted(&service, &idp, "maya").await;
    assert_eq!(
        told(&service, &end.outside()).await["sub"],
        maya.to_string()
    );
    let object = "http://schemas.microsoft.com/identity/claims/objectidentifier";
    idp.control(json!({ "attributes": { object: null } })).await;
    accepted(&service, &idp, "maya")
        .await
        .shows(502, "is not right");
}

#[tokio::test]
async fn an_address_finds_nobody_and_a_name_that_may_change_is_no_id() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    idp.control(json!({ "format": email, "attributes": { "userName": null } }))
        .await;
    accepted(&service, &idp, "aiko")
        .await
        .shows(403, "You do not have an account here yet");
    idp.control(json!({ "attributes": { "id": null } })).await;
    accepted(&service, &idp, "aiko")
        .await
        .shows(502, "no id that stays");
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    idp.control(json!({ "format": persistent, "name_id": "p-1" }))
        .await;
    accepted(&service, &idp, "aiko").await.outside();
}

#[tokio::test]
async fn a_step_up_reaches_the_provider_and_what_it_did_is_looked_at() {
    let (service, idp) = (started().await, Idp::okta().await);
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    let browser = Browser::new(&service);
    let asked = [("prompt", "login"), ("acr_values", "urn:acme:mfa")];
    let at = browser.begin("native", &asked).await;
    let sent = led(&browser, &at, AIKO).await;
    let request = idp.request(&sent);
    assert!(request.contains("ForceAuthn=\"true\""), "{request}");
    assert!(
        request.contains("<saml:AuthnContextClassRef>urn:acme:mfa</saml:AuthnContextClassRef>"),
        "{request}"
    );
    idp.control(json!({ "instant": 600 })).await;
    answered(&browser, &idp, &sent, "aiko")
        .await
        .shows(502, "did not ask the person again");
    for (status, error) in [
        ("NoAuthnContext", "unmet_authentication_requirements"),
        ("NoPassive", "login_required"),
    ] {
        let at = browser.begin("native", &asked).await;
        let sent = led(&browser, &at, AIKO).await;
        idp.control(json!({ "status": status })).await;
        let back = answered(&browser, &idp, &sent, "aiko").await.outside();
        assert_eq!(query(&back, "error").as_deref(), Some(error));
    }
    for (code, status, words) in [
        ("AuthnFailed", 403, "it could not make sure who you are."),
        (
            "RequestDenied",
            403,
            "it does not let this account sign in here.",
        ),
        ("UnknownPrincipal", 403, "it does not know this account."),
        ("InvalidNameIDPolicy", 502, "it cannot name people"),
    ] {
        idp.control(json!({ "status": code })).await;
        let page = accepted(&service, &idp, "aiko").await;
        page.shows(status, words);
        page.shows(status, code); // in the details
        let entries = service.center.store.audit_entries(0, 500).await.unwrap();
        let detail = entries.last().unwrap().detail.clone();
        assert!(
            detail.contains(&format!("\"status\":\"Responder, {code}\"")),
            "{detail}"
        );
    }
    idp.control(json!({ "status": "<script>" })).await;
    let page = accepted(&service, &idp, "aiko").await;
    assert!(!page.text().contains("It says"), "{}", page.text());
    let entries = service.center.store.audit_entries(0, 500).await.unwrap();
    assert!(!entries.last().unwrap().detail.contains("script"));
}

#[tokio::test]
async fn certificates_roll_over_by_new_metadata() {
    let (service, idp) = (started().await, Idp::okta().await);
    let first = idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko").await;
    accepted(&service, &idp, "aiko").await.outside();
    idp.control(json!({ "key": "second" })).await;
    accepted(&service, &idp, "aiko")
        .await
        .shows(502, "could not be verified");
    idp.control(json!({ "roll": true })).await;
    let again = idp.connected(&service, false).await;
    assert_eq!(again.id, first.id, "the links stay");
    for key in ["first", "second"] {
        idp.control(json!({ "key": key })).await;
        accepted(&service, &idp, "aiko").await.outside();
    }
    idp.control(json!({ "key": "other" })).await;
    accepted(&service, &idp, "aiko")
        .await
        .shows(502, "could not be verified");
}

#[tokio::test]
async fn an_owner_tries_the_connection_first() {
    let (service, idp) = (started().await, Idp::okta().await);
    let connection = idp.connected(&service, false).await;
    let (store, now) = (&service.center.store, service.center.now());
    store
        .set_connection_active(connection.id, false, now)
        .await
        .unwrap();
    person(&service, AIKO, "Aiko").await;
    let link = offer(&service.center, connection.id).await.unwrap();
    let link: url::Url = secrecy::ExposeSecret::expose_secret(&link).parse().unwrap();
    let browser = Browser::new(&service);
    let at = browser.get(link.path()).await;
    let sent = browser.step(&at, "trial", &[]).await.answer.location();
    let page = answered(&browser, &idp, &sent, "aiko").await;
    page.shows(200, "The connection works");
    page.shows(200, AIKO);
    let at = browser.begin("native", &[]).await;
    browser
        .step(&at, "name", &[("user_name", AIKO)])
        .await
        .shows(200, "Enter your password");
}

#[tokio::test]
async fn who_comes_unasked_is_taken_only_where_that_is_switched_on() {
    let (service, idp) = (started().await, Idp::okta().await);
    application(&service.center.store, "kiro", "Kiro", false, vec![]).await;
    idp.connected(&service, false).await;
    person(&service, AIKO, "Aiko Tanaka").await;
    let browser = Browser::new(&service);
    let open = browser.begin("kiro", &[]).await;
    let unasked = async || {
        let answer = idp.unasked(&service, "aiko").await;
        browser
            .post_from_elsewhere(
                "/federation/saml/acme/saml/acs",
                &[("SAMLResponse", &answer)],
            )
            .await
    };
    unasked().await.shows(502, "nobody asked for this sign-in");
    idp.connected(&service, true).await;
    let answer = idp.unasked(&service, "aiko").await;
    let form = [
        ("SAMLResponse", answer.as_str()),
        ("RelayState", "https://evil.example/"),
    ];
    let page = browser
        .post_from_elsewhere("/federation/saml/acme/saml/acs", &form)
        .await;
    page.shows(200, "Signed in as Aiko Tanaka");
    assert_eq!(page.path, "/start/acme");
    let again = idp.unasked(&service, "aiko").await;
    let connection = service
        .center
        .store
        .connections(None)
        .await
        .unwrap()
        .pop()
        .unwrap();
    let (store, now) = (&service.center.store, service.center.now());
    store
        .set_connection_active(connection.id, false, now)
        .await
        .unwrap();
    let off = [("SAMLResponse", again.as_str())];
    let page = browser
        .post_from_elsewhere("/federation/saml/acme/saml/acs", &off)
        .await;
    page.shows(502, "not active");
    store
        .set_connection_active(connection.id, true, now)
        .await
        .unwrap();
    // Once; and no application's sign-in has gone on by it.
    let page = browser
        .post_from_elsewhere("/federation/saml/acme/saml/acs", &form)
        .await;
    page.shows(502, "used before");
    browser.get(&open.path).await.shows(410, "over");
}
