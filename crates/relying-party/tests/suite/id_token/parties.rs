//! Whose, for whom, for which sign-in.

use super::*;

#[test]
fn whose_and_for_whom() {
    let rows: [Row; 52] = [
        (
            "another issuer",
            |c| c.claim("iss", "https://evil.example"),
            "Issuer",
        ),
        (
            "a slash more",
            |c| c.claim("iss", format!("{ISSUER}/")),
            "Issuer",
        ),
        (
            "another case",
            |c| c.claim("iss", "https://IDP.example/oauth2/default"),
            "Issuer",
        ),
        (
            "the default port",
            |c| c.claim("iss", "https://idp.example:443/oauth2/default"),
            "Issuer",
        ),
        (
            "http",
            |c| c.claim("iss", "http://idp.example/oauth2/default"),
            "Issuer",
        ),
        ("no address", |c| c.claim("iss", "idp.example"), "Malformed"),
        ("empty", |c| c.claim("iss", ""), "Malformed"),
        ("no issuer", |c| c.without("iss"), "Malformed"),
        (
            "a list of issuers",
            |c| c.claim("iss", json!([ISSUER])),
            "Malformed",
        ),
        (
            "iss twice",
            |c| c.twice(&format!("\"iss\":\"{ISSUER}\"")),
            "Malformed",
        ),
        ("another audience", |c| c.claim("aud", "other"), "Audience"),
        (
            "another case of audience",
            |c| c.claim("aud", CLIENT.to_uppercase()),
            "Audience",
        ),
        (
            "a part of the audience",
            |c| c.claim("aud", "0oa-kir"),
            "Audience",
        ),
        ("an empty audience", |c| c.claim("aud", ""), "Audience"),
        ("no audience", |c| c.without("aud"), "Audience"),
        ("an empty list", |c| c.claim("aud", json!([])), "Audience"),
        ("a list of us", |c| c.claim("aud", json!([CLIENT])), "ok"),
        (
            "a list of others",
            |c| c.claim("aud", json!(["a", "b"])),
            "Audience",
        ),
        (
            "a list of numbers",
            |c| c.claim("aud", json!([1])),
            "Malformed",
        ),
        ("aud is null", |c| c.claim("aud", Value::Null), "Malformed"),
        ("aud twice", |c| c.twice("\"aud\":\"other\""), "Malformed"),
        (
            "several audiences and no azp",
            |c| c.claim("aud", json!([CLIENT, "b"])),
            "AuthorizedParty",
        ),
        (
            "several audiences and azp",
            |c| {
                c.claim("aud", json!(["b", CLIENT]));
                c.claim("azp", CLIENT);
            },
            "ok",
        ),
        (
            "several audiences and another azp",
            |c| {
                c.claim("aud", json!([CLIENT, "b"]));
                c.claim("azp", "b");
            },
            "AuthorizedParty",
        ),
        (
            "us twice and no azp",
            |c| c.claim("aud", json!([CLIENT, CLIENT])),
            "AuthorizedParty",
        ),
        ("azp is us", |c| c.claim("azp", CLIENT), "ok"),
        ("azp is another", |c| c.claim("azp", "b"), "AuthorizedParty"),
        ("azp is empty", |c| c.claim("azp", ""), "AuthorizedParty"),
        (
            "azp is a list",
            |c| c.claim("azp", json!([CLIENT])),
            "Malformed",
        ),
        (
            "azp twice",
            |c| {
                c.claim("azp", CLIENT);
                c.twice("\"azp\":\"b\"");
            },
            "Malformed",
        ),
        ("another nonce", |c| c.claim("nonce", "n-1"), "Nonce"),
        (
            "a nonce with more",
            |c| c.claim("nonce", format!("{NONCE}x")),
            "Nonce",
        ),
        (
            "a nonce in upper case",
            |c| c.claim("nonce", NONCE.to_uppercase()),
            "Nonce",
        ),
        ("an empty nonce", |c| c.claim("nonce", ""), "Nonce"),
        ("no nonce", |c| c.without("nonce"), "Nonce"),
        ("nonce is null", |c| c.claim("nonce", Value::Null), "Nonce"),
        ("nonce is a number", |c| c.claim("nonce", 1), "Malformed"),
        ("nonce twice", |c| c.twice("\"nonce\":\"x\""), "Malformed"),
        (
            "nonce twice, escaped",
            |c| c.twice("\"\\u006eonce\":\"x\""),
            "Malformed",
        ),
        (
            "no nonce was sent",
            |c| {
                c.nonce = None;
                c.without("nonce");
            },
            "ok",
        ),
        ("no nonce was sent, one came", |c| c.nonce = None, "ok"),
        ("no subject", |c| c.without("sub"), "Malformed"),
        ("an empty subject", |c| c.claim("sub", ""), "Malformed"),
        ("a number as subject", |c| c.claim("sub", 1), "Malformed"),
        ("sub twice", |c| c.twice("\"sub\":\"00u1\""), "Malformed"),
        ("the same person", |c| c.subject = Some("00u1"), "ok"),
        ("another person", |c| c.subject = Some("00u2"), "Subject"),
        (
            "another person of the same name",
            |c| {
                c.subject = Some("00u1");
                c.claim("sub", "00u9");
            },
            "Subject",
        ),
        (
            "another case of person",
            |c| c.subject = Some("00U1"),
            "Subject",
        ),
        (
            "an e-mail address is no person",
            |c| {
                c.subject = Some("ana@example.org");
            },
            "Subject",
        ),
        (
            "no names",
            |c| {
                c.without("name");
                c.without("email");
                c.without("preferred_username");
            },
            "ok",
        ),
        (
            "a name that is a number",
            |c| c.claim("name", 7),
            "Malformed",
        ),
    ];
    rows.into_iter().for_each(check);
}

#[test]
fn template_issuers() {
    let rows: [Row; 14] = [
        ("our tenant", |c| c.tenant(TENANT, &[TENANT]), "ok"),
        (
            "one of our tenants",
            |c| c.tenant(TENANT, &["other", TENANT]),
            "ok",
        ),
        (
            "another tenant",
            |c| c.tenant("99999999-2222-3333-4444-555555555555", &[TENANT]),
            "Tenant",
        ),
        ("no tenants are ours", |c| c.tenant(TENANT, &[]), "Tenant"),
        (
            "no tid",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.without("tid");
            },
            "Tenant",
        ),
        (
            "tid is null",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.claim("tid", Value::Null);
            },
            "Tenant",
        ),
        (
            "tid of ours, issuer of theirs",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.claim("iss", "https://login.example/evil/v2.0");
            },
            "Issuer",
        ),
        (
            "tid of theirs, issuer of ours",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.claim("tid", "evil");
            },
            "Issuer",
        ),
        (
            "the template itself",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.claim("iss", TEMPLATE);
            },
            "Issuer",
        ),
        (
            "tid is the template's word",
            |c| c.tenant("{tenantid}", &[TENANT]),
            "Tenant",
        ),
        (
            "tid is a path",
            |c| c.tenant("11111111-2222-3333-4444-555555555555/../x", &[TENANT]),
            "Tenant",
        ),
        (
            "tid is a prefix",
            |c| c.tenant("11111111", &[TENANT]),
            "Tenant",
        ),
        ("tid is empty", |c| c.tenant("", &[TENANT]), "Tenant"),
        (
            "tid twice",
            |c| {
                c.tenant(TENANT, &[TENANT]);
                c.twice("\"tid\":\"evil\"");
            },
            "Malformed",
        ),
    ];
    rows.into_iter().for_each(check);
}
