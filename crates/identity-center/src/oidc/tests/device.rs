//! The device grant (RFC 8628) on OpenID Connect's wire.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::running::{Answer, Running, SECRET, claims};
use crate::aws::tests::device::decide;
use crate::client::{Client, Details, Grant, Wire};
use crate::device::GRANT;
use crate::jws::PrivateKey;
use crate::secret::{Digest, issue};

/// A television: a public application for device codes, and what else is changed of it.
async fn television(service: &Running, id: &str, change: impl FnOnce(&mut Client)) {
    let words = ["openid", "profile", "offline_access"].map(str::to_owned);
    let mut client = Client {
        id: id.to_owned(),
        organization: Some("acme".to_owned()),
        wire: Wire::Oidc,
        secret: None,
        name: id.to_owned(),
        details: Details {
            grants: vec![Grant::DeviceCode, Grant::RefreshToken],
            scopes: words.to_vec(),
            ..Details::default()
        },
        issued_at: service.center.now(),
        expires_at: None,
    };
    change(&mut client);
    service.center.store.add_client(client).await.unwrap();
}

async fn begin(service: &Running, form: &[(&str, &str)]) -> Answer {
    service
        .post("/oauth2/device_authorization", &[], form)
        .await
}

async fn ask(service: &Running, client: &str, started: &Value) -> Answer {
    let form = [
        ("grant_type", GRANT),
        ("client_id", client),
        ("device_code", started["device_code"].as_str().unwrap()),
    ];
    service.post("/oauth2/token", &[], &form).await
}

fn refused(answer: &Answer, expected: &str) {
    assert_eq!((answer.status, answer.error().as_str()), (400, expected));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_device_gets_tokens_and_an_id_token_once_the_person_has_allowed_it() {
    let service = Running::start().await;
    television(&service, "tv", |_| ()).await;
    television(&service, "radio", |_| ()).await;
    let scope = "openid offline_access unknown";
    let started = begin(&service, &[("client_id", "tv"), ("scope", scope)]).await;
    assert_eq!(started.status, 200, "{}", started.text());
    assert_eq!(started.header("cache-control"), Some("no-store"));
    let started = started.json();
    let user_code = started["user_code"].as_str().unwrap();
    let page = format!("{}/device", service.issuer());
    assert_eq!(started["verification_uri"], page);
    assert_eq!(
        started["verification_uri_complete"],
        format!("{page}?user_code={user_code}")
    );
    assert_eq!(
        (&started["expires_in"], &started["interval"]),
        (&600.into(), &5.into())
    );

    refused(
        &ask(&service, "tv", &started).await,
        "authorization_pending",
    );
    refused(&ask(&service, "tv", &started).await, "slow_down");
    refused(&ask(&service, "radio", &started).await, "invalid_grant");
    assert!(decide(&service, user_code, service.user, true).await);
    let granted = ask(&service, "tv", &started).await;
    assert_eq!(granted.status, 200, "{}", granted.text());
    let granted = granted.json();
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["scope"], "openid offline_access");
    let claims = claims(&granted["id_token"]);
    assert_eq!(claims["sub"], service.user.to_string());
    assert_eq!(claims["aud"], "tv");
    assert!(claims.get("nonce").is_none());
    refused(&ask(&service, "tv", &started).await, "invalid_grant");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "tv"),
        ("refresh_token", granted["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(service.post("/oauth2/token", &[], &form).await.status, 200);

    let started = begin(&service, &[("client_id", "tv"), ("scope", "openid")]).await;
    let started = started.json();
    let user_code = started["user_code"].as_str().unwrap();
    assert!(decide(&service, user_code, service.user, false).await);
    refused(&ask(&service, "tv", &started).await, "access_denied");
    let started = begin(&service, &[("client_id", "tv"), ("scope", "openid")]).await;
    service.pass(601);
    refused(&ask(&service, "tv", &started.json()).await, "expired_token");
}

#[tokio::test]
async fn a_device_code_is_given_to_applications_that_may_have_one() {
    let service = Running::start().await;
    television(&service, "tv", |_| ()).await;
    let other = |client: &mut Client| client.organization = None;
    television(&service, "nobodys", other).await;
    let secret = |client: &mut Client| client.secret = Some(Digest::of(SECRET));
    television(&service, "secret", secret).await;
    let check = async |form: &[(&str, &str)], status, error: &str| {
        let answer = begin(&service, form).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, error),
            "{form:?}"
        );
    };
    check(&[], 401, "invalid_client").await;
    check(&[("client_id", "unknown")], 401, "invalid_client").await;
    check(
        &[("client_id", "aws"), ("client_secret", SECRET)],
        401,
        "invalid_client",
    )
    .await;
    check(&[("client_id", "secret")], 401, "invalid_client").await;
    check(
        &[("client_id", "native"), ("scope", "openid")],
        400,
        "unauthorized_client",
    )
    .await;
    check(
        &[("client_id", "nobodys"), ("scope", "openid")],
        400,
        "unauthorized_client",
    )
    .await;
    check(&[("client_id", "tv")], 400, "invalid_scope").await;
    check(
        &[("client_id", "tv"), ("scope", "sso:account:access")],
        400,
        "invalid_scope",
    )
    .await;
    check(
        &[("client_id", "tv"), ("client_id", "tv")],
        400,
        "invalid_request",
    )
    .await;
    let form = [
        ("client_id", "secret"),
        ("client_secret", SECRET),
        ("scope", "openid"),
    ];
    assert_eq!(begin(&service, &form).await.status, 200);
    let form = [
        ("grant_type", GRANT),
        ("client_id", "native"),
        ("device_code", "x"),
    ];
    let answer = service.post("/oauth2/token", &[], &form).await;
    refused(&answer, "unauthorized_client");
    let form = [("grant_type", GRANT), ("client_id", "tv")];
    refused(
        &service.post("/oauth2/token", &[], &form).await,
        "invalid_request",
    );
    let form = [
        ("grant_type", GRANT),
        ("client_id", "tv"),
        ("device_code", "x"),
    ];
    refused(
        &service.post("/oauth2/token", &[], &form).await,
        "invalid_grant",
    );
}

/// A device's key, and its proofs (RFC 9449 §4.2).
struct Prover<'a> {
    service: &'a Running,
    key: PrivateKey,
}

impl<'a> Prover<'a> {
    fn new(service: &'a Running) -> Prover<'a> {
        let key = PrivateKey::read(&PrivateKey::generate().unwrap()).unwrap();
        Prover { service, key }
    }

    fn proof(&self, method: &str, path: &str, access_token: Option<&str>, nonce: &str) -> String {
        let jwk = serde_json::to_value(&self.key.public).unwrap();
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        let mut claims = json!({
            "jti": issue().0.expose_secret(),
            "htm": method,
            "htu": format!("{}{path}", self.service.issuer()),
            "iat": self.service.center.now().as_second(),
            "nonce": nonce,
        });
        if let Some(token) = access_token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(Digest::of(token).bytes()).into();
        }
        self.key.sign_with(&header, &claims).unwrap()
    }

    /// A request to the token endpoint, with the nonce that the service asks for.
    async fn tokens(&self, form: &[(&str, &str)]) -> Answer {
        let path = "/oauth2/token";
        let first = self.proof("POST", path, None, "none");
        let asked = self.service.post(path, &[("dpop", &first)], form).await;
        assert_eq!(asked.error(), "use_dpop_nonce", "{}", asked.text());
        let nonce = asked.header("dpop-nonce").unwrap();
        let proof = self.proof("POST", path, None, nonce);
        self.service.post(path, &[("dpop", &proof)], form).await
    }

    async fn userinfo(&self, token: &str) -> u16 {
        let path = "/oauth2/userinfo";
        let authorization = format!("DPoP {token}");
        let send = async |nonce: &str| {
            let proof = self.proof("GET", path, Some(token), nonce);
            let headers = [
                ("authorization", authorization.as_str()),
                ("dpop", proof.as_str()),
            ];
            self.service.get(path, &headers).await
        };
        let asked = send("none").await;
        send(asked.header("dpop-nonce").unwrap()).await.status
    }
}

#[tokio::test]
async fn a_device_s_tokens_are_bound_to_the_key_that_asked_for_them() {
    let service = Running::start().await;
    television(&service, "tv", |_| ()).await;
    let (device, thief) = (Prover::new(&service), Prover::new(&service));
    let form = [("client_id", "tv"), ("scope", "openid offline_access")];
    let started = begin(&service, &form).await.json();
    let code = [
        ("grant_type", GRANT),
        ("client_id", "tv"),
        ("device_code", started["device_code"].as_str().unwrap()),
    ];
    refused(&device.tokens(&code).await, "authorization_pending");
    let user_code = started["user_code"].as_str().unwrap();
    assert!(decide(&service, user_code, service.user, true).await);
    service.pass(6);
    let granted = device.tokens(&code).await;
    assert_eq!(granted.status, 200, "{}", granted.text());
    let granted = granted.json();
    assert_eq!(granted["token_type"], "DPoP");
    let token = granted["access_token"].as_str().unwrap();

    assert_eq!(service.userinfo(token).await.status, 401, "without a proof");
    assert_eq!(thief.userinfo(token).await, 401, "with another key");
    assert_eq!(device.userinfo(token).await, 200);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "tv"),
        ("refresh_token", granted["refresh_token"].as_str().unwrap()),
    ];
    let bare = service.post("/oauth2/token", &[], &refresh).await;
    refused(&bare, "invalid_dpop_proof");
    refused(&thief.tokens(&refresh).await, "invalid_grant");
    let renewed = device.tokens(&refresh).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert_eq!(renewed.json()["token_type"], "DPoP");
}
