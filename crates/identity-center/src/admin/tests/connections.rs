//! An owner connects an identity provider, tries it, and sends people there.

use serde_json::{Value, json};
use url::{Position, Url};

use super::{administrator, ask, kind, token};
use crate::administrator::Role;
use crate::oidc::tests::running::{Running, query};
use crate::pages::tests::browser::{Browser, application, person, started};
use crate::pages::tests::federation::{AIKO, Provider, signed_in};
use crate::store::values;

/// The provider's own words, as an owner says them.
fn said(okta: &Provider) -> Value {
    let told = okta.told();
    json!({
        "kind": "okta",
        "issuer": told["issuer"],
        "client_id": told["client_id"],
        "client_secret": told["client_secret"],
        "domains": ["okta.acme.example"],
    })
}

/// A certificate of an RSA key of 1024 bits.
const WEAK: &str = "MIIB/DCCAWWgAwIBAgIUaOqMo4H1g0cVr6cospxlxGcrLUkwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjUyMDQ1MTRaGA8yMTI2MTEwMTIwNDUxNFowDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEAzH89gnhipkPxubqBn7ohNCkyEP+p+0um9C7zqv7x84N3gVZmizzfFUCGefQp0QT1tDTiGodUl12/3s7hFyOk/LsW5a3vzIyPgrzpq+cF+TszVRf7NOCxTJV231jUOqCqrP/8U7FULLwaWCWEj5UdGpILbdv4Zmb0fo7ZC8ik0sUCAwEAAaNTMFEwHQYDVR0OBBYEFFBbk1cfEFCFhlB4vHlfCy6JbjfGMB8GA1UdIwQYMBaAFFBbk1cfEFCFhlB4vHlfCy6JbjfGMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEAJfB4Kh6QoIAWhpQCKXlOXBxefGAsliU0wDyKMAFv0nfECo3QCHo9Aqb8DIOkRUZOsY0m3yjUGu17jGrwZ8nLxdl81Et2HEYq+qWs5ZueD4P9m6LxF5oBA1Xh/n6fyxP5OA5PVXZVjwP3XrPviNHgPZ16desDkOU1hQeO7SA3dro=";
/// A certificate of a key on P-256.
const CURVE: &str = "MIIBdjCCARugAwIBAgIUA1PCJXYf+5dKxSpQAPlCFvSqfFMwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjUyMDQ1MTRaGA8yMTI2MTEwMTIwNDUxNFowDzENMAsGA1UEAwwEd2VhazBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJqA2VpjzGYYububmdhhfZAiGgBb2saOx6s9srtIpfo/mZ5cx9UU/sf5bgaJsuv/TetucEbLrnDVwagg/iCPS32jUzBRMB0GA1UdDgQWBBRIXJBUvvJX7ekb+0W/knQWAMU3fTAfBgNVHSMEGDAWgBRIXJBUvvJX7ekb+0W/knQWAMU3fTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDYI7MzYlxR+vFamJJN1XFfQQLZgb5hL/jWFgKmB1IcrgIhAP/0XrvrUA4dl/5SBX1Zpu/ng2RFCNAFqYCAHJL1Y6br";

async fn without_passwords(service: &Running) {
    let gone = service
        .center
        .store
        .write(|tx| Box::pin(async move { tx.execute("DELETE FROM passwords", values![]).await }));
    gone.await.unwrap();
}

#[tokio::test]
async fn a_connection_is_active_once_somebody_has_come_back_from_it() {
    let service = started().await;
    let okta = Provider::okta().await;
    application(&service.center.store, "kiro", "Kiro", false, vec![]).await;
    person(&service, AIKO, "Aiko").await;
    let (owner, token) = administrator(&service, "acme", Role::Owner).await;
    let ask = async |method: &str, path: &str, body: Value| {
        ask(&service, &token, method, path, &body).await
    };
    let nothing = || Value::Null;

    let made = ask("PUT", "/connections/okta", said(&okta)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let secret = okta.told()["client_secret"].as_str().unwrap();
    assert!(!made.text().contains(secret), "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["active"], &made["last_sign_in_at"]),
        (&json!(false), &Value::Null)
    );
    let back = format!("{}/federation/oidc/acme/okta/callback", service.issuer());
    assert_eq!(made["redirect_uri"], back);
    let untried = ask("POST", "/connections/okta/activate", nothing()).await;
    assert_eq!((untried.status, kind(&untried).as_str()), (409, "untried"));
    let none = ask("GET", "/connections/okta/trial", nothing()).await;
    assert_eq!(none.status, 404);

    let link = ask("POST", "/connections/okta/trial", nothing()).await;
    assert_eq!(link.status, 201);
    let link: Url = link.json()["url"].as_str().unwrap().parse().unwrap();
    let trial = async || {
        ask("GET", "/connections/okta/trial", nothing())
            .await
            .json()
    };
    assert_eq!(trial().await["done"], false);
    let still = ask("POST", "/connections/okta/activate", nothing()).await;
    assert_eq!(kind(&still), "untried", "a link is no sign-in");
    let browser = Browser::new(&service);
    let at = browser.get(link.path()).await;
    let away = browser.step(&at, "trial", &[]).await.answer.location();
    let back = okta.sign_in(away, "aiko").await;
    let page = browser.get(&back[Position::BeforePath..]).await;
    page.shows(200, "The connection works");
    let came = trial().await;
    assert_eq!(
        (&came["done"], &came["user_name"]),
        (&json!(true), &json!(AIKO))
    );

    without_passwords(&service).await;
    let nobody = ask("POST", "/connections/okta/activate", nothing()).await;
    assert_eq!(
        (nobody.status, kind(&nobody).as_str()),
        (409, "no-local-owner")
    );
    let (store, now) = (&service.center.store, service.center.now());
    store
        .set_password(owner, "hash".to_owned(), now)
        .await
        .unwrap();
    let active = ask("POST", "/connections/okta/activate", nothing()).await;
    assert_eq!(active.status, 204);
    let at = browser.begin("kiro", &[]).await;
    signed_in(&browser, &at, &okta, AIKO).await.outside();
    let all = ask("GET", "/connections", nothing()).await.json();
    assert!(all["items"][0]["last_sign_in_at"].is_string(), "{all}");
    let status = ask("GET", "/status", nothing()).await.json();
    assert_eq!(status["connections"][0]["active"], true);

    // What was in use may be switched on again without another test.
    let off = ask("POST", "/connections/okta/deactivate", nothing()).await;
    assert_eq!(off.status, 204);
    let other = Browser::new(&service);
    let at = other.begin("kiro", &[]).await;
    let at = other.step(&at, "name", &[("user_name", AIKO)]).await;
    at.shows(200, "Enter your password");
    let changed = ask("PUT", "/connections/okta", said(&okta)).await.json();
    assert_eq!(changed["active"], false, "a change activates nothing");
    let on = ask("POST", "/connections/okta/activate", nothing()).await;
    assert_eq!(on.status, 204);
    assert_eq!(
        ask("DELETE", "/connections/okta", nothing()).await.status,
        204
    );
    assert_eq!(
        ask("DELETE", "/connections/okta", nothing()).await.status,
        404
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_connected_is_refused_in_words() {
    let service = started().await;
    let okta = Provider::okta().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    let check = async |change: Value, status: u16, expected: &str| {
        let mut body = said(&okta);
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = ask(&service, &token, "PUT", "/connections/okta", &body).await;
        let found = (answer.status, kind(&answer));
        assert_eq!(
            found,
            (status, expected.to_owned()),
            "{change}: {}",
            answer.text()
        );
        let secret = okta.told()["client_secret"].as_str().unwrap();
        assert!(!answer.text().contains(secret), "{}", answer.text());
    };
    check(json!({ "issuer": "http://idp.example" }), 422, "issuer").await;
    check(json!({ "issuer": null }), 422, "issuer").await;
    check(json!({ "tenant": "acme" }), 422, "issuer").await;
    check(
        json!({ "kind": "entra", "issuer": null, "tenant": "a/b" }),
        422,
        "issuer",
    )
    .await;
    check(json!({ "domains": [] }), 422, "domains").await;
    check(json!({ "domains": ["acme.example/x"] }), 422, "domains").await;
    check(json!({ "kind": "saml" }), 400, "body").await;
    check(json!({ "more": 1 }), 400, "body").await;
    okta.control(json!({ "unreachable": true })).await;
    check(json!({}), 422, "discovery").await;
    okta.control(json!({ "unreachable": false, "jwks_status": 503 }))
        .await;
    check(json!({}), 422, "keys").await;
    okta.control(json!({ "jwks_status": null })).await;
    check(json!({}), 200, "").await;
    let other = Provider::okta().await;
    let issuer = other.told()["issuer"].clone();
    check(json!({ "issuer": issuer }), 409, "other-issuer").await;
    let all = ask(&service, &token, "GET", "/connections", &Value::Null)
        .await
        .json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_provider_is_connected_by_its_saml_metadata() {
    let service = started().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    let metadata = include_str!("../../../../../fuzz/src/saml_metadata.xml");
    let put = async |name: &str, body: Value| {
        let path = format!("/connections/{name}");
        ask(&service, &token, "PUT", &path, &body).await
    };
    let said = |metadata: &str| json!({ "kind": "okta", "metadata": metadata, "domains": ["saml.acme.example"] });
    let check = async |name: &str, body: Value, expected: &str| {
        let answer = put(name, body).await;
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (422, expected),
            "{}",
            answer.text()
        );
        answer.text()
    };
    let key = metadata
        .split("<ns1:X509Certificate>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let from = metadata.find("<ns0:KeyDescriptor").unwrap();
    let to = metadata.find("</ns0:KeyDescriptor>").unwrap() + "</ns0:KeyDescriptor>".len();
    let without = metadata.replace(&metadata[from..to], "");
    let told = check("okta", said(&without), "metadata").await;
    assert!(told.contains("no signing certificate"), "{told}");
    // RSA of 1024 bits, and a curve.
    for weak in [WEAK, CURVE] {
        let told = check("okta", said(&metadata.replace(key, weak)), "metadata").await;
        assert!(told.contains("RSA of 2048 bits"), "{told}");
    }
    let told = check("okta", said(&metadata.replace(key, "AAAA")), "metadata").await;
    assert!(told.contains("RSA of 2048 bits"), "{told}");
    let typed = metadata.replacen(
        "<ns0:Entity",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><ns0:Entity",
        1,
    );
    let told = check("okta", said(&typed), "metadata").await;
    assert!(told.contains("document type"), "{told}");
    let plain = metadata.replace("http://127.0.0.1", "http://idp.example");
    let told = check("okta", said(&plain), "metadata").await;
    assert!(told.contains("no https address"), "{told}");
    for other in ["", "<x/>", "not XML", &format!("{metadata}{metadata}")] {
        check("okta", said(other), "metadata").await;
    }
    let mut both = said(metadata);
    both["client_id"] = json!("x");
    check("okta", both, "metadata").await;
    check("O%20kta", said(metadata), "not-a-name").await;
    check(
        "okta",
        json!({ "kind": "okta", "issuer": "https://idp.example", "domains": ["a.example"] }),
        "client",
    )
    .await;

    let made = put("okta", said(metadata)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    let ours = format!("{}/federation/saml/acme/okta", service.issuer());
    assert_eq!(made["redirect_uri"], format!("{ours}/acs"));
    assert_eq!(
        made["saml"]["service_entity_id"],
        format!("{ours}/metadata")
    );
    assert_eq!(made["saml"]["entity_id"], "http://www.okta.com/exk1");
    assert_eq!(made["saml"]["idp_initiated"], false);
    assert_eq!(
        made["saml"]["certificates_end_at"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let status = ask(&service, &token, "GET", "/status", &Value::Null).await;
    let status = status.json();
    assert_eq!(
        status["connections"][0]["certificates_end_at"],
        made["saml"]["certificates_end_at"]
    );
    assert!(status["next_signing_key_at"].is_string(), "{status}");
    let untried = ask(
        &service,
        &token,
        "POST",
        "/connections/okta/activate",
        &Value::Null,
    )
    .await;
    assert_eq!(kind(&untried), "untried");
    let other = metadata.replace("http://www.okta.com/exk1", "http://www.okta.com/exk2");
    let answer = put("okta", said(&other)).await;
    assert_eq!(
        (answer.status, kind(&answer).as_str()),
        (409, "other-issuer")
    );
    let path = "/federation/saml/acme/okta/metadata";
    let ours = service.get(path, &[]).await;
    assert_eq!(
        ours.header("content-type"),
        Some("application/samlmetadata+xml")
    );
    assert!(
        ours.text().contains("WantAssertionsSigned=\"true\""),
        "{}",
        ours.text()
    );
    assert_eq!(
        service
            .get("/federation/saml/nobody/okta/metadata", &[])
            .await
            .status,
        404
    );
}

/// The provider is not to be trusted any more: everything that began there ends in one go, on either wire.
#[tokio::test]
async fn what_began_at_a_provider_ends_with_it() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    let aiko = person(&service, AIKO, "Aiko").await;
    let (_, owner) = administrator(&service, "acme", Role::Owner).await;
    let (_, operator) = administrator(&service, "acme", Role::Operator).await;
    let browser = Browser::new(&service);
    let scope = [("scope", "openid offline_access")];
    let at = browser.begin("native", &scope).await;
    let back = signed_in(&browser, &at, &okta, AIKO).await.outside();
    let tokens = service.redeem(&query(&back, "code").unwrap()).await.json();
    let text = |member: &str| tokens[member].as_str().unwrap().to_owned();
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    let here = token(&service, aiko, &["openid"], &["pwd"]).await;
    // Another one goes to the provider and has not come back.
    let other = Browser::new(&service);
    let at = other.begin("native", &[]).await;
    let at = other.step(&at, "name", &[("user_name", AIKO)]).await;
    let away = at.answer.location();

    let (off, end) = ("/connections/okta/deactivate", "/connections/okta/sessions");
    let refused = ask(&service, &operator, "DELETE", end, &Value::Null).await;
    assert_eq!(refused.status, 403);
    let done = ask(&service, &owner, "POST", off, &Value::Null).await;
    assert_eq!(done.status, 204);
    assert_eq!(service.userinfo(&access).await.status, 200);
    let renewed = service.refresh(&refresh).await.json();
    let at = browser.begin("native", &[]).await;
    at.shows(200, "Work e-mail or user name");

    let done = ask(&service, &owner, "DELETE", end, &Value::Null).await;
    assert_eq!((done.status, done.json()), (200, json!({ "sessions": 1 })));
    for gone in [&access, renewed["access_token"].as_str().unwrap()] {
        assert_eq!(service.userinfo(gone).await.status, 401);
    }
    let refresh = renewed["refresh_token"].as_str().unwrap();
    assert_eq!(service.refresh(refresh).await.error(), "invalid_grant");
    assert_eq!(service.userinfo(&here).await.status, 200, "by no provider");
    let on = ask(
        &service,
        &owner,
        "POST",
        "/connections/okta/activate",
        &Value::Null,
    )
    .await;
    assert_eq!(on.status, 204);
    let back = okta.sign_in(away, AIKO).await;
    let late = other.get(&back[Position::BeforePath..]).await;
    late.shows(410, "This sign-in is over");
    let none = ask(
        &service,
        &owner,
        "DELETE",
        "/connections/none/sessions",
        &Value::Null,
    )
    .await;
    assert_eq!(none.status, 404);
}
