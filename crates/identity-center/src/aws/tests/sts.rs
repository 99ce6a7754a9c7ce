//! Credentials for a role, from an STS that believes nobody: it verifies the token as AWS does, through the discovery document and the
//! keys, before it answers.

use std::sync::{Arc, Mutex};

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::{
    HttpSettings, IdTokenExpectation, IssuerExpectation, IssuerRule, Jwks, NonceExpectation,
    WebClient, discover,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use tokio::net::TcpListener;

use super::portal::{furnish, get, portal_refused, token};
use super::*;
use crate::account::PermissionSet;
use crate::inference::{Inference, Residency};
use crate::sts::{AUDIENCE, Sts};

const CREDENTIALS: &str = "/federation/credentials?account_id=000000000000&role_name=Developer";

type Asked = BTreeMap<String, String>;

/// What it was asked, and what it answers instead of what it should.
#[derive(Default)]
struct StandIn {
    issuer: Mutex<String>,
    asked: Mutex<Vec<Asked>>,
    instead: Mutex<Option<(u16, &'static str)>>,
}

impl StandIn {
    async fn start() -> (Arc<StandIn>, Sts) {
        let stand_in = Arc::new(StandIn::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/", post(assume_role))
            .with_state(Arc::clone(&stand_in));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let sts = Sts {
            endpoint: endpoint.parse().unwrap(),
            role: "arn:aws:iam::{account}:role/sso/{role}".to_owned(),
        };
        (stand_in, sts)
    }

    /// The account that IAM's provider has for this issuer; AWS looks at its keys each time.
    async fn believes(&self, token: &str) -> bool {
        let http = WebClient::new(&HttpSettings::default()).unwrap();
        let issuer = self.issuer.lock().unwrap().clone();
        let now = Timestamp::now();
        let url = issuer.parse().unwrap();
        let metadata = discover(&http, &url, IssuerRule::Exact, now).await.unwrap();
        let expected = IdTokenExpectation {
            issuer: IssuerExpectation::Exact(&issuer),
            client_id: AUDIENCE,
            nonce: NonceExpectation::NotChecked,
            access_token: None,
            algorithms: &metadata.id_token_algorithms,
            subject: None,
            now,
        };
        let token = SecretString::from(token.to_owned());
        let keys = Jwks::new(metadata.jwks_uri.clone());
        keys.verify_id_token(&http, &token, &expected).await.is_ok()
    }
}

async fn assume_role(
    State(stand_in): State<Arc<StandIn>>,
    Form(asked): Form<Asked>,
) -> (StatusCode, String) {
    let instead = stand_in.instead.lock().unwrap().take();
    let believed = stand_in.believes(&asked["WebIdentityToken"]).await;
    let lives: i64 = asked["DurationSeconds"].parse().unwrap();
    stand_in.asked.lock().unwrap().push(asked);
    if let Some((status, code)) = instead {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        return (StatusCode::from_u16(status).unwrap(), body);
    }
    if !believed {
        let body =
            "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>";
        return (StatusCode::BAD_REQUEST, body.to_owned());
    }
    let ends = Timestamp::from_second(Timestamp::now().as_second() + lives).unwrap();
    let credentials = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIATEST</AccessKeyId>\
         <SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>{ends}</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    (StatusCode::OK, credentials)
}

async fn with_sts() -> (Arc<StandIn>, Running, String) {
    let (stand_in, sts) = StandIn::start().await;
    let service = Running::start_with(|settings| settings.sts = Some(sts)).await;
    *stand_in.issuer.lock().unwrap() = service.issuer();
    furnish(&service).await;
    let token = token(&service).await;
    (stand_in, service, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_come_from_sts_which_verifies_who_asks() {
    let (stand_in, service, token) = with_sts().await;
    let answer = get(&service, &token, CREDENTIALS).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let given = &answer.json()["roleCredentials"];
    assert_eq!(
        (
            &given["accessKeyId"],
            &given["secretAccessKey"],
            &given["sessionToken"]
        ),
        (&json!("ASIATEST"), &json!("secret"), &json!("session"))
    );
    let left = given["expiration"].as_i64().unwrap() - Timestamp::now().as_millisecond();
    assert!((3_590_000..=3_600_000).contains(&left), "{left} ms");
    let asked = stand_in.asked.lock().unwrap().pop().unwrap();
    let sent = |name: &str| asked[name].as_str();
    assert_eq!(sent("Action"), "AssumeRoleWithWebIdentity");
    assert_eq!(
        sent("RoleArn"),
        "arn:aws:iam::000000000000:role/sso/Developer"
    );
    assert_eq!(sent("RoleSessionName"), "Aiko");
    assert_eq!(sent("DurationSeconds"), "3600");
    let claims = service
        .center
        .signing
        .ring()
        .verify(sent("WebIdentityToken"))
        .unwrap();
    assert_eq!(claims["sub"], format!("acme:{}", service.user));
    let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lives, 300);
    // It is no access token, and no ID token of an application: nobody but STS takes it.
    let answer = service.userinfo(sent("WebIdentityToken")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_live_as_long_as_the_permission_set_says_within_aws_s_bounds() {
    let (stand_in, service, token) = with_sts().await;
    for (says, expected) in [(1, "900"), (900, "900"), (7200, "7200"), (86_400, "43200")] {
        let set = PermissionSet {
            name: "Developer".to_owned(),
            description: String::new(),
            session: SignedDuration::from_secs(says),
        };
        let store = &service.center.store;
        store
            .put_permission_set("acme", set, service.center.now())
            .await
            .unwrap();
        assert_eq!(get(&service, &token, CREDENTIALS).await.status, 200);
        let asked = stand_in.asked.lock().unwrap().pop().unwrap();
        assert_eq!(asked["DurationSeconds"], expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sts_refuses_is_told_and_nobody_who_may_not_makes_it_ask() {
    let (stand_in, service, token) = with_sts().await;
    for (instead, status, kind, says) in [
        (
            (403, "AccessDenied"),
            403,
            "ForbiddenException",
            "(AccessDenied)",
        ),
        (
            (400, "InvalidIdentityToken"),
            403,
            "ForbiddenException",
            "(InvalidIdentityToken)",
        ),
        (
            (400, "Throttling"),
            500,
            "InternalServerException",
            "try again later",
        ),
        ((503, ""), 500, "InternalServerException", "try again later"),
        (
            (200, "Nothing"),
            500,
            "InternalServerException",
            "try again later",
        ),
    ] {
        *stand_in.instead.lock().unwrap() = Some(instead);
        let answer = get(&service, &token, CREDENTIALS).await;
        portal_refused(&answer, status, kind);
        assert!(
            answer.text().contains(says),
            "{instead:?}: {}",
            answer.text()
        );
    }
    stand_in.asked.lock().unwrap().clear();
    for role in ["Administrator", "Nothing"] {
        let path = CREDENTIALS.replace("Developer", role);
        portal_refused(
            &get(&service, &token, &path).await,
            403,
            "ForbiddenException",
        );
    }
    assert!(stand_in.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_told_to_an_sts_outside_of_where_data_has_to_stay() {
    let service = Running::start_with(|settings| {
        settings.sts = Sts::of_region("us-east-1");
    });
    let service = service.await;
    furnish(&service).await;
    let token = token(&service).await;
    let decided = Inference {
        residency: Some(Residency::Eu),
        ..Inference::default()
    };
    let (store, now) = (&service.center.store, service.center.now());
    let set = store.set_inference("acme", decided, now).await.unwrap();
    set.unwrap();
    let refused = get(&service, &token, CREDENTIALS).await;
    portal_refused(&refused, 400, "InvalidRequestException");
    let said = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(said.starts_with("STS is outside"), "{said}");
}
