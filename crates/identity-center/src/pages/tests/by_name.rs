//! Claims that are asked for by name (OpenID Connect Core §5.5), from the application through consent to its tokens.

use serde_json::{Value, json};

use super::browser::{Browser, application, started};
use crate::oidc::tests::running::{Running, claims, query};

/// What the application is told, in the ID token and at userinfo, beside `sub` and the protocol's own claims.
async fn told(service: &Running, code: &str) -> (Value, Value) {
    let tokens = service.redeem(code).await.json();
    let token = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let userinfo = service
        .send("GET", "/oauth2/userinfo", &[("authorization", &token)], b"")
        .await
        .json();
    let about = |said: Value| -> Value {
        let names = [
            "name",
            "given_name",
            "preferred_username",
            "email",
            "updated_at",
        ];
        let said = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), said.get(*name)?.clone())));
        said.collect::<serde_json::Map<_, _>>().into()
    };
    (about(claims(&tokens["id_token"])), about(userinfo))
}

#[tokio::test]
async fn a_claim_comes_where_it_was_asked_for_by_name_and_nowhere_else() {
    let service = started().await;
    let check = async |scope: &str, asked: &str, id_token: Value, userinfo: Value| {
        let browser = Browser::new(&service);
        let at = browser
            .begin("native", &[("scope", scope), ("claims", asked)])
            .await;
        let back = browser.aiko(&at).await.outside();
        let code = query(&back, "code").unwrap();
        assert_eq!(told(&service, &code).await, (id_token, userinfo), "{asked}");
    };
    let email = json!({ "email": "aiko@acme.example" });
    check("openid", "{}", json!({}), json!({})).await;
    check(
        "openid",
        r#"{"id_token":{"email":null}}"#,
        email.clone(),
        json!({}),
    )
    .await;
    let essential = r#"{"userinfo":{"email":{"essential":true},"groups":{"essential":true},"phone_number":null}}"#;
    check("openid", essential, json!({}), email.clone()).await;
    check(
        "openid email",
        r#"{"userinfo":{"given_name":null}}"#,
        email,
        json!({ "email": "aiko@acme.example", "given_name": "Aiko" }),
    )
    .await;
}

#[tokio::test]
async fn nothing_is_given_by_name_that_the_application_could_not_have_by_scope() {
    let service = started().await;
    let store = &service.center.store;
    let narrowed = store.write(|tx| {
        Box::pin(async move {
            let sql = "UPDATE clients SET details = REPLACE(details, '\"email\",', '') WHERE id = 'native'";
            tx.execute(sql, &[]).await
        })
    });
    assert_eq!(narrowed.await.unwrap(), 1);
    let browser = Browser::new(&service);
    let asked = r#"{"id_token":{"email":{"essential":true},"given_name":null}}"#;
    let at = browser
        .begin("native", &[("scope", "openid"), ("claims", asked)])
        .await;
    let back = browser.aiko(&at).await.outside();
    let (id_token, _) = told(&service, &query(&back, "code").unwrap()).await;
    assert_eq!(id_token, json!({ "given_name": "Aiko" }));
}

#[tokio::test]
async fn consent_says_what_is_learnt_by_name() {
    let service = started().await;
    application(&service.center.store, "asks", "Notes", true, vec![]).await;
    let learns = async |asked: &str| {
        let browser = Browser::new(&service);
        let further = [("scope", "openid"), ("claims", asked)];
        let at = browser.begin("asks", &further).await;
        let at = browser.aiko(&at).await;
        at.shows(200, "Notes");
        let text = at.text();
        ["your name", "your e-mail address"].map(|learnt| text.contains(learnt))
    };
    assert_eq!(learns("{}").await, [false, false]);
    assert_eq!(learns(r#"{"userinfo":{"name":null}}"#).await, [true, false]);
    assert_eq!(
        learns(r#"{"id_token":{"email":null}}"#).await,
        [false, true]
    );
}

#[tokio::test]
async fn an_application_that_insists_gets_an_error_rather_than_somebody_else_or_less() {
    let service = started().await;
    let own = service.user.to_string();
    let check = async |asked: &str, error: Option<&str>| {
        let asked = asked.replace("OWN", &own);
        let browser = Browser::new(&service);
        let at = browser.begin("native", &[("claims", &asked)]).await;
        let back = browser.aiko(&at).await.outside();
        assert_eq!(query(&back, "error").as_deref(), error, "{asked}");
        assert_eq!(query(&back, "code").is_some(), error.is_none(), "{asked}");
        // And silently, in the browser where somebody is signed in now.
        drop(
            browser
                .aiko(&browser.begin("native", &[("prompt", "login")]).await)
                .await,
        );
        let silent = [("claims", asked.as_str()), ("prompt", "none")];
        let back = browser.begin("native", &silent).await.outside();
        assert_eq!(
            query(&back, "error").is_some(),
            error.is_some(),
            "{asked}: {back}"
        );
    };
    check(r#"{"id_token":{"sub":{"value":"OWN"}}}"#, None).await;
    check(
        r#"{"id_token":{"sub":{"value":"00000000000000000000000000000000"}}}"#,
        Some("login_required"),
    )
    .await;
    let insists = r#"{"id_token":{"acr":{"essential":true,"values":["urn:acme:hardware"]}}}"#;
    check(insists, Some("unmet_authentication_requirements")).await;
    check(
        r#"{"id_token":{"acr":{"values":["urn:acme:hardware"]}}}"#,
        None,
    )
    .await;
}
