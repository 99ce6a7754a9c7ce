//! Applications and the AWS side, as owners change them.

use serde_json::{Value, json};

use super::{administrator, ask, kind};
use crate::administrator::Role;
use crate::oidc::tests::running::Running;

#[tokio::test]
async fn an_application_s_secret_is_told_once_and_replaced_when_asked() {
    let service = Running::start().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    let ask = async |method: &str, path: &str, body: Value| {
        ask(&service, &token, method, path, &body).await
    };
    let said = json!({ "name": "Builds", "redirect_uris": ["https://builds.acme.example/cb"] });
    let mut new = said.clone();
    new["confidential"] = json!(true);
    let made = ask("POST", "/applications", new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, secret) = (
        made.json()["client_id"].clone(),
        made.json()["client_secret"].clone(),
    );
    let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap());
    let known = async |secret: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", id),
            ("client_secret", secret),
            ("refresh_token", "x"),
        ];
        service.post("/oauth2/token", &[], &form).await.error()
    };
    assert_eq!(known(secret).await, "invalid_grant", "it proves itself");
    let path = format!("/applications/{id}");
    let public = ask("PUT", &path, said.clone()).await;
    assert_eq!(
        (public.status, kind(&public).as_str()),
        (409, "confidential")
    );
    let mut said = said;
    said["confidential"] = json!(true);
    let mut renamed = said.clone();
    renamed["name"] = json!("Builds 2");
    let changed = ask("PUT", &path, renamed).await;
    assert_eq!(changed.json()["name"], "Builds 2");
    assert_eq!(known(secret).await, "invalid_grant", "the secret stays");
    let list = ask("GET", "/applications", Value::Null).await.text();
    assert!(
        !list.contains(secret) && list.contains("Builds 2"),
        "{list}"
    );
    let another = ask("POST", &format!("{path}/secret"), Value::Null)
        .await
        .json();
    assert_eq!(known(secret).await, "invalid_client");
    assert_eq!(
        known(another["client_secret"].as_str().unwrap()).await,
        "invalid_grant"
    );
    assert_eq!(
        ask("DELETE", &path, Value::Null).await.json(),
        json!({ "sessions": 0 })
    );
    assert_eq!(ask("PUT", &path, said).await.status, 404);
    assert_eq!(known(secret).await, "invalid_client");

    let public =
        json!({ "name": "CLI", "confidential": false, "redirect_uris": ["http://127.0.0.1/cb"] });
    let public = ask("POST", "/applications", public).await.json();
    assert_eq!(public["client_secret"], Value::Null);
    let path = format!(
        "/applications/{}/secret",
        public["client_id"].as_str().unwrap()
    );
    assert_eq!(kind(&ask("POST", &path, Value::Null).await), "public");
    let own = ask("DELETE", "/applications/admin-acme", Value::Null).await;
    assert_eq!(own.status, 404, "administration is nobody's to remove");
}

#[tokio::test]
async fn what_an_application_may_not_be_is_refused() {
    let service = Running::start().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    let check = async |change: Value, expected: &str| {
        let mut body = json!({ "name": "x", "confidential": false, "redirect_uris": ["https://a.example/cb"] });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = ask(&service, &token, "POST", "/applications", &body).await;
        assert_eq!(kind(&answer), expected, "{change}: {}", answer.text());
    };
    check(
        json!({ "redirect_uris": ["http://a.example/cb"] }),
        "redirect-uri",
    )
    .await;
    check(
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        "redirect-uri",
    )
    .await;
    check(json!({ "redirect_uris": [] }), "redirect-uri").await;
    check(
        json!({ "post_logout_redirect_uris": ["https://a.example/#x"] }),
        "redirect-uri",
    )
    .await;
    check(json!({ "scopes": ["openid", "admin"] }), "scope").await;
    check(
        json!({ "backchannel_logout_uri": "http://a.example/out" }),
        "backchannel-logout-uri",
    )
    .await;
    check(
        json!({ "backchannel_logout_uri": "kiro://out" }),
        "backchannel-logout-uri",
    )
    .await;
    check(
        json!({ "groups": ["0123456789abcdef0123456789abcdef"] }),
        "not-found",
    )
    .await;
    check(json!({ "grants": ["password"] }), "body").await;
    let all = ask(&service, &token, "GET", "/applications", &Value::Null)
        .await
        .json();
    let names = all["items"].to_string();
    assert!(!names.contains("\"x\""), "{names}");
}

#[tokio::test]
async fn accounts_and_roles_are_aws_s() {
    let service = Running::start().await;
    let (owner, token) = administrator(&service, "acme", Role::Owner).await;
    let ask = async |method: &str, path: &str, body: Value| {
        ask(&service, &token, method, path, &body).await
    };
    let named = || json!({ "name": "Development" });
    for (path, body, expected) in [
        ("/accounts/11112222333", named(), "account-id"),
        ("/permission-sets/a%2Fb", json!({}), "role-name"),
        (
            "/permission-sets/Developer",
            json!({ "session_seconds": 899 }),
            "session-seconds",
        ),
        (
            "/permission-sets/Developer",
            json!({ "session_seconds": 43_201 }),
            "session-seconds",
        ),
        (
            "/permission-sets/Developer",
            json!({ "session_seconds": 899.0 }),
            "session-seconds",
        ),
    ] {
        let answer = ask("PUT", path, body).await;
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (422, expected),
            "{path}"
        );
    }
    // JSON Schema's whole numbers, however they are written.
    for (seconds, status) in [
        (json!(1008.0), 204),
        (json!(1008.5), 400),
        (json!(1e300), 400),
        (json!("1008"), 400),
    ] {
        let said = json!({ "session_seconds": seconds });
        let answer = ask("PUT", "/permission-sets/Whole", said).await;
        assert_eq!(answer.status, status, "{seconds}");
    }
    let made = ask("DELETE", "/permission-sets/Whole", json!({})).await;
    assert_eq!(made.status, 204);
    assert_eq!(
        ask("PUT", "/accounts/111122223333", named()).await.status,
        204
    );
    let role = format!("/accounts/111122223333/roles/Developer/users/{owner}");
    assert_eq!(
        ask("PUT", &role, Value::Null).await.status,
        404,
        "no such role yet"
    );
    assert_eq!(
        ask("PUT", "/permission-sets/Developer", json!({}))
            .await
            .status,
        204
    );
    assert_eq!(ask("PUT", &role, Value::Null).await.status, 204);
    let all = ask("GET", "/assignments", Value::Null).await.json();
    let expected =
        json!([{ "account": "111122223333", "role": "Developer", "user": owner.to_string() }]);
    assert_eq!(all["items"], expected);
    let roles = service
        .center
        .store
        .roles_of(owner, "111122223333", "", 9)
        .await
        .unwrap();
    assert_eq!(roles, ["Developer"]);
    assert_eq!(ask("DELETE", &role, Value::Null).await.status, 204);
    assert_eq!(ask("DELETE", &role, Value::Null).await.status, 404);
    assert_eq!(
        ask("DELETE", "/permission-sets/Developer", Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        ask("DELETE", "/accounts/111122223333", Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(
        ask("DELETE", "/accounts/111122223333", Value::Null)
            .await
            .status,
        404
    );
}
