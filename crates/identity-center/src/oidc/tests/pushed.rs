//! Pushed requests (RFC 9126) and codes bound to a key (RFC 9449 §10).

use super::service::{Service, VERIFIER, ask, challenge, encode, query};

#[tokio::test]
async fn a_pushed_request_is_taken_once_by_its_own_application_in_its_time() {
    let service = Service::start().await;
    let challenge = challenge(VERIFIER);
    let push = async || {
        let answer = service
            .post("/oauth2/par", &[], &ask("native", "openid", &challenge))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.json()["request_uri"].as_str().unwrap().to_owned()
    };
    let use_it = async |uri: &str, client: &str| {
        let path = format!(
            "/oauth2/authorize?{}",
            encode(&[("client_id", client), ("request_uri", uri)])
        );
        service.get(&path, &[]).await.status
    };
    let uri = push().await;
    assert_eq!(use_it(&uri, "other").await, 400, "another application's");
    let code = service
        .authorize(&[
            ("client_id", "native"),
            ("request_uri", &uri),
            ("scope", "openid email"),
        ])
        .await;
    let tokens = service.redeem(&query(&code, "code").unwrap()).await.json();
    assert_eq!(
        tokens["scope"], "openid",
        "what stands in the address changes nothing"
    );
    assert_eq!(use_it(&uri, "native").await, 400, "twice");
    let uri = push().await;
    service.pass(91);
    assert_eq!(use_it(&uri, "native").await, 400, "late");

    let check = async |changes: &[(&'static str, &str)], error: &str| {
        let mut form = ask("native", "openid", &challenge);
        for (name, value) in changes {
            form.retain(|(of, _)| of != name);
            form.push((name, value));
        }
        assert_eq!(
            service.post("/oauth2/par", &[], &form).await.error(),
            error,
            "{changes:?}"
        );
    };
    check(&[("client_id", "confidential")], "invalid_client").await;
    check(
        &[("redirect_uri", "https://evil.example/")],
        "invalid_request",
    )
    .await;
    check(&[("code_challenge_method", "plain")], "invalid_request").await;
    check(
        &[("request_uri", "urn:ietf:params:oauth:request_uri:x")],
        "invalid_request",
    )
    .await;
    check(&[("scope", "admin")], "invalid_scope").await;
    check(&[("dpop_jkt", "short")], "invalid_request").await;
}

#[tokio::test]
async fn a_code_that_is_bound_to_a_key_is_worth_nothing_without_it() {
    let service = Service::start().await;
    let challenge = challenge(VERIFIER);
    let thumbprint = "A".repeat(43);
    let mut parameters = ask("native", "openid", &challenge);
    parameters.push(("dpop_jkt", &thumbprint));
    let back = service.authorize(&parameters).await;
    let answer = service.redeem(&query(&back, "code").unwrap()).await;
    assert_eq!(answer.error(), "invalid_grant");
    let proofless = service
        .post(
            "/oauth2/token",
            &[("dpop", "x"), ("dpop", "y")],
            &[
                ("client_id", "native"),
                ("grant_type", "authorization_code"),
            ],
        )
        .await;
    assert_eq!(proofless.error(), "invalid_dpop_proof");
}
