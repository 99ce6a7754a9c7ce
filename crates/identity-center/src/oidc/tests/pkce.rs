//! The authorization endpoint: what is a page, what a redirect; and PKCE, which nothing goes round.

use super::running::{CALLBACK, Running, VERIFIER, ask, challenge, encode, query};

/// What an authorization request leads to.
async fn outcome(service: &Running, parameters: &[(&str, &str)]) -> String {
    let path = format!("/oauth2/authorize?{}", encode(parameters));
    let by_get = service.get(&path, &[]).await;
    let by_post = service.post("/oauth2/authorize", &[], parameters).await;
    let read = |answer: super::running::Answer| match answer.status {
        302 => {
            let to = answer.location();
            match query(&to, "error") {
                Some(error) => {
                    assert_eq!(query(&to, "iss").unwrap(), service.issuer(), "{to}");
                    assert!(to.as_str().starts_with(CALLBACK), "{to}");
                    assert!(query(&to, "code").is_none());
                    error
                }
                None => "sign-in".to_owned(),
            }
        }
        status => {
            assert_eq!(status, 400);
            assert!(
                answer
                    .header("content-security-policy")
                    .unwrap()
                    .contains("default-src 'none'")
            );
            assert!(answer.header("location").is_none());
            "page".to_owned()
        }
    };
    let (by_get, by_post) = (read(by_get), read(by_post));
    assert_eq!(by_get, by_post, "{parameters:?}");
    by_get
}

#[tokio::test]
async fn an_authorization_request_is_checked_and_answered_where_it_is_safe() {
    let service = Running::start().await;
    let right = challenge(VERIFIER);
    let check = async |changes: &[(&'static str, &str)], expected: &str| {
        let mut parameters = ask("native", "openid", &right);
        for (name, value) in changes {
            parameters.retain(|(of, _)| of != name);
            if *value != "-" {
                parameters.push((name, value));
            }
        }
        assert_eq!(
            outcome(&service, &parameters).await,
            expected,
            "{changes:?}"
        );
    };
    check(&[], "sign-in").await;
    for (name, value) in [
        ("client_id", "-"),
        ("client_id", "nobody"),
        ("client_id", "aws"),
        ("redirect_uri", "-"),
        ("redirect_uri", "http://127.0.0.1:7/cb/"),
        ("redirect_uri", "http://127.0.0.1:7/cb?x"),
        ("redirect_uri", "http://localhost:7/cb"),
        ("redirect_uri", "https://evil.example/cb"),
        ("redirect_uri", "http://127.0.0.1:7@evil.example/cb"),
        ("redirect_uri", "http://127.0.0.1:70000/cb"),
        ("redirect_uri", "http://127.0.0.1:/cb"),
        ("redirect_uri", "http://127.0.0.1:7x/cb"),
        ("redirect_uri", "kiro://kiro.oauth/callback/"),
        ("redirect_uri", "kiro://kiro.oauth:1/callback"),
        ("redirect_uri", "KIRO://kiro.oauth/callback"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "http://127.0.0.1:7/cb#x"),
    ] {
        check(&[(name, value)], "page").await;
    }
    check(&[("redirect_uri", "kiro://kiro.oauth/callback")], "sign-in").await;
    check(&[("redirect_uri", "http://127.0.0.1:65535/cb")], "sign-in").await;
    for (name, value, expected) in [
        ("response_type", "-", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        (
            "response_type",
            "code id_token",
            "unsupported_response_type",
        ),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("response_mode", "query", "sign-in"),
        ("scope", "-", "invalid_scope"),
        ("scope", "admin", "invalid_scope"),
        ("scope", "openid admin", "sign-in"),
        ("prompt", "none", "sign-in"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "login consent", "sign-in"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "0", "sign-in"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("claims", "{\"id_token\":{\"acr\":null}}", "sign-in"),
        ("claims", "[]", "invalid_request"),
        ("claims", "{", "invalid_request"),
        (
            "claims",
            "{\"userinfo\":{\"email\":true}}",
            "invalid_request",
        ),
        ("claims", "{\"userinfo\":{\"unknown\":null}}", "sign-in"),
        ("ui_locales", "ja en", "sign-in"),
        ("acr_values", "urn:a urn:b", "sign-in"),
        ("login_hint", "aiko@acme.example", "sign-in"),
        ("dpop_jkt", "x", "invalid_request"),
        ("request", "eyJ", "request_not_supported"),
        (
            "request_uri",
            "https://evil.example/request",
            "request_uri_not_supported",
        ),
        ("state", "-", "sign-in"),
        ("unknown", "x", "sign-in"),
    ] {
        check(&[(name, value)], expected).await;
    }
    check(
        &[("request_uri", "urn:ietf:params:oauth:request_uri:unknown")],
        "page",
    )
    .await;
    check(&[("client_id", "refresh-only")], "unauthorized_client").await;
    let long = "s".repeat(5000);
    check(&[("state", &long)], "invalid_request").await;
    check(&[("login_hint", &long)], "invalid_request").await;
    // Each parameter once: what is sent twice is refused, and an answer goes nowhere if it is the address.
    for (name, value, expected) in [
        ("client_id", "native", "page"),
        ("redirect_uri", CALLBACK, "page"),
        ("redirect_uri", "https://evil.example/", "page"),
        ("state", "other", "invalid_request"),
        ("code_challenge", "other", "invalid_request"),
        ("scope", "openid", "invalid_request"),
        ("unknown", "x", "invalid_request"),
    ] {
        let twice = [(name, value), (name, value)];
        let mut parameters = ask("native", "openid", &right);
        parameters.extend(&twice[usize::from(name != "unknown")..]);
        assert_eq!(
            outcome(&service, &parameters).await,
            expected,
            "{name} twice"
        );
    }
}

#[tokio::test]
async fn errors_keep_the_state_and_the_registered_query() {
    let service = Running::start().await;
    let parameters = [
        ("client_id", "confidential"),
        ("redirect_uri", "https://app.acme.example/cb?a=b"),
        ("state", "a&b=c é"),
        ("response_type", "token"),
    ];
    let to = service
        .get(&format!("/oauth2/authorize?{}", encode(&parameters)), &[])
        .await
        .location();
    assert!(
        to.as_str()
            .starts_with("https://app.acme.example/cb?a=b&error=unsupported_response_type&"),
        "{to}"
    );
    assert_eq!(query(&to, "state").unwrap(), "a&b=c é");
}

#[tokio::test]
async fn pkce_cannot_be_left_out_or_weakened() {
    let service = Running::start().await;
    let right = challenge(VERIFIER);
    for (method, challenge, expected) in [
        (Some("plain"), Some(VERIFIER), "invalid_request"),
        (None, Some(VERIFIER), "invalid_request"),
        (None, Some(right.as_str()), "invalid_request"),
        (None, None, "invalid_request"),
        (Some("S256"), None, "invalid_request"),
        (Some("s256"), Some(&right), "invalid_request"),
        (Some("S512"), Some(&right), "invalid_request"),
        (Some("S256"), Some(&right[..42]), "invalid_request"),
        (Some("S256"), Some(&format!("{right}=")), "invalid_request"),
        (Some("S256"), Some(&"A".repeat(128)), "invalid_request"),
        (
            Some("S256"),
            Some(&right.replace(&right[..1], "+")),
            "invalid_request",
        ),
        (Some("S256"), Some(&right), "sign-in"),
    ] {
        for client in ["native", "confidential"] {
            let mut parameters = ask(client, "openid", &right);
            parameters.retain(|(name, _)| !name.starts_with("code_challenge"));
            parameters.extend(method.map(|method| ("code_challenge_method", method)));
            parameters.extend(challenge.map(|challenge| ("code_challenge", challenge)));
            assert_eq!(
                outcome(&service, &parameters).await,
                expected,
                "{client} {method:?} {challenge:?}"
            );
        }
    }
    // At the token endpoint. The challenge of each is right for the verifier: only its form is wrong.
    let check = async |verifier: Option<&str>, fits: bool, expected: &str| {
        let challenge = challenge(if fits { verifier.unwrap() } else { VERIFIER });
        let back = service
            .authorize(&ask("native", "openid", &challenge))
            .await;
        let code = query(&back, "code").unwrap();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "native"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let answer = service.post("/oauth2/token", &[], &form).await;
        let error = answer.json()["error"]
            .as_str()
            .unwrap_or("tokens")
            .to_owned();
        assert_eq!(error, expected, "{verifier:?}");
    };
    check(None, false, "invalid_request").await;
    check(Some(""), false, "invalid_request").await;
    check(Some(&challenge(VERIFIER)), false, "invalid_grant").await; // the challenge itself, as `plain` would have it
    check(
        Some(&VERIFIER.to_uppercase().replace('~', "A")),
        false,
        "invalid_grant",
    )
    .await;
    check(Some(&"a".repeat(42)), true, "invalid_grant").await;
    check(Some(&"a".repeat(43)), true, "tokens").await;
    check(Some(&"a".repeat(128)), true, "tokens").await;
    check(Some(&"a".repeat(129)), true, "invalid_grant").await;
    check(Some(&format!("{}+", "a".repeat(43))), true, "invalid_grant").await;
    check(Some(&format!("{}é", "a".repeat(43))), true, "invalid_grant").await;
}
