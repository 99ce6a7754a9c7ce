//! The keys in use: rotated and restarted under way.

use serde_json::Value;

use super::service::Service;
use crate::store::secrets::Demand;

async fn set(service: &Service) -> Vec<Value> {
    let answer = service.get("/oauth2/jwks", &[]).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    answer.json()["keys"].as_array().unwrap().clone()
}

fn kid(tokens: &Value) -> Value {
    use base64::Engine as _;
    let header = tokens["id_token"]
        .as_str()
        .unwrap()
        .split('.')
        .next()
        .unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header);
    serde_json::from_slice::<Value>(&bytes.unwrap()).unwrap()["kid"].clone()
}

#[tokio::test]
async fn keys_change_under_way_and_survive_a_restart() {
    let service = Service::start().await;
    let scope = "openid offline_access";
    let before = service.tokens(scope).await;
    let first = set(&service).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["kid"], kid(&before));
    assert!(first[0]["d"].is_null());

    let service = service.restart().await;
    assert_eq!(set(&service).await, first);
    let access = before["access_token"].as_str().unwrap();
    assert_eq!(service.userinfo(access).await.status, 200);

    let demand = Demand {
        signing_key: true,
        token_key: true,
    };
    service.center.tend_keys(demand).await.unwrap();
    assert_eq!(set(&service).await.len(), 2, "the next key is published");
    assert_eq!(
        kid(&service.tokens(scope).await),
        kid(&before),
        "and not used yet"
    );
    service.pass(2 * 3600 + 1);
    service.center.tend_keys(Demand::default()).await.unwrap();
    let after = service.tokens(scope).await;
    assert_ne!(kid(&after), kid(&before));
    assert!(
        set(&service)
            .await
            .iter()
            .any(|key| key["kid"] == kid(&after))
    );
    let service = service.restart().await;
    let refreshed = service
        .refresh(before["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(
        refreshed.status,
        200,
        "a token of an older key: {}",
        refreshed.text()
    );
}

#[tokio::test]
async fn discovery_names_what_is_there() {
    let service = Service::start().await;
    let document = service
        .get("/.well-known/openid-configuration", &[])
        .await
        .json();
    assert_eq!(document["issuer"], service.issuer());
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let path = value
                .as_str()
                .unwrap()
                .strip_prefix(&service.issuer())
                .unwrap();
            let answer = service.send("OPTIONS", path, &[], b"").await;
            assert_eq!(answer.status, 405, "{name} is served");
        }
    }
}
