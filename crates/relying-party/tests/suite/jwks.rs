//! The key set's cache (THREATS.md T8).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;
use kiro_relying_party::{
    HttpError, IdTokenClaims, IdTokenError, IdTokenExpectation, IssuerExpectation, Jwks,
    NonceExpectation,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::peer::{Peer, json, told};
use crate::signer::{Signature, encode, jwk, token};

const START: i64 = 1_800_000_000;

fn keys() -> Jwks {
    Jwks::new("https://idp.example/keys".parse().unwrap())
}

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

async fn verify(
    keys: &Jwks,
    peer: &Peer,
    kid: &str,
    after: i64,
) -> Result<IdTokenClaims, IdTokenError> {
    let now = START + after;
    let header = json!({"alg": "ES256", "kid": kid}).to_string();
    let claims =
        json!({"iss": "https://idp.example", "sub": "s", "aud": "c", "exp": now + 60, "iat": now})
            .to_string();
    let token = SecretString::from(token(&header, &claims, Signature::Es256));
    let expect = IdTokenExpectation {
        issuer: IssuerExpectation::Exact("https://idp.example"),
        client_id: "c",
        nonce: NonceExpectation::NotChecked,
        access_token: None,
        algorithms: &["ES256".to_owned()],
        subject: None,
        now: Timestamp::from_second(now).unwrap(),
    };
    keys.verify_id_token(peer, &token, &expect).await
}

/// At each of these seconds a token with this key's name comes: how often has the set been fetched by then?
async fn check(cache_control: Option<&'static str>, steps: &[(i64, &str, &str, usize)]) {
    let peer = Peer::new(move |_| {
        let mut answer = json(200, set(&[jwk(Signature::Es256, "k")]));
        if let Some(value) = cache_control {
            answer
                .headers_mut()
                .insert("cache-control", value.parse().unwrap());
        }
        Ok(answer)
    });
    let keys = keys();
    for (after, kid, expected, fetched) in steps {
        assert_eq!(
            told(&verify(&keys, &peer, kid, *after).await),
            *expected,
            "{cache_control:?} {after} {kid}"
        );
        assert_eq!(peer.asked(), *fetched, "{cache_control:?} {after} {kid}");
    }
}

#[tokio::test]
async fn known_keys_are_kept_for_their_time() {
    check(
        None,
        &[
            (0, "k", "ok", 1),
            (299, "k", "ok", 1),
            (300, "k", "ok", 2),
            (599, "k", "ok", 2),
        ],
    )
    .await;
    check(
        Some("no-store"),
        &[(0, "k", "ok", 1), (299, "k", "ok", 1), (300, "k", "ok", 2)],
    )
    .await;
    check(
        Some("public, max-age=1"),
        &[(0, "k", "ok", 1), (299, "k", "ok", 1), (300, "k", "ok", 2)],
    )
    .await;
    check(
        Some("public, max-age=3600"),
        &[
            (0, "k", "ok", 1),
            (3599, "k", "ok", 1),
            (3600, "k", "ok", 2),
        ],
    )
    .await;
    check(
        Some("max-age=99999999999"),
        &[
            (0, "k", "ok", 1),
            (86_399, "k", "ok", 1),
            (86_400, "k", "ok", 2),
        ],
    )
    .await;
    check(Some("max-age=x"), &[(0, "k", "ok", 1), (300, "k", "ok", 2)]).await;
}

#[tokio::test]
async fn an_unknown_name_asks_once_a_minute() {
    let none = "KeyNotFound";
    check(
        None,
        &[
            (0, "k", "ok", 1),
            (1, "x", none, 1),
            (59, "x", none, 1),
            (60, "x", none, 2),
            (61, "y", none, 2),
            (119, "x", none, 2),
            (120, "z", none, 3),
            (120, "k", "ok", 3),
        ],
    )
    .await;
    check(
        None,
        &[
            (0, "x", none, 1),
            (0, "x", none, 1),
            (59, "x", none, 1),
            (60, "k", "ok", 1),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_freeze_the_cache() {
    check(
        None,
        &[
            (0, "k", "ok", 1),
            (-1, "k", "ok", 1),
            (-1, "x", "KeyNotFound", 1),
            (-300, "k", "ok", 2),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_new_key_is_found() {
    let rotated = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&rotated);
    let peer = Peer::new(move |_| {
        let kid = if switch.load(Ordering::SeqCst) {
            "new"
        } else {
            "old"
        };
        Ok(json(200, set(&[jwk(Signature::Es256, kid)])))
    });
    let keys = keys();
    assert_eq!(told(&verify(&keys, &peer, "old", 0).await), "ok");
    rotated.store(true, Ordering::SeqCst);
    assert_eq!(told(&verify(&keys, &peer, "new", 61).await), "ok");
    assert_eq!(told(&verify(&keys, &peer, "old", 62).await), "KeyNotFound");
    assert_eq!(peer.asked(), 2);
}

/// At each of these seconds a token comes while the address answers so: what is told, and how often was it asked by then?
async fn check_failing(
    answer: impl Fn() -> Result<http::Response<Vec<u8>>, HttpError> + Send + Sync + 'static,
    steps: &[(i64, &str, usize)],
) {
    let peer = Peer::new(move |_| answer());
    let keys = keys();
    for (after, expected, asked) in steps {
        let outcome = verify(&keys, &peer, "k", *after).await;
        assert_eq!(
            (told(&outcome).as_str(), peer.asked()),
            (*expected, *asked),
            "{after}"
        );
    }
}

#[tokio::test]
async fn an_address_that_fails_is_asked_once_a_minute() {
    let host = || "idp.example".to_owned();
    for (status, expected) in [
        (503, "Temporary"),
        (429, "Temporary"),
        (404, "Keys"),
        (200, "Keys"),
    ] {
        let steps = [
            (0, expected, 1),
            (1, expected, 1),
            (59, expected, 1),
            (60, expected, 2),
            (119, expected, 2),
            (-60, expected, 3),
        ];
        check_failing(move || Ok(json(status, "")), &steps).await;
    }
    let steps = [(0, "Http", 1), (59, "Http", 1), (60, "Http", 2)];
    check_failing(move || Err(HttpError::TimedOut { host: host() }), &steps).await;
    check_failing(move || Err(HttpError::TooLarge { host: host() }), &steps).await;
    // Nobody was reached: the network may be back any moment, and nobody is spared.
    let steps = [(0, "Http", 1), (1, "Http", 2)];
    let unreachable = move || HttpError::Unreachable {
        host: host(),
        proxy: None,
        why: "refused".to_owned(),
        unresolved: false,
    };
    check_failing(move || Err(unreachable()), &steps).await;
}

#[tokio::test]
async fn a_failure_is_forgotten_with_the_next_good_answer_and_known_keys_outlive_it() {
    let status = Arc::new(AtomicUsize::new(503));
    let now = Arc::clone(&status);
    let peer = Peer::new(move |_| {
        let status = u16::try_from(now.load(Ordering::SeqCst)).unwrap();
        Ok(json(status, set(&[jwk(Signature::Es256, "k")])))
    });
    let keys = keys();
    let check = async |after, kid: &str, expected: &str, asked| {
        let outcome = verify(&keys, &peer, kid, after).await;
        assert_eq!(
            (told(&outcome).as_str(), peer.asked()),
            (expected, asked),
            "{after} {kid}"
        );
    };
    check(0, "k", "Temporary", 1).await;
    status.store(200, Ordering::SeqCst);
    check(59, "k", "Temporary", 1).await;
    check(60, "k", "ok", 2).await;
    status.store(503, Ordering::SeqCst);
    check(120, "x", "Temporary", 3).await;
    check(121, "k", "ok", 3).await;
    check(121, "x", "Temporary", 3).await;
}

#[tokio::test]
async fn fifty_at_once_share_one_failure() {
    let peer = Arc::new(Peer::json(503, ""));
    let keys = Arc::new(keys());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (peer, keys) = (Arc::clone(&peer), Arc::clone(&keys));
        tasks.spawn(async move { verify(&keys, &peer, "k", 0).await.is_err() });
    }
    assert!(tasks.join_all().await.into_iter().all(|failed| failed));
    assert_eq!(peer.asked(), 1);
}

#[tokio::test]
async fn fifty_at_once_share_one_request() {
    let peer = Arc::new(Peer::json(200, set(&[jwk(Signature::Es256, "k")])));
    let keys = Arc::new(keys());
    let verified = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (peer, keys, verified) = (Arc::clone(&peer), Arc::clone(&keys), Arc::clone(&verified));
        tasks.spawn(async move {
            verify(&keys, &peer, "k", number % 3).await.unwrap();
            verified.fetch_add(1, Ordering::SeqCst);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!((verified.load(Ordering::SeqCst), peer.asked()), (50, 1));
}

#[tokio::test]
async fn sets_that_cannot_be_used() {
    let many = |count: usize| set(&vec![jwk(Signature::Es256, "k"); count]);
    let one = jwk(Signature::Es256, "k");
    let long = |length: usize| {
        let text = json!({"keys": [one], "x": ""}).to_string();
        text.replace(
            "\"x\":\"\"",
            &format!("\"x\":\"{}\"", "x".repeat(length - text.len())),
        )
    };
    for (status, body, expected) in [
        (200, many(1), "ok"),
        (200, many(64), "ok"),
        (200, many(65), "Keys"),
        (200, long(512 * 1024), "ok"),
        (200, long(512 * 1024 + 1), "Keys"),
        (200, "{}".to_owned(), "Keys"),
        (200, "[]".to_owned(), "Keys"),
        (200, r#"{"keys":{}}"#.to_owned(), "Keys"),
        (200, r#"{"keys":[1]}"#.to_owned(), "Keys"),
        (200, r#"{"keys":[]}"#.to_owned(), "KeyNotFound"),
        (200, r#"{"keys":[],"keys":[]}"#.to_owned(), "Keys"),
        (200, r#"{"keys":[{}]}"#.to_owned(), "KeyNotFound"),
        (
            200,
            r#"{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"AA"}]}"#.to_owned(),
            "Signature",
        ),
        (
            200,
            format!(
                "{{\"keys\":[{}{}]}}",
                "[".repeat(100_000),
                "]".repeat(100_000)
            ),
            "Keys",
        ),
        (
            200,
            set(&[json!({"kty": "oct", "kid": "k", "k": encode("secret")})]),
            "KeyNotFound",
        ),
        (
            200,
            set(&[json!({"kty": "XYZ", "kid": "k"}), one.clone()]),
            "ok",
        ),
        (
            200,
            r#"{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"AA","y":"AA"}]}"#.to_owned(),
            "Signature",
        ),
        (
            200,
            r#"{"keys":[{"kty":"EC","kid":"k","crv":"P-256","x":"","y":""}]}"#.to_owned(),
            "Signature",
        ),
        (200, off_the_curve(32), "Signature"),
        (200, off_the_curve(33), "Signature"),
        (200, off_the_curve(3000), "Signature"),
        (404, many(1), "Keys"),
        (500, many(1), "Temporary"),
        (429, many(1), "Temporary"),
        (200, many(1)[..40].to_owned(), "Keys"),
    ] {
        let peer = Peer::json(status, body.clone());
        assert_eq!(
            told(&verify(&keys(), &peer, "k", 0).await),
            expected,
            "{status} {body:.60}"
        );
    }
}

/// A point that is not on the curve, of coordinates of this length.
fn off_the_curve(length: usize) -> String {
    let text = encode(vec![1; length]);
    set(&[json!({"kty": "EC", "kid": "k", "crv": "P-256", "x": text, "y": text})])
}

#[tokio::test]
async fn a_set_can_be_looked_at_before_any_token_comes() {
    for (status, body, expected) in [
        (200, set(&[jwk(Signature::Es256, "k")]), "ok"),
        (200, set(&[]), "KeyNotFound"),
        (200, "{}".to_owned(), "Keys"),
        (503, String::new(), "Temporary"),
    ] {
        let peer = Peer::json(status, body.clone());
        let keys = keys();
        let now = Timestamp::from_second(START).unwrap();
        assert_eq!(told(&keys.probe(&peer, now).await), expected, "{body}");
        if expected == "ok" {
            assert_eq!(told(&verify(&keys, &peer, "k", 1).await), "ok");
            assert_eq!(peer.asked(), 1, "what was found is kept");
        }
    }
}
