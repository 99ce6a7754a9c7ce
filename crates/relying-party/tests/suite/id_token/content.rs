//! The access token's hash, and what is told.

use super::*;

#[test]
fn the_access_token_belongs_to_it() {
    let rows: [Row; 14] = [
        (
            "its hash",
            |c| c.claim("at_hash", at_hash(&Sha256::digest(ACCESS))),
            "ok",
        ),
        ("no hash", |c| c.without("at_hash"), "ok"),
        (
            "no access token",
            |c| {
                c.access = None;
                c.claim("at_hash", "x");
            },
            "ok",
        ),
        (
            "of another token",
            |c| c.claim("at_hash", at_hash(&Sha256::digest("other"))),
            "AccessTokenHash",
        ),
        (
            "another access token",
            |c| {
                c.access = Some("other");
                c.claim("at_hash", at_hash(&Sha256::digest(ACCESS)));
            },
            "AccessTokenHash",
        ),
        ("empty", |c| c.claim("at_hash", ""), "AccessTokenHash"),
        (
            "whole",
            |c| c.claim("at_hash", encode(Sha256::digest(ACCESS))),
            "AccessTokenHash",
        ),
        (
            "with padding",
            |c| c.claim("at_hash", format!("{}==", at_hash(&Sha256::digest(ACCESS)))),
            "AccessTokenHash",
        ),
        (
            "SHA-512 for RS256",
            |c| c.claim("at_hash", at_hash(&Sha512::digest(ACCESS))),
            "AccessTokenHash",
        ),
        (
            "SHA-384 for RS256",
            |c| c.claim("at_hash", at_hash(&Sha384::digest(ACCESS))),
            "AccessTokenHash",
        ),
        (
            "SHA-256 for ES256",
            |c| {
                c.signed("ES256", Signature::Es256);
                c.claim("at_hash", at_hash(&Sha256::digest(ACCESS)));
            },
            "ok",
        ),
        (
            "SHA-512 for EdDSA",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.claim("at_hash", at_hash(&Sha512::digest(ACCESS)));
            },
            "ok",
        ),
        (
            "SHA-256 for EdDSA",
            |c| {
                c.signed("EdDSA", Signature::EdDsa);
                c.claim("at_hash", at_hash(&Sha256::digest(ACCESS)));
            },
            "AccessTokenHash",
        ),
        (
            "at_hash is a number",
            |c| c.claim("at_hash", 1),
            "Malformed",
        ),
    ];
    rows.into_iter().for_each(check);
}

#[test]
fn what_it_says_is_told() {
    let mut case = Case::new();
    case.claim("name", "Ana\u{202e}\n Pereira");
    case.claim("preferred_username", "an\u{202e}a");
    case.claim("tid", TENANT);
    case.claim("oid", "0b1e");
    case.claim("auth_time", NOW - 600);
    case.claim("acr", "urn:acme:mfa");
    case.claim("amr", json!(["pwd", "\u{202e}otp"]));
    case.claim("sid", "s-1");
    let claims = case.verified().unwrap();
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let expected = IdTokenClaims {
        issuer: ISSUER.to_owned(),
        subject: "00u1".to_owned(),
        name: Some("Ana Pereira".to_owned()),
        email: Some("ana@example.org".to_owned()),
        preferred_username: Some("ana".to_owned()),
        user_name: Some("an\u{202e}a".to_owned()),
        tenant: Some(TENANT.to_owned()),
        object: Some("0b1e".to_owned()),
        authenticated_at: Some(at(NOW - 600)),
        context: Some("urn:acme:mfa".to_owned()),
        methods: vec!["pwd".to_owned(), "otp".to_owned()],
        session: Some("s-1".to_owned()),
        expires_at: at(NOW + 300),
        issued_at: at(NOW - 5),
    };
    assert_eq!(claims, expected);
}

#[test]
fn what_says_how_somebody_was_authenticated_is_of_its_type() {
    let rows: [Row; 5] = [
        (
            "auth_time is no number",
            |c| c.claim("auth_time", "yesterday"),
            "Malformed",
        ),
        (
            "auth_time is no time",
            |c| c.claim("auth_time", 1e300),
            "Malformed",
        ),
        (
            "acr is a list",
            |c| c.claim("acr", json!(["a"])),
            "Malformed",
        ),
        ("amr is a text", |c| c.claim("amr", "pwd"), "Malformed"),
        ("sid is a number", |c| c.claim("sid", 7), "Malformed"),
    ];
    rows.into_iter().for_each(check);
    let mut case = Case::new();
    case.claim("amr", json!(vec!["pwd"; 100]));
    assert_eq!(case.verified().unwrap().methods.len(), 16);
}
