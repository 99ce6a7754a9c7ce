//! Token requests and what servers answer (RFC 6749 §5, RFC 7009, PROTOCOLS.md §4, §5).

use std::time::Duration;

use base64::Engine as _;
use kiro_relying_party::{
    ClientAuthentication, Code, CodeVerifier, HttpError, Metadata, TokenError, TokenHint,
    TokenRefusal, TokenResponse, exchange_code, introspect, refresh, revoke,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::authorize::metadata;
use crate::peer::{Peer, json, told};

const BASE: &str = "https://idp.example";

pub(crate) fn granted() -> serde_json::Value {
    json!({"access_token": "CANARY-a", "token_type": "Bearer", "refresh_token": "CANARY-r", "id_token": "CANARY-i", "expires_in": 3600, "scope": "openid  profile"})
}

async fn exchanged(peer: &Peer) -> Result<TokenResponse, TokenError> {
    exchanged_by(peer, &metadata(BASE), ClientAuthentication::None).await
}

async fn exchanged_by(
    peer: &Peer,
    metadata: &Metadata,
    authentication: ClientAuthentication<'_>,
) -> Result<TokenResponse, TokenError> {
    let (code, verifier) = (
        Code::from_secret("the code".to_owned()),
        CodeVerifier::from_secret("the-verifier".to_owned()),
    );
    exchange_code(
        peer,
        metadata,
        "client",
        authentication,
        "kiro://kiro.oauth/callback",
        code,
        verifier,
    )
    .await
}

async fn refreshed(peer: &Peer) -> Result<TokenResponse, TokenError> {
    let endpoint = format!("{BASE}/token").parse().unwrap();
    let scopes = ["openid".to_owned(), "profile".to_owned()];
    let extra = [("claims".to_owned(), "{}".to_owned())];
    refresh(
        peer,
        &endpoint,
        "client",
        &SecretString::from("the+token"),
        &scopes,
        &extra,
    )
    .await
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn form(peer: &Peer) -> Vec<(String, String)> {
    let mut form = peer.form();
    form.sort();
    form
}

#[tokio::test]
async fn what_is_asked() {
    let peer = Peer::json(200, granted().to_string());
    exchanged(&peer).await.unwrap();
    assert_eq!(peer.address(), "https://idp.example/token");
    assert_eq!(
        form(&peer),
        pairs(&[
            ("client_id", "client"),
            ("code", "the code"),
            ("code_verifier", "the-verifier"),
            ("grant_type", "authorization_code"),
            ("redirect_uri", "kiro://kiro.oauth/callback")
        ])
    );
    refreshed(&peer).await.unwrap();
    assert_eq!(
        form(&peer),
        pairs(&[
            ("claims", "{}"),
            ("client_id", "client"),
            ("grant_type", "refresh_token"),
            ("refresh_token", "the+token"),
            ("scope", "openid profile")
        ])
    );
    for (base, hint, kind) in [
        (BASE, TokenHint::Refresh, "refresh_token"),
        (BASE, TokenHint::Access, "access_token"),
        ("http://127.0.0.1:1", TokenHint::Refresh, "refresh_token"),
        ("http://127.0.0.1:1", TokenHint::Access, "access_token"),
    ] {
        let peer = Peer::json(200, "");
        let endpoint = format!("{base}/revoke").parse().unwrap();
        revoke(
            &peer,
            &endpoint,
            "client",
            &SecretString::from("the token"),
            hint,
        )
        .await
        .unwrap();
        assert_eq!(peer.address(), format!("{base}/revoke"));
        assert_eq!(
            form(&peer),
            pairs(&[
                ("client_id", "client"),
                ("token", "the token"),
                ("token_type_hint", kind)
            ])
        );
    }
}

#[tokio::test]
async fn a_client_with_a_secret_proves_itself_as_the_provider_has_it() {
    let secret = SecretString::from("a secret%:+");
    let check = async |announced: Option<&[&str]>, in_header: bool| {
        let announced = announced.map(|methods| methods.iter().map(|m| (*m).to_owned()).collect());
        let metadata = Metadata {
            token_endpoint_auth_methods: announced,
            ..metadata(BASE)
        };
        let peer = Peer::json(200, granted().to_string());
        let by_secret = ClientAuthentication::by_secret(&metadata, &secret);
        exchanged_by(&peer, &metadata, by_secret).await.unwrap();
        let header = peer.header("authorization");
        let sent = peer
            .form()
            .into_iter()
            .find(|(name, _)| name == "client_secret");
        let shown = format!("{:?}", metadata.token_endpoint_auth_methods);
        if in_header {
            // RFC 6749 §2.3.1: each half is encoded as a form's value is.
            let encoded =
                base64::engine::general_purpose::STANDARD.encode("client:a+secret%25%3A%2B");
            assert_eq!(header, Some(format!("Basic {encoded}")), "{shown}");
            assert_eq!(sent, None, "{shown}");
        } else {
            assert_eq!(header, None, "{shown}");
            assert_eq!(sent.unwrap().1, "a secret%:+", "{shown}");
        }
        assert!(!format!("{by_secret:?}").contains("a secret"));
    };
    check(None, true).await;
    check(Some(&[]), true).await;
    check(Some(&["client_secret_post", "client_secret_basic"]), true).await;
    check(Some(&["private_key_jwt"]), true).await;
    check(Some(&["client_secret_post"]), false).await;
    check(Some(&["private_key_jwt", "client_secret_post"]), false).await;
}

#[tokio::test]
async fn what_is_granted() {
    let answer = exchanged(&Peer::json(200, granted().to_string()))
        .await
        .unwrap();
    assert_eq!(answer.access.expose_secret(), "CANARY-a");
    assert_eq!(answer.refresh.as_ref().unwrap().expose_secret(), "CANARY-r");
    assert_eq!(answer.id.as_ref().unwrap().expose_secret(), "CANARY-i");
    assert_eq!(answer.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(
        answer.scopes.as_deref(),
        Some(&["openid".to_owned(), "profile".to_owned()][..])
    );
    assert!(!format!("{answer:?}").contains("CANARY"));

    let least = refreshed(&Peer::json(
        200,
        r#"{"access_token":"a","token_type":"bearer"}"#,
    ))
    .await
    .unwrap();
    assert!(
        least.refresh.is_none()
            && least.id.is_none()
            && least.expires_in.is_none()
            && least.scopes.is_none()
    );
    let long = json!({"access_token": "a", "token_type": "bearer", "expires_in": u64::MAX});
    let long = refreshed(&Peer::json(200, long.to_string())).await.unwrap();
    assert_eq!(long.expires_in, Some(Duration::from_secs(365 * 86_400)));
}

/// The answer's variant, at a code's exchange and at a refresh alike; nothing of a body's secrets is in the error.
async fn check(status: u16, body: &str, expected: &str) {
    for outcome in [
        exchanged(&Peer::json(status, body)).await,
        refreshed(&Peer::json(status, body)).await,
    ] {
        assert_eq!(told(&outcome), expected, "{status} {body:.80}");
        if let Err(error) = outcome {
            assert!(
                !format!("{error:?} {error}").contains("CANARY"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn answers() {
    for (status, body, expected) in [
        (
            200,
            r#"{"access_token":"CANARY","token_type":"Bearer"}"#,
            "ok",
        ),
        (
            200,
            r#"{"access_token":"CANARY","token_type":"BEARER"}"#,
            "ok",
        ),
        (
            200,
            r#"{"access_token":"CANARY","token_type":"DPoP"}"#,
            "Malformed",
        ),
        (
            200,
            r#"{"access_token":"CANARY","token_type":"mac"}"#,
            "Malformed",
        ),
        (200, r#"{"access_token":"CANARY"}"#, "Malformed"),
        (
            200,
            r#"{"refresh_token":"CANARY","token_type":"Bearer"}"#,
            "Malformed",
        ),
        (
            200,
            r#"{"access_token":["CANARY"],"token_type":"Bearer"}"#,
            "Malformed",
        ),
        (
            200,
            r#"{"access_token":1,"id_token":"CANARY","token_type":"Bearer"}"#,
            "Malformed",
        ),
        (
            200,
            r#"{"access_token":"CANARY","expires_in":"CANARY","token_type":"Bearer"}"#,
            "Malformed",
        ),
        (
            200,
            r#"{"access_token":"CANARY","token_type":"Bea"#,
            "Malformed",
        ),
        (200, "CANARY", "Malformed"),
        (200, "", "Malformed"),
        (200, r#"{"error":"invalid_grant"}"#, "Malformed"),
        (400, r#"{"error":"invalid_grant"}"#, "Refused"),
        (400, r#"{"error":"made_up"}"#, "Refused"),
        (401, r#"{"error":"invalid_client"}"#, "Refused"),
        (403, r#"{"error":"access_denied"}"#, "Refused"),
        (400, r#"{"error":"temporarily_unavailable"}"#, "Temporary"),
        (400, r#"{"error":"server_error"}"#, "Temporary"),
        (429, r#"{"error":"slow_down"}"#, "Temporary"),
        (400, r#"{"error":"slow_down"}"#, "Temporary"),
        (429, r#"{"error":"invalid_grant"}"#, "Temporary"),
        (429, "", "Temporary"),
        (500, r#"{"error":"invalid_grant"}"#, "Temporary"),
        (500, "<html>CANARY</html>", "Temporary"),
        (502, "", "Temporary"),
        (503, "{}", "Temporary"),
        (504, "null", "Temporary"),
        (400, "<html>CANARY</html>", "Malformed"),
        (400, "{}", "Malformed"),
        (400, "", "Malformed"),
        (400, r#"{"error":""}"#, "Malformed"),
        (400, r#"{"error":1}"#, "Malformed"),
        (404, "<html>", "Malformed"),
        (403, "[]", "Malformed"),
    ] {
        check(status, body, expected).await;
    }
    let deep = format!(
        "{{\"error\":\"invalid_grant\",\"x\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    check(400, &deep, "Malformed").await;
}

#[tokio::test]
async fn a_refusal_of_microsoft_is_told() {
    let body = json!({
        "error": "invalid_grant",
        "error_description": format!("AADSTS50076: \u{202e}MFA\r\n{}", "x".repeat(600)),
        "error_codes": [50076, -1, "50105", 99_999_999_999_u64, 53003],
        "timestamp": "2026-05-01 12:00:00Z", "trace_id": "t", "correlation_id": "c-1", "suberror": "basic_action",
        "claims": r#"{"access_token":{"polids":{"essential":true}}}"#
    });
    let Err(TokenError::Refused(refusal)) = exchanged(&Peer::json(400, body.to_string())).await
    else {
        panic!("it is refused");
    };
    let expected = TokenRefusal {
        error: "invalid_grant".to_owned(),
        description: Some(format!("AADSTS50076: MFA{}", "x".repeat(496))),
        error_codes: vec![50076, 53003],
        correlation_id: Some("c-1".to_owned()),
        claims: Some(r#"{"access_token":{"polids":{"essential":true}}}"#.to_owned()),
        suberror: Some("basic_action".to_owned()),
        timestamp: Some("2026-05-01 12:00:00Z".to_owned()),
    };
    assert_eq!(refusal, expected);
    let long = json!({"error": "invalid_grant", "claims": "x".repeat(4097)});
    let Err(TokenError::Refused(refusal)) = exchanged(&Peer::json(400, long.to_string())).await
    else {
        panic!("it is refused");
    };
    assert_eq!(refusal.claims, None);
}

#[tokio::test]
async fn later_is_as_late_as_the_server_wishes() {
    for (value, expected) in [
        ("30", Some(30)),
        ("0", Some(0)),
        ("18446744073709551615", Some(86_400)),
        ("-1", None),
        ("soon", None),
        ("Fri, 01 May 2026 12:00:00 GMT", None),
    ] {
        let peer = Peer::new(move |_| {
            let mut answer = json(503, "");
            answer
                .headers_mut()
                .insert("retry-after", value.parse().unwrap());
            Ok(answer)
        });
        let Err(TokenError::Temporary {
            status: 503,
            retry_after,
            ..
        }) = refreshed(&peer).await
        else {
            panic!("it is temporary: {value}");
        };
        assert_eq!(retry_after, expected.map(Duration::from_secs), "{value}");
    }
}

#[tokio::test]
async fn no_answer_is_no_refusal() {
    let peer = Peer::new(|_| {
        Err(HttpError::TimedOut {
            host: "idp.example".to_owned(),
        })
    });
    assert!(matches!(
        refreshed(&peer).await,
        Err(TokenError::Http(HttpError::TimedOut { .. }))
    ));
    assert!(matches!(
        exchanged(&peer).await,
        Err(TokenError::Http(HttpError::TimedOut { .. }))
    ));
}

#[tokio::test]
async fn a_token_is_active_only_where_the_server_says_so() {
    for (status, body, expected) in [
        (200, r#"{"active":true}"#, "ok"),
        (200, r#"{"active":false}"#, "ok"),
        (200, "{}", "Malformed"),
        (200, r#"{"active":"true"}"#, "Malformed"),
        (200, "<html>", "Malformed"),
        (401, r#"{"error":"invalid_client"}"#, "Refused"),
        (403, "", "Malformed"),
        (404, "<html>", "Malformed"),
        (503, "", "Temporary"),
        (429, "", "Temporary"),
    ] {
        let endpoint = format!("{BASE}/introspect").parse().unwrap();
        let peer = Peer::json(status, body);
        let token = SecretString::from("r&1");
        let outcome = introspect(&peer, &endpoint, "c", &token, TokenHint::Refresh).await;
        assert_eq!(told(&outcome), expected, "{status} {body}");
        if let Ok(active) = outcome {
            assert_eq!(active, body.contains("true"), "{body}");
        }
        let sent = [
            ("token", "r&1"),
            ("token_type_hint", "refresh_token"),
            ("client_id", "c"),
        ];
        assert_eq!(
            peer.form(),
            sent.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}

#[tokio::test]
async fn revocations_are_answered() {
    for base in [BASE, "http://localhost:1"] {
        for (status, body, expected) in [
            (200, "", "ok"),
            (200, "{}", "ok"),
            (400, r#"{"error":"unsupported_token_type"}"#, "Refused"),
            (401, r#"{"error":"invalid_client"}"#, "Refused"),
            (404, "<html>", "Malformed"),
            (503, "", "Temporary"),
            (429, "", "Temporary"),
        ] {
            let endpoint = format!("{base}/revoke").parse().unwrap();
            let outcome = revoke(
                &Peer::json(status, body),
                &endpoint,
                "c",
                &SecretString::from("t"),
                TokenHint::Access,
            )
            .await;
            assert_eq!(told(&outcome), expected, "{base} {status} {body}");
        }
    }
}
