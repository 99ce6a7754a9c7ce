//! How often the keys are changed by demand.

use serde_json::Value;

use super::{administrator, ask, kind, token};
use crate::administrator::Role;
use crate::oidc::tests::running::Running;
use crate::store::secrets::Demand;

#[tokio::test]
async fn keys_are_changed_one_after_the_other_and_a_set_has_an_end() {
    let service = Running::start().await;
    let (owner, _) = administrator(&service, "acme", Role::Owner).await;
    let called = async |method: &str, path: &str| {
        let token = token(&service, owner, &["openid", "admin"], &["mfa"]).await;
        ask(&service, &token, method, path, &Value::Null).await
    };
    let tended = async |hours: i64| {
        service.pass(hours * 3_600);
        service.center.tend_keys(Demand::default()).await.unwrap();
    };
    for made in 2..=16 {
        assert_eq!(called("POST", "/keys/rotate").await.status, 204, "{made}");
        let keys = called("GET", "/keys").await.json();
        let keys = keys["items"].as_array().unwrap().clone();
        assert_eq!(keys.len(), made);
        let again = called("POST", "/keys/rotate").await;
        assert_eq!(
            (again.status, kind(&again)),
            (409, "keys-waiting".to_owned())
        );
        let next = keys.last().unwrap()["active_at"].as_str().unwrap();
        assert!(again.text().contains(next), "{}", again.text());
        tended(2).await;
    }
    let full = called("POST", "/keys/rotate").await;
    assert_eq!(
        (full.status, kind(&full)),
        (409, "too-many-keys".to_owned())
    );
    tended(8 * 24).await;
    assert_eq!(called("POST", "/keys/rotate").await.status, 204);
}
