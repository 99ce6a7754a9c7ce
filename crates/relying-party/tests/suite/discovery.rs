//! Discovery against wrong, hostile and broken documents (THREATS.md T10, T11, T24).

use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::{IssuerRule, Metadata, discover};
use serde_json::{Value, json};

use crate::peer::{Peer, told};

const OKTA: &str = "https://idp.example/oauth2/default";
const ENTRA: &str = "https://login.example/organizations/v2.0";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn document() -> Value {
    json!({
        "issuer": OKTA,
        "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": "https://idp.example/token",
        "jwks_uri": "https://idp.example/keys",
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "scopes_supported": ["openid"]
    })
}

async fn ask(
    peer: &Peer,
    issuer: &str,
    rule: IssuerRule,
) -> Result<Metadata, kiro_relying_party::DiscoveryError> {
    discover(peer, &issuer.parse().unwrap(), rule, now()).await
}

/// What is told when the document's field is this (`null`: absent).
async fn check(field: &str, value: Value, expected: &str) {
    let mut document = document();
    document[field] = value;
    document
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let peer = Peer::json(200, document.to_string());
    assert_eq!(
        told(&ask(&peer, OKTA, IssuerRule::Exact).await),
        expected,
        "{field}"
    );
}

#[tokio::test]
async fn fields() {
    for (field, value, expected) in [
        ("unknown", json!(1), "ok"),
        ("issuer", json!("https://evil.example"), "WrongIssuer"),
        (
            "issuer",
            json!("https://idp.example/oauth2/default/"),
            "WrongIssuer",
        ),
        ("issuer", json!("https://idp.example/oauth2"), "WrongIssuer"),
        (
            "issuer",
            json!("https://IDP.example/oauth2/default"),
            "WrongIssuer",
        ),
        (
            "issuer",
            json!("http://idp.example/oauth2/default"),
            "WrongIssuer",
        ),
        (
            "issuer",
            json!("https://idp.example/{tenantid}/default"),
            "WrongIssuer",
        ),
        ("issuer", json!(""), "WrongIssuer"),
        ("issuer", json!(1), "Malformed"),
        ("issuer", Value::Null, "Malformed"),
        (
            "authorization_endpoint",
            json!("http://idp.example/authorize"),
            "InsecureEndpoint",
        ),
        (
            "authorization_endpoint",
            json!("javascript:alert(1)"),
            "InsecureEndpoint",
        ),
        (
            "authorization_endpoint",
            json!("file:///etc/passwd"),
            "InsecureEndpoint",
        ),
        (
            "authorization_endpoint",
            json!("/authorize"),
            "InsecureEndpoint",
        ),
        ("authorization_endpoint", Value::Null, "Malformed"),
        (
            "token_endpoint",
            json!("http://idp.example/token"),
            "InsecureEndpoint",
        ),
        (
            "token_endpoint",
            json!("http://127.0.0.1/token"),
            "InsecureEndpoint",
        ),
        (
            "token_endpoint",
            json!("http://localhost:2375/token"),
            "InsecureEndpoint",
        ),
        (
            "token_endpoint",
            json!("https://user:pass@idp.example/token"),
            "InsecureEndpoint",
        ),
        (
            "token_endpoint",
            json!("https://idp.example/token#x"),
            "InsecureEndpoint",
        ),
        (
            "token_endpoint",
            json!("ftp://idp.example/token"),
            "InsecureEndpoint",
        ),
        ("token_endpoint", Value::Null, "Malformed"),
        (
            "jwks_uri",
            json!("http://idp.example/keys"),
            "InsecureEndpoint",
        ),
        ("jwks_uri", Value::Null, "Malformed"),
        (
            "introspection_endpoint",
            json!("http://idp.example/introspect"),
            "InsecureEndpoint",
        ),
        (
            "revocation_endpoint",
            json!("http://idp.example/revoke"),
            "InsecureEndpoint",
        ),
        (
            "revocation_endpoint",
            json!("https://idp.example/revoke"),
            "ok",
        ),
        (
            "end_session_endpoint",
            json!("http://idp.example/logout"),
            "InsecureEndpoint",
        ),
        (
            "device_authorization_endpoint",
            json!("http://idp.example/device"),
            "InsecureEndpoint",
        ),
        (
            "id_token_signing_alg_values_supported",
            json!("RS256"),
            "Malformed",
        ),
        ("id_token_signing_alg_values_supported", Value::Null, "ok"),
    ] {
        check(field, value, expected).await;
    }
}

#[tokio::test]
async fn answers_that_are_no_document() {
    let good = document().to_string();
    let deep = |field: &str| {
        good.replacen(
            '{',
            &format!(
                "{{\"{field}\":{}{},",
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            1,
        )
    };
    for (status, body, expected) in [
        (200, good.clone(), "ok"),
        (404, "<html>".to_owned(), "NotFound"),
        (401, good.clone(), "NotFound"),
        (204, String::new(), "NotFound"),
        (429, good.clone(), "Temporary"),
        (500, good.clone(), "Temporary"),
        (503, String::new(), "Temporary"),
        (200, String::new(), "Malformed"),
        (200, "<!doctype html>".to_owned(), "Malformed"),
        (200, "[]".to_owned(), "Malformed"),
        (200, good[..good.len() / 2].to_owned(), "Malformed"),
        (200, format!("{good}{good}"), "Malformed"),
        (
            200,
            good.replacen('{', "{\"issuer\":\"https://evil.example\",", 1),
            "Malformed",
        ),
        (200, deep("unknown"), "Malformed"),
        (200, deep("scopes_supported_"), "Malformed"),
        (200, deep("issuer_"), "Malformed"),
    ] {
        let peer = Peer::json(status, body.clone());
        assert_eq!(
            told(&ask(&peer, OKTA, IssuerRule::Exact).await),
            expected,
            "{status} {:.40}",
            body
        );
    }
}

#[tokio::test]
async fn the_document_stands_below_the_issuer() {
    for (issuer, found, expected) in [
        (
            "https://idp.example/oauth2/default",
            "https://idp.example/oauth2/default",
            "ok",
        ),
        (
            "https://idp.example/oauth2/default/",
            "https://idp.example/oauth2/default",
            "ok",
        ),
        (
            "https://idp.example/oauth2/default/",
            "https://idp.example/oauth2/default/",
            "ok",
        ),
        (
            "https://idp.example/oauth2/default?x=1",
            "https://idp.example/oauth2/default",
            "WrongIssuer",
        ),
    ] {
        let mut document = document();
        document["issuer"] = json!(found);
        let peer = Peer::json(200, document.to_string());
        assert_eq!(
            told(&ask(&peer, issuer, IssuerRule::Exact).await),
            expected,
            "{issuer}"
        );
        assert_eq!(
            peer.address(),
            "https://idp.example/oauth2/default/.well-known/openid-configuration"
        );
    }
    let mut document = document();
    document["issuer"] = json!("https://idp.example");
    let peer = Peer::json(200, document.to_string());
    assert_eq!(
        ask(&peer, "https://idp.example", IssuerRule::Exact)
            .await
            .unwrap()
            .issuer,
        "https://idp.example"
    );
    assert_eq!(
        peer.address(),
        "https://idp.example/.well-known/openid-configuration"
    );
}

#[tokio::test]
async fn an_insecure_issuer_is_not_asked() {
    for issuer in [
        "http://idp.example",
        "http://127.0.0.1.evil.example",
        "https://user@idp.example",
        "https://idp.example/#x",
        "ftp://idp.example",
    ] {
        let peer = Peer::json(200, document().to_string());
        assert_eq!(
            told(&ask(&peer, issuer, IssuerRule::Exact).await),
            "Http",
            "{issuer}"
        );
        assert_eq!(peer.asked(), 0, "{issuer}");
    }
}

#[tokio::test]
async fn development_on_this_computer_may_speak_http() {
    let text = document()
        .to_string()
        .replace("https://idp.example", "http://127.0.0.1:9000");
    let peer = Peer::json(200, text.replace("/oauth2/default", ""));
    assert_eq!(
        told(&ask(&peer, "http://127.0.0.1:9000", IssuerRule::Exact).await),
        "ok"
    );
}

#[tokio::test]
async fn templates() {
    let of = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
    let other = "99999999-2222-3333-4444-555555555555";
    for (configured, found, expected) in [
        (ENTRA.to_owned(), of("{tenantid}"), "ok"),
        (ENTRA.to_owned(), of(TENANT), "ok"),
        (ENTRA.to_owned(), ENTRA.to_owned(), "ok"),
        (of("contoso.example"), of(TENANT), "ok"),
        (of(TENANT), of(TENANT), "ok"),
        (of(TENANT), of("{tenantid}"), "ok"),
        (of(TENANT), of(&TENANT.to_uppercase()), "ok"),
        (of(TENANT), of(other), "WrongIssuer"),
        (of(TENANT), of("organizations"), "WrongIssuer"),
        (ENTRA.to_owned(), of(""), "WrongIssuer"),
        (ENTRA.to_owned(), of("a/b"), "WrongIssuer"),
        (ENTRA.to_owned(), of(".%2e"), "WrongIssuer"),
        (ENTRA.to_owned(), of("{tenantid}{tenantid}"), "WrongIssuer"),
        (ENTRA.to_owned(), format!("{}?x", of(TENANT)), "WrongIssuer"),
        (ENTRA.to_owned(), format!("{}#x", of(TENANT)), "WrongIssuer"),
        (
            ENTRA.to_owned(),
            format!("https://login.example/{TENANT}/v1.0"),
            "WrongIssuer",
        ),
        (
            ENTRA.to_owned(),
            format!("https://login.example/{TENANT}"),
            "WrongIssuer",
        ),
        (
            ENTRA.to_owned(),
            format!("https://login.example.evil/{TENANT}/v2.0"),
            "WrongIssuer",
        ),
        (
            ENTRA.to_owned(),
            format!("https://user@login.example/{TENANT}/v2.0"),
            "WrongIssuer",
        ),
        (
            ENTRA.to_owned(),
            format!("http://login.example/{TENANT}/v2.0"),
            "WrongIssuer",
        ),
        (
            ENTRA.to_owned(),
            "https://{tenantid}/organizations/v2.0".to_owned(),
            "WrongIssuer",
        ),
    ] {
        let mut document = document();
        document["issuer"] = json!(found);
        let peer = Peer::json(200, document.to_string());
        assert_eq!(
            told(&ask(&peer, &configured, IssuerRule::Template).await),
            expected,
            "{configured} {found}"
        );
    }
}

#[tokio::test]
async fn what_it_says_is_told() {
    let mut full = document();
    full["authorization_response_iss_parameter_supported"] = json!(true);
    full["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    full["end_session_endpoint"] = json!("https://idp.example/logout");
    let metadata = ask(&Peer::json(200, full.to_string()), OKTA, IssuerRule::Exact)
        .await
        .unwrap();
    assert_eq!(metadata.issuer, OKTA);
    assert!(metadata.iss_parameter);
    assert_eq!(metadata.pkce_s256, Some(true));
    let methods = metadata.token_endpoint_auth_methods.unwrap();
    assert_eq!(methods, ["client_secret_post"]);
    assert_eq!(
        metadata.end_session_endpoint.unwrap().as_str(),
        "https://idp.example/logout"
    );
    assert_eq!(metadata.clock_skew, None);

    let mut sparse = document();
    sparse["code_challenge_methods_supported"] = json!(["plain"]);
    let metadata = ask(
        &Peer::json(200, sparse.to_string()),
        OKTA,
        IssuerRule::Exact,
    )
    .await
    .unwrap();
    assert_eq!(
        (metadata.pkce_s256, metadata.iss_parameter),
        (Some(false), false)
    );

    sparse
        .as_object_mut()
        .unwrap()
        .remove("code_challenge_methods_supported");
    let metadata = ask(
        &Peer::json(200, sparse.to_string()),
        OKTA,
        IssuerRule::Exact,
    )
    .await
    .unwrap();
    assert_eq!(metadata.pkce_s256, None);
}

#[tokio::test]
async fn the_clocks_difference_is_told() {
    for (date, expected) in [
        ("Fri, 01 May 2026 12:00:00 GMT", Some(0)),
        ("Fri, 01 May 2026 12:06:40 GMT", Some(400)),
        ("Fri, 01 May 2026 11:00:00 GMT", Some(-3600)),
        ("yesterday", None),
        ("", None),
    ] {
        let peer = Peer::new(move |_| {
            let mut answer = crate::peer::json(200, document().to_string());
            answer.headers_mut().insert("date", date.parse().unwrap());
            Ok(answer)
        });
        let metadata = ask(&peer, OKTA, IssuerRule::Exact).await.unwrap();
        assert_eq!(
            metadata.clock_skew,
            expected.map(SignedDuration::from_secs),
            "{date}"
        );
    }
}
