//! The pages and AWS's wire together: what a person allows is what the device gets.

use serde_json::{Value, json};

use super::browser::{Browser, started};
use crate::device::GRANT;
use crate::oidc::tests::running::{Answer, Running};
use crate::start_url;

async fn call(service: &Running, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    let body = body.to_string();
    service.send("POST", path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn what_a_person_allows_on_the_page_is_what_aws_s_device_gets() {
    let service = started().await;
    let asked = json!({ "clientName": "AWS CLI", "clientType": "public", "scopes": ["sso:account:access"] });
    let client = call(&service, "/client/register", &asked).await.json();
    let with = |members: Value| {
        let mut body =
            json!({ "clientId": client["clientId"], "clientSecret": client["clientSecret"] });
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    let start_url = start_url::of(&service.center.settings, "acme");
    let browser = Browser::new(&service);
    for (decision, shown, status, error) in [
        ("allow", "The device is connected", 200, Value::Null),
        (
            "deny",
            "The device gets nothing",
            400,
            "access_denied".into(),
        ),
    ] {
        let asked = with(json!({ "startUrl": start_url }));
        let started = call(&service, "/device_authorization", &asked).await.json();
        let poll = with(json!({ "grantType": GRANT, "deviceCode": started["deviceCode"] }));
        let pending = call(&service, "/token", &poll).await;
        assert_eq!(pending.error(), "authorization_pending");
        let typed = started["userCode"].as_str().unwrap().to_lowercase();
        let mut at = browser.post("/device", &[("user_code", &typed)]).await;
        if decision == "allow" {
            at = browser.aiko(&at).await;
        }
        at.shows(200, "Connect this device?");
        at.shows(200, "AWS CLI");
        at.shows(200, "127.0.0.1");
        let at = browser
            .step(&at, "consent", &[("decision", decision)])
            .await;
        at.shows(200, shown);
        let answer = call(&service, "/token", &poll).await;
        assert_eq!((answer.status, &answer.json()["error"]), (status, &error));
        if status == 200 {
            let token = answer.json()["accessToken"].as_str().unwrap().to_owned();
            let headers = [("x-amz-sso_bearer_token", token.as_str())];
            let accounts = service.get("/assignment/accounts", &headers).await;
            assert_eq!(accounts.json()["accountList"], json!([]));
        }
    }
}
