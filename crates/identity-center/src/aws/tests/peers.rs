//! AWS's own clients against ours: botocore, and the SDK for Rust.

use std::process::Stdio;

use aws_sdk_ssooidc::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_sdk_ssooidc::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use url::Url;

use super::device::decide;
use super::portal::furnish;
use super::*;
use crate::oidc::tests::running::{self, peers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn botocore_signs_in_by_device_code_refreshes_lists_and_signs_out() {
    let service = Running::start().await;
    furnish(&service).await;
    let python = std::env::var_os("KIRO_TEST_PYTHON")
        .map_or_else(|| peers().join("../../target/venv/bin/python"), Into::into);
    let mut client = tokio::process::Command::new(python)
        .arg("identity_center_client.py")
        .arg(service.issuer())
        .arg(crate::start_url::of(&service.center.settings, "acme"))
        .current_dir(peers())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut answers = client.stdin.take().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let mut done = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        let asked: Value = serde_json::from_str(&line).unwrap();
        if let Some(user_code) = asked["user_code"].as_str() {
            let allow = asked["allow"].as_bool().unwrap();
            assert!(decide(&service, user_code, service.user, allow).await);
        }
        if let Some(seconds) = asked["pass_seconds"].as_i64() {
            service.pass(seconds);
        }
        done = asked["done"] == true;
        answers.write_all(b"\n").await.unwrap();
    }
    let ended = client.wait().await.unwrap();
    assert!(ended.success() && done, "{ended}");
}

/// The SDK's way to the service: the tests' own HTTP client.
#[derive(Clone, Debug)]
struct Transport(Url);

impl HttpClient for Transport {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let url = self.0.clone();
        HttpConnectorFuture::new(async move {
            let path: Url = request.uri().parse().unwrap();
            let path = path[url::Position::BeforePath..].to_owned();
            let headers: Vec<(&str, &str)> = request
                .headers()
                .iter()
                .filter(|(name, _)| !["host", "content-length"].contains(name))
                .collect();
            let body = request.body().bytes().unwrap_or_default();
            let answer = running::send(&url, request.method(), &path, &headers, body).await;
            let status = answer.status.try_into().unwrap();
            let mut response = HttpResponse::new(status, SdkBody::from(answer.text()));
            for (name, value) in &answer.headers {
                response.headers_mut().insert(name.clone(), value.clone());
            }
            Ok(response)
        })
    }
}

fn sdk(service: &Running) -> (aws_sdk_ssooidc::Client, aws_sdk_sso::Client) {
    let url = &service.center.settings.url;
    let http = SharedHttpClient::new(Transport(url.clone()));
    let oidc = aws_sdk_ssooidc::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url.as_str())
        .http_client(http.clone());
    let portal = aws_sdk_sso::Config::builder()
        .behavior_version(aws_sdk_sso::config::BehaviorVersion::latest())
        .region(aws_sdk_sso::config::Region::from_static("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url.as_str())
        .http_client(http);
    (
        aws_sdk_ssooidc::Client::from_conf(oidc.build()),
        aws_sdk_sso::Client::from_conf(portal.build()),
    )
}

#[tokio::test]
async fn the_sdk_for_rust_signs_in_both_ways_lists_and_signs_out() {
    let service = Running::start().await;
    furnish(&service).await;
    let (oidc, portal) = sdk(&service);
    let start_url = crate::start_url::of(&service.center.settings, "acme");
    let made = oidc
        .register_client()
        .client_name("An IDE")
        .client_type("public")
        .scopes("sso:account:access")
        .redirect_uris("http://127.0.0.1/oauth/callback")
        .grant_types("authorization_code")
        .grant_types("refresh_token")
        .grant_types(crate::device::GRANT)
        .issuer_url(&start_url)
        .send()
        .await
        .unwrap();
    let (id, secret) = (made.client_id().unwrap(), made.client_secret().unwrap());
    assert!(made.client_secret_expires_at() > service.center.now().as_second());
    let ask = |grant: &str| {
        let asked = oidc.create_token().client_id(id).client_secret(secret);
        asked.grant_type(grant)
    };

    // By a code.
    let code = code(&service, &json!({ "clientId": id })).await;
    let token = ask("authorization_code")
        .code(&code)
        .redirect_uri(CALLBACK)
        .code_verifier(VERIFIER)
        .send()
        .await
        .unwrap();
    assert!(token.id_token().is_none());
    let replayed = ask("authorization_code")
        .code(&code)
        .redirect_uri(CALLBACK)
        .code_verifier(VERIFIER)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(replayed.is_invalid_grant_exception(), "{replayed:?}");

    // By a device code.
    let device = oidc
        .start_device_authorization()
        .client_id(id)
        .client_secret(secret)
        .start_url(&start_url)
        .send()
        .await
        .unwrap();
    assert_eq!((device.interval(), device.expires_in()), (5, 600));
    let poll = async || {
        let asked = ask(crate::device::GRANT).device_code(device.device_code().unwrap());
        asked
            .send()
            .await
            .map_err(|error| error.into_service_error())
    };
    let pending = poll().await.unwrap_err();
    assert!(pending.is_authorization_pending_exception(), "{pending:?}");
    let hasty = poll().await.unwrap_err();
    assert!(hasty.is_slow_down_exception(), "{hasty:?}");
    let user_code = device.user_code().unwrap();
    assert!(decide(&service, user_code, service.user, true).await);
    let token = poll().await.unwrap();
    let renewed = ask("refresh_token")
        .refresh_token(token.refresh_token().unwrap())
        .send()
        .await
        .unwrap();

    let access = renewed.access_token().unwrap();
    let pages = portal.list_accounts().access_token(access).max_results(10);
    let accounts = pages
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>();
    assert_eq!(accounts.await.unwrap().len(), 29);
    let pages = portal
        .list_account_roles()
        .access_token(access)
        .account_id("000000000000")
        .max_results(1);
    let roles = pages
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>();
    assert_eq!(roles.await.unwrap().len(), 2);
    let credentials = portal
        .get_role_credentials()
        .access_token(access)
        .account_id("000000000000")
        .role_name("Developer");
    let none = credentials.send().await.unwrap_err().into_service_error();
    assert!(none.is_invalid_request_exception(), "{none:?}");
    assert!(none.message().unwrap().starts_with("STS is not configured"));

    portal.logout().access_token(access).send().await.unwrap();
    let over = portal.list_accounts().access_token(access).send().await;
    let over = over.unwrap_err().into_service_error();
    assert!(over.is_unauthorized_exception(), "{over:?}");
}
