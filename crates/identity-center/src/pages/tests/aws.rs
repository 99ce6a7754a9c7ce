//! The pages and AWS's wire together: what a person allows is what the device gets.

use serde_json::{Value, json};

use super::browser::{Browser, PASSWORD, Place, person, started, with_factor, with_password};
use crate::device::GRANT;
use crate::oidc::tests::running::{Answer, CALLBACK, Running, VERIFIER, challenge, encode, query};
use crate::start_url;

async fn call(service: &Running, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    let body = body.to_string();
    service.send("POST", path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn what_a_person_allows_on_the_page_is_what_aws_s_device_gets() {
    let service = started().await;
    let asked = json!({ "clientName": "AWS CLI", "clientType": "public", "scopes": ["sso:account:access"] });
    let client = call(&service, "/client/register", &asked).await.json();
    let with = |members: Value| {
        let mut body =
            json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    let start_url = start_url::of(&service.center.settings, "acme");
    let browser = Browser::new(&service);
    for (decision, shown, status, error) in [
        ("allow", "The device is connected", 200, Value::Null),
        (
            "deny",
            "The device gets nothing",
            400,
            "access_denied".into(),
        ),
    ] {
        let asked = with(json!({ "startUrl": start_url }));
        let started = call(&service, "/device_authorization", &asked).await.json();
        let poll = with(json!({ "grantType": GRANT, "deviceCode": started["deviceCode"] }));
        let pending = call(&service, "/token", &poll).await;
        assert_eq!(pending.error(), "authorization_pending");
        let typed = started["userCode"].as_str().unwrap().to_lowercase();
        let mut at = browser.post("/device", &[("user_code", &typed)]).await;
        if decision == "allow" {
            at = browser.aiko(&at).await;
        }
        at.shows(200, "Connect this device?");
        at.shows(200, "AWS CLI");
        at.shows(200, "127.0.0.1");
        at.shows(200, "your AWS accounts, in your roles");
        at.shows(200, "who you are · your name · your e-mail address");
        let at = browser
            .step(&at, "consent", &[("decision", decision)])
            .await;
        at.shows(200, shown);
        let answer = call(&service, "/token", &poll).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &error));
        if status == 200 {
            let token = answer.json()["accessToken"].as_str().unwrap().to_owned();
            let headers = [("x-amz-sso_bearer_token", token.as_str())];
            let accounts = service.get("/assignment/accounts", &headers).await;
            assert_eq!(accounts.json()["accountList"], json!([]));
        }
    }
}

/// A program registers itself, for codes.
pub(super) async fn registered(service: &Running, name: &str) -> Value {
    let asked = json!({
        "clientName": name, "clientType": "public", "scopes": ["sso:account:access", "codewhisperer:completions"],
        "redirectUris": ["http://127.0.0.1/cb"], "grantTypes": ["authorization_code", "refresh_token"],
        "issuerUrl": start_url::of(&service.center.settings, "acme"),
    });
    call(service, "/client/register", &asked).await.json()
}

/// It sends the browser.
pub(super) async fn begun(browser: &Browser<'_>, client: &Value) -> Place {
    begun_with(browser, client, &[]).await
}

async fn begun_with(browser: &Browser<'_>, client: &Value, more: &[(&str, &str)]) -> Place {
    let challenge = challenge(VERIFIER);
    let mut asked = vec![
        ("response_type", "code"),
        ("client_id", client["clientId"].as_str().unwrap()),
        ("redirect_uri", CALLBACK),
        ("state", "s"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    asked.extend(more);
    browser.get(&format!("/authorize?{}", encode(&asked))).await
}

#[tokio::test]
async fn a_program_is_asked_about_until_its_registration_is_signed_in() {
    let service = started().await;
    let redeemed = async |client: &Value, at: &Place| {
        let body = json!({
            "clientId": client["clientId"], "clientSecret": client["clientSecret"], "grantType": "authorization_code",
            "code": query(&at.outside(), "code").unwrap(), "redirectUri": CALLBACK, "codeVerifier": VERIFIER,
        });
        let answer = call(&service, "/token", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let asks = |at: &Place| {
        for said in [
            "Sign in to AWS CLI?",
            "Any program can call itself that.",
            "this computer (127.0.0.1)",
            "your AWS accounts, in your roles · codewhisperer:completions",
            "who you are · your name · your e-mail address",
            "value=\"deny\"",
        ] {
            at.shows(200, said);
        }
    };
    let (client, allow) = (
        registered(&service, "AWS CLI").await,
        [("decision", "allow")],
    );
    let browser = Browser::new(&service);
    let at = begun(&browser, &client).await;
    let at = browser.aiko(&at).await;
    asks(&at);
    let no = browser.step(&at, "consent", &[("decision", "deny")]).await;
    let error = query(&no.outside(), "error");
    assert_eq!(error.as_deref(), Some("access_denied"));
    // The browser is signed in from now on: that alone allows nothing.
    let at = begun(&browser, &client).await;
    asks(&at);
    let offered = browser.step(&at, "consent", &allow).await;
    asks(&begun(&browser, &client).await);
    redeemed(&client, &offered).await;
    let again = begun(&browser, &client).await;
    redeemed(&client, &again).await;
    // A yes to a part is none to the rest.
    let other = registered(&service, "AWS CLI").await;
    let part = ("scopes", "codewhisperer:completions");
    let at = begun_with(&browser, &other, &[part]).await;
    at.shows(200, "codewhisperer:completions");
    assert!(!at.text().contains("your AWS accounts"), "{}", at.text());
    redeemed(&other, &browser.step(&at, "consent", &allow).await).await;
    redeemed(&other, &begun_with(&browser, &other, &[part]).await).await;
    asks(&begun(&browser, &other).await);
    // Unless it wants the person to choose. What AWS's own endpoint would not know either is passed over.
    for (word, asked) in [
        ("select_account", "Choose an account"),
        ("login", "Work e-mail or user name"),
    ] {
        let at = begun_with(&browser, &client, &[("prompt", word)]).await;
        at.shows(200, asked);
    }
    let again = begun_with(&browser, &client, &[("prompt", "none of these")]).await;
    redeemed(&client, &again).await;
    asks(&begun(&browser, &registered(&service, "AWS CLI").await).await);

    // What one person allowed is not another's.
    let ben = person(&service, "ben", "Ben").await;
    with_password(&service, ben).await;
    with_factor(&service, ben, &["AAAA-BBBB-CCCC-DDDD"]).await;
    let other = Browser::new(&service);
    let at = begun(&other, &client).await;
    let at = other.password(&at, "ben", PASSWORD).await;
    let recovery = [("code", "AAAA-BBBB-CCCC-DDDD")];
    asks(&other.step(&at, "code", &recovery).await);

    // Whoever has ended it is asked again.
    let (store, now) = (&service.center.store, service.center.now());
    for (session, _) in store.own_sessions(service.user, now).await.unwrap() {
        let ended = store.end_own_session(service.user, session.id, now);
        assert!(ended.await.unwrap());
    }
    asks(&begun(&browser, &client).await);
}
