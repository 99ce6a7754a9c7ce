//! What others try.

use super::browser::{
    Browser, PASSWORD, Place, application, contact, person, started, with_factor, with_password,
};
use crate::oidc::tests::running::{encode, query};

#[tokio::test]
async fn another_browser_cannot_go_on_with_a_sign_in() {
    let service = started().await;
    let (victim, thief) = (Browser::new(&service), Browser::new(&service));
    let at = victim.begin("native", &[]).await;
    let own = thief.begin("native", &[]).await;
    for (path, form) in [
        (
            format!("/sign-in/{}/name", at.sign_in()),
            vec![("user_name", "evil")],
        ),
        (
            format!("/sign-in/{}/password", at.sign_in()),
            vec![("password", "x")],
        ),
        (format!("/sign-in/{}/back", at.sign_in()), vec![]),
        (format!("/sign-in/{}/cancel", at.sign_in()), vec![]),
    ] {
        thief
            .post(&path, &form)
            .await
            .shows(410, "begun in another browser");
    }
    thief
        .get(&at.path)
        .await
        .shows(410, "begun in another browser");
    thief.get(&own.path).await.shows(200, "Work e-mail");
    victim.get(&at.path).await.shows(200, "Work e-mail");
    let stolen = thief.jar.borrow().clone();
    *thief.jar.borrow_mut() = stolen
        .into_iter()
        .map(|(name, value)| (format!("x-{name}"), value))
        .collect();
    thief
        .get(&own.path)
        .await
        .shows(410, "This sign-in is over");
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let service = started().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let path = format!("/sign-in/{}/name", at.sign_in());
    let form = [("user_name", "evil")];
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        let answer = browser.send("POST", &path, &headers, &form).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        for other in ["/device", "/sessions/end"] {
            let answer = browser
                .send(
                    "POST",
                    other,
                    &headers,
                    &[("session", "all"), ("user_code", "BCDFGHJK")],
                )
                .await;
            assert_eq!(answer.status, 403, "{other} {headers:?}");
        }
    }
    browser
        .get(&at.path)
        .await
        .shows(200, "Work e-mail or user name");
    let answer = browser.send("POST", &path, &[], &form).await;
    assert_eq!(
        answer.status, 303,
        "a program without a browser's headers has the cookie"
    );
    let twice = [("user_name", "a"), ("user_name", "b")];
    assert_eq!(browser.send("POST", &path, &[], &twice).await.status, 400);
    let plain = [("content-type", "text/plain")];
    assert_eq!(
        browser.service.post(&path, &plain, &[]).await.status,
        410,
        "no cookie"
    );
    assert_eq!(
        browser.send("GET", &path, &[], &[]).await.status,
        303,
        "a form's address shows the step"
    );
}

#[tokio::test]
async fn nobody_signs_somebody_else_out() {
    let service = started().await;
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &["AAAA-BBBB-CCCC-DDDD"]).await;
    let tokens = async |back: &Place| {
        let code = query(&back.outside(), "code").unwrap();
        let tokens = service.redeem(&code).await.json();
        ["id_token", "access_token"].map(|name| tokens[name].as_str().unwrap().to_owned())
    };
    let (victim, attacker) = (Browser::new(&service), Browser::new(&service));
    let at = victim.begin("native", &[]).await;
    let [own, _] = tokens(&victim.aiko(&at).await).await;
    let at = attacker.begin("native", &[]).await;
    let at = attacker.password(&at, "ben", PASSWORD).await;
    let recovery = [("code", "AAAA-BBBB-CCCC-DDDD")];
    let [strange, access] = tokens(&attacker.step(&at, "code", &recovery).await).await;

    let asks = |at: &Place| {
        at.shows(200, "Sign out?");
        assert_eq!(at.answer.header("set-cookie"), None);
    };
    let still_signed_in = async || {
        let at = victim.get("/sessions").await;
        at.shows(200, "Aiko 愛子, at Acme");
    };
    let hinted = |hint: &str| format!("/oauth2/end_session?{}", encode(&[("id_token_hint", hint)]));
    let path = "/oauth2/end_session";
    asks(&victim.get(&hinted(&strange)).await);
    for form in [
        vec![("confirm", "yes")],
        vec![("confirm", "yes"), ("id_token_hint", strange.as_str())],
        vec![("confirm", "yes"), ("id_token_hint", own.as_str())],
    ] {
        asks(&victim.post_from_elsewhere(path, &form).await);
        for headers in [("origin", "null"), ("sec-fetch-site", "same-site")] {
            // An older browser sends the cookie.
            let answer = victim.send("POST", path, &[headers], &form).await;
            asks(&Place {
                path: path.to_owned(),
                answer,
            });
        }
    }
    still_signed_in().await;
    assert_eq!(service.userinfo(&access).await.status, 200);

    // The person may, of course; then it is over for both.
    let confirmed = [("confirm", "yes"), ("id_token_hint", strange.as_str())];
    let at = victim.post(path, &confirmed).await;
    at.shows(200, "You are signed out");
    assert_eq!(service.userinfo(&access).await.status, 401);
    victim.get("/sessions").await.shows(200, "Work e-mail");
    let at = victim.begin("native", &[]).await;
    let [own, _] = tokens(&victim.aiko(&at).await).await;
    still_signed_in().await;
    let without = service.get(&hinted(&own), &[]).await;
    assert_eq!((without.status, without.header("set-cookie")), (302, None));
    victim
        .get(&hinted(&own))
        .await
        .shows(200, "You are signed out");
    victim.get("/sessions").await.shows(200, "Work e-mail");
}

#[tokio::test]
async fn what_was_lost_meanwhile_is_not_granted() {
    let service = started().await;
    let (store, aiko) = (&service.center.store, service.user);
    let group = store.create_group("acme", "Developers", None, service.center.now());
    let group = group.await.unwrap().unwrap().id;
    application(store, "asking", "Acme Builds", true, vec![group]).await;
    let added = store.add_member(group, aiko, service.center.now());
    added.await.unwrap().unwrap();
    let allow = [("decision", "allow")];
    let asked = async |browser: &Browser<'_>| {
        let at = browser.begin("asking", &[("prompt", "login")]).await;
        let at = browser.aiko(&at).await;
        at.shows(200, "Sign in to Acme Builds?");
        at
    };
    let (browser, other) = (Browser::new(&service), Browser::new(&service));
    let at = asked(&browser).await;
    let elsewhere = other.get("/sessions").await;
    other
        .aiko(&elsewhere)
        .await
        .shows(200, "Where you are signed in");
    other
        .post("/sessions/end", &[("session", "all")])
        .await
        .shows(200, "You are signed out");
    let late = browser.step(&at, "consent", &allow).await;
    late.shows(410, "This sign-in is over");
    service.pass(2);
    let at = asked(&browser).await;
    let removed = store.remove_member(group, aiko, service.center.now());
    removed.await.unwrap();
    browser
        .step(&at, "consent", &allow)
        .await
        .shows(403, "You do not have access yet");
    let added = store.add_member(group, aiko, service.center.now());
    added.await.unwrap().unwrap();
    let at = asked(&browser).await;
    let gone = store.deactivate_user(aiko, service.center.now());
    gone.await.unwrap().unwrap();
    browser
        .step(&at, "consent", &allow)
        .await
        .shows(403, "is not active");
    let back = store.reactivate_user(aiko, service.center.now());
    back.await.unwrap().unwrap();
    let revived = browser.step(&at, "consent", &allow).await;
    revived.shows(410, "This sign-in is over");
}

#[tokio::test]
async fn one_sign_in_gives_one_code_however_often_its_last_form_is_sent() {
    let service = started().await;
    application(&service.center.store, "asking", "Acme Builds", true, vec![]).await;
    let browser = Browser::new(&service);
    let at = browser.begin("asking", &[]).await;
    let at = browser.aiko(&at).await;
    let allow = [("decision", "allow")];
    let (one, two, three) = tokio::join!(
        browser.step(&at, "consent", &allow),
        browser.step(&at, "consent", &allow),
        browser.step(&at, "consent", &allow),
    );
    let mut statuses = [one, two, three].map(|place| place.answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410]);
}

#[tokio::test]
async fn a_step_that_another_window_took_is_not_taken_twice() {
    let service = started().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let early = browser
        .step(&at, "password", &[("password", PASSWORD)])
        .await;
    early.shows(200, "Work e-mail or user name");
    for step in ["code", "enrolment", "continue", "consent"] {
        let skipped = browser
            .step(&at, step, &[("code", "000000"), ("decision", "allow")])
            .await;
        skipped.shows(200, "Work e-mail or user name");
    }
    let second = browser.password(&at, "aiko", PASSWORD).await;
    second.shows(200, "Enter your code");
    let stale = browser.step(&at, "name", &[("user_name", "ben")]).await;
    stale.shows(200, "Enter your code");
    let stale = browser
        .step(&at, "password", &[("password", "wrong")])
        .await;
    stale.shows(200, "Enter your code");
    service.pass(601);
    browser
        .get(&at.path)
        .await
        .shows(410, "longer than ten minutes");
}

#[tokio::test]
async fn names_cannot_become_markup_nor_turn_the_text_around_them() {
    let service = started().await;
    contact(&service, "<img src=x onerror=alert(1)>").await;
    let store = &service.center.store;
    let group = store.create_group("acme", "Nobody", None, service.center.now());
    let group = group.await.unwrap().unwrap().id;
    let evil = "<script>alert(1)</script>\"'&\u{202e}gnp.exe\u{2066}\u{200b}\0";
    application(store, "asking", evil, true, vec![]).await;
    application(store, "closed", evil, false, vec![group]).await;
    let ben = person(&service, "ben", evil).await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &["AAAA-BBBB-CCCC-DDDD"]).await;
    let browser = Browser::new(&service);
    let mut seen = Vec::new();
    let at = browser
        .begin(
            "asking",
            &[("login_hint", "\"><script>alert(2)</script>\u{202e}")],
        )
        .await;
    seen.push(at.answer.text());
    let typed = browser.step(&at, "name", &[("user_name", evil)]).await;
    seen.push(typed.answer.text());
    browser.step(&at, "back", &[]).await;
    let at = browser.password(&at, "ben", PASSWORD).await;
    let at = browser
        .step(&at, "code", &[("code", "AAAABBBBCCCCDDDD")])
        .await;
    at.shows(200, "gnp.exe");
    seen.push(at.answer.text());
    seen.push(browser.begin("closed", &[]).await.answer.text());
    seen.push(
        browser
            .begin("asking", &[("prompt", "select_account")])
            .await
            .answer
            .text(),
    );
    seen.push(browser.get("/sessions").await.answer.text());
    for text in seen {
        assert!(
            !text.contains("<script") && !text.contains("<img"),
            "{text}"
        );
        for control in ['\u{202e}', '\u{2066}', '\u{200b}', '\0'] {
            assert!(!text.contains(control), "{control:?} {text}");
        }
    }
}

#[tokio::test]
async fn every_page_is_kept_apart_from_other_sites() {
    let service = started().await;
    let browser = Browser::new(&service);
    let begun = browser.begin("native", &[]).await;
    for path in [begun.path.as_str(), "/device", "/signed-out", "/sign-in/x"] {
        let page = browser.get(path).await;
        let header = |name: &str| page.answer.header(name).unwrap_or_default().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self';"),
            "{path} {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
            "{path} {policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(
            !page.text().contains("<script") && !page.text().contains(" style="),
            "{path}"
        );
    }
    let policy = browser.get(&begun.path).await;
    let policy = policy
        .answer
        .header("content-security-policy")
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:7;"),
        "{policy}"
    );
    let style = browser.get("/style.css").await;
    assert_eq!(
        style.answer.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let back = browser.aiko(&begun).await;
    assert_eq!(back.answer.header("referrer-policy"), Some("no-referrer"));
    assert!(query(&back.outside(), "code").is_some());
}
