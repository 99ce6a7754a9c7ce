//! Headers, and texts that are no token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

#[test]
fn headers_and_forms() {
    let rows: [Row; 37] = [
        (
            "a key in the header is ignored",
            |c| {
                c.head("jwk", jwk(Signature::OtherRs256, "k"));
                c.signature = Signature::OtherRs256;
            },
            "Signature",
        ),
        (
            "a key in the header does not harm",
            |c| c.head("jwk", jwk(Signature::OtherRs256, "k")),
            "ok",
        ),
        (
            "a key in the header replaces none",
            |c| {
                c.head("jwk", jwk(Signature::Rs256, "k"));
                c.keys.clear();
            },
            "KeyNotFound",
        ),
        (
            "jku is ignored",
            |c| {
                c.head("jku", "https://evil.example/keys");
                c.signature = Signature::OtherRs256;
            },
            "Signature",
        ),
        (
            "jku does not harm",
            |c| c.head("jku", "https://evil.example/keys"),
            "ok",
        ),
        (
            "x5u and x5c are ignored",
            |c| {
                c.head("x5u", "https://evil.example/");
                c.head("x5c", json!(["AAAA"]));
            },
            "ok",
        ),
        (
            "kid is a path",
            |c| c.head("kid", "../../dev/null"),
            "KeyNotFound",
        ),
        ("kid is a number", |c| c.head("kid", 1), "Malformed"),
        ("kid is null", |c| c.head("kid", Value::Null), "Malformed"),
        ("crit", |c| c.head("crit", json!(["b64"])), "Critical"),
        (
            "crit with exp",
            |c| c.head("crit", json!(["exp"])),
            "Critical",
        ),
        ("an empty crit", |c| c.head("crit", json!([])), "Critical"),
        ("crit is null", |c| c.head("crit", Value::Null), "Critical"),
        (
            "an unencoded payload",
            |c| {
                c.head("crit", json!(["b64"]));
                c.head("b64", false);
            },
            "Critical",
        ),
        (
            "typ is absent",
            |c| {
                c.header.as_object_mut().unwrap().remove("typ");
            },
            "ok",
        ),
        ("typ in lower case", |c| c.head("typ", "jwt"), "ok"),
        ("an access token", |c| c.head("typ", "at+jwt"), "Malformed"),
        (
            "a logout token",
            |c| c.head("typ", "logout+jwt"),
            "Malformed",
        ),
        ("nested", |c| c.head("cty", "JWT"), "Malformed"),
        (
            "alg twice",
            |c| c.raw_header = Some(r#"{"alg":"none","alg":"RS256","kid":"k"}"#.to_owned()),
            "Malformed",
        ),
        (
            "alg twice, escaped",
            |c| c.raw_header = Some(r#"{"\u0061lg":"none","alg":"RS256","kid":"k"}"#.to_owned()),
            "Malformed",
        ),
        (
            "kid twice",
            |c| c.raw_header = Some(r#"{"alg":"RS256","kid":"k","kid":"k"}"#.to_owned()),
            "Malformed",
        ),
        (
            "the header is a list",
            |c| c.raw_header = Some("[]".to_owned()),
            "Malformed",
        ),
        (
            "the header is no JSON",
            |c| c.raw_header = Some("{".to_owned()),
            "Malformed",
        ),
        (
            "the claims are a list",
            |c| c.raw_claims = Some("[]".to_owned()),
            "Malformed",
        ),
        (
            "the claims are no JSON",
            |c| c.raw_claims = Some("{\"iss\":".to_owned()),
            "Malformed",
        ),
        (
            "the claims are deep",
            |c| {
                let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
                c.twice(&format!("\"x\":{deep}"));
            },
            "Malformed",
        ),
        (
            "more after the claims",
            |c| c.raw_claims = Some(format!("{}x", c.claims)),
            "Malformed",
        ),
        (
            "the signature cut off",
            |c| c.tamper = |token| token[..=token.rfind('.').unwrap()].to_owned(),
            "Signature",
        ),
        (
            "the signature removed",
            |c| c.tamper = |token| token[..token.rfind('.').unwrap()].to_owned(),
            "Malformed",
        ),
        (
            "a fourth part",
            |c| c.tamper = |token| format!("{token}.e30"),
            "Malformed",
        ),
        (
            "five parts, as encrypted",
            |c| c.tamper = |token| format!("{token}.e30.e30"),
            "Malformed",
        ),
        ("no text", |c| c.tamper = |_| String::new(), "Malformed"),
        ("dots", |c| c.tamper = |_| "..".to_owned(), "Malformed"),
        (
            "padding",
            |c| c.tamper = |token| token.replacen('.', "=.", 1),
            "Malformed",
        ),
        (
            "a line feed",
            |c| c.tamper = |token| format!("{token}\n"),
            "Malformed",
        ),
        (
            "too long",
            |c| c.claim("x", "x".repeat(65_536)),
            "Malformed",
        ),
    ];
    rows.into_iter().for_each(check);
}

#[test]
fn another_payload_under_a_good_signature_is_refused() {
    let rows: [Row; 2] = [
        (
            "another person",
            |c| c.tamper = |token| swapped(&token, "00u1", "00u2"),
            "Signature",
        ),
        (
            "the same person",
            |c| c.tamper = |token| swapped(&token, "00u1", "00u1"),
            "ok",
        ),
    ];
    rows.into_iter().for_each(check);
}

fn swapped(token: &str, from: &str, to: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let other = String::from_utf8(claims).unwrap().replace(from, to);
    format!("{}.{}.{}", parts[0], encode(other), parts[2])
}
