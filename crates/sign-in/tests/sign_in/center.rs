//! At an Identity Center in memory: what its portal may say, and what of its client this computer cannot read.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use kiro_credentials::KeySource;
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{
    Account, Code, Inference, Organization, Request, Role, Settings, Via, access_token, account,
    begin_device, roles,
};
use secrecy::ExposeSecret;
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

/// The one file of the folder.
fn registration(world: &World) -> std::path::PathBuf {
    let mut files = world.files("registrations");
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Nothing of the session was given up: repaired, it goes on.
async fn goes_on(world: &World) {
    let context = world.another_process();
    assert!(matches!(
        account(&context, None).unwrap(),
        Account::SignedIn(_)
    ));
    world.clock.advance(SignedDuration::from_secs(31));
    let token = access_token(&world.context, None).await.unwrap();
    assert_eq!(token.expose_secret(), "access-2");
}

#[cfg(unix)]
#[tokio::test]
async fn a_registration_that_cannot_be_read_for_now_ends_no_session() {
    use std::os::unix::fs::PermissionsExt;
    let (world, _center) = signed_in().await;
    let file = registration(&world);
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file, 0o644);
    world.clock.advance(SignedDuration::from_mins(61));
    let failure = access_token(&world.context, None).await.unwrap_err();
    let path = Some(file.display().to_string());
    assert_eq!((failure.code, failure.facts.path), (Code::NotPrivate, path));
    mode(&file, 0o600);
    goes_on(&world).await;
}

#[tokio::test]
async fn a_registration_that_is_damaged_ends_no_session() {
    let (world, _center) = signed_in().await;
    let file = registration(&world);
    let good = std::fs::read_to_string(&file).unwrap();
    let mut edited: Value = serde_json::from_str(&good).unwrap();
    edited["sealed"]["ciphertext"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    world.clock.advance(SignedDuration::from_mins(61));
    for bad in ["{".to_owned(), String::new(), edited.to_string()] {
        kiro_credentials::replace(&file, bad.as_bytes()).unwrap();
        world.clock.advance(SignedDuration::from_secs(31));
        let failure = access_token(&world.context, None).await.unwrap_err();
        assert_eq!(failure.code, Code::FileDamaged, "{bad}");
        assert_eq!(failure.facts.path, Some(file.display().to_string()));
    }
    kiro_credentials::replace(&file, good.as_bytes()).unwrap();
    goes_on(&world).await;
}

#[tokio::test]
async fn a_registration_that_is_gone_ends_the_session() {
    let (world, _center) = signed_in().await;
    std::fs::remove_file(registration(&world)).unwrap();
    world.clock.advance(SignedDuration::from_mins(61));
    let failure = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.detail.error.as_deref()),
        (Code::SessionEnded, Some("registration_lost"))
    );
}
