use super::*;

/// What the application of the table has registered.
pub(crate) const REGISTERED: [&str; 9] = [
    "http://127.0.0.1/oauth/callback",
    "http://127.0.0.1:9000/fixed",
    "http://[::1]/oauth/callback",
    "http://localhost:9001/fixed",
    "https://app.example/cb",
    "https://app.example/cb?from=kiro",
    "https://app.example:8443/cb",
    "kiro://kiro.oauth/callback",
    "com.example.app:/cb",
];

/// Where the answer may go: a redirect.
pub(crate) const ALLOWED: [&str; 17] = [
    "http://127.0.0.1/oauth/callback",
    "http://127.0.0.1:1/oauth/callback",
    "http://127.0.0.1:80/oauth/callback",
    "http://127.0.0.1:4321/oauth/callback",
    "http://127.0.0.1:65535/oauth/callback",
    "http://127.0.0.1:9000/fixed",
    "http://[::1]/oauth/callback",
    "http://[::1]:1/oauth/callback",
    "http://[::1]:4321/oauth/callback",
    "http://[::1]:65535/oauth/callback",
    "http://localhost:9001/fixed",
    "https://app.example/cb",
    "https://app.example/cb?from=kiro",
    "https://app.example:8443/cb",
    "kiro://kiro.oauth/callback",
    "com.example.app:/cb",
    "http://127.0.0.1:49152/oauth/callback",
];

/// Where it may not: a page.
pub(crate) const REFUSED: [&str; 159] = [
    // other ports
    "http://127.0.0.1:/oauth/callback",
    "http://127.0.0.1:0/oauth/callback",
    "http://127.0.0.1:00/oauth/callback",
    "http://127.0.0.1:04321/oauth/callback",
    "http://127.0.0.1:65536/oauth/callback",
    "http://127.0.0.1:99999/oauth/callback",
    "http://127.0.0.1:4294967297/oauth/callback",
    "http://127.0.0.1:-1/oauth/callback",
    "http://127.0.0.1:+80/oauth/callback",
    "http://127.0.0.1: 80/oauth/callback",
    "http://127.0.0.1:80 /oauth/callback",
    "http://127.0.0.1:8O/oauth/callback",
    "http://127.0.0.1:0x50/oauth/callback",
    "http://127.0.0.1:８０/oauth/callback",
    "http://127.0.0.1:80:80/oauth/callback",
    "http://127.0.0.1:9001/fixed",
    "http://127.0.0.1/fixed",
    "http://localhost:9000/fixed",
    "http://localhost/fixed",
    "http://localhost/oauth/callback",
    "http://localhost:1/oauth/callback",
    "http://localhost:4321/oauth/callback",
    "http://localhost:9001/oauth/callback",
    "http://localhost:65535/oauth/callback",
    "http://[::1]:/oauth/callback",
    "http://[::1]:0/oauth/callback",
    "http://[::1]:65536/oauth/callback",
    "http://localhost:/oauth/callback",
    "http://localhost:0/oauth/callback",
    "http://localhost:65536/oauth/callback",
    "https://app.example:443/cb",
    "https://app.example:8443/cb?from=kiro",
    "https://app.example:8444/cb",
    "https://app.example:80/cb",
    "kiro://kiro.oauth:80/callback",
    // other hosts, and those that look alike
    "http://127.0.0.2/oauth/callback",
    "http://127.0.0.1./oauth/callback",
    "http://127.0.0.1.:4321/oauth/callback",
    "http://127.0.0.1.evil.example/oauth/callback",
    "http://127.0.0.1.evil.example:4321/oauth/callback",
    "http://127.0.0.1-evil.example/oauth/callback",
    "http://127.1/oauth/callback",
    "http://127.1:4321/oauth/callback",
    "http://127.0.1/oauth/callback",
    "http://2130706433/oauth/callback",
    "http://2130706433:4321/oauth/callback",
    "http://0x7f000001/oauth/callback",
    "http://0x7f.0.0.1:4321/oauth/callback",
    "http://0177.0.0.1/oauth/callback",
    "http://127.000.000.001/oauth/callback",
    "http://１２７.0.0.1/oauth/callback",
    "http://127。0。0。1/oauth/callback",
    "http://0.0.0.0/oauth/callback",
    "http://0:4321/oauth/callback",
    "http://[::]/oauth/callback",
    "http://[0:0:0:0:0:0:0:1]/oauth/callback",
    "http://[::0001]:4321/oauth/callback",
    "http://[::ffff:127.0.0.1]/oauth/callback",
    "http://[::ffff:7f00:1]:4321/oauth/callback",
    "http://[::1%25eth0]/oauth/callback",
    "http://[::1%eth0]:4321/oauth/callback",
    "http://::1/oauth/callback",
    "http://[::1.evil.example/oauth/callback",
    "http://[::1]evil.example/oauth/callback",
    "http://[::1].evil.example/oauth/callback",
    "http://localhost.evil.example/oauth/callback",
    "http://localhost.:4321/oauth/callback",
    "http://LOCALHOST:4321/oauth/callback",
    "http://loca1host:4321/oauth/callback",
    "http://ⓛocalhost:4321/oauth/callback",
    "http://localhost.localdomain/oauth/callback",
    "http://evil.localhost:4321/oauth/callback",
    "http://evil.example/oauth/callback",
    "https://app.example.evil.example/cb",
    "https://evil.example/app.example/cb",
    "https://appXexample/cb",
    "https://app.example./cb",
    "https://APP.example/cb",
    "https://аpp.example/cb",
    "https://xn--pp-7kc.example/cb",
    "https://sub.app.example/cb",
    "https://example/cb",
    "https://ap\u{ad}p.example/cb",
    "https:///cb",
    "https:///app.example/cb",
    "https://app.example%2eevil.example/cb",
    "https://app.example%00.evil.example/cb",
    "kiro://kiro.oauth.evil/callback",
    "kiro://evil/callback",
    "kiro:///callback",
    // user information
    "http://127.0.0.1@evil.example/oauth/callback",
    "http://127.0.0.1:4321@evil.example/oauth/callback",
    "http://user@127.0.0.1/oauth/callback",
    "http://user@127.0.0.1:4321/oauth/callback",
    "http://user:pw@127.0.0.1:4321/oauth/callback",
    "http://@127.0.0.1:4321/oauth/callback",
    "http://localhost@evil.example/oauth/callback",
    "http://localhost:80@evil.example/oauth/callback",
    "https://app.example@evil.example/cb",
    "https://app.example:x@evil.example/cb",
    "https://evil.example@app.example/cb",
    "https://app.example%40evil.example/cb",
    "kiro://x@kiro.oauth/callback",
    // fragments and queries
    "http://127.0.0.1:4321/oauth/callback#",
    "http://127.0.0.1:4321/oauth/callback#/",
    "http://127.0.0.1:4321/oauth/callback?",
    "http://127.0.0.1:4321/oauth/callback?x=1",
    "http://127.0.0.1:4321/?/oauth/callback",
    "http://127.0.0.1:4321#/oauth/callback",
    "https://app.example/cb#",
    "https://app.example/cb?",
    "https://app.example/cb?from=evil",
    "https://app.example/cb?from=kiro&code=x",
    "https://app.example/cb?from=kiro#x",
    "https://app.example/cb?From=kiro",
    "https://evil.example?https://app.example/cb",
    "https://evil.example#https://app.example/cb",
    "kiro://kiro.oauth/callback?x=1",
    "kiro://kiro.oauth/callback#x",
    // paths: dots, slashes, encodings, case
    "http://127.0.0.1:4321",
    "http://127.0.0.1:4321/",
    "http://127.0.0.1:4321/oauth/callback/",
    "http://127.0.0.1:4321//oauth/callback",
    "http://127.0.0.1:4321/oauth//callback",
    "http://127.0.0.1:4321/oauth/./callback",
    "http://127.0.0.1:4321/x/../oauth/callback",
    "http://127.0.0.1:4321/oauth/callback/..",
    "http://127.0.0.1:4321/oauth/callback/../../evil",
    "http://127.0.0.1:4321/oauth/%2e%2e/oauth/callback",
    "http://127.0.0.1:4321/oauth%2fcallback",
    "http://127.0.0.1:4321/%6fauth/callback",
    "http://127.0.0.1:4321/OAuth/callback",
    "http://127.0.0.1:4321/oauth/callback;x",
    "http://127.0.0.1:4321/oauth/callback%00",
    "http://127.0.0.1:4321/evil/oauth/callback",
    "http://127.0.0.1:4321/oauth/callbackevil",
    "https://app.example/cb/",
    "https://app.example//cb",
    "https://app.example/CB",
    "https://app.example/cb/../evil",
    "https://app.example/%63b",
    "https://app.example/cb%2f..%2fevil",
    "kiro://kiro.oauth/callback/",
    "kiro://kiro.oauth/",
    // backslashes, spaces, control characters
    "http:\\\\127.0.0.1\\oauth\\callback",
    "http://127.0.0.1\\@evil.example/oauth/callback",
    "http://evil.example\\127.0.0.1:4321/oauth/callback",
    "https://app.example\\.evil.example/cb",
    " http://127.0.0.1:4321/oauth/callback",
    "http://127.0.0.1:4321/oauth/callback ",
    "http://127.0.0.1:4321/oauth/callback\t",
    "http://127.0.0.1:4321/oauth/call\nback",
    "http://127.0.0.1:4321/oauth/callback\r\nSet-Cookie: a=b",
    "http://127.0.0.1:4321/oauth/callback\u{0}",
    // schemes
    "HTTP://127.0.0.1:4321/oauth/callback",
    "https://127.0.0.1:4321/oauth/callback",
    "http://app.example/cb",
    "//127.0.0.1:4321/oauth/callback",
    "javascript:alert(1)//http://127.0.0.1/oauth/callback",
];

#[test]
fn an_answer_goes_where_it_was_registered_to_go_and_nowhere_else() {
    let allowed = |uri: &str| REGISTERED.iter().any(|known| allows(known, uri));
    for uri in ALLOWED {
        assert!(allowed(uri), "{uri}");
    }
    for uri in REFUSED {
        assert!(!allowed(uri), "{uri}");
    }
}

#[test]
fn a_name_has_the_port_that_was_registered_even_where_an_older_version_registered_none() {
    for host in ["localhost", "127.0.0.1"] {
        let at = |port: &str| format!("http://{host}{port}/cb");
        assert!(allows(&at(""), &at("")));
        assert_eq!(allows(&at(""), &at(":4321")), host != "localhost");
    }
}

#[test]
fn only_a_plain_address_can_be_registered() {
    let check = |uri: &str, aws, oidc| {
        let found = (registrable(Wire::Aws, uri), registrable(Wire::Oidc, uri));
        assert_eq!(found, (aws, oidc), "{uri}");
    };
    for uri in [
        "http://127.0.0.1/oauth/callback",
        "http://127.0.0.1/",
        "http://[::1]/cb",
    ] {
        check(uri, true, true);
    }
    for uri in [
        "http://127.0.0.1:4321/cb",
        "http://[::1]:4321/cb",
        "http://localhost:4321/cb",
        "http://127.0.0.1/cb?a=b",
        "https://127.0.0.1/cb",
        "https://app.example/",
        "https://app.example:8443/cb?from=kiro",
        "https://xn--bcher-kva.example/cb",
        "kiro://kiro.oauth/callback",
        "com.example.app:/cb",
    ] {
        check(uri, false, true);
    }
    for uri in [
        "",
        "cb",
        "/cb",
        "//127.0.0.1/cb",
        "http:/127.0.0.1/cb",
        "http://127.0.0.1",
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1/cb#f",
        "http://127.0.0.1/../cb",
        "http://127.0.0.1/a/./b",
        "http://127.0.0.1/\\cb",
        "http://127.0.0.1/c b",
        "http://127.0.0.1/c\tb",
        "http://127.0.0.1/é",
        "http://127.0.0.1/%2e%2e/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://user@127.0.0.1/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://0.0.0.0/cb",
        "http://localhost/oauth/callback",
        "http://localhost:80/cb",
        "http://localhost.evil.example/cb",
        "http://localhost./cb",
        "http://app.example/cb",
        "HTTP://127.0.0.1/cb",
        "https://APP.example/cb",
        "https://app.example",
        "https://app.example:443/cb",
        "https://app.example/a/../cb",
        "https://app.example/*",
        "https://*.app.example/cb",
        "https://user@app.example/cb",
        "https:///cb",
        "https:app.example/cb",
        "https://bücher.example/cb",
        "kiro:callback",
        "kiro://x@kiro.oauth/callback",
        "kiro://kiro.oauth/callback#f",
        "kiro://kiro.oauth/../callback",
        "javascript:alert(1)",
        "javascript://app.example/cb",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:https://app.example/x",
        "vbscript:x",
        "intent://x/cb",
        "view-source:https://app.example/cb",
        "wss://app.example/cb",
        " https://app.example/cb",
        "https://app.example/cb ",
        &format!("https://app.example/{}", "a".repeat(LIMIT)),
    ] {
        check(uri, false, false);
    }
    for uri in REGISTERED {
        assert!(registrable(Wire::Oidc, uri), "{uri}");
    }
}
