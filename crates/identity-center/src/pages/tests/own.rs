//! A person changes what they sign in with.

use jiff::SignedDuration;

use super::browser::{Browser, PASSWORD, Place, code, person, started, with_factor, with_password};
use super::federation::{AIKO, Provider, signed_in};
use crate::oidc::tests::running::{Running, query};
use crate::store::values;

const NEW: &str = "another horse battery";
const CHANGE: &str = "/sessions/password";
const RENEW: &str = "/sessions/recovery-codes";
const RECOVERY: [&str; 3] = [
    "AAAA-BBBB-CCCC-DDDD",
    "AAAA-BBBB-CCCC-EEEE",
    "AAAA-BBBB-CCCC-FFFF",
];

/// Ben, who has recovery codes, is signed in in this browser.
async fn ben(service: &Running) -> Browser<'_> {
    let ben = person(service, "ben", "Ben").await;
    with_password(service, ben).await;
    with_factor(service, ben, &RECOVERY).await;
    signed_in_as_ben(service, PASSWORD).await
}

async fn signed_in_as_ben<'a>(service: &'a Running, password: &str) -> Browser<'a> {
    service.pass(31);
    let browser = Browser::new(service);
    let at = browser.begin("native", &[]).await;
    let at = browser.password(&at, "ben", password).await;
    let typed = code(service, 0);
    browser
        .step(&at, "code", &[("code", &typed)])
        .await
        .outside();
    browser
}

async fn change(browser: &Browser<'_>, current: &str, code: &str, new: &str) -> Place {
    let form = [
        ("current", current),
        ("code", code),
        ("password", new),
        ("again", new),
    ];
    browser.post(CHANGE, &form).await
}

async fn actions(service: &Running) -> Vec<(String, String)> {
    let entries = service.center.store.write(|tx| {
        Box::pin(async move {
            let sql = "SELECT action, outcome FROM audit WHERE subject = 'ben' ORDER BY number";
            let rows = tx.query(sql, values![]).await?;
            rows.iter()
                .map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
                .collect()
        })
    });
    entries.await.unwrap()
}

#[tokio::test]
async fn a_person_changes_their_password_and_everything_else_of_theirs_ends() {
    let service = started().await;
    let browser = ben(&service).await;
    let back = browser.begin("native", &[]).await.outside();
    let tokens = service.redeem(&query(&back, "code").unwrap()).await.json();
    let other = signed_in_as_ben(&service, PASSWORD).await;
    let copied = Browser::new(&service);
    copied.jar.replace(browser.jar.borrow().clone());
    // Somebody who knows the old password stands at the second factor.
    let half_way = Browser::new(&service);
    let at_code = half_way.begin("native", &[]).await;
    let at_code = half_way.password(&at_code, "ben", PASSWORD).await;
    at_code.shows(200, "Enter your code");

    let at = browser.get("/sessions").await;
    at.shows(200, "How you sign in");
    assert!(
        at.text().contains(&format!("href=\"{CHANGE}\"")),
        "{}",
        at.text()
    );
    browser.get(CHANGE).await.shows(200, "Current password");
    service.pass(31);
    let right = code(&service, 0);
    for (new, again, said) in [
        ("short", "short", "too short"),
        ("ben", "ben", "too short"),
        (NEW, "another horse", "The two passwords differ."),
    ] {
        let form = [
            ("current", PASSWORD),
            ("code", &right),
            ("password", new),
            ("again", again),
        ];
        browser.post(CHANGE, &form).await.shows(422, said);
    }
    let wrong = "The password or the code is not right";
    change(&browser, "not the password", &right, NEW)
        .await
        .shows(422, wrong);
    change(&browser, PASSWORD, "000000", NEW)
        .await
        .shows(422, wrong);
    // The code was not used up by what was wrong before.
    let at = change(&browser, PASSWORD, &right, NEW).await;
    at.shows(200, "Your password is changed");

    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(service.userinfo(token).await.status, 401);
    for ended in [&other, &copied] {
        ended.get("/sessions").await.shows(200, "Work e-mail");
    }
    let typed = code(&service, 1);
    let at_code = half_way.step(&at_code, "code", &[("code", &typed)]).await;
    at_code.shows(410, "This sign-in is over");
    browser.get("/sessions").await.shows(200, "Ben, at Acme");
    let back = browser.begin("native", &[]).await.outside();
    assert!(query(&back, "code").is_some(), "this browser goes on");

    let third = Browser::new(&service);
    let at = third.begin("native", &[]).await;
    let at = third.password(&at, "ben", PASSWORD).await;
    at.shows(422, "The name or the password is not right.");
    signed_in_as_ben(&service, NEW).await;
    let (done, refused) = ("done".to_owned(), "refused".to_owned());
    let entries = actions(&service).await;
    let of = |outcome| {
        let change = ("password.change".to_owned(), outcome);
        entries.iter().filter(|entry| **entry == change).count()
    };
    assert_eq!((of(done), of(refused)), (1, 2), "{entries:?}");
}

#[tokio::test]
async fn guesses_at_the_current_password_count_with_those_at_the_sign_in() {
    let service = started().await;
    let browser = ben(&service).await;
    service.pass(31);
    for attempt in 0..5 {
        let at = match attempt % 2 {
            0 => change(&browser, "not the password", "1", NEW).await,
            _ => {
                let form = [("current", "not the password"), ("code", "1")];
                browser.post(RENEW, &form).await
            }
        };
        at.shows(422, "The password or the code is not right");
    }
    let right = code(&service, 0);
    change(&browser, PASSWORD, &right, NEW)
        .await
        .shows(429, "Too many attempts. Try again in 3");
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    other
        .password(&at, "ben", PASSWORD)
        .await
        .shows(429, "Too many attempts.");
    service.pass(31);
    let right = code(&service, 0);
    change(&browser, PASSWORD, &right, NEW)
        .await
        .shows(200, "Your password is changed");
}

#[tokio::test]
async fn a_person_makes_new_recovery_codes_and_the_old_ones_are_dead() {
    let service = started().await;
    let browser = ben(&service).await;
    browser
        .get("/sessions")
        .await
        .shows(200, "Recovery codes left: 3");
    browser
        .get(RENEW)
        .await
        .shows(200, "Make new recovery codes");
    let form = [("current", PASSWORD), ("code", RECOVERY[0])];
    let at = browser.post(RENEW, &form).await;
    at.shows(200, "Keep your recovery codes");
    let codes: Vec<String> = at
        .text()
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split("</code>").next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    let again = browser.get(RENEW).await;
    assert!(!again.text().contains(&codes[0]), "they are shown once");
    browser
        .get("/sessions")
        .await
        .shows(200, "Recovery codes left: 10");
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let at = other.password(&at, "ben", PASSWORD).await;
    for old in &RECOVERY {
        let at = other.step(&at, "code", &[("code", old)]).await;
        at.shows(422, "That code is not right");
    }
    other
        .step(&at, "code", &[("code", &codes[7])])
        .await
        .outside();
    let renewed = ("recovery_codes.renew".to_owned(), "done".to_owned());
    assert!(actions(&service).await.contains(&renewed));
}

#[tokio::test]
async fn after_a_restoration_old_recovery_codes_are_dead_and_new_ones_are_shown_once() {
    let service = started().await;
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &RECOVERY).await;
    let ended = service.center.store.restored(service.center.now()).await;
    assert_eq!(ended.unwrap().recovery_codes, 1);
    service.pass(31);
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let at = browser.password(&at, "ben", PASSWORD).await;
    let refused = browser.step(&at, "code", &[("code", RECOVERY[0])]).await;
    refused.shows(422, "That code is not right");
    let right = code(&service, 0);
    let shown = browser.step(&at, "code", &[("code", &right)]).await;
    shown.shows(200, "The service was restored from a back-up");
    assert_eq!(shown.text().matches("<li><code>").count(), 10);
    let new = shown.text().split("<li><code>").nth(1).unwrap().to_owned();
    let new = new.split('<').next().unwrap().to_owned();
    let again = browser.get(&format!("/sign-in/{}", at.sign_in())).await;
    again.shows(200, "The codes were shown once");
    browser.step(&shown, "continue", &[]).await.outside();

    // Once, and the new ones are good.
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let at = other.password(&at, "ben", PASSWORD).await;
    other.step(&at, "code", &[("code", &new)]).await.outside();
    // Whoever had none is shown none.
    let at = browser.begin("native", &[("prompt", "login")]).await;
    browser.aiko(&at).await.outside();
}

#[tokio::test]
async fn what_somebody_signs_in_with_is_changed_from_our_own_pages_by_themselves() {
    let service = started().await;
    let browser = ben(&service).await;
    service.pass(31);
    let right = code(&service, 0);
    let form = [
        ("current", PASSWORD),
        ("code", &right),
        ("password", NEW),
        ("again", NEW),
    ];
    for path in [CHANGE, RENEW] {
        for headers in [
            vec![("origin", "https://evil.example")],
            vec![("sec-fetch-site", "cross-site")],
        ] {
            let answer = browser.send("POST", path, &headers, &form).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
        let nobody = Browser::new(&service);
        for place in [nobody.get(path).await, nobody.post(path, &form).await] {
            place.shows(200, "Work e-mail or user name");
        }
    }
    let policy = browser.get(CHANGE).await;
    let policy = policy.answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    change(&browser, PASSWORD, &right, NEW)
        .await
        .shows(200, "Your password is changed");
    // The session that was ended everywhere ends here too.
    service.pass(1);
    let user = service.center.store.user_by_name(Some("acme"), "ben").await;
    let user = user.unwrap().unwrap().id;
    let gone = service
        .center
        .store
        .deactivate_user(user, service.center.now());
    gone.await.unwrap().unwrap();
    browser
        .get(CHANGE)
        .await
        .shows(200, "Work e-mail or user name");
}

#[tokio::test]
async fn who_signs_in_at_a_provider_has_no_password_to_change() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    signed_in(&browser, &at, &okta, AIKO).await.outside();
    let at = browser.get("/sessions").await;
    at.shows(200, "Where you are signed in");
    assert!(!at.text().contains("How you sign in"), "{}", at.text());
    for path in [CHANGE, RENEW] {
        let place = browser.get(path).await;
        assert_eq!(place.path, "/sessions");
        let form = [("current", ""), ("password", NEW), ("again", NEW)];
        let place = browser.post(path, &form).await;
        assert_eq!(place.path, "/sessions");
    }
}

#[tokio::test]
async fn two_windows_change_a_password_once() {
    let service = started().await;
    let browser = ben(&service).await;
    let user = service.center.store.user_by_name(Some("acme"), "ben").await;
    let user = user.unwrap().unwrap();
    let from = service.center.store.factors(Some(&user)).await.unwrap();
    let now = service.center.now();
    let changed = |to: &str| {
        let change = crate::store::PasswordChange {
            user: user.id,
            from: from.password.clone().unwrap(),
            to: to.to_owned(),
            cookie: crate::secret::Digest::of(to),
            authentication: crate::session::Authentication::here(now, &["pwd"]),
            ends: now + SignedDuration::from_hours(8),
        };
        service.center.store.change_password(change, now)
    };
    assert!(changed("one").await.unwrap());
    assert!(!changed("two").await.unwrap(), "it is another by now");
    let kept = service.center.store.factors(Some(&user)).await.unwrap();
    assert_eq!(kept.password.as_deref(), Some("one"));
    drop(browser);
}
