//! Code, tokens, refresh, userinfo, introspection, revocation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::service::{CALLBACK, SECRET, Service, VERIFIER, ask, challenge, claims, query};

fn basic(id: &str, secret: &str) -> String {
    let encoded = super::service::encode(&[("", secret)]);
    let secret = encoded.trim_start_matches('=');
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

#[tokio::test]
async fn a_code_gives_tokens_and_an_id_token_that_say_who_signed_in_and_how() {
    let service = Service::start().await;
    let answer = service
        .redeem(
            &service
                .code("openid profile email offline_access unknown")
                .await,
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(
        tokens["scope"], "openid profile email offline_access",
        "an unknown scope is ignored"
    );
    let said = claims(&tokens["id_token"]);
    let expected = json!({
        "iss": service.issuer(), "sub": service.user, "aud": "native", "azp": "native", "nonce": "n-1", "amr": ["pwd", "otp"],
        "acr": "urn:acme:mfa", "name": "Aiko 愛子", "given_name": "Aiko", "preferred_username": "Aiko", "email": "aiko@acme.example",
        "updated_at": 5,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&said[name], value, "{name}");
    }
    for name in ["exp", "iat", "auth_time", "at_hash", "sid"] {
        assert!(!said[name].is_null(), "{name}");
    }
    let info = service
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    let info = info.json();
    assert_eq!(
        (&info["sub"], &info["email"]),
        (&said["sub"], &said["email"])
    );
}

#[tokio::test]
async fn scopes_decide_what_is_given() {
    let service = Service::start().await;
    let plain = service.tokens("openid").await;
    assert!(
        plain["refresh_token"].is_null(),
        "offline_access was not asked for"
    );
    let said = claims(&plain["id_token"]);
    assert!(said["name"].is_null() && said["email"].is_null(), "{said}");
    let info = service
        .userinfo(plain["access_token"].as_str().unwrap())
        .await
        .json();
    assert_eq!(info, json!({"sub": service.user}));

    let no_openid = service.tokens("profile").await;
    assert!(no_openid["id_token"].is_null());
    let refused = service
        .userinfo(no_openid["access_token"].as_str().unwrap())
        .await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (403, "insufficient_scope")
    );

    // An application that may not refresh gets no `offline_access`, whatever it asks for.
    let challenge = challenge(VERIFIER);
    let back = service
        .authorize(&ask("code-only", "openid offline_access", &challenge))
        .await;
    let code = query(&back, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "code-only"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = service.post("/oauth2/token", &[], &form).await.json();
    assert_eq!(
        (&tokens["scope"], &tokens["refresh_token"]),
        (&json!("openid"), &json!(null))
    );
}

#[tokio::test]
async fn a_code_used_twice_ends_what_the_first_use_gave() {
    let service = Service::start().await;
    let code = service.code("openid offline_access").await;
    let tokens = service.redeem(&code).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(service.userinfo(access).await.status, 200);
    let again = service.redeem(&code).await;
    assert_eq!(
        (again.status, again.error().as_str()),
        (400, "invalid_grant")
    );
    assert_eq!(service.userinfo(access).await.status, 401);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(service.refresh(refresh).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_redeemed_in_its_minute_where_it_was_sent_by_whom_it_was_for() {
    let service = Service::start().await;
    let check = async |changed: (&str, &str), expected: &str| {
        let code = service.code("openid").await;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "native"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        for pair in &mut form {
            if pair.0 == changed.0 {
                pair.1 = changed.1;
            }
        }
        let answer = service.post("/oauth2/token", &[], &form).await;
        assert_eq!(answer.error(), expected, "{changed:?}");
        assert!(
            answer.status == 400 || expected == "invalid_client",
            "{changed:?}"
        );
    };
    check(("client_id", "other"), "invalid_grant").await;
    check(("client_id", "nobody"), "invalid_client").await;
    check(("client_id", "aws"), "invalid_client").await;
    check(("client_id", "refresh-only"), "unauthorized_client").await;
    check(("redirect_uri", "http://127.0.0.1:8/cb"), "invalid_grant").await;
    check(("redirect_uri", "http://127.0.0.1/cb"), "invalid_grant").await;
    check(("redirect_uri", ""), "invalid_request").await;
    check(("code", "unknown"), "invalid_grant").await;
    check(("code", ""), "invalid_request").await;
    check(("grant_type", "password"), "unsupported_grant_type").await;
    check(
        ("grant_type", "client_credentials"),
        "unsupported_grant_type",
    )
    .await;
    check(("grant_type", ""), "invalid_request").await;
    let code = service.code("openid").await;
    service.pass(61);
    assert_eq!(service.redeem(&code).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_rotates_and_its_reuse_ends_the_session() {
    let service = Service::start().await;
    let tokens = service.tokens("openid offline_access").await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let said = claims(&tokens["id_token"]);
    let renewed = service.refresh(first).await.json();
    let second = renewed["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    let again = claims(&renewed["id_token"]);
    for name in ["sub", "sid", "auth_time"] {
        assert_eq!(said[name], again[name], "{name}");
    }
    assert!(again["nonce"].is_null());
    // A moment later the same successor, to whoever did not get the answer; later it is a copy in other hands.
    assert_eq!(service.refresh(first).await.json()["refresh_token"], second);
    service.pass(61);
    assert_eq!(service.refresh(first).await.error(), "invalid_grant");
    assert_eq!(service.refresh(second).await.error(), "invalid_grant");

    // What is refused does not use the token up.
    let tokens = service.tokens("openid offline_access").await;
    let token = tokens["refresh_token"].as_str().unwrap();
    for (form, expected) in [
        (
            vec![("client_id", "other"), ("refresh_token", token)],
            "invalid_grant",
        ),
        (
            vec![
                ("client_id", "native"),
                ("refresh_token", token),
                ("scope", "openid email"),
            ],
            "invalid_scope",
        ),
        (
            vec![
                ("client_id", "native"),
                ("refresh_token", tokens["access_token"].as_str().unwrap()),
            ],
            "invalid_grant",
        ),
        (vec![("client_id", "native")], "invalid_request"),
        (
            vec![("client_id", "code-only"), ("refresh_token", token)],
            "unauthorized_client",
        ),
    ] {
        let form = [vec![("grant_type", "refresh_token")], form].concat();
        assert_eq!(
            service.post("/oauth2/token", &[], &form).await.error(),
            expected,
            "{form:?}"
        );
    }
    service.pass(100);
    assert_eq!(service.refresh(token).await.status, 200);
}

#[tokio::test]
async fn an_access_token_ends_with_its_hour_and_with_its_person() {
    let service = Service::start().await;
    let tokens = service.tokens("openid").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(service.userinfo(access).await.status, 200);
    service.pass(3601);
    let late = service.userinfo(access).await;
    assert_eq!(late.status, 401);
    assert!(
        late.header("www-authenticate")
            .unwrap()
            .contains("error=\"invalid_token\"")
    );
    let tokens = service.tokens("openid").await;
    let ended = service.center.store.end_sessions_of(
        service.user,
        crate::session::Ended::Deactivated,
        service.center.now(),
    );
    assert_eq!(ended.await.unwrap(), 2);
    assert_eq!(
        service
            .userinfo(tokens["access_token"].as_str().unwrap())
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn an_access_token_is_presented_in_one_way() {
    let service = Service::start().await;
    let tokens = service.tokens("openid").await;
    let token = tokens["access_token"].as_str().unwrap();
    let (bearer, form) = (format!("Bearer {token}"), [("access_token", token)]);
    let header = [("authorization", bearer.as_str())];
    assert_eq!(
        service.post("/oauth2/userinfo", &[], &form).await.status,
        200
    );
    assert_eq!(
        service.post("/oauth2/userinfo", &header, &[]).await.status,
        200
    );
    assert_eq!(
        service
            .post("/oauth2/userinfo", &header, &form)
            .await
            .status,
        400
    );
    assert_eq!(
        service
            .send("POST", "/oauth2/userinfo", &header, b"")
            .await
            .status,
        200
    );
    assert_eq!(
        service
            .get(&format!("/oauth2/userinfo?access_token={token}"), &[])
            .await
            .status,
        401
    );
    let refresh = service.tokens("openid offline_access").await;
    for wrong in [
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer \u{e9}",
        &format!("DPoP {token}"),
        &format!("Bearer {token}x"),
        &format!("Bearer {}", refresh["refresh_token"].as_str().unwrap()),
    ] {
        let answer = service
            .get("/oauth2/userinfo", &[("authorization", wrong)])
            .await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").is_some(), "{wrong}");
    }
}

#[tokio::test]
async fn an_application_with_a_secret_proves_it_in_one_way() {
    let service = Service::start().await;
    let check = async |headers: &[(&str, &str)], form: &[(&str, &str)], status, error: &str| {
        let form = [form, &[("token", "x")]].concat();
        let answer = service.post("/oauth2/introspect", headers, &form).await;
        let found = answer.json()["error"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(
            (answer.status, found.as_str()),
            (status, error),
            "{headers:?} {form:?}"
        );
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    };
    let (right, wrong) = (
        basic("confidential", SECRET),
        basic("confidential", "wrong"),
    );
    let right = [("authorization", right.as_str())];
    check(&right, &[], 200, "").await;
    check(&right, &[("client_id", "confidential")], 200, "").await;
    check(
        &[],
        &[("client_id", "confidential"), ("client_secret", SECRET)],
        200,
        "",
    )
    .await;
    check(&[], &[("client_id", "native")], 200, "").await;
    check(
        &[],
        &[("client_id", "native"), ("client_secret", "")],
        200,
        "",
    )
    .await;
    check(&[("authorization", &basic("native", ""))], &[], 200, "").await;
    check(&[("authorization", &wrong)], &[], 401, "invalid_client").await;
    check(&[("authorization", "Basic !")], &[], 401, "invalid_client").await;
    check(&[("authorization", "Bearer x")], &[], 401, "invalid_client").await;
    check(
        &[("authorization", &basic("aws", SECRET))],
        &[],
        401,
        "invalid_client",
    )
    .await;
    check(&[], &[("client_id", "confidential")], 401, "invalid_client").await;
    check(
        &[],
        &[("client_id", "confidential"), ("client_secret", "wrong")],
        401,
        "invalid_client",
    )
    .await;
    check(
        &[],
        &[("client_id", "native"), ("client_secret", "made up")],
        401,
        "invalid_client",
    )
    .await;
    check(&[], &[], 401, "invalid_client").await;
    check(&right, &[("client_secret", SECRET)], 400, "invalid_request").await;
    check(&right, &[("client_id", "native")], 400, "invalid_request").await;
}

#[tokio::test]
async fn introspection_tells_the_own_application_and_colleagues_with_a_secret() {
    let service = Service::start().await;
    let tokens = service.tokens("openid offline_access").await;
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        tokens["refresh_token"].as_str().unwrap(),
    );
    let secret = basic("confidential", SECRET);
    let asked = async |client: &str, token: &str| {
        let answer = match client {
            "confidential" => {
                service
                    .post(
                        "/oauth2/introspect",
                        &[("authorization", &secret)],
                        &[("token", token)],
                    )
                    .await
            }
            public => {
                service
                    .post(
                        "/oauth2/introspect",
                        &[],
                        &[("token", token), ("client_id", public)],
                    )
                    .await
            }
        };
        assert_eq!(answer.status, 200);
        answer.json()
    };
    for token in [access, refresh] {
        for client in ["native", "confidential"] {
            let said = asked(client, token).await;
            assert_eq!(
                (&said["active"], &said["client_id"], &said["username"]),
                (&json!(true), &json!("native"), &json!("Aiko"))
            );
            assert_eq!(said["scope"], "openid offline_access");
            assert_eq!(said["iss"], service.issuer());
        }
        assert_eq!(
            asked("other", token).await,
            json!({"active": false}),
            "another public application"
        );
    }
    for strange in ["x", "kat_", &format!("{access}x"), "\u{0}", "krt_AAAA"] {
        assert_eq!(
            asked("confidential", strange).await,
            json!({"active": false}),
            "{strange}"
        );
    }
    service.pass(3601);
    assert_eq!(asked("native", access).await, json!({"active": false}));
    assert_eq!(asked("native", refresh).await["active"], true);
    assert_eq!(
        service.refresh(refresh).await.status,
        200,
        "asking used nothing up"
    );
}

#[tokio::test]
async fn revocation_ends_the_session_of_the_own_application_alone() {
    let service = Service::start().await;
    for which in ["access_token", "refresh_token"] {
        let tokens = service.tokens("openid offline_access").await;
        let (access, token) = (
            tokens["access_token"].as_str().unwrap(),
            tokens[which].as_str().unwrap(),
        );
        let revoke = async |client: &str, token: &str| {
            let form = [
                ("token", token),
                ("client_id", client),
                ("token_type_hint", "nonsense"),
            ];
            service.post("/oauth2/revoke", &[], &form).await.status
        };
        assert_eq!(revoke("other", token).await, 200);
        assert_eq!(revoke("native", "unknown").await, 200);
        assert_eq!(
            service.userinfo(access).await.status,
            200,
            "a stranger ends nothing"
        );
        assert_eq!(revoke("native", token).await, 200);
        assert_eq!(service.userinfo(access).await.status, 401);
        assert_eq!(
            service
                .refresh(tokens["refresh_token"].as_str().unwrap())
                .await
                .error(),
            "invalid_grant"
        );
        assert_eq!(revoke("native", token).await, 200, "again");
    }
    let anonymous = service.post("/oauth2/revoke", &[], &[("token", "x")]).await;
    assert_eq!(anonymous.status, 401);
}
