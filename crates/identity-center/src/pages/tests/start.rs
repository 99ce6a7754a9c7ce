//! The start page: who sees what there.

use jiff::SignedDuration;

use super::browser::{Browser, person, started, with_password};
use crate::account::{Account, Assignment, PermissionSet, Principal};
use crate::id::UserId;
use crate::oidc::tests::running::Running;

/// Lets somebody take these roles in the account of this number.
pub(super) async fn assigned(
    service: &Running,
    user: UserId,
    number: u32,
    name: &str,
    roles: &[&str],
) {
    let store = &service.center.store;
    let account = Account {
        id: format!("{number:012}"),
        name: name.to_owned(),
        email: format!("aws+{number}@acme.example"),
    };
    store
        .put_account("acme", account, service.center.now())
        .await
        .unwrap();
    for role in roles {
        let set = PermissionSet {
            name: (*role).to_owned(),
            description: String::new(),
            session: SignedDuration::from_hours(1),
        };
        store
            .put_permission_set("acme", set, service.center.now())
            .await
            .unwrap();
        let assignment = Assignment {
            account: format!("{number:012}"),
            role: (*role).to_owned(),
            principal: Principal::User(user),
        };
        assert!(
            store
                .assign("acme", assignment, service.center.now())
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn the_start_page_shows_a_person_what_is_theirs_and_a_stranger_how_to_sign_in() {
    let service = started().await;
    for number in 1..=51 {
        let name = format!("Account {number} 口座");
        let roles = ["Developer", "ReadOnly"];
        assigned(&service, service.user, number, &name, &roles).await;
    }
    let maya = person(&service, "maya", "Maya").await;
    with_password(&service, maya).await;
    assigned(&service, maya, 60, "Account 60", &["Billing"]).await;
    let browser = Browser::new(&service);
    for path in ["/start/acme", "/start/acme/"] {
        let at = browser.get(path).await;
        at.shows(200, "Nobody is signed in in this browser.");
        at.shows(200, "http://127.0.0.1");
        assert!(!at.text().contains("Account 1"), "{}", at.text());
    }
    let at = browser.post("/start/acme", &[]).await;
    at.shows(200, "Work e-mail or user name");
    let at = browser.aiko(&at).await;
    assert_eq!(at.path, "/start/acme");
    at.shows(200, "Signed in as Aiko 愛子");
    at.shows(200, "Account 50 口座");
    at.shows(200, "Developer · ReadOnly");
    at.shows(200, "href=\"/start/acme?after=000000000050\"");
    assert!(!at.text().contains("Account 51"), "{}", at.text());
    let rest = browser.get("/start/acme?after=000000000050").await;
    rest.shows(200, "Account 51 口座");
    for others in ["Account 50", "Account 60", "Billing", "?after="] {
        assert!(!rest.text().contains(others), "{}", rest.text());
    }
    browser.get("/sessions").await.shows(200, "Where you are");
}

#[tokio::test]
async fn a_start_page_is_one_organisation_s_own() {
    let service = started().await;
    let browser = Browser::new(&service);
    for nobody_s in [
        "/start/hinoki",
        "/start/ACME",
        "/start/acme%20",
        "/start/%00",
    ] {
        let at = browser.get(nobody_s).await;
        at.shows(404, "There is no such start page");
    }
    let at = browser.post("/start/hinoki", &[]).await;
    at.shows(404, "There is no such start page");
    let other = crate::directory::Organization {
        name: "hinoki".to_owned(),
        title: "Hinoki".to_owned(),
        contact: String::new(),
        second_factor: true,
    };
    let now = service.center.now();
    let made = service.center.store.create_organization(other, now).await;
    made.unwrap().unwrap();
    let at = browser.post("/start/acme", &[]).await;
    browser.aiko(&at).await.shows(200, "Aiko 愛子");
    // She is nobody at the other one, and her password opens nothing there.
    let at = browser.get("/start/hinoki").await;
    at.shows(200, "Nobody is signed in in this browser.");
    let at = browser.post("/start/hinoki", &[]).await;
    let at = browser
        .password(&at, "aiko", super::browser::PASSWORD)
        .await;
    at.shows(422, "The name or the password is not right.");
    // A page elsewhere begins no sign-in.
    let foreign = [("origin", "https://evil.example")];
    let answer = browser.send("POST", "/start/acme", &foreign, &[]).await;
    assert_eq!(answer.status, 403);
}
