//! A person signs in at the demonstration by what its line says: through the pages' plain forms, with nothing but HTTP.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};

use kiro_identity_center::secret::Digest;
use kiro_identity_center::totp;
use serde_json::{Value, json};
use url::{Position, Url, form_urlencoded};

use super::program::Program;

/// A browser without scripts.
pub(crate) struct Browser<'a> {
    pub(crate) program: &'a Program,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The address of its computer.
    pub(crate) from: IpAddr,
    /// A header more, with its line's end.
    pub(crate) header: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(program: &'a Program) -> Browser<'a> {
        Browser {
            program,
            cookies: BTreeMap::new(),
            from: Ipv4Addr::LOCALHOST.into(),
            header: String::new(),
        }
    }

    /// Follows redirects within the service. Returns the path where it ends, or the address outside, and the page.
    pub(crate) fn open(
        &mut self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> (String, String) {
        let issuer = self.program.text("issuer").to_owned();
        let (mut method, mut path) = (method, path.to_owned());
        let mut body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        loop {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\norigin: {issuer}\r\ncookie: {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n{}content-length: {}\r\n\r\n{body}",
                self.program.address(),
                cookies.join("; "),
                self.header,
                body.len(),
            );
            let mut stream = self.program.connect_from(self.from);
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, page) = answer.split_once("\r\n\r\n").unwrap();
            let headers = head.lines().filter_map(|line| line.split_once(": "));
            let mut location = None;
            for (name, value) in headers {
                if name == "set-cookie" {
                    let pair = value.split(';').next().unwrap();
                    let (name, value) = pair.split_once('=').unwrap();
                    if value.is_empty() {
                        self.cookies.remove(name);
                    } else {
                        self.cookies.insert(name.to_owned(), value.to_owned());
                    }
                } else if name == "location" {
                    location = Some(value.to_owned());
                }
            }
            let Some(to) = location else {
                return (path, page.to_owned());
            };
            let to: Url = to.parse().unwrap();
            if !to.as_str().starts_with(&issuer) {
                return (to.into(), page.to_owned());
            }
            (method, path, body) = ("GET", to[Position::BeforePath..].to_owned(), String::new());
        }
    }

    /// Sends the form of a sign-in's page.
    pub(crate) fn step(&mut self, at: &str, step: &str, form: &[(&str, &str)]) -> (String, String) {
        let sign_in: Vec<&str> = at.split('/').collect();
        assert_eq!(sign_in[1], "sign-in", "{at}");
        self.open("POST", &format!("/sign-in/{}/{step}", sign_in[2]), form)
    }
}

/// RFC 4648 §6.
pub(crate) fn unbase32(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for letter in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[test]
fn the_audit_log_says_who_signed_in_and_shows_who_wrote_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    let mut browser = Browser::new(&program);
    let (at, _) = browser.open("GET", "/sessions", &[]);
    let (at, _) = browser.step(&at, "name", &[("user_name", "aiko")]);
    let typed = "a-password-typed-wrong";
    browser.step(&at, "password", &[("password", typed)]);
    let (ended, ..) = program.stop("TERM");
    assert!(ended.success());
    let asked = |verb: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
        command.args(["audit", verb, "--data"]).arg(folder.path());
        let output = command.env_remove("KIRO_IC_SETTINGS").output().unwrap();
        let said = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.success(),
            said(output.stdout),
            said(output.stderr),
        )
    };
    let (whole, entries, log) = asked("export");
    assert!(whole, "{log}");
    assert!(!entries.contains(typed) && !log.contains(typed));
    let entries: Vec<Value> = entries
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = entries.last().unwrap();
    let expected = json!({
        "number": entries.len(), "at": last["at"], "organization": "acme", "actor": "aiko", "action": "sign_in", "subject": "aiko",
        "outcome": "refused", "address": "127.0.0.1", "user_agent": null, "detail": last["detail"],
    });
    assert_eq!(last, &expected);
    let (whole, head, _) = asked("verify");
    let head: Value = serde_json::from_str(&head).unwrap();
    assert_eq!((whole, &head["entries"]), (true, &json!(entries.len())));
    let store = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    store
        .execute(
            "UPDATE audit SET address = '192.0.2.1' WHERE number = 3",
            [],
        )
        .unwrap();
    let (whole, data, log) = asked("verify");
    assert_eq!((whole, data.as_str()), (false, ""));
    assert!(log.contains("entry 3 is not what was written"), "{log}");
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"));
    command
        .args(["audit", "verify", "--data"])
        .arg(elsewhere.path());
    assert!(!command.output().unwrap().status.success());
    assert!(
        !elsewhere.path().join("store.db").exists(),
        "nothing is made"
    );
}

#[test]
fn a_person_signs_in_at_the_demonstration_by_what_its_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    let asked = json!({
        "clientName": "An IDE",
        "clientType": "public",
        "scopes": ["sso:account:access"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "grantTypes": ["authorization_code", "refresh_token"],
        "issuerUrl": program.text("start_url"),
    });
    let (status, client) = program.call("POST /client/register", &asked.to_string());
    assert_eq!(status, 200, "{client}");
    let verifier = "0123456789-0123456789.0123456789_0123456789~";
    let challenge = {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Digest::of(verifier).bytes())
    };
    let callback = "http://127.0.0.1:4321/oauth/callback";
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", client["clientId"].as_str().unwrap()),
            ("redirect_uri", callback),
            ("scopes", "sso:account:access"),
            ("state", "s"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let user = &program.said["users"][0];
    let (name, password) = (&user["user_name"], user["password"].as_str().unwrap());
    let seed = unbase32(user["totp_secret"].as_str().unwrap());
    let mut browser = Browser::new(&program);
    let (at, _) = browser.open("GET", &format!("/authorize?{query}"), &[]);
    let (at, _) = browser.step(&at, "name", &[("user_name", name.as_str().unwrap())]);
    let (at, page) = browser.step(&at, "password", &[("password", password)]);
    let step = totp::step(jiff::Timestamp::now());
    let one_time = format!("{:06}", totp::code(&seed, step));
    assert!(page.contains("name=\"code\""), "{page}");
    let (at, page) = browser.step(&at, "code", &[("code", &one_time)]);
    assert!(page.contains("An IDE"), "{page}");
    let (at, _) = browser.step(&at, "consent", &[("decision", "allow")]);
    assert!(at.starts_with(callback), "{at}");
    let back: Url = at.parse().unwrap();
    let parameters: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
    assert_eq!(parameters["state"], "s");
    let code = &parameters["code"];
    let asked = json!({
        "clientId": client["clientId"],
        "clientSecret": client["clientSecret"],
        "grantType": "authorization_code",
        "code": code,
        "redirectUri": callback,
        "codeVerifier": verifier,
    });
    let (status, tokens) = program.call("POST /token", &asked.to_string());
    assert_eq!(status, 200, "{tokens}");
    let token = tokens["accessToken"].as_str().unwrap();
    let bearer = format!("x-amz-sso_bearer_token: {token}");
    let (status, accounts) = program.call_with("GET /assignment/accounts", &bearer, "");
    assert_eq!(status, 200, "{accounts}");
    let ids = |list: &Value, name: &str| -> Vec<Value> {
        let list = list.as_array().unwrap().iter();
        list.map(|account| account[name].clone()).collect()
    };
    assert_eq!(
        ids(&accounts["accountList"], "accountId"),
        ids(&program.said["accounts"], "account_id")
    );
    let held = [
        password.to_owned(),
        one_time,
        code.clone(),
        token.to_owned(),
        tokens["refreshToken"].as_str().unwrap().to_owned(),
        verifier.to_owned(),
    ];
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{ended}: {log}");
    for secret in held {
        assert!(!log.contains(&secret), "{log}");
    }
}
