//! Which keys and algorithms sign.

use super::*;

#[test]
fn algorithms_and_keys() {
    let rows: [Row; 51] = [
        ("RS256", |_| {}, "ok"),
        ("PS256", |c| c.signed("PS256", Signature::Ps256), "ok"),
        ("ES256", |c| c.signed("ES256", Signature::Es256), "ok"),
        ("EdDSA", |c| c.signed("EdDSA", Signature::EdDsa), "ok"),
        (
            "RS512",
            |c| c.signed("RS512", Signature::Rs512),
            "Algorithm",
        ),
        (
            "RS512, announced",
            |c| {
                c.signed("RS512", Signature::Rs512);
                c.algorithms.push("RS512");
            },
            "Algorithm",
        ),
        (
            "ES384",
            |c| c.signed("ES384", Signature::Es384),
            "Algorithm",
        ),
        (
            "ES384, announced",
            |c| {
                c.signed("ES384", Signature::Es384);
                c.algorithms.push("ES384");
            },
            "Algorithm",
        ),
        ("none", |c| c.signed("none", Signature::None), "Algorithm"),
        (
            "none, announced",
            |c| {
                c.signed("none", Signature::None);
                c.algorithms.push("none");
            },
            "Algorithm",
        ),
        ("None", |c| c.signed("None", Signature::None), "Algorithm"),
        ("empty", |c| c.signed("", Signature::None), "Algorithm"),
        (
            "HS256 of the public key",
            |c| c.signed("HS256", Signature::HmacOfPublicKey),
            "Algorithm",
        ),
        (
            "HS256, announced",
            |c| {
                c.signed("HS256", Signature::HmacOfPublicKey);
                c.algorithms.push("HS256");
            },
            "Algorithm",
        ),
        (
            "RS256 whose signature is an HMAC",
            |c| c.signed("RS256", Signature::HmacOfPublicKey),
            "Signature",
        ),
        ("lower case", |c| c.head("alg", "rs256"), "Algorithm"),
        ("a number", |c| c.head("alg", 256), "Algorithm"),
        ("null", |c| c.head("alg", Value::Null), "Algorithm"),
        (
            "absent",
            |c| {
                c.header.as_object_mut().unwrap().remove("alg");
            },
            "Algorithm",
        ),
        (
            "not announced",
            |c| {
                c.signed("PS256", Signature::Ps256);
                c.algorithms = vec!["RS256"];
            },
            "Algorithm",
        ),
        (
            "RS256 not announced",
            |c| c.algorithms = vec!["ES256"],
            "Algorithm",
        ),
        (
            "nothing announced is RS256",
            |c| c.algorithms = vec![],
            "ok",
        ),
        (
            "nothing announced is not ES256",
            |c| {
                c.signed("ES256", Signature::Es256);
                c.algorithms = vec![];
            },
            "Algorithm",
        ),
        (
            "another key of the same name",
            |c| c.keys = vec![jwk(Signature::OtherRs256, "k")],
            "Signature",
        ),
        (
            "another signer",
            |c| c.signature = Signature::OtherRs256,
            "Signature",
        ),
        ("another kid", |c| c.head("kid", "l"), "KeyNotFound"),
        (
            "no kid",
            |c| {
                c.header.as_object_mut().unwrap().remove("kid");
            },
            "ok",
        ),
        (
            "no kid, two keys",
            |c| {
                c.header.as_object_mut().unwrap().remove("kid");
                c.keys.insert(0, jwk(Signature::OtherRs256, "a"));
            },
            "ok",
        ),
        (
            "no kid, other keys",
            |c| {
                c.header.as_object_mut().unwrap().remove("kid");
                c.keys = vec![jwk(Signature::OtherRs256, "a"), jwk(Signature::Es256, "b")];
            },
            "Signature",
        ),
        (
            "one kid, two keys",
            |c| c.keys.insert(0, jwk(Signature::OtherRs256, "k")),
            "ok",
        ),
        ("no keys", |c| c.keys.clear(), "KeyNotFound"),
        (
            "RS256 for an EC key",
            |c| {
                c.signed("RS256", Signature::Es256);
            },
            "KeyNotFound",
        ),
        (
            "ES256 for an RSA key",
            |c| c.signed("ES256", Signature::Rs256),
            "KeyNotFound",
        ),
        (
            "EdDSA for an EC key",
            |c| c.signed("EdDSA", Signature::Es256),
            "KeyNotFound",
        ),
        (
            "ES256 for a P-384 key",
            |c| c.signed("ES256", Signature::Es384),
            "Signature",
        ),
        (
            "PS256 signed as PKCS #1",
            |c| c.signed("PS256", Signature::Rs256),
            "Signature",
        ),
        (
            "a key for PS256 alone",
            |c| c.keys[0]["alg"] = json!("PS256"),
            "KeyNotFound",
        ),
        (
            "a key for RS256",
            |c| c.keys[0]["alg"] = json!("RS256"),
            "ok",
        ),
        (
            "a key for encryption",
            |c| c.keys[0]["use"] = json!("enc"),
            "KeyNotFound",
        ),
        (
            "a small key",
            |c| c.keys[0]["n"] = json!("x".repeat(171)),
            "KeyNotFound",
        ),
        (
            "a private key in the set",
            |c| c.keys[0]["d"] = json!("AQAB"),
            "KeyNotFound",
        ),
        (
            "an exponent of zero",
            |c| c.keys[0]["e"] = json!("AA"),
            "Signature",
        ),
        (
            "an exponent of one",
            |c| c.keys[0]["e"] = json!("AQ"),
            "Signature",
        ),
        (
            "no exponent",
            |c| {
                c.keys[0].as_object_mut().unwrap().remove("e");
            },
            "Signature",
        ),
        (
            "a modulus of zeros",
            |c| c.keys[0]["n"] = json!("A".repeat(342)),
            "Signature",
        ),
        (
            "an enormous modulus",
            |c| c.keys[0]["n"] = json!("x".repeat(40_000)),
            "Signature",
        ),
        (
            "a short Ed25519 key",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.keys[0]["x"] = json!("AA");
            },
            "Signature",
        ),
        (
            "a long Ed25519 key",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.keys[0]["x"] = json!("x".repeat(400));
            },
            "Signature",
        ),
        (
            "a zero Ed25519 key",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.keys[0]["x"] = json!("A".repeat(43));
            },
            "Signature",
        ),
        (
            "EdDSA for X25519",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.keys[0]["crv"] = json!("X25519");
            },
            "Signature",
        ),
        (
            "ES256 of half the length",
            |c| {
                c.signed("ES256", Signature::Es256);
                c.tamper = |token| token[..token.len() - 43].to_owned();
            },
            "Signature",
        ),
    ];
    rows.into_iter().for_each(check);
}

/// By its own word: its key is not even looked for.
#[test]
fn another_persons_or_issuers_token_is_refused_whether_its_key_is_there_or_not() {
    let check = |change: fn(&mut Case), expected: &str| {
        let mut case = Case::new();
        change(&mut case);
        assert_eq!(told(&case.verified()), expected);
        case.keys.clear();
        assert_eq!(told(&case.verified()), expected);
    };
    check(|c| c.subject = Some("00u2"), "Subject");
    check(|c| c.claim("iss", "https://evil.example"), "Issuer");
}
