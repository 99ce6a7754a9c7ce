//! What others try on the way back (THREATS.md T2 to T4, T6, T7).

use serde_json::json;
use url::Url;

use super::provider::{AIKO, MAYA, Provider, activate, brought, connect_as, led};
use crate::oidc::tests::running::{Running, encode, query};
use crate::pages::tests::browser::{Browser, person, started};

/// The address with one parameter changed, or taken away.
fn with(address: &Url, name: &str, value: Option<&str>) -> Url {
    let mut pairs: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    pairs.retain(|(of, _)| of != name);
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut changed = address.clone();
    changed.set_query(Some(&encode(&pairs)));
    changed
}

async fn is_nobody(service: &Running, browser: &Browser<'_>) {
    assert!(!browser.jar.borrow().contains_key("kiro-browser"));
    let count = service.center.store.read(|tx| {
        Box::pin(async move {
            let sql =
                "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM browser_sessions)";
            tx.row(sql, &[]).await?.unwrap().integer(0)
        })
    });
    assert_eq!(count.await.unwrap(), 0, "nobody is signed in");
}

#[tokio::test]
async fn a_provider_that_sends_the_browser_on_to_another_gets_nothing_of_that_one_s() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let entra = Provider::entra(None).await;
    entra.connected(&service).await;
    person(&service, MAYA, "Maya").await;
    let (browser, attacker) = (Browser::new(&service), Browser::new(&service));
    let at = browser.begin("native", &[]).await;
    let sent = led(&browser, &at, AIKO).await;
    let state = query(&sent, "state").unwrap();
    // Okta has the browser sign in at Entra ID for whom it likes, with the state that it was given (RFC 9700 §4.4.1).
    let theirs = attacker.begin("native", &[]).await;
    let theirs = led(&attacker, &theirs, MAYA).await;
    let back = entra
        .sign_in(with(&theirs, "state", Some(&state)), "maya")
        .await;
    assert_eq!(query(&back, "state").unwrap(), state);
    let page = brought(&browser, &back).await;
    page.shows(410, "This sign-in is over");
    assert_eq!(okta.seen("token_requests").await, 0, "it has no code");
    let genuine = okta.sign_in(sent, "aiko").await;
    let genuine = &genuine[url::Position::BeforePath..];
    for wrong in [("/acme/", "/hinoki/"), ("/okta/", "/entra/")] {
        let elsewhere = genuine.replace(wrong.0, wrong.1);
        let page = browser.get(&elsewhere).await;
        page.shows(410, "This sign-in is over");
    }
    is_nobody(&service, &browser).await;
    browser.get(genuine).await.outside();
}

#[tokio::test]
async fn forged_answers_change_nothing_and_the_genuine_one_wins_once() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    let state = query(&back, "state").unwrap();
    let (id, random) = state.split_once('.').unwrap();
    let over = "This sign-in is over";
    let unreadable = "This request cannot be read";
    let forged = [
        (with(&back, "state", None), 400, unreadable),
        (with(&back, "state", Some("x")), 410, over),
        (with(&back, "state", Some(random)), 410, over),
        (with(&back, "state", Some(id)), 410, over),
        (with(&back, "state", Some(&format!("{id}."))), 410, over),
        (
            with(&back, "state", Some(&format!("{id}.{}", "A".repeat(43)))),
            410,
            over,
        ),
        (
            with(
                &back,
                "state",
                Some(&format!("{}.{random}", "0".repeat(32))),
            ),
            410,
            over,
        ),
        (with(&back, "code", None), 400, unreadable),
        (with(&back, "error", Some("access_denied")), 400, unreadable),
        (
            format!("{back}&state={state}").parse().unwrap(),
            400,
            unreadable,
        ),
        (
            format!("{back}&x={}", "x".repeat(9000)).parse().unwrap(),
            400,
            unreadable,
        ),
    ];
    for (address, status, text) in &forged {
        let page = brought(&browser, address).await;
        page.shows(*status, text);
        assert_eq!(page.answer.header("referrer-policy"), Some("no-referrer"));
    }
    // Somebody else's browser, whether or not it has begun a sign-in of its own.
    let other = Browser::new(&service);
    brought(&other, &back).await.shows(410, over);
    let begun = other.begin("native", &[]).await;
    led(&other, &begun, AIKO).await;
    brought(&other, &back).await.shows(410, over);
    assert_eq!(okta.seen("token_requests").await, 0);
    is_nobody(&service, &other).await;

    let code = query(&brought(&browser, &back).await.outside(), "code");
    assert!(code.is_some());
    let again = brought(&browser, &back).await;
    again.shows(410, over);
    assert_eq!(okta.seen("token_requests").await, 1, "a code is sent once");
}

#[tokio::test]
async fn an_answer_counts_for_the_attempt_that_it_was_made_for() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let first = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    // The browser's Back, and another try.
    let again = browser.get(&at.path).await;
    again.shows(200, "Work e-mail or user name");
    let second = okta
        .sign_in(led(&browser, &again, AIKO).await, "aiko")
        .await;
    brought(&browser, &first)
        .await
        .shows(410, "This sign-in is over");
    brought(&browser, &second).await.outside();
    // The password's way is no way round it either.
    let at = browser.begin("native", &[("prompt", "login")]).await;
    let third = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
    browser.step(&at, "name", &[("user_name", "aiko")]).await;
    brought(&browser, &third)
        .await
        .shows(410, "This sign-in is over");
    assert_eq!(okta.seen("token_requests").await, 1);
}

#[tokio::test]
async fn another_issuer_s_answer_and_another_connection_s_code_are_refused() {
    let service = started().await;
    let (okta, entra) = (Provider::okta().await, Provider::entra(None).await);
    okta.connected(&service).await;
    entra.connected(&service).await;
    person(&service, AIKO, "Aiko").await;
    person(&service, "aiko@entra.acme.example", "Aiko").await;
    let browser = Browser::new(&service);
    let untrusted = "This sign-in could not be verified";
    let refused = async |change: &dyn Fn(&Url) -> Url| {
        let at = browser.begin("native", &[]).await;
        let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
        let page = brought(&browser, &change(&back)).await;
        page.shows(502, untrusted);
        // What was answered is used up.
        brought(&browser, &back)
            .await
            .shows(410, "This sign-in is over");
    };
    refused(&|back| with(back, "iss", None)).await;
    refused(&|back| with(back, "iss", Some("https://evil.example"))).await;
    refused(&|back| {
        let theirs = query(back, "iss").unwrap();
        with(back, "iss", Some(&format!("{theirs}/")))
    })
    .await;
    refused(&|back| {
        let error = with(back, "code", None);
        let error = with(&error, "error", Some("access_denied"));
        with(&error, "iss", Some("https://evil.example"))
    })
    .await;
    assert_eq!(okta.seen("token_requests").await, 0);

    let stolen = {
        let victim = Browser::new(&service);
        let at = victim.begin("native", &[]).await;
        let address = led(&victim, &at, "aiko@entra.acme.example").await;
        query(&entra.sign_in(address, "aiko").await, "code").unwrap()
    };
    refused(&|back| with(back, "code", Some(&stolen))).await;
    // The same provider's code, of another browser's sign-in: PKCE and nonce are the other's.
    let stolen = {
        let victim = Browser::new(&service);
        let at = victim.begin("native", &[]).await;
        let address = led(&victim, &at, AIKO).await;
        query(&okta.sign_in(address, "aiko").await, "code").unwrap()
    };
    refused(&|back| with(back, "code", Some(&stolen))).await;
    is_nobody(&service, &browser).await;
}

#[tokio::test]
async fn an_id_token_that_does_not_check_out_signs_nobody_in() {
    let (service, okta) = Provider::okta_with_aiko().await;
    let browser = Browser::new(&service);
    for tamper in [
        json!("issuer"),
        json!("nonce"),
        json!("aud"),
        json!("expired"),
        json!("signature"),
        json!({ "azp": "somebody-else" }),
        json!({ "at_hash": "AAAA" }),
        json!({ "sub": "" }),
        json!({ "sub": "s".repeat(256) }),
        json!({ "iat": 4_000_000_000_u64 }),
        json!({ "exp": "soon" }),
    ] {
        okta.control(json!({ "tamper": tamper })).await;
        let at = browser.begin("native", &[]).await;
        let back = okta.sign_in(led(&browser, &at, AIKO).await, "aiko").await;
        let page = brought(&browser, &back).await;
        page.shows(502, "This sign-in could not be verified");
        assert!(page.text().contains("upstream_untrusted"), "{tamper}");
    }
    is_nobody(&service, &browser).await;
}

#[tokio::test]
async fn under_a_template_only_the_allowed_tenants_sign_in() {
    let service = started().await;
    let entra = Provider::entra(Some("organizations")).await;
    let connection = entra.connected(&service).await;
    assert!(
        connection
            .details
            .issuer
            .path()
            .starts_with("/organizations/")
    );
    person(&service, MAYA, "Maya").await;
    let browser = Browser::new(&service);
    entra.control(json!({ "tamper": "tenant" })).await;
    let at = browser.begin("native", &[]).await;
    let back = entra.sign_in(led(&browser, &at, MAYA).await, "maya").await;
    let page = brought(&browser, &back).await;
    page.shows(403, "This account belongs elsewhere");
    // A tenant that is allowed, in an issuer that is not its own.
    let tid = "99999999-9999-4999-8999-999999999999";
    entra.control(json!({ "tamper": { "tid": tid } })).await;
    let back = entra.sign_in(led(&browser, &at, MAYA).await, "maya").await;
    brought(&browser, &back)
        .await
        .shows(502, "This sign-in could not be verified");
    is_nobody(&service, &browser).await;
}

#[tokio::test]
async fn a_tenant_that_is_not_on_the_list_is_refused_where_the_issuer_is_its_own_too() {
    let service = started().await;
    let entra = Provider::entra(None).await;
    let mut asked = entra.described("entra.acme.example");
    asked.tenants = vec!["99999999-9999-4999-8999-999999999999".to_owned()];
    let connection = connect_as(&service, asked).await.unwrap();
    activate(&service, &connection).await;
    person(&service, MAYA, "Maya").await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = entra.sign_in(led(&browser, &at, MAYA).await, "maya").await;
    brought(&browser, &back)
        .await
        .shows(403, "This account belongs elsewhere");
    is_nobody(&service, &browser).await;
}

#[tokio::test]
async fn groups_that_are_too_many_are_not_fetched_from_where_the_token_says() {
    let service = started().await;
    let entra = Provider::entra(None).await;
    entra.connected(&service).await;
    person(&service, MAYA, "Maya").await;
    let graph = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    graph.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}/getMemberObjects", graph.local_addr().unwrap());
    let overage = json!({
        "_claim_names": { "groups": "src1" },
        "_claim_sources": { "src1": { "endpoint": endpoint } },
        "hasgroups": true,
    });
    entra.control(json!({ "tamper": overage })).await;
    let browser = Browser::new(&service);
    let at = browser.begin("native", &[]).await;
    let back = entra.sign_in(led(&browser, &at, MAYA).await, "maya").await;
    brought(&browser, &back).await.outside();
    let asked = graph.accept().map_err(|error| error.kind());
    assert_eq!(asked.err(), Some(std::io::ErrorKind::WouldBlock));
}
