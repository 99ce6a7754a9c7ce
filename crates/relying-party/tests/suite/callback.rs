//! The callback's grammar (THREATS.md T4, T5).

use kiro_relying_party::{
    Answer, Callback, CallbackError, RedirectUri, check_issuer, parse_callback, parse_response,
};
use proptest::prelude::*;

const LINK: &str = "kiro://kiro.oauth/callback";
const LOOP: &str = "http://127.0.0.1:49152/oauth/callback";

/// `code state`, `error state`, or the name of the refusal.
fn told(input: &str) -> String {
    match parse_callback(input) {
        Ok(Callback {
            state,
            answer: Answer::Code(code),
            ..
        }) => format!("code {} state {}", code.secret(), state.secret()),
        Ok(Callback {
            state,
            answer: Answer::Error(error),
            ..
        }) => format!("error {} state {}", error.error, state.secret()),
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn the_query_of_a_web_application_is_read_alike() {
    let told = |query: &str| match parse_response(query) {
        Ok(response) => match response.answer {
            Answer::Code(code) => format!("code {} of {:?}", code.secret(), response.issuer),
            Answer::Error(error) => format!("error {} of {:?}", error.error, response.issuer),
        },
        Err(refusal) => format!("{refusal:?}"),
    };
    let check = |query: &str, expected: &str| assert_eq!(told(query), expected, "{query}");
    check("code=c&state=s", "code c of None");
    check(
        "session_state=x&state=s&code=c%20d&iss=i",
        "code c d of Some(\"i\")",
    );
    check("error=access_denied&state=s", "error access_denied of None");
    check("", "NoState");
    check("code=c", "NoState");
    check("state=s", "Answer");
    check("state=s&code=c&error=e", "Answer");
    check("state=s&state=s&code=c", "Repeated");
    check("code=c&state=s#x", "Address");
    check("code=%zz&state=s", "Encoding");
    check("code=c d&state=s", "Characters");
    check(&format!("code={}&state=s", "c".repeat(8192)), "TooLong");
}

fn check(input: &str, expected: &str) {
    assert_eq!(told(input), expected, "{input}");
}

fn check_query(query: &str, expected: &str) {
    check(&format!("{LINK}?{query}"), expected);
    check(&format!("{LOOP}?{query}"), expected);
}

#[test]
fn addresses() {
    let fine = "code c state s";
    for (address, expected) in [
        ("kiro://kiro.oauth/callback", fine),
        ("http://127.0.0.1:49152/oauth/callback", fine),
        ("http://localhost:49152/oauth/callback", fine),
        ("http://[::1]:49152/oauth/callback", fine),
        ("http://localhost:1/oauth/callback", fine),
        ("http://localhost:65535/oauth/callback", fine),
        ("http://localhost:65536/oauth/callback", "Address"),
        ("http://localhost:0/oauth/callback", "Address"),
        ("http://localhost:080/oauth/callback", "Address"),
        ("http://localhost:+80/oauth/callback", "Address"),
        ("http://localhost:-1/oauth/callback", "Address"),
        ("http://localhost:/oauth/callback", "Address"),
        ("http://localhost/oauth/callback", "Address"),
        ("http://localhost:8a/oauth/callback", "Address"),
        ("http://localhost:80:80/oauth/callback", "Address"),
        ("https://localhost:49152/oauth/callback", "Address"),
        ("HTTP://localhost:49152/oauth/callback", "Address"),
        ("http://LOCALHOST:49152/oauth/callback", "Address"),
        ("http://localhost.:49152/oauth/callback", "Address"),
        (
            "http://localhost.evil.example:49152/oauth/callback",
            "Address",
        ),
        ("http://evil.example:49152/oauth/callback", "Address"),
        ("http://127.0.0.2:49152/oauth/callback", "Address"),
        ("http://127.1:49152/oauth/callback", "Address"),
        ("http://2130706433:49152/oauth/callback", "Address"),
        ("http://0x7f.0.0.1:49152/oauth/callback", "Address"),
        ("http://0.0.0.0:49152/oauth/callback", "Address"),
        ("http://[::]:49152/oauth/callback", "Address"),
        ("http://[0:0:0:0:0:0:0:1]:49152/oauth/callback", "Address"),
        ("http://::1:49152/oauth/callback", "Address"),
        ("http://user@localhost:49152/oauth/callback", "Address"),
        ("http://user:pass@localhost:49152/oauth/callback", "Address"),
        (
            "http://localhost:49152@evil.example/oauth/callback",
            "Address",
        ),
        (
            "http://evil.example/http://localhost:49152/oauth/callback",
            "Address",
        ),
        ("http://localhost:49152/oauth/callback/", "Address"),
        ("http://localhost:49152//oauth/callback", "Address"),
        ("http://localhost:49152/OAuth/callback", "Address"),
        ("http://localhost:49152/oauth/../oauth/callback", "Address"),
        ("http://localhost:49152/oauth%2fcallback", "Address"),
        ("http://localhost:49152/oauth/callback;x=1", "Address"),
        ("http://localhost:49152/callback", "Address"),
        ("http://localhost:49152/", "Address"),
        ("http://localhost:49152", "Address"),
        ("KIRO://kiro.oauth/callback", "Address"),
        ("kiro://KIRO.oauth/callback", "Address"),
        ("kiro://kiro.oauth/callback/", "Address"),
        ("kiro://kiro.oauth//callback", "Address"),
        ("kiro://kiro.oauth/Callback", "Address"),
        ("kiro://kiro.oauth/call%62ack", "Address"),
        ("kiro://kiro.oauth/./callback", "Address"),
        ("kiro://kiro.oauth:443/callback", "Address"),
        ("kiro://user@kiro.oauth/callback", "Address"),
        ("kiro://kiro.oauth.evil.example/callback", "Address"),
        ("kiro://callback", "Address"),
        ("kiro:kiro.oauth/callback", "Address"),
        ("kiro:///kiro.oauth/callback", "Address"),
        ("kiros://kiro.oauth/callback", "Address"),
        ("akiro://kiro.oauth/callback", "Address"),
        ("javascript:kiro://kiro.oauth/callback", "Address"),
        ("file:///kiro.oauth/callback", "Address"),
        ("kiro://kiro.oauth/callback#", "Address"),
        ("kiro://kiro.oauth/callback#fragment", "Address"),
        ("http://localhost:49152/oauth/callback%00", "Address"),
        (
            "http://localhost%00.evil.example:49152/oauth/callback",
            "Address",
        ),
        (
            "http://localhost%2eevil.example:49152/oauth/callback",
            "Address",
        ),
        ("http://127%2e0.0.1:49152/oauth/callback", "Address"),
        ("http://localhos%74:49152/oauth/callback", "Address"),
        ("http://127.0.0.1:49152:49152/oauth/callback", "Address"),
        ("http://[::ffff:127.0.0.1]:49152/oauth/callback", "Address"),
        ("http://[::1%25lo]:49152/oauth/callback", "Address"),
        ("http://017700000001:49152/oauth/callback", "Address"),
        ("http:localhost:49152/oauth/callback", "Address"),
        ("http:/localhost:49152/oauth/callback", "Address"),
        ("http://\tlocalhost:49152/oauth/callback", "Characters"),
        (" kiro://kiro.oauth/callback", "Characters"),
        ("kiro://kiro.oauth/callback\u{200b}", "Characters"),
        ("kiro://kiro%2eoauth/callback", "Address"),
        ("kiro://kiro.oauth/callback&x", "Address"),
        ("view-source:kiro://kiro.oauth/callback", "Address"),
        ("intent://kiro.oauth/callback", "Address"),
        ("kiro:\\\\kiro.oauth/callback", "Characters"),
        ("", "Address"),
    ] {
        check(&format!("{address}?code=c&state=s"), expected);
    }
}

#[test]
fn queries() {
    for (query, expected) in [
        ("code=c&state=s", "code c state s"),
        ("state=s&code=c", "code c state s"),
        (
            "code=c&state=s&session_state=x&iss=y&scope=openid",
            "code c state s",
        ),
        ("&code=c&&state=s&", "code c state s"),
        ("code=a+b&state=s", "code a b state s"),
        ("code=a%2Bb&state=s", "code a+b state s"),
        ("code=%61&state=%73", "code a state s"),
        ("c%6fde=c&state=s", "code c state s"),
        ("code=a=b&state=s==", "code a=b state s=="),
        ("code=c%26state%3Dt&state=s", "code c&state=t state s"),
        ("error=access_denied&state=s", "error access_denied state s"),
        (
            "error=x&error_description=y&error_uri=z&state=s",
            "error x state s",
        ),
        ("", "NoState"),
        ("state", "NoState"),
        ("state=", "NoState"),
        ("code=c", "NoState"),
        ("code=c&State=s", "NoState"),
        ("code=c&state=%0a", "NoState"),
        ("code=c&state=%7f", "NoState"),
        ("code=c&state=%c3%a9", "NoState"),
        ("error=access_denied", "NoState"),
        ("state=s", "Answer"),
        ("code=&state=s", "Answer"),
        ("code&state=s", "Answer"),
        ("CODE=c&state=s", "Answer"),
        ("error=&state=s", "Answer"),
        ("code=c&error=e&state=s", "Answer"),
        ("code=c&error=&state=s", "Answer"),
        ("code=&error=e&state=s", "Answer"),
        ("code=c%0d%0aSet-Cookie:x&state=s", "Answer"),
        ("code=%1b[31m&state=s", "Answer"),
        ("code=c%c2%85&state=s", "Answer"),
        ("code=%e2%80%ae&state=s", "Answer"),
        ("error=e%0a&state=s", "Answer"),
        ("code=c&code=c&state=s", "Repeated"),
        ("code=c&c%6Fde=d&state=s", "Repeated"),
        ("code=c&state=s&state=s", "Repeated"),
        ("code=c&state=s&state", "Repeated"),
        ("code=c&state=s&iss=a&iss=b", "Repeated"),
        ("code=c&state=s&x=1&x=2", "Repeated"),
        ("error=e&error=f&state=s", "Repeated"),
        ("code=c&state=s&=&=", "Repeated"),
        ("code=%&state=s", "Encoding"),
        ("code=%4&state=s", "Encoding"),
        ("code=%zz&state=s", "Encoding"),
        ("code=%+1&state=s", "Encoding"),
        ("code=c&state=%ff", "Encoding"),
        ("code=c&state=%c3%28", "Encoding"),
        ("code=c&state=%ed%a0%80", "Encoding"),
        ("code=c&state=s%00", "Encoding"),
        ("code=c&state=s&x%00=1", "Encoding"),
        ("code=c&state=s%", "Encoding"),
        ("code=c&state=s&code%00=d", "Encoding"),
        ("code=c;state=s", "NoState"),
        ("code[]=c&state=s", "Answer"),
        ("code=c&state[]=s", "NoState"),
        ("?code=c&state=s", "Answer"),
        ("code=c&state=s?code=d", "code c state s?code=d"),
        ("code=%252e&state=s", "code %2e state s"),
        ("response=eyJhbGciOiJub25lIn0.e30.&state=s", "Answer"),
        ("access_token=t&token_type=Bearer&state=s", "Answer"),
        ("id_token=t&state=s", "Answer"),
        ("code=c&state=%E2%80%8Bs", "NoState"),
        ("code=c&state=s&iss=", "code c state s"),
        ("code=c&%73tate=s&state=s", "Repeated"),
        ("code=c&state=s#", "Address"),
        ("code=c&state=s#code=d", "Address"),
        ("code=c&state=s d", "Characters"),
        ("code=c&state=s\n", "Characters"),
        ("code=c&state=s\r\n", "Characters"),
        ("code=c\0&state=s", "Characters"),
        ("code=c\t&state=s", "Characters"),
        ("code=c\\&state=s", "Characters"),
        ("code=é&state=s", "Characters"),
        ("code=\u{202e}c&state=s", "Characters"),
        ("code=c\u{7f}&state=s", "Characters"),
    ] {
        check_query(query, expected);
    }
}

#[test]
fn eight_kibibytes_and_not_one_more() {
    let start = format!("{LINK}?state=s&code=");
    let code = "c".repeat(8192 - start.len());
    check(&format!("{start}{code}"), &format!("code {code} state s"));
    check(&format!("{start}{code}c"), "TooLong");
    check("", "Address");
    check("kiro://kiro.oauth/callback", "Address");
}

#[test]
fn the_redirect_is_told_and_compared_byte_for_byte() {
    for (sent, address) in [
        (LINK, RedirectUri::DeepLink),
        (
            LOOP,
            RedirectUri::Loopback {
                host: "127.0.0.1",
                port: 49152,
            },
        ),
    ] {
        let callback = parse_callback(&format!("{sent}?code=c&state=s")).unwrap();
        assert_eq!(callback.redirect, address);
        assert!(callback.redirect.matches(sent));
        for other in [
            "kiro://kiro.oauth/callback/",
            "http://localhost:49152/oauth/callback",
            "http://127.0.0.1:49153/oauth/callback",
            "http://[::1]:49152/oauth/callback",
            "",
        ] {
            assert!(!callback.redirect.matches(other), "{other}");
        }
    }
}

#[test]
fn an_error_answer_is_fit_to_be_shown() {
    let shown = |query: &str| match parse_callback(&format!("{LINK}?state=s&error=e&{query}"))
        .unwrap()
        .answer
    {
        Answer::Error(error) => error,
        Answer::Code(_) => unreachable!("it is an error"),
    };
    assert_eq!(
        shown("error_description=User+is%20not+assigned")
            .description
            .as_deref(),
        Some("User is not assigned")
    );
    assert_eq!(
        shown("error_description=a%0d%0a%1b%5b2Jb%e2%80%aec%e2%81%a6d")
            .description
            .as_deref(),
        Some("a[2Jbcd")
    );
    assert_eq!(
        shown(&format!("error_description={}", "x".repeat(600)))
            .description
            .unwrap()
            .len(),
        512
    );
    assert_eq!(
        shown(&format!("error_description=x{}", "%c3%a9".repeat(400)))
            .description
            .unwrap()
            .len(),
        511
    );
    assert_eq!(
        shown("claims=%7B%22a%22%3A1%7D").claims.as_deref(),
        Some(r#"{"a":1}"#)
    );
    assert_eq!(shown("claims=%7B").claims, None);
    assert_eq!(
        shown(&format!("claims=%22{}%22", "x".repeat(4096))).claims,
        None
    );
    assert_eq!(shown(&format!("claims={}", "%5B".repeat(500))).claims, None);
}

#[test]
fn the_issuer_is_compared_byte_for_byte() {
    const OURS: &str = "https://idp.example/oauth2/default";
    let fine = Ok(());
    let refused = Err(CallbackError::Issuer);
    for (iss, required, expected) in [
        (Some("https://idp.example/oauth2/default"), true, fine),
        (Some("https://idp.example/oauth2/default"), false, fine),
        (None, false, fine),
        (None, true, refused),
        (Some(""), false, refused),
        (Some(""), true, refused),
        (Some("https://evil.example"), false, refused),
        (Some("https://evil.example"), true, refused),
        (Some("https://idp.example/oauth2/default/"), true, refused),
        (Some("https://IDP.example/oauth2/default"), true, refused),
        (
            Some("https://idp.example:443/oauth2/default"),
            true,
            refused,
        ),
        (Some("https://idp.example/oauth2/defaul%74"), true, refused),
        (Some("https://idp.example/oauth2"), false, refused),
        (Some("https://idp.example/oauth2/default%20"), true, refused),
    ] {
        for answer in ["code=c", "error=access_denied"] {
            let iss = iss
                .map(|iss| format!("&iss={}", iss.replace('%', "%25")))
                .unwrap_or_default();
            let callback = parse_callback(&format!("{LINK}?{answer}&state=s{iss}")).unwrap();
            assert_eq!(
                check_issuer(callback.issuer.as_deref(), OURS, required),
                expected,
                "{answer}{iss} {required}"
            );
        }
    }
}

fn render(address: &str, pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{address}?{query}")
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(text in ".{0,300}") {
        let _ = parse_callback(&text);
        let _ = parse_callback(&format!("{LINK}?{text}"));
    }

    #[test]
    fn no_bytes_of_an_address_make_the_parser_panic(text in "[ -~]{0,300}") {
        let _ = parse_callback(&format!("{LOOP}?state=s&code=c&x={text}"));
    }

    #[test]
    fn what_is_rendered_is_accepted(code in "[ -~]{1,200}", state in "[ -~]{1,80}", iss in "\\PC{0,80}", port in 1_u16..) {
        let address = format!("http://localhost:{port}/oauth/callback");
        let callback = parse_callback(&render(&address, &[("code", &code), ("state", &state), ("iss", &iss)])).unwrap();
        prop_assert!(callback.redirect.matches(&address));
        prop_assert_eq!(callback.state.secret(), state.as_str());
        prop_assert_eq!(callback.issuer.as_deref(), Some(iss.as_str()));
        match callback.answer {
            Answer::Code(found) => prop_assert_eq!(found.secret(), code.as_str()),
            Answer::Error(_) => prop_assert!(false, "it is a code"),
        }
    }

    #[test]
    fn what_is_repeated_is_refused(name in "[a-z]{1,8}", first in "[a-z]{0,8}", second in "[a-z]{0,8}") {
        let text = render(LINK, &[("code", "c"), ("state", "s"), (&name, &first), (&name, &second)]);
        prop_assert_eq!(parse_callback(&text).err(), Some(CallbackError::Repeated));
    }
}
