//! Signing out, by the application and to the application.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kiro_relying_party::{HttpClient, HttpSettings, WebClient};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::running::{Running, challenge, claims, encode};
use crate::client::{Client, Details, Grant, Wire};
use crate::oidc::backchannel_logout::{ATTEMPTS, send_due};

#[tokio::test]
async fn end_session_ends_what_the_hint_names_and_asks_without_one() {
    let service = Running::start().await;
    let tokens = service.tokens("openid").await;
    let (hint, access) = (
        tokens["id_token"].as_str().unwrap(),
        tokens["access_token"].as_str().unwrap(),
    );
    let end = async |parameters: &[(&str, &str)]| {
        service
            .get(&format!("/oauth2/end_session?{}", encode(parameters)), &[])
            .await
    };
    let bye = "http://127.0.0.1:7/bye";
    let forged = format!("{}.{}", hint.rsplit_once('.').unwrap().0, "A".repeat(86));
    for (what, parameters) in [
        ("a forged hint", vec![("id_token_hint", forged.as_str())]),
        (
            "an address that is not registered",
            vec![
                ("id_token_hint", hint),
                ("post_logout_redirect_uri", "http://127.0.0.1:8/bye"),
            ],
        ),
        (
            "an address of nobody",
            vec![("post_logout_redirect_uri", bye)],
        ),
        (
            "another application's hint",
            vec![("id_token_hint", hint), ("client_id", "confidential")],
        ),
        (
            "a parameter twice",
            vec![("id_token_hint", hint), ("id_token_hint", hint)],
        ),
    ] {
        let answer = end(&parameters).await;
        assert_eq!(answer.status, 400, "{what}");
        assert!(answer.header("location").is_none(), "{what}");
        assert_eq!(
            service.userinfo(access).await.status,
            200,
            "{what} ends nothing"
        );
    }
    let question = end(&[
        ("client_id", "native"),
        ("post_logout_redirect_uri", bye),
        ("state", "\"><script>"),
    ])
    .await;
    assert_eq!(question.status, 200);
    assert!(
        question.text().contains("<form method=\"post\"") && !question.text().contains("<script>"),
        "{}",
        question.text()
    );
    assert_eq!(
        service.userinfo(access).await.status,
        200,
        "nobody has confirmed"
    );
    let confirmed = [
        ("client_id", "native"),
        ("post_logout_redirect_uri", bye),
        ("state", "x"),
        ("confirm", "yes"),
    ];
    let answer = service.post("/oauth2/end_session", &[], &confirmed).await;
    assert_eq!(answer.location().as_str(), "http://127.0.0.1:7/bye?state=x");
    assert_eq!(end(&confirmed).await.status, 200, "a link confirms nothing");

    service.pass(7200); // an ID token that has expired is a hint all the same
    let answer = end(&[
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", bye),
        ("state", "a b"),
    ])
    .await;
    assert_eq!(
        answer.location().as_str(),
        "http://127.0.0.1:7/bye?state=a+b"
    );
    let (session, _) = service
        .center
        .store
        .session(
            claims(&tokens["id_token"])["sid"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap(),
        )
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(session.state, crate::session::State::Ended { .. }));
    let answer = end(&[("id_token_hint", hint)]).await;
    assert_eq!(answer.location().path(), "/signed-out");
}

/// An application that is told of sign-outs: it refuses as often as it is asked to, and keeps what it was told.
async fn application(refusals: u32) -> (String, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/logout", listener.local_addr().unwrap());
    let (kept, left) = (Arc::clone(&told), Arc::new(Mutex::new(refusals)));
    let hear = move |body: String| async move {
        let mut left = left.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return axum::http::StatusCode::SERVICE_UNAVAILABLE;
        }
        kept.lock().unwrap().push(body);
        axum::http::StatusCode::OK
    };
    let router = axum::Router::new().route("/logout", axum::routing::post(hear));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (uri, told)
}

#[tokio::test]
async fn an_application_is_told_of_each_session_that_ended_once_and_later_if_it_was_away() {
    let service = Running::start().await;
    let (uri, told) = application(1).await;
    let client = Client {
        id: "told".to_owned(),
        organization: Some("acme".to_owned()),
        wire: Wire::Oidc,
        secret: None,
        name: "Told".to_owned(),
        details: Details {
            redirect_uris: vec![super::running::CALLBACK.to_owned()],
            grants: vec![Grant::AuthorizationCode],
            scopes: vec!["openid".to_owned()],
            backchannel_logout_uri: Some(uri),
            ..Details::default()
        },
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    service.center.store.add_client(client).await.unwrap();
    let http: Arc<dyn HttpClient> = Arc::new(WebClient::new(&HttpSettings::default()).unwrap());
    let due = async || send_due(&service.center, &http).await.unwrap();

    let verifier = super::running::VERIFIER;
    let challenge = challenge(verifier);
    let back = service
        .authorize(&super::running::ask("told", "openid", &challenge))
        .await;
    let code = super::running::query(&back, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "told"),
        ("code", &code),
        ("redirect_uri", super::running::CALLBACK),
        ("code_verifier", verifier),
    ];
    let tokens = service.post("/oauth2/token", &[], &form).await.json();
    service.tokens("openid").await; // of an application that is told nothing
    assert_eq!(due().await, 0, "nothing has ended");
    let ended = service.center.store.end_sessions_of(
        service.user,
        crate::session::Ended::ByAdministrator,
        service.center.now(),
    );
    assert_eq!(ended.await.unwrap(), 2);
    assert_eq!(due().await, 0, "it was away");
    assert_eq!(due().await, 0, "and is not asked again at once");
    service.pass(16);
    assert_eq!(due().await, 1);
    service.pass(86_400);
    assert_eq!(due().await, 0);

    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    let token = told[0].strip_prefix("logout_token=").unwrap();
    let said = service.center.signing.ring().verify(token).unwrap();
    assert_eq!(
        (&said["aud"], &said["iss"]),
        (&json!("told"), &json!(service.issuer()))
    );
    assert_eq!(
        (&said["sub"], &said["sid"]),
        (&json!(service.user), &claims(&tokens["id_token"])["sid"])
    );
    assert_eq!(
        said["events"],
        json!({"http://schemas.openid.net/event/backchannel-logout": {}})
    );
    assert!(said["nonce"].is_null() && !said["jti"].is_null());
    let header = Value::String(token.to_owned());
    assert_ne!(claims(&header), claims(&tokens["id_token"]));
}

/// A session of `client`'s has ended.
async fn ended(service: &Running, client: &str, uri: String) {
    let told = Client {
        id: client.to_owned(),
        organization: None,
        wire: Wire::Oidc,
        secret: None,
        name: client.to_owned(),
        details: Details {
            backchannel_logout_uri: Some(uri),
            ..Details::default()
        },
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    service.center.store.add_client(told).await.unwrap();
    let client = client.to_owned();
    let noted = service.center.store.write(move |tx| {
        let client = client.clone();
        Box::pin(async move {
            let id = crate::id::SessionId::random();
            let sql = "INSERT INTO logouts (session_id, user_id, client_id, attempts, due_at) VALUES ($1, $1, $2, 0, 0)";
            tx.execute(sql, crate::store::values![id, client]).await
        })
    });
    noted.await.unwrap();
}

#[tokio::test]
async fn an_application_that_keeps_us_waiting_holds_up_nobody() {
    let service = Running::start().await;
    let (uri, _told) = application(0).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}/logout", silent.local_addr().unwrap());
    ended(&service, "slow", nowhere).await;
    ended(&service, "quick", uri).await;
    // The other side's answer is waited for much longer.
    let http: Arc<dyn HttpClient> = Arc::new(WebClient::new(&HttpSettings::default()).unwrap());
    let soon = std::time::Duration::from_secs(10);
    let told = tokio::time::timeout(soon, send_due(&service.center, &http)).await;
    assert_eq!(told.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn telling_ends_after_its_attempts() {
    let service = Running::start().await;
    let made = service.center.store.write(move |tx| {
        Box::pin(async move {
            let id = crate::id::SessionId::random();
            let sql = "INSERT INTO logouts (session_id, user_id, client_id, attempts, due_at) VALUES ($1, $1, 'native', 0, 0)";
            tx.execute(sql, crate::store::values![id]).await
        })
    });
    made.await.unwrap();
    let mut attempts = 0;
    for _ in 0..40 {
        attempts += service
            .center
            .store
            .claim_logouts(1, service.center.now())
            .await
            .unwrap()
            .len();
        service.pass(3600);
    }
    assert_eq!(attempts, usize::try_from(ATTEMPTS).unwrap());
}
