use serde_json::json;

use super::*;
use crate::jws::PrivateKey;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

#[test]
fn a_proof_is_of_one_key_one_request_and_one_token_and_fresh() {
    let keys = TokenKeys::new(&[(1, [1; 32])]).unwrap();
    let other_keys = TokenKeys::new(&[(1, [2; 32])]).unwrap();
    let (key, another) = (fresh_key(), fresh_key());
    let url = "https://id.acme.example/oauth2/userinfo";
    let subject = Subject {
        method: "GET",
        url,
        access_token: Some("kat_token"),
    };
    let ath = URL_SAFE_NO_PAD.encode(Digest::of("kat_token").bytes());
    let jwk = serde_json::to_value(&key.public).unwrap();
    let claims = json!({"jti": "1", "htm": "GET", "htu": url, "iat": 5, "ath": ath, "nonce": nonce(&keys, at(0))});
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
    let sign =
        |header: &Value, claims: &Value, by: &PrivateKey| by.sign_with(header, claims).unwrap();
    let checked = |text: &str, now| check(text, &subject, &keys, at(now));
    let good = sign(&header, &claims, &key);
    let proof = Proof {
        thumbprint: key.public.thumbprint(),
        jti: "1".to_owned(),
    };
    assert_eq!(checked(&good, 0), Ok(proof.clone()));
    assert_eq!(checked(&good, 299), Ok(proof));
    assert_eq!(checked(&good, 700), Err(Fault::Nonce), "an old nonce");

    let refused = |header: &Value, claims: &Value, by: &PrivateKey, what: &str| {
        let found = checked(&sign(header, claims, by), 0);
        assert!(matches!(found, Err(Fault::Invalid(_))), "{what}: {found:?}");
    };
    refused(&header, &claims, &another, "signed by another key");
    for (member, value) in [
        ("typ", json!("JWT")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("jwk", json!(null)),
        ("jwk", json!({"kty": "oct", "k": "AA"})),
        ("crit", json!(["x"])),
    ] {
        let mut wrong = header.clone();
        wrong[member] = value;
        refused(&wrong, &claims, &key, member);
    }
    let mut private = header.clone();
    private["jwk"]["d"] = "AA".into();
    refused(&private, &claims, &key, "a private key");
    for (claim, value) in [
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(257))),
        ("htm", json!("POST")),
        ("htm", json!("get")),
        ("htu", json!("https://id.acme.example/oauth2/token")),
        ("htu", json!("http://id.acme.example/oauth2/userinfo")),
        ("htu", json!("https://evil.example/oauth2/userinfo")),
        ("htu", json!(null)),
        ("iat", json!("5")),
        ("ath", json!(null)),
        ("ath", json!("AA")),
    ] {
        let mut wrong = claims.clone();
        wrong[claim] = value;
        refused(&header, &wrong, &key, claim);
    }
    for htu in [
        "https://id.acme.example/oauth2/userinfo?a=b#c",
        "https://ID.acme.example:443/oauth2/userinfo",
    ] {
        let mut same = claims.clone();
        same["htu"] = htu.into();
        assert!(checked(&sign(&header, &same, &key), 0).is_ok(), "{htu}");
    }
    for nonce in [
        json!(null),
        json!(""),
        json!("6000000.x"),
        json!(nonce(&other_keys, at(0))),
        json!(nonce(&keys, at(900))),
    ] {
        let mut wrong = claims.clone();
        wrong["nonce"] = nonce;
        assert_eq!(
            checked(&sign(&header, &wrong, &key), 0),
            Err(Fault::Nonce),
            "{}",
            wrong["nonce"]
        );
    }
}

fn fresh_key() -> PrivateKey {
    PrivateKey::read(&PrivateKey::generate().unwrap()).unwrap()
}

#[test]
fn a_proof_is_remembered_for_as_long_as_its_nonce_is_good() {
    let keys = TokenKeys::new(&[(1, [1; 32])]).unwrap();
    let nonce = nonce(&keys, at(0));
    let good = (-1_000..2_000).filter(|&second| fresh(&nonce, &keys, at(second)));
    assert_eq!(good.count(), usize::try_from(KEPT_SECONDS).unwrap());
}
