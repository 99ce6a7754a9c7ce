//! Whose identity it is (THREATS.md T9, T20). The whole table is the store's: `store/tests/federation.rs`.

use serde_json::{Value, json};

use super::provider::{AIKO, Provider, brought, led, signed_in};
use crate::directory::Profile;
use crate::oidc::tests::running::{claims, query};
use crate::pages::tests::browser::{Browser, person, started, with_password};

#[tokio::test]
async fn who_is_not_in_the_directory_is_told_whom_to_ask_and_an_e_mail_address_helps_nobody() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    // Somebody has the e-mail address that Okta says, and somebody the name without its domain.
    let profile = Profile {
        user_name: "root".to_owned(),
        display_name: "Root".to_owned(),
        email: Some("maya@acme.com".to_owned()),
        external_id: Some("maya@acme.com".to_owned()),
        ..Profile::default()
    };
    let store = &service.center.store;
    let root = store.create_user("acme", profile, service.center.now());
    let root = root.await.unwrap().unwrap().id;
    with_password(&service, root).await;
    person(&service, "maya", "Maya").await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let page = signed_in(&browser, &at, &okta, "maya@okta.acme.example").await;
    page.shows(403, "You do not have an account here yet");
    page.shows(
        403,
        "signed you in as maya@okta.acme.example, but Acme has not added you here.",
    );
    page.shows(403, "Ask it-help@acme.example to add you.");
    let noted = store.audit_of("acme", i64::MAX, 1).await.unwrap().remove(0);
    assert_eq!(
        (noted.action.as_str(), noted.outcome.as_str()),
        ("sign_in", "refused")
    );
    assert_eq!((noted.actor.as_str(), noted.subject.as_str()), ("", ""));
    let detail: Value = serde_json::from_str(&noted.detail).unwrap();
    let expected = json!({ "step": "provider", "connection": "okta", "fault": "unprovisioned", "shown": "maya@okta.acme.example" });
    assert_eq!(detail, expected);
    for claims in [
        json!({ "preferred_username": "root" }),
        json!({ "preferred_username": "maya" }),
        json!({ "preferred_username": "root@acme.example", "email": "aiko@acme.example", "email_verified": true }),
        json!({ "preferred_username": null, "name": "root", "email": "aiko@acme.example" }),
    ] {
        okta.control(json!({ "tamper": claims })).await;
        let page = signed_in(&browser, &at, &okta, "maya@okta.acme.example").await;
        page.shows(403, "You do not have an account here yet");
    }
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
    // The administrator adds them; the same sign-in goes on.
    okta.control(json!({ "tamper": null })).await;
    person(&service, "maya@okta.acme.example", "Maya").await;
    let end = signed_in(&browser, &at, &okta, "maya@okta.acme.example").await;
    assert!(query(&end.outside(), "code").is_some());
}

#[tokio::test]
async fn who_may_not_sign_in_does_not_whatever_the_provider_says() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    let aiko = person(&service, AIKO, "Aiko").await;
    let store = &service.center.store;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    // Deactivated while they are at the provider, then before.
    let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    let ended = store.deactivate_user(aiko, service.center.now());
    ended.await.unwrap().unwrap();
    let inactive = "Your account at Acme is not active.";
    brought(&browser, &back).await.shows(403, inactive);
    signed_in(&browser, &at, &okta, AIKO)
        .await
        .shows(403, inactive);
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));

    // Back again, they sign in: what the provider says now counts, however old its own session is.
    let back = store.reactivate_user(aiko, service.center.now());
    back.await.unwrap().unwrap();
    service.pass(2);
    okta.control(json!({ "tamper": { "auth_time": 1_700_000_000 } }))
        .await;
    signed_in(&browser, &at, &okta, AIKO).await.outside();
    let ended = store.deactivate_user(aiko, service.center.now());
    assert_eq!(ended.await.unwrap(), Ok(1));
    let at = browser.begin("native", &[]).await;
    at.shows(200, "Work e-mail or user name");
}

#[tokio::test]
async fn a_name_that_somebody_else_gets_later_does_not_get_them_the_account() {
    let service = started().await;
    let okta = Provider::okta().await;
    let connection = okta.connected(&service).await;
    let first = person(&service, AIKO, "Aiko").await;
    let browser = Browser::new(&service);
    let walked = async || {
        let at = browser.begin("native", &[("prompt", "login")]).await;
        signed_in(&browser, &at, &okta, AIKO).await
    };
    walked().await.outside();
    // Another person of Okta has the name now: another `sub`.
    let second = json!({ "sub": "00u-second" });
    okta.control(json!({ "tamper": second })).await;
    walked()
        .await
        .shows(403, "You do not have an account here yet");
    // The first one was renamed, there and here, and is who they were.
    let renamed = json!({ "preferred_username": "tanaka@okta.acme.example" });
    okta.control(json!({ "tamper": renamed })).await;
    let profile = Profile {
        user_name: "tanaka@okta.acme.example".to_owned(),
        display_name: "Aiko".to_owned(),
        ..Profile::default()
    };
    let (store, now) = (&service.center.store, service.center.now());
    store
        .change_user(first, profile, now)
        .await
        .unwrap()
        .unwrap();
    let subject = async || {
        let code = query(&walked().await.outside(), "code").unwrap();
        let tokens = service.redeem(&code).await.json();
        claims(&tokens["id_token"])["sub"].clone()
    };
    assert_eq!(subject().await, first.to_string());
    // The second one is added under the free name, and is themselves.
    let added = person(&service, AIKO, "Aiko the second").await;
    okta.control(json!({ "tamper": second })).await;
    assert_eq!(subject().await, added.to_string());
    // An administrator may say that somebody's identity at the provider is another now.
    assert!(
        store
            .unlink(connection.id, added, service.center.now())
            .await
            .unwrap()
    );
    okta.control(json!({ "tamper": { "sub": "00u-third" } }))
        .await;
    assert_eq!(subject().await, added.to_string());
}

#[tokio::test]
async fn another_organisation_s_people_are_not_let_in() {
    let service = started().await;
    let okta = Provider::okta().await;
    let mut asked = okta.described("okta.hinoki.example");
    asked.organization = "hinoki".to_owned();
    let (store, now) = (&service.center.store, service.center.now());
    let hinoki = crate::directory::Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    store
        .create_organization(hinoki, now)
        .await
        .unwrap()
        .unwrap();
    let connection = super::provider::connect_as(&service, asked).await.unwrap();
    super::provider::activate(&service, &connection).await;
    let browser = Browser::new(&service);
    // The application is Acme's: Hinoki's names lead nowhere from there, and its provider is not even named.
    let at = browser.begin("native", &[]).await;
    let origin = okta.origin().origin().ascii_serialization();
    let policy = at.answer.header("content-security-policy").unwrap();
    assert!(!policy.contains(&origin), "{policy}");
    browser
        .step(&at, "name", &[("user_name", "aiko@okta.hinoki.example")])
        .await
        .shows(200, "Enter your password");
    // On one's own pages every organisation is meant. Acme's Aiko is nobody at Hinoki's provider.
    person(&service, "aiko@okta.hinoki.example", "Acme's").await;
    let says = json!({ "preferred_username": "aiko@okta.hinoki.example" });
    okta.control(json!({ "tamper": says })).await;
    let at = browser.get("/sessions").await;
    let address = led(&browser, &at, "aiko@okta.hinoki.example").await;
    let back = okta.sign_in(address, "aiko").await;
    brought(&browser, &back)
        .await
        .shows(403, "but Hinoki has not added you here");
}

#[tokio::test]
async fn a_connection_that_was_switched_off_meanwhile_signs_nobody_in() {
    let service = started().await;
    let okta = Provider::okta().await;
    let connection = okta.connected(&service).await;
    person(&service, AIKO, "Aiko").await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    let (store, now) = (&service.center.store, service.center.now());
    let off = store.set_connection_active(connection.id, false, now);
    assert!(off.await.unwrap());
    let page = brought(&browser, &back).await;
    page.shows(410, "This sign-in is over");
    assert_eq!(okta.seen("token_requests").await, 0);
    assert!(
        store
            .remove_connection(connection.id, service.center.now())
            .await
            .unwrap()
    );
    brought(&browser, &back)
        .await
        .shows(410, "This sign-in is over");
}
