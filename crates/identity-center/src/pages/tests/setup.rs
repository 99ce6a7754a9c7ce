//! Set-up links: who may use one, once, and what cannot.

use secrecy::ExposeSecret as _;
use url::Url;

use super::browser::{Browser, PASSWORD, code, person, started, with_factor, with_password};
use crate::administrator::Role;
use crate::id::UserId;
use crate::oidc::tests::running::{Running, send};
use crate::setup;

/// A link for this person, or for an owner to be: its path.
pub(super) async fn link(service: &Running, user: Option<UserId>) -> String {
    let center = &service.center;
    let offered = setup::offer(&center.store, &center.settings, "acme", user, center.now());
    let (address, _) = offered.await.unwrap();
    let address: Url = address.expose_secret().parse().unwrap();
    address.path().to_owned()
}

#[tokio::test]
async fn a_link_that_was_seen_is_still_good_and_one_that_was_used_is_not() {
    let service = started().await;
    let maya = person(&service, "maya", "Maya").await;
    let path = link(&service, Some(maya)).await;
    let browser = Browser::new(&service);
    for _ in 0..2 {
        // Programs that look at mail open links, too.
        browser.get(&path).await.shows(200, "Set your password");
    }
    let form = [("password", PASSWORD), ("again", PASSWORD)];
    let at = browser.post(&path, &form).await;
    at.shows(200, "Add a second step");
    let late = Browser::new(&service);
    late.post(&path, &form)
        .await
        .shows(410, "This link is good no more");
    late.get("/setup/none")
        .await
        .shows(410, "This link is good no more");
    let ends = link(&service, Some(maya)).await;
    service.pass(setup::LIFETIME.as_secs());
    late.get(&ends)
        .await
        .shows(410, "This link is good no more");
}

#[tokio::test]
async fn another_site_s_form_sets_no_password() {
    let service = started().await;
    let maya = person(&service, "maya", "Maya").await;
    let path = link(&service, Some(maya)).await;
    let body = format!("password={0}&again={0}", PASSWORD.replace(' ', "+"));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let headers = [
            (name, value),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let url = &service.center.settings.url;
        let answer = send(url, "POST", &path, &headers, body.as_bytes()).await;
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    let user = service.center.store.user(maya).await.unwrap();
    let factors = service.center.store.factors(user.as_ref()).await.unwrap();
    assert!(factors.password.is_none());
}

/// A link resets a password and not the second factor: whoever finds it cannot sign in by it alone.
#[tokio::test]
async fn who_has_a_second_factor_still_needs_it() {
    let service = started().await;
    let browser = Browser::new(&service);
    let open = browser.begin("native", &[]).await;
    browser.aiko(&open).await.outside();
    let path = link(&service, Some(service.user)).await;
    let finder = Browser::new(&service);
    let new = "another battery horse";
    let at = finder
        .post(&path, &[("password", new), ("again", new)])
        .await;
    at.shows(200, "Enter your code");
    // What was open in the browser is over.
    let again = browser.begin("native", &[]).await;
    again.shows(200, "Work e-mail or user name");
    service.pass(60);
    let right = code(&service, 0);
    let at = finder.step(&at, "code", &[("code", &right)]).await;
    at.shows(200, "Signed in as");
}

#[tokio::test]
async fn an_administrator_needs_a_second_factor_whatever_the_policy_says() {
    let service = started().await;
    let (store, now) = (&service.center.store, service.center.now());
    let mut organization = store.organization("acme").await.unwrap().unwrap();
    organization.second_factor = false;
    store
        .change_organization(organization, now)
        .await
        .unwrap()
        .unwrap();
    let maya = person(&service, "maya", "Maya").await;
    with_password(&service, maya).await;
    let signed_in = async || {
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[]).await;
        let at = browser.step(&at, "name", &[("user_name", "maya")]).await;
        browser
            .step(&at, "password", &[("password", PASSWORD)])
            .await
    };
    signed_in().await.outside();
    store
        .set_administrator(maya, Some(Role::ReadOnly), now)
        .await
        .unwrap()
        .unwrap();
    signed_in().await.shows(200, "Add a second step");
    with_factor(&service, maya, &[]).await;
    signed_in().await.shows(200, "Enter your code");
}

#[tokio::test]
async fn an_owner_chooses_a_name_that_nobody_has() {
    let service = started().await;
    let path = link(&service, None).await;
    let browser = Browser::new(&service);
    let check = async |name: &str, password: &str, expected: &str| {
        let form = [
            ("user_name", name),
            ("password", password),
            ("again", password),
        ];
        browser.post(&path, &form).await.shows(422, expected);
    };
    check("AIKO", PASSWORD, "Somebody else has that name").await;
    check("", PASSWORD, "That name cannot be used").await;
    check("a\u{202e}b", PASSWORD, "That name cannot be used").await;
    check("root", "correct", "too short").await;
    check(
        "root@acme.example",
        "ROOT@acme.example",
        "too easy to guess",
    )
    .await;
    let form = [
        ("user_name", "root"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    browser
        .post(&path, &form)
        .await
        .shows(200, "Add a second step");
    let root = service
        .center
        .store
        .user_by_name(Some("acme"), "root")
        .await
        .unwrap();
    let root = service
        .center
        .store
        .administrator(root.unwrap().id)
        .await
        .unwrap();
    assert_eq!(root.unwrap().role, Role::Owner);
}
