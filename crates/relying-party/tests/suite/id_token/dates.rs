//! Times, with a minute of leeway.

use super::*;

#[test]
fn dates_at_the_edges_of_the_leeway() {
    let rows: [Row; 41] = [
        ("expires in a minute", |c| c.claim("exp", NOW + 60), "ok"),
        ("expires now", |c| c.claim("exp", NOW), "ok"),
        ("expired 59 seconds ago", |c| c.claim("exp", NOW - 59), "ok"),
        (
            "expired 60 seconds ago",
            |c| c.claim("exp", NOW - 60),
            "Expired",
        ),
        (
            "expired 61 seconds ago",
            |c| c.claim("exp", NOW - 61),
            "Expired",
        ),
        (
            "expired with a fraction",
            |c| c.claim("exp", json!(1_799_999_941.5)),
            "ok",
        ),
        (
            "expired by a fraction",
            |c| c.claim("exp", json!(1_799_999_940.5)),
            "Expired",
        ),
        ("expired long ago", |c| c.claim("exp", 0), "Expired"),
        ("expired before time", |c| c.claim("exp", -1), "Expired"),
        (
            "exp is text",
            |c| c.claim("exp", (NOW + 300).to_string()),
            "Malformed",
        ),
        (
            "exp is a date",
            |c| c.claim("exp", "2027-01-15T08:05:00Z"),
            "Malformed",
        ),
        ("exp is null", |c| c.claim("exp", Value::Null), "Malformed"),
        ("exp is true", |c| c.claim("exp", true), "Malformed"),
        (
            "exp is a list",
            |c| c.claim("exp", json!([NOW + 300])),
            "Malformed",
        ),
        (
            "exp is in milliseconds",
            |c| c.claim("exp", (NOW + 300) * 1000),
            "Malformed",
        ),
        ("exp is huge", |c| c.claim("exp", u64::MAX), "Malformed"),
        (
            "exp is beyond numbers",
            |c| c.claim("exp", json!(1e300)),
            "Malformed",
        ),
        ("no exp", |c| c.without("exp"), "Malformed"),
        ("exp twice", |c| c.twice("\"exp\":1"), "Malformed"),
        ("issued now", |c| c.claim("iat", NOW), "ok"),
        ("issued in 60 seconds", |c| c.claim("iat", NOW + 60), "ok"),
        (
            "issued in 61 seconds",
            |c| c.claim("iat", NOW + 61),
            "IssuedAt",
        ),
        (
            "issued tomorrow",
            |c| c.claim("iat", NOW + 86_400),
            "IssuedAt",
        ),
        ("issued a day ago", |c| c.claim("iat", NOW - 86_400), "ok"),
        (
            "issued a day and a second ago",
            |c| c.claim("iat", NOW - 86_401),
            "IssuedAt",
        ),
        ("issued in 1970", |c| c.claim("iat", 0), "IssuedAt"),
        (
            "iat is text",
            |c| c.claim("iat", NOW.to_string()),
            "Malformed",
        ),
        (
            "iat is a date",
            |c| c.claim("iat", "2027-01-15T08:00:00Z"),
            "Malformed",
        ),
        ("iat is null", |c| c.claim("iat", Value::Null), "Malformed"),
        ("no iat", |c| c.without("iat"), "Malformed"),
        ("iat twice", |c| c.twice("\"iat\":1"), "Malformed"),
        ("valid since now", |c| c.claim("nbf", NOW), "ok"),
        ("valid since long", |c| c.claim("nbf", 1), "ok"),
        ("valid in 60 seconds", |c| c.claim("nbf", NOW + 60), "ok"),
        (
            "valid in 61 seconds",
            |c| c.claim("nbf", NOW + 61),
            "NotYetValid",
        ),
        (
            "valid tomorrow",
            |c| c.claim("nbf", NOW + 86_400),
            "NotYetValid",
        ),
        (
            "nbf is text",
            |c| c.claim("nbf", NOW.to_string()),
            "Malformed",
        ),
        ("nbf is null", |c| c.claim("nbf", Value::Null), "Malformed"),
        ("nbf is huge", |c| c.claim("nbf", i64::MAX), "Malformed"),
        (
            "nbf twice",
            |c| {
                c.claim("nbf", NOW);
                c.twice("\"nbf\":1");
            },
            "Malformed",
        ),
        (
            "valid in 60 seconds and a fraction",
            |c| c.claim("nbf", json!(1_800_000_061.5)),
            "NotYetValid",
        ),
    ];
    rows.into_iter().for_each(check);
}

/// Who is told that a date is wrong knows that everything else is right.
#[test]
fn dates_come_last() {
    let past = |c: &mut Case| c.claim("exp", NOW - 600);
    let check = |name, change: fn(&mut Case), expected: &str| {
        let mut case = Case::new();
        past(&mut case);
        change(&mut case);
        assert_eq!(told(&case.verified()), expected, "{name}");
    };
    check("nothing else", |_| {}, "Expired");
    check("the nonce", |c| c.claim("nonce", "other"), "Nonce");
    check(
        "the hash",
        |c| c.claim("at_hash", "other"),
        "AccessTokenHash",
    );
    check("the party", |c| c.claim("azp", "other"), "AuthorizedParty");
    check("the audience", |c| c.claim("aud", "other"), "Audience");
    check("the name", |c| c.claim("name", 7), "Malformed");
    check(
        "the signature",
        |c| c.signature = Signature::OtherRs256,
        "Signature",
    );
}
