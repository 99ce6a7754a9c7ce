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
    case.claim("tid", TENANT);
    let claims = case.verified().unwrap();
    let expected = IdTokenClaims {
        issuer: ISSUER.to_owned(),
        subject: "00u1".to_owned(),
        name: Some("Ana Pereira".to_owned()),
        email: Some("ana@example.org".to_owned()),
        preferred_username: Some("ana".to_owned()),
        tenant: Some(TENANT.to_owned()),
        expires_at: jiff::Timestamp::from_second(NOW + 300).unwrap(),
        issued_at: jiff::Timestamp::from_second(NOW - 5).unwrap(),
    };
    assert_eq!(claims, expected);
}
