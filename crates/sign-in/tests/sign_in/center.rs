//! At an Identity Center in memory: what its portal may say.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kiro_credentials::KeySource;
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{Inference, Organization, Request, Role, Settings, Via, begin_device, roles};
use serde_json::{Value, json};

use crate::world::{Provider, World};

/// The service: it registers clients, gives tokens at once, and names what it was told to.
struct Center {
    provider: Arc<Provider>,
    portal: Mutex<(Value, Value)>,
    tokens: Mutex<usize>,
}

#[async_trait]
impl HttpClient for Center {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let (accounts, roles) = self.portal.lock().unwrap().clone();
        let body = match request.uri().path() {
            "/client/register" => {
                json!({ "clientId": "cid", "clientSecret": "client-canary", "clientSecretExpiresAt": 4_000_000_000_i64 })
            }
            "/device_authorization" => {
                json!({ "deviceCode": "d", "userCode": "ABCD", "verificationUri": "https://acme.awsapps.test/device", "expiresIn": 600, "interval": 1 })
            }
            "/token" => {
                let mut tokens = self.tokens.lock().unwrap();
                *tokens += 1;
                json!({ "accessToken": format!("access-{tokens}"), "refreshToken": "refresh-canary", "expiresIn": 3600, "tokenType": "Bearer" })
            }
            "/assignment/accounts" => json!({ "accountList": accounts }),
            "/assignment/roles" => json!({ "roleList": roles }),
            _ => json!({}),
        };
        Ok(http::Response::builder()
            .header("date", self.provider.date())
            .body(body.to_string().into_bytes())
            .unwrap())
    }
}

async fn signed_in() -> (World, Arc<Center>) {
    let mut world = World::new();
    let center = Arc::new(Center {
        provider: Arc::clone(&world.provider),
        portal: Mutex::default(),
        tokens: Mutex::default(),
    });
    world.context.http = Arc::clone(&center) as Arc<dyn HttpClient>;
    let organization = Organization {
        name: "acme".into(),
        display_name: "Acme".into(),
        settings: Settings::IdentityCenter {
            start_url: "https://acme.awsapps.test/start".parse().unwrap(),
            region: "eu-central-1".into(),
            endpoint: None,
            scopes: Vec::new(),
        },
        support_contact: None,
        inference: Inference::default(),
        managed: false,
    };
    let request = Request {
        key_source: Some(KeySource::Plaintext),
        ..Request::new(organization, Via::Loopback)
    };
    let attempt = begin_device(&world.context, request).await.unwrap();
    attempt.wait(&world.context).await.unwrap();
    (world, center)
}

#[tokio::test]
async fn a_portal_names_no_role_that_aws_would_not_allow() {
    let (world, center) = signed_in().await;
    let injected = "Dev]\n[default]\ncredential_process = touch x\n#";
    *center.portal.lock().unwrap() = (
        json!([{ "accountId": "1111]\n[default]" }, { "accountId": "111122223333" }, { "accountId": "" }]),
        json!([{ "roleName": injected }, { "roleName": "Developer" }, { "roleName": "a b" }, { "roleName": "" }, { "roleName": "r".repeat(65) }]),
    );
    let role = Role {
        account: "111122223333".into(),
        name: "Developer".into(),
    };
    assert_eq!(roles(&world.context, None).await.unwrap(), [role]);
}
