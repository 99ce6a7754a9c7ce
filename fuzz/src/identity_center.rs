//! What strangers send to Identity Center: a whole one, with the demonstration's people and applications, on a store in a file.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use kiro_identity_center::center::{Center, Settings, router};
use kiro_identity_center::clock::SystemClock;
use kiro_identity_center::demonstration::furnish;
use kiro_identity_center::master_key::MasterKeys;
use kiro_identity_center::store::Store;
use serde_json::{Value, json};

const ISSUER: &str = "http://127.0.0.1:8400";
/// No request is longer: the first bytes of a line are limited before anything here sees them.
const LONGEST: usize = 16 * 1024;

struct Running {
    runtime: tokio::runtime::Runtime,
    center: Arc<Center>,
    /// A registered AWS client: its name is random, so the inputs say `AWS_CLIENT`.
    aws_client: String,
    _folder: tempfile::TempDir,
}

fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::sqlite(&folder.path().join("store.db")).unwrap();
        let settings = Settings::new(ISSUER.parse().unwrap(), "us-east-1");
        let center = runtime.block_on(async {
            let master = MasterKeys::of([7; 32]);
            let center = Center::open(store, Arc::new(SystemClock), settings, master).await;
            let center = Arc::new(center.unwrap());
            furnish(&center, None).await.unwrap();
            center
        });
        let registration = json!({
            "clientName": "An IDE", "clientType": "public", "scopes": ["sso:account:access"],
            "grantTypes": ["authorization_code", "refresh_token"], "redirectUris": ["http://127.0.0.1/oauth/callback"],
            "issuerUrl": format!("{ISSUER}/start/acme"),
        });
        let request = Request::post("/client/register")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(registration.to_string()));
        let (_, _, text) = runtime.block_on(answered(&center, request.unwrap()));
        let registered: Value = serde_json::from_str(&text).unwrap();
        let aws_client = registered["clientId"].as_str().unwrap().to_owned();
        Running {
            runtime,
            center,
            aws_client,
            _folder: folder,
        }
    })
}

/// The answer's status, headers and text.
async fn answered(center: &Arc<Center>, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let service = TowerToHyperService::new(router(Arc::clone(center)));
    let answer: Result<_, Infallible> = service.call(request).await;
    let (head, body) = answer.unwrap().into_parts();
    let body = to_bytes(body, 1024 * 1024).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (head.status, head.headers, text)
}

fn answer(request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let running = running();
    running.runtime.block_on(answered(&running.center, request))
}

/// The query of an authorization request, at one wire or the other. Nobody is sent anywhere but to the sign-in's own pages and to an
/// address that the application registered.
pub(crate) fn authorize(data: &[u8]) {
    let _ = begun(data);
}

/// The same; whether a sign-in begins.
pub(crate) fn begun(data: &[u8]) -> bool {
    let Some((first, query)) = data.split_first() else {
        return false;
    };
    let path = if first % 2 == 0 {
        "/oauth2/authorize"
    } else {
        "/authorize"
    };
    let Ok(query) = std::str::from_utf8(&query[..query.len().min(LONGEST)]) else {
        return false;
    };
    let query = query.replace("AWS_CLIENT", &running().aws_client);
    let Ok(request) = Request::get(format!("{path}?{query}")).body(Body::empty()) else {
        return false;
    };
    let (status, headers, text) = answer(request);
    assert!(status.as_u16() < 500, "{status} {text}");
    let Some(to) = headers.get(header::LOCATION) else {
        assert!(status.is_client_error(), "{status}");
        return false;
    };
    let to: url::Url = to.to_str().unwrap().parse().unwrap();
    let ours = to.as_str().starts_with(&format!("{ISSUER}/sign-in/"));
    let link = to.as_str().starts_with("kiro://kiro.oauth/callback?");
    let loopback = matches!(
        (to.scheme(), to.host_str(), to.path()),
        ("http", Some("127.0.0.1"), "/cb" | "/oauth/callback")
            | ("http", Some("localhost"), "/oauth/callback")
    );
    assert!(ours || link || loopback, "{to}");
    assert!(
        to.username().is_empty() && to.password().is_none() && to.fragment().is_none(),
        "{to}"
    );
    ours
}

/// The body of a token request, a form at OpenID Connect's endpoint or JSON at AWS's. Nothing is granted, and the refusal is one of the
/// wire's own.
pub(crate) fn token(data: &[u8]) {
    let Some((first, body)) = data.split_first() else {
        return;
    };
    let (path, kind) = match first % 4 {
        0 | 1 => ("/oauth2/token", "application/x-www-form-urlencoded"),
        2 => ("/token", "application/json"),
        _ => ("/token", "application/x-amz-json-1.1"),
    };
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_vec()));
    let (status, headers, text) = answer(request.unwrap());
    assert!(status.is_client_error(), "{status} {text}");
    let refusal: Value = serde_json::from_str(&text).unwrap();
    let word = refusal["error"].as_str().unwrap();
    assert!(
        word.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
        "{word}"
    );
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(path == "/token", headers.contains_key("x-amzn-errortype"));
}
