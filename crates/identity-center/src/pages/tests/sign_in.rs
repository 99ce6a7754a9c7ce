//! The ways through: password and code, enrolment, recovery, consent, who may not, own sessions.

use super::browser::{
    Browser, PASSWORD, application, code, person, started, with_factor, with_password,
};
use crate::oidc::tests::running::{CALLBACK, VERIFIER, claims, query};
use crate::secret::random;
use crate::totp;

#[tokio::test]
async fn a_person_of_the_directory_signs_in_by_password_and_code() {
    let service = started().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[("login_hint", "AIKO")]).await;
    at.shows(200, "to continue to native");
    assert!(at.text().contains("value=\"AIKO\""), "the hint is there");
    let at = browser.step(&at, "name", &[("user_name", " AIKO ")]).await;
    at.shows(200, "Enter your password");
    let at = browser
        .step(&at, "password", &[("password", "wrong")])
        .await;
    at.shows(422, "The name or the password is not right.");
    let at = browser
        .step(&at, "password", &[("password", PASSWORD)])
        .await;
    at.shows(200, "Enter your code");
    let at = browser.step(&at, "code", &[("code", "000000")]).await;
    at.shows(422, "That code is not right");
    let right = code(&service, 0);
    let at = browser
        .step(
            &at,
            "code",
            &[("code", &format!("{} {}", &right[..3], &right[3..]))],
        )
        .await;
    let back = at.outside();
    assert_eq!(query(&back, "state").unwrap(), "s t");
    assert_eq!(query(&back, "iss").unwrap(), service.issuer());
    let tokens = service.redeem(&query(&back, "code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let claims = claims(&tokens.json()["id_token"]);
    assert_eq!(claims["sub"], service.user.to_string());
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_eq!(claims["nonce"], "n-1");

    let at = browser.begin("native", &[]).await;
    assert!(
        query(&at.outside(), "code").is_some(),
        "the next application asks nothing"
    );
    let other = Browser::new(&service);
    other
        .begin("native", &[])
        .await
        .shows(200, "Work e-mail or user name");
    service.pass(8 * 3600);
    browser
        .begin("native", &[])
        .await
        .shows(200, "Work e-mail or user name");
}

#[tokio::test]
async fn who_has_no_second_factor_enrols_one_and_keeps_recovery_codes() {
    let service = started().await;
    let ben = person(&service, "ben@acme.example", "Ben").await;
    with_password(&service, ben).await;
    let browser = Browser::new(&service);
    let first = browser.begin("native", &[]).await;
    let at = browser.password(&first, "ben@acme.example", PASSWORD).await;
    at.shows(200, "Acme asks for a code");
    let text = at.text();
    assert!(
        text.contains("<svg") && text.contains("aria-label=\"QR code"),
        "{text}"
    );
    let key = text
        .split("<code>")
        .nth(1)
        .unwrap()
        .split("</code>")
        .next()
        .unwrap();
    let seed = unbase32(&key.replace(' ', ""));
    let again = browser.get(&at.path).await;
    assert!(again.text().contains(key), "a reload shows the same seed");
    let code = |steps: i64| {
        format!(
            "{:06}",
            totp::code(&seed, totp::step(service.center.now()) + steps)
        )
    };
    let at = browser.step(&at, "enrolment", &[("code", &code(5))]).await;
    at.shows(422, "That code is not right");
    let used = code(0);
    let at = browser.step(&at, "enrolment", &[("code", &used)]).await;
    at.shows(200, "Keep your recovery codes");
    let codes: Vec<String> = at
        .text()
        .split("<li><code>")
        .skip(1)
        .map(|rest| rest.split("</code>").next().unwrap().to_owned())
        .collect();
    assert_eq!(codes.len(), 10);
    let again = browser.get(&first.path).await;
    again.shows(200, "The codes were shown once.");
    assert!(!again.text().contains(&codes[0]), "they are shown once");
    let back = browser.step(&at, "continue", &[]).await.outside();
    let tokens = service.redeem(&query(&back, "code").unwrap()).await;
    assert_eq!(claims(&tokens.json()["id_token"])["sub"], ben.to_string());

    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let at = other.password(&at, "ben@acme.example", PASSWORD).await;
    let at = other.step(&at, "code", &[("code", &used)]).await;
    at.shows(422, "used already");
    let at = other
        .step(&at, "code", &[("code", &codes[3].to_lowercase())])
        .await;
    at.outside();
    let third = Browser::new(&service);
    let at = third.begin("native", &[]).await;
    let at = third.password(&at, "ben@acme.example", PASSWORD).await;
    let at = third.step(&at, "code", &[("code", &codes[3])]).await;
    at.shows(422, "That code is not right");
    third
        .step(&at, "code", &[("code", &codes[4])])
        .await
        .outside();
}

pub(super) fn unbase32(text: &str) -> Vec<u8> {
    let bits: String = text
        .bytes()
        .map(|letter| match letter {
            b'A'..=b'Z' => letter - b'A',
            digit => digit - b'2' + 26,
        })
        .map(|value| format!("{value:05b}"))
        .collect();
    (0..bits.len() / 8)
        .map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap())
        .collect()
}

#[tokio::test]
async fn an_organisation_without_that_policy_asks_for_the_password_alone() {
    let service = started().await;
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    let changed = service.center.store.write(|tx| {
        Box::pin(async move {
            tx.execute("UPDATE organizations SET second_factor = 0", &[])
                .await
        })
    });
    changed.await.unwrap();
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = browser.password(&at, "ben", PASSWORD).await.outside();
    let tokens = service.redeem(&query(&back, "code").unwrap()).await;
    assert_eq!(
        claims(&tokens.json()["id_token"])["amr"],
        serde_json::json!(["pwd"])
    );
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    other.aiko(&at).await.outside(); // who has a second factor is asked for it all the same
}

#[tokio::test]
async fn a_code_that_was_used_is_no_code_in_another_browser() {
    let service = started().await;
    let (one, two) = (Browser::new(&service), Browser::new(&service));
    let at_one = one.begin("native", &[]).await;
    let at_one = one.password(&at_one, "aiko", PASSWORD).await;
    let at_two = two.begin("native", &[]).await;
    let at_two = two.password(&at_two, "aiko", PASSWORD).await;
    let (earlier, seen) = (code(&service, -1), code(&service, 0));
    one.step(&at_one, "code", &[("code", &seen)])
        .await
        .outside();
    for replayed in [&seen, &earlier] {
        let at = two.step(&at_two, "code", &[("code", replayed)]).await;
        at.shows(422, "used already");
    }
    let next = code(&service, 1);
    two.step(&at_two, "code", &[("code", &next)])
        .await
        .outside();
}

#[tokio::test]
async fn consent_names_the_application_and_where_it_leads() {
    let service = started().await;
    application(&service.center.store, "asking", "Acme Builds", true, vec![]).await;
    let browser = Browser::new(&service);
    let at = browser.begin("asking", &[]).await;
    let at = browser.aiko(&at).await;
    at.shows(200, "Sign in to Acme Builds?");
    for said in [
        "this computer (127.0.0.1)",
        "Aiko 愛子",
        "your name · your e-mail address",
    ] {
        assert!(at.text().contains(said), "{said}: {}", at.text());
    }
    let denied = browser
        .step(&at, "consent", &[("decision", "deny")])
        .await
        .outside();
    assert_eq!(query(&denied, "error").unwrap(), "access_denied");
    assert_eq!(query(&denied, "state").unwrap(), "s t");
    assert_eq!(query(&denied, "code"), None);
    let over = browser.step(&at, "consent", &[("decision", "allow")]).await;
    over.shows(410, "This sign-in is over");

    let at = browser.begin("asking", &[]).await;
    at.shows(200, "Sign in to Acme Builds?");
    let undecided = browser
        .step(&at, "consent", &[("decision", "perhaps")])
        .await;
    undecided.shows(200, "Sign in to Acme Builds?");
    let allowed = browser
        .step(&at, "consent", &[("decision", "allow")])
        .await
        .outside();
    assert!(query(&allowed, "code").is_some());
    let at = browser.begin("native", &[("prompt", "consent")]).await;
    at.shows(200, "Sign in to native?");

    let at = browser
        .begin("asking", &[("redirect_uri", "kiro://kiro.oauth/callback")])
        .await;
    assert!(
        at.text().contains("the app for kiro:// links"),
        "{}",
        at.text()
    );
    let policy = at.answer.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' kiro:;"), "{policy}");
}

#[tokio::test]
async fn who_may_not_is_told_whom_to_ask() {
    let service = started().await;
    let store = &service.center.store;
    let group = store.create_group("acme", "Developers", None, service.center.now());
    let group = group.await.unwrap().unwrap().id;
    application(store, "closed", "Closed", false, vec![group]).await;
    let browser = Browser::new(&service);
    let at = browser.begin("closed", &[]).await;
    let at = browser.aiko(&at).await;
    at.shows(403, "You do not have access yet");
    assert!(
        at.text().contains("Closed is not assigned to Aiko")
            && at.text().contains("Ask it-help@acme.example"),
        "{}",
        at.text()
    );
    assert!(at.text().contains("correlation"), "{}", at.text());
    let none = browser
        .begin("closed", &[("prompt", "none")])
        .await
        .outside();
    assert_eq!(query(&none, "error").unwrap(), "access_denied");
    let added = store.add_member(group, service.user, service.center.now());
    assert_eq!(added.await.unwrap(), Ok(true));
    browser.begin("closed", &[]).await.outside();

    let gone = store.deactivate_user(service.user, service.center.now());
    gone.await.unwrap().unwrap();
    let at = browser.begin("native", &[]).await;
    at.shows(200, "Work e-mail or user name");
    let at = browser.aiko(&at).await;
    at.shows(403, "Your account at Acme is not active.");
    assert!(
        at.text().contains("ask it-help@acme.example"),
        "{}",
        at.text()
    );
    let back = store.reactivate_user(service.user, service.center.now());
    back.await.unwrap().unwrap();
    let at = browser.begin("native", &[]).await;
    at.shows(200, "Work e-mail or user name");
}

#[tokio::test]
async fn a_person_sees_where_they_are_signed_in_and_ends_it() {
    let service = started().await;
    let browser = Browser::new(&service);
    let at = browser.get("/sessions").await;
    at.shows(200, "with your organisation’s account");
    let at = browser.aiko(&at).await;
    assert_eq!(at.path, "/sessions");
    at.shows(200, "No application is signed in.");
    let mut access = Vec::new();
    for _ in 0..3 {
        let back = browser.begin("native", &[]).await.outside();
        let tokens = service.redeem(&query(&back, "code").unwrap()).await.json();
        access.push(tokens["access_token"].as_str().unwrap().to_owned());
    }
    let page = browser.get("/sessions").await;
    let sessions: Vec<String> = page
        .text()
        .split("name=\"session\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(sessions.len(), 4, "three and all of them");
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &["AAAA-BBBB-CCCC-DDDD"]).await;
    let stranger = Browser::new(&service);
    let at = stranger.get("/sessions").await;
    let at = stranger.password(&at, "ben", PASSWORD).await;
    stranger
        .step(&at, "code", &[("code", "aaaabbbbccccdddd")])
        .await
        .shows(200, "Where you are signed in");
    for session in &sessions[..3] {
        stranger
            .post("/sessions/end", &[("session", session)])
            .await;
    }
    let good = async |token: &str| service.userinfo(token).await.status == 200;
    for token in &access {
        assert!(good(token).await, "a stranger ends nothing");
    }
    let nobody = Browser::new(&service);
    nobody
        .post("/sessions/end", &[("session", &sessions[0])])
        .await
        .shows(200, "Work e-mail");
    let page = browser
        .post("/sessions/end", &[("session", &sessions[0])])
        .await;
    page.shows(200, "Where you are signed in");
    let left: Vec<bool> = [
        good(&access[0]).await,
        good(&access[1]).await,
        good(&access[2]).await,
    ]
    .to_vec();
    assert_eq!(left.iter().filter(|good| **good).count(), 2, "{left:?}");
    browser
        .post("/sessions/end", &[("session", "x")])
        .await
        .shows(400, "cannot be read");
    let out = browser.post("/sessions/end", &[("session", "all")]).await;
    assert_eq!(out.path, "/signed-out");
    out.shows(200, "You are signed out");
    for token in &access {
        assert!(!good(token).await);
    }
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
    browser
        .begin("native", &[])
        .await
        .shows(200, "Work e-mail or user name");
}

#[tokio::test]
async fn another_name_and_a_cancelled_sign_in() {
    let service = started().await;
    let browser = Browser::new(&service);
    let first = browser.begin("native", &[]).await;
    let at = browser.step(&first, "name", &[("user_name", "")]).await;
    at.shows(422, "Type your work e-mail or user name.");
    let at = browser.step(&first, "name", &[("user_name", "ben")]).await;
    assert!(at.text().contains("<bdi>ben</bdi>"), "{}", at.text());
    let at = browser.step(&at, "back", &[]).await;
    at.shows(200, "Work e-mail or user name");
    let told = browser.step(&at, "cancel", &[]).await.outside();
    assert_eq!(query(&told, "error").unwrap(), "access_denied");
    assert!(told.as_str().starts_with(CALLBACK));
    browser
        .get(&first.path)
        .await
        .shows(410, "This sign-in is over");
    assert_eq!(VERIFIER.len(), 44);
    let id: String = random::<16>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    browser
        .get(&format!("/sign-in/{id}"))
        .await
        .shows(410, "This sign-in is over");
    browser
        .get("/sign-in/x")
        .await
        .shows(410, "This sign-in is over");
}

#[tokio::test]
async fn pages_speak_the_language_that_is_wanted() {
    let service = started().await;
    let mut browser = Browser::new(&service);
    browser.language = "ja,en;q=0.5";
    let at = browser.begin("native", &[]).await;
    at.shows(200, "<html lang=\"ja\">");
    at.shows(200, "会社のメールアドレスまたはユーザー名");
    let at = browser.get(&format!("{}?lang=en", at.path)).await;
    at.shows(200, "<html lang=\"en\">");
    assert!(!at.path.contains('?'), "{}", at.path);
    browser.get("/device").await.shows(200, "Connect a device");
    let other = Browser::new(&service);
    let at = other.begin("native", &[("ui_locales", "ja-JP fr")]).await;
    at.shows(200, "サインイン");
}

#[tokio::test]
async fn a_refused_request_is_told_in_the_persons_language_and_to_developers_in_english() {
    let service = started().await;
    let mut browser = Browser::new(&service);
    browser.language = "ja";
    for (path, detail) in [
        ("/oauth2/authorize?client_id=x", "client_id"),
        ("/authorize?client_id=x", "client_id"),
        ("/oauth2/end_session?id_token_hint=x", "id_token_hint"),
    ] {
        let page = browser.get(path).await;
        for text in ["この要求は受け付けられません", "invalid_request", detail] {
            page.shows(400, text);
        }
    }
    let asked = "/oauth2/end_session?id_token_hint=x&ui_locales=en";
    let page = browser.get(asked).await;
    page.shows(400, "This request was refused");
}
