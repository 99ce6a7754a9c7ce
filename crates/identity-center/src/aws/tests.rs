//! AWS's wire over real HTTP. Who signs in is decided by a stand-in for the pages: it grants at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod device;
mod malformed;
mod models;
mod peers;
mod portal;
mod redirects;
mod sts;

use serde_json::{Value, json};

use crate::lockout::REGISTRATIONS;
use crate::oidc::tests::running::{Answer, Running, VERIFIER, challenge, encode, query};
use crate::store::Guess;

const CALLBACK: &str = "http://127.0.0.1:4321/oauth/callback";

async fn call(service: &Running, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    service
        .send("POST", path, &headers, body.to_string().as_bytes())
        .await
}

fn registration() -> Value {
    json!({
        "clientName": "An IDE",
        "clientType": "public",
        "scopes": ["sso:account:access"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "issuerUrl": "https://acme.awsapps.com/start",
    })
}

/// A registered client, ready for [`create_token`].
async fn register(service: &Running) -> Value {
    let answer = call(service, "/client/register", &registration()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let client = answer.json();
    let lives = client["clientSecretExpiresAt"].as_i64().unwrap()
        - client["clientIdIssuedAt"].as_i64().unwrap();
    assert_eq!(lives, 90 * 86_400);
    client
}

async fn create_token(service: &Running, client: &Value, members: Value) -> Answer {
    let mut body =
        json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    call(service, "/token", &body).await
}

fn asked<'a>(client: &'a Value, challenge: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client["clientId"].as_str().unwrap()),
        ("redirect_uri", CALLBACK),
        ("scopes", "sso:account:access"),
        ("state", "s t"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ]
}

async fn code(service: &Running, client: &Value) -> String {
    let challenge = challenge(VERIFIER);
    let back = service
        .authorize_at("/authorize", &asked(client, &challenge))
        .await;
    assert!(back.as_str().starts_with(CALLBACK), "{back}");
    assert_eq!(query(&back, "state").unwrap(), "s t");
    query(&back, "code").unwrap()
}

fn redemption(code: &str) -> Value {
    json!({ "grantType": "authorization_code", "code": code, "redirectUri": CALLBACK, "codeVerifier": VERIFIER })
}

fn refresh(token: &Value) -> Value {
    json!({ "grantType": "refresh_token", "refreshToken": token })
}

fn refused(answer: &Answer, status: u16, kind: &str, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), Some(kind));
    assert!(answer.header("x-amzn-requestid").is_some());
    assert_eq!(answer.error(), error);
}

#[tokio::test]
async fn a_client_registers_signs_in_refreshes_and_signs_out() {
    let service = Running::start().await;
    let client = register(&service).await;
    let code = code(&service, &client).await;
    let first = create_token(&service, &client, redemption(&code)).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let first = first.json();
    assert_eq!(
        (&first["tokenType"], &first["expiresIn"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert!(first.get("idToken").is_none(), "AWS gives none");

    let second = create_token(&service, &client, refresh(&first["refreshToken"]))
        .await
        .json();
    let again = create_token(&service, &client, refresh(&first["refreshToken"]))
        .await
        .json();
    assert_ne!(second["refreshToken"], first["refreshToken"]);
    assert_eq!(
        second["refreshToken"], again["refreshToken"],
        "the same successor, for who asks in the same moment"
    );

    let token = second["accessToken"].as_str().unwrap();
    let logout = async |token: &str| {
        service
            .send("POST", "/logout", &[("x-amz-sso_bearer_token", token)], b"")
            .await
    };
    // Late: the token itself has ended, the session has not.
    service.pass(3601);
    let list = [("x-amz-sso_bearer_token", token)];
    assert_eq!(service.get("/assignment/accounts", &list).await.status, 401);
    assert_eq!(logout(token).await.status, 200);
    let over = logout(token).await;
    assert_eq!(
        (over.status, over.header("x-amzn-errortype")),
        (401, Some("UnauthorizedException"))
    );
    assert_eq!(over.json()["message"], "Session token not found or invalid");
    let over = create_token(&service, &client, refresh(&second["refreshToken"])).await;
    refused(&over, 400, "InvalidGrantException", "invalid_grant");
}

#[tokio::test]
async fn a_code_or_an_old_refresh_token_used_twice_ends_the_session() {
    let service = Running::start().await;
    let client = register(&service).await;
    let twice = code(&service, &client).await;
    let first = create_token(&service, &client, redemption(&twice))
        .await
        .json();
    let replayed = create_token(&service, &client, redemption(&twice)).await;
    refused(&replayed, 400, "InvalidGrantException", "invalid_grant");
    let over = create_token(&service, &client, refresh(&first["refreshToken"])).await;
    refused(&over, 400, "InvalidGrantException", "invalid_grant");

    let another = code(&service, &client).await;
    let first = create_token(&service, &client, redemption(&another))
        .await
        .json();
    let second = create_token(&service, &client, refresh(&first["refreshToken"]))
        .await
        .json();
    service.pass(61);
    let stolen = create_token(&service, &client, refresh(&first["refreshToken"])).await;
    refused(&stolen, 400, "InvalidGrantException", "invalid_grant");
    let over = create_token(&service, &client, refresh(&second["refreshToken"])).await;
    refused(&over, 400, "InvalidGrantException", "invalid_grant");
}

#[tokio::test]
async fn a_token_request_is_refused_in_aws_s_words() {
    let service = Running::start().await;
    let client = register(&service).await;
    let check = async |members: Value, status, kind, error| {
        let answer = create_token(&service, &client, members).await;
        refused(&answer, status, kind, error);
    };
    check(
        json!({ "grantType": "password" }),
        400,
        "UnsupportedGrantTypeException",
        "unsupported_grant_type",
    )
    .await;
    check(
        json!({ "grantType": crate::device::GRANT }),
        400,
        "UnauthorizedClientException",
        "unauthorized_client",
    )
    .await;
    check(
        json!({ "grantType": "refresh_token" }),
        400,
        "InvalidRequestException",
        "invalid_request",
    )
    .await;
    check(
        json!({ "grantType": "authorization_code", "code": "x" }),
        400,
        "InvalidRequestException",
        "invalid_request",
    )
    .await;
    check(
        redemption("unknown"),
        400,
        "InvalidGrantException",
        "invalid_grant",
    )
    .await;
    check(
        refresh(&json!("krt_forged")),
        400,
        "InvalidGrantException",
        "invalid_grant",
    )
    .await;
    check(
        json!({ "clientSecret": "wrong", "grantType": "refresh_token" }),
        401,
        "InvalidClientException",
        "invalid_client",
    )
    .await;
    // The client of OpenID Connect is none of this wire's.
    check(
        json!({ "clientId": "native", "grantType": "refresh_token" }),
        401,
        "InvalidClientException",
        "invalid_client",
    )
    .await;
    let other = json!({ "grantType": "authorization_code", "code": code(&service, &client).await, "redirectUri": CALLBACK, "codeVerifier": "x".repeat(43) });
    check(other, 400, "InvalidGrantException", "invalid_grant").await;

    let iam = service
        .send(
            "POST",
            "/token?aws_iam=t",
            &[("authorization", "AWS4-HMAC-SHA256 Credential=x")],
            br#"{"clientId":"arn:aws:sso::123456789012:application/x","grantType":"urn:ietf:params:oauth:grant-type:jwt-bearer","assertion":"x"}"#,
        )
        .await;
    refused(
        &iam,
        400,
        "UnsupportedGrantTypeException",
        "unsupported_grant_type",
    );
    let huge = vec![b' '; super::LIMIT + 1];
    for body in [
        b"".as_slice(),
        b"[]",
        b"{",
        b"{\"clientId\":1}",
        b"a=b",
        b"\xff\xfe",
        &huge,
    ] {
        let answer = service
            .send("POST", "/token", &[("content-type", "text/plain")], body)
            .await;
        refused(&answer, 400, "InvalidRequestException", "invalid_request");
    }
    service.pass(91 * 86_400);
    let answer = create_token(&service, &client, refresh(&json!("x"))).await;
    refused(&answer, 401, "InvalidClientException", "invalid_client");
}

#[tokio::test]
async fn a_registration_is_only_what_a_public_client_may_have() {
    let service = Running::start().await;
    let check = async |member: &str, value: Value, kind| {
        let mut asked = registration();
        asked[member] = value;
        let answer = call(&service, "/client/register", &asked).await;
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (400, Some(kind)),
            "{member}"
        );
    };
    check(
        "clientType",
        json!("confidential"),
        "InvalidClientMetadataException",
    )
    .await;
    check("clientName", json!(" "), "InvalidClientMetadataException").await;
    check(
        "clientName",
        json!("a\u{7}"),
        "InvalidClientMetadataException",
    )
    .await;
    check(
        "clientName",
        json!("a".repeat(257)),
        "InvalidClientMetadataException",
    )
    .await;
    check(
        "scopes",
        json!(vec!["a"; 17]),
        "InvalidClientMetadataException",
    )
    .await;
    check("scopes", json!(["a b"]), "InvalidScopeException").await;
    let administration = json!(["sso:account:access", "admin"]);
    check("scopes", administration, "InvalidScopeException").await;
    check(
        "grantTypes",
        json!(["implicit"]),
        "UnsupportedGrantTypeException",
    )
    .await;
    check(
        "redirectUris",
        json!(["https://evil.example/"]),
        "InvalidRedirectUriException",
    )
    .await;
    check(
        "redirectUris",
        json!("http://127.0.0.1/"),
        "InvalidRequestException",
    )
    .await;
}

#[tokio::test]
async fn an_address_registers_a_thousand_programs_and_then_one_in_ten_seconds() {
    let service = Running::start().await;
    let store = &service.center.store;
    let from = [Guess::registration("127.0.0.1".parse().unwrap())];
    for _ in 0..REGISTRATIONS.burst {
        store
            .attempt(&from, service.center.now())
            .await
            .unwrap()
            .unwrap();
    }
    let answer = call(&service, "/client/register", &registration()).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (400, Some("SlowDownException"))
    );
    service.pass(10);
    register(&service).await;
    let answer = call(&service, "/client/register", &registration()).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn an_authorization_request_is_a_page_until_its_address_is_right() {
    let service = Running::start().await;
    let client = register(&service).await;
    let challenge = challenge(VERIFIER);
    let with = |name: &'static str, value: Option<&'static str>| {
        let mut parameters = asked(&client, &challenge);
        parameters.retain(|(of, _)| *of != name);
        parameters.extend(value.map(|value| (name, value)));
        format!("/authorize?{}", encode(&parameters))
    };
    for (name, value) in [
        ("client_id", None),
        ("client_id", Some("unknown")),
        ("client_id", Some("native")),
        ("redirect_uri", None),
        ("redirect_uri", Some("http://127.0.0.1:4321/other")),
        ("redirect_uri", Some("http://localhost:4321/oauth/callback")),
        (
            "redirect_uri",
            Some("http://127.0.0.1:4321/oauth/callback#f"),
        ),
        ("redirect_uri", Some("kiro://kiro.oauth/callback")),
    ] {
        let answer = service.get(&with(name, value), &[]).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{name} {value:?}"
        );
    }
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("code_challenge_method", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("scopes", Some("sso:account:access openid"), "invalid_scope"),
    ] {
        let answer = service.get(&with(name, value), &[]).await;
        assert_eq!(answer.status, 302, "{name} {value:?}");
        let back = answer.location();
        assert!(back.as_str().starts_with(CALLBACK), "{back}");
        assert_eq!(
            query(&back, "error").as_deref(),
            Some(error),
            "{name} {value:?}"
        );
        assert_eq!(query(&back, "state").as_deref(), Some("s t"));
    }
    let answer = service.get(&with("scopes", None), &[]).await;
    assert_eq!(answer.status, 302, "its registered scopes are meant");
    let repeated = format!("{}&state=x", with("nothing", None));
    assert_eq!(
        query(&service.get(&repeated, &[]).await.location(), "error").as_deref(),
        Some("invalid_request")
    );
}
