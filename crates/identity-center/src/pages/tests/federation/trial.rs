//! An administrator tries a connection before people are sent there.

use secrecy::ExposeSecret as _;
use url::{Position, Url};

use super::provider::{Provider, brought, connect_as};
use crate::federation::trial::{LIFETIME, Outcome, offer};
use crate::oidc::tests::running::Running;
use crate::pages::tests::browser::{Browser, Place, person, started};

async fn opened(service: &Running, browser: &Browser<'_>, link: &str) -> Place {
    let link: Url = link.parse().unwrap();
    assert!(link.as_str().starts_with(&service.issuer()));
    browser.get(&link[Position::BeforePath..]).await
}

/// From the link's page to the provider's.
async fn led(browser: &Browser<'_>, at: &Place) -> Url {
    let away = browser.step(at, "trial", &[]).await;
    assert_eq!(away.answer.status, 303, "{}", away.text());
    away.answer.location()
}

#[tokio::test]
async fn whoever_comes_back_is_shown_and_nobody_is_signed_in() {
    let service = started().await;
    let okta = Provider::okta().await;
    let made = connect_as(&service, okta.described("okta.acme.example"));
    let connection = made.await.unwrap();
    let store = &service.center.store;
    let link = offer(&service.center, connection.id).await.unwrap();
    let link = link.expose_secret();
    let browser = Browser::new(&service);
    let at = opened(&service, &browser, link).await;
    at.shows(200, "Try the connection okta");
    let policy = at.answer.header("content-security-policy").unwrap();
    let origin = okta.origin().origin().ascii_serialization();
    assert!(policy.contains(&format!("form-action 'self' {origin};")));
    // What does not work can be tried again with the same link.
    let back = okta.cancel(led(&browser, &at).await).await;
    let page = brought(&browser, &back).await;
    page.shows(403, "You were not signed in");
    let at = opened(&service, &browser, link).await;
    let back = okta.sign_in(led(&browser, &at).await, "maya").await;
    let page = brought(&browser, &back).await;
    page.shows(200, "The connection works");
    page.shows(200, "maya@okta.acme.example");
    page.shows(200, "nobody yet: add them first");
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
    let ended = store.trial_of(connection.id).await.unwrap().unwrap();
    let expected = Outcome {
        shown: "maya@okta.acme.example".to_owned(),
        external_id: "maya".to_owned(),
        user_name: None,
    };
    assert_eq!(ended.outcome, Some(expected));
    // The link is used up, and so is the answer.
    let over = "This sign-in is over";
    opened(&service, &browser, link).await.shows(410, over);
    brought(&browser, &back).await.shows(410, over);

    // Somebody who is in the directory is found, and not linked.
    person(&service, "Maya@okta.acme.example", "Maya").await;
    let link = offer(&service.center, connection.id).await.unwrap();
    let at = opened(&service, &browser, link.expose_secret()).await;
    let back = okta.sign_in(led(&browser, &at).await, "maya").await;
    brought(&browser, &back)
        .await
        .shows(200, "Maya@okta.acme.example");
    let links = store.read(|tx| {
        Box::pin(async move {
            let row = tx.row("SELECT COUNT(*) FROM links", &[]).await?;
            row.unwrap().integer(0)
        })
    });
    assert_eq!(links.await.unwrap(), 0);
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
}

#[tokio::test]
async fn a_link_leads_to_its_own_connection_and_no_further() {
    let service = started().await;
    let (okta, entra) = (Provider::okta().await, Provider::entra(None).await);
    let made = connect_as(&service, okta.described("okta.acme.example"));
    let connection = made.await.unwrap();
    entra.connected(&service).await;
    let browser = Browser::new(&service);
    let over = "This sign-in is over";
    let link = offer(&service.center, connection.id).await.unwrap();
    let link = link.expose_secret();
    let wrong = format!("{}x", link.trim_end_matches(|c| c != '/'));
    opened(&service, &browser, &wrong).await.shows(410, over);
    // It is no way to sign in: not by a name, nor as whoever is signed in in this browser, nor inactive for others.
    let at = browser.begin("native", &[]).await;
    browser.aiko(&at).await.outside();
    let at = opened(&service, &browser, link).await;
    for (step, form) in [
        ("name", vec![("user_name", "maya@entra.acme.example")]),
        ("name", vec![("user_name", "aiko")]),
        ("account", vec![]),
        ("password", vec![("password", "x")]),
    ] {
        let page = browser.step(&at, step, &form).await;
        page.shows(200, "Try the connection okta");
    }
    let other = Browser::new(&service);
    let begun = other.begin("native", &[]).await;
    let named = [("user_name", "aiko@okta.acme.example")];
    let page = other.step(&begun, "name", &named).await;
    page.shows(200, "Enter your password");
    let page = other.step(&begun, "trial", &[]).await;
    page.shows(200, "Enter your password");
    // A newer link takes an older one's place; one that is too old is none.
    let newer = offer(&service.center, connection.id).await.unwrap();
    opened(&service, &browser, link).await.shows(410, over);
    browser.step(&at, "trial", &[]).await.shows(410, over);
    service.pass(LIFETIME.as_secs());
    opened(&service, &browser, newer.expose_secret())
        .await
        .shows(410, over);
}

#[tokio::test]
async fn of_two_who_open_one_link_the_first_to_come_back_is_who_it_shows() {
    let service = started().await;
    let okta = Provider::okta().await;
    let made = connect_as(&service, okta.described("okta.acme.example"));
    let connection = made.await.unwrap();
    let link = offer(&service.center, connection.id).await.unwrap();
    let (one, other) = (Browser::new(&service), Browser::new(&service));
    let first = opened(&service, &one, link.expose_secret()).await;
    let second = opened(&service, &other, link.expose_secret()).await;
    let maya = okta.sign_in(led(&one, &first).await, "maya").await;
    let aiko = okta.sign_in(led(&other, &second).await, "aiko").await;
    brought(&one, &maya)
        .await
        .shows(200, "The connection works");
    brought(&other, &aiko)
        .await
        .shows(410, "This sign-in is over");
    let ended = service.center.store.trial_of(connection.id).await.unwrap();
    let outcome = ended.unwrap().outcome.unwrap();
    assert_eq!(outcome.shown, "maya@okta.acme.example");
}
