//! The demonstration with an identity provider beside it (`tests/peers`).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use url::{Position, Url, form_urlencoded};

use super::program::{Program, command};
use super::walk::Browser;

/// A provider; it ends with this.
struct Peer {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    upstream: Value,
    control: Url,
}

impl Peer {
    fn start(script: &str) -> Peer {
        let peers = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let mut child = Command::new("node")
            .args(["--single-threaded", "--no-wasm-async-compilation"])
            .arg(peers.join("../../tests/peers").join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Peer {
            child,
            _stdout: stdout,
            upstream: ready["upstream"].clone(),
            control: ready["control"].as_str().unwrap().parse().unwrap(),
        }
    }

    /// The secrets that it gave and was given.
    fn secrets(&self) -> Vec<String> {
        let (_, _, body) = ask("POST", &self.control, "", "{}");
        let (from, to) = (body.find('{').unwrap(), body.rfind('}').unwrap());
        let lines = body[from..=to].split("\r\n");
        let joined: String = lines.filter(|line| line.len() > 8).collect();
        let seen: Value = serde_json::from_str(&joined).unwrap();
        serde_json::from_value(seen["secrets"].clone()).unwrap()
    }

    /// Signs in at the address that the browser was sent to; the address that it is sent back to.
    fn sign_in(&self, address: &str, user: &str) -> Url {
        let mut cookies: BTreeMap<String, String> = BTreeMap::new();
        let mut at: Url = address.parse().unwrap();
        let home = at.origin();
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("username", user), ("password", "demo")])
            .finish();
        let mut method = "GET";
        for _ in 0..10 {
            let pairs = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let cookie = pairs.collect::<Vec<_>>().join("; ");
            let (set, to, body) = ask(method, &at, &cookie, &form);
            cookies.extend(set);
            method = match to {
                Some(to) => {
                    at = at.join(&to).unwrap();
                    if at.origin() != home {
                        return at;
                    }
                    "GET"
                }
                None => {
                    assert!(body.contains("name=\"password\""), "{at}: {body}");
                    "POST"
                }
            };
        }
        panic!("no end at {at}");
    }
}

/// One request: the cookies that it sets, where it leads, its body.
fn ask(
    method: &str,
    at: &Url,
    cookie: &str,
    form: &str,
) -> (BTreeMap<String, String>, Option<String>, String) {
    let host = format!("{}:{}", at.host_str().unwrap(), at.port().unwrap());
    let body = if method == "POST" { form } else { "" };
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "{method} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        &at[Position::BeforePath..],
        body.len(),
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (mut set, mut to) = (BTreeMap::new(), None);
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("set-cookie") {
            let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
            set.insert(name.to_owned(), value.to_owned());
        } else if name.eq_ignore_ascii_case("location") {
            to = Some(value.to_owned());
        }
    }
    (set, to, body.to_owned())
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn the_demonstration_signs_people_in_at_the_providers_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let begun = |upstreams: &[&Peer]| {
        let given: Vec<&Value> = upstreams.iter().map(|peer| &peer.upstream).collect();
        let mut command = command(folder.path(), &["--demo"]);
        command.env("KIRO_DEMO_UPSTREAMS", json!(given).to_string());
        Program::of(command)
    };
    let entra = Peer::start("entra.mjs");
    // Each run has providers at other ports; who was linked to one is not linked to the next.
    for _ in 0..2 {
        let okta = Peer::start("okta.mjs");
        let program = begun(&[&okta, &entra]);
        let said = &program.said["upstreams"];
        let expected = json!([
            {
                "kind": "okta", "issuer": okta.upstream["issuer"], "domain": "okta.acme.example",
                "redirect_uri": format!("{}/federation/oidc/acme/okta/callback", program.text("issuer")),
                "users": [{ "user_name": "aiko@okta.acme.example" }],
            },
            {
                "kind": "entra", "issuer": entra.upstream["issuer"], "domain": "entra.acme.example",
                "redirect_uri": format!("{}/federation/oidc/acme/entra/callback", program.text("issuer")),
                "users": [{ "user_name": "maya@entra.acme.example" }],
            },
        ]);
        assert_eq!(*said, expected);
        let (ended, _, log) = program.stop("TERM");
        assert!(ended.success(), "{log}");
        for peer in [&okta, &entra] {
            let secret = peer.upstream["client_secret"].as_str().unwrap();
            assert!(!log.contains(secret), "{log}");
        }
    }
    let program = Program::start(folder.path(), &["--demo"]);
    assert_eq!(program.said["upstreams"], json!([]));
}

#[test]
fn providers_that_cannot_be_connected_are_said_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let check = |given: &str, expected: &str| {
        let mut command = command(folder.path(), &["--demo"]);
        let output = command.env("KIRO_DEMO_UPSTREAMS", given).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{given}");
        assert!(said.contains(expected), "{given}: {said}");
        assert!(!said.contains("CANARY"), "{said}");
    };
    check(
        "[{\"client_secret\":\"CANARY\"",
        "KIRO_DEMO_UPSTREAMS cannot be read",
    );
    check(
        "[{\"client_secret\":\"CANARY\"}]",
        "KIRO_DEMO_UPSTREAMS cannot be read",
    );
    let nobody = json!([{ "kind": "okta", "issuer": "http://127.0.0.1:1", "client_id": "x", "client_secret": "CANARY" }]);
    check(&nobody.to_string(), "cannot be connected");
}

#[test]
fn a_person_signs_in_at_each_provider_of_the_demonstration_and_no_secret_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let peers = [Peer::start("okta.mjs"), Peer::start("entra.mjs")];
    let given: Vec<&Value> = peers.iter().map(|peer| &peer.upstream).collect();
    let mut command = command(folder.path(), &["--demo"]);
    command.env("KIRO_DEMO_UPSTREAMS", json!(given).to_string());
    let program = Program::of(command);
    let redirect_uri = "http://127.0.0.1:4321/cb";
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "desktop"),
            ("redirect_uri", redirect_uri),
            ("scope", "openid profile"),
            ("state", "s"),
            (
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            ),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let mut secrets = Vec::new();
    for (peer, told) in peers
        .iter()
        .zip(program.said["upstreams"].as_array().unwrap())
    {
        let user_name = told["users"][0]["user_name"].as_str().unwrap();
        let mut browser = Browser::new(&program);
        let (at, _) = browser.open("GET", &format!("/oauth2/authorize?{query}"), &[]);
        let (address, _) = browser.step(&at, "name", &[("user_name", user_name)]);
        let back = peer.sign_in(&address, user_name);
        let (at, page) = browser.open("GET", &back[Position::BeforePath..], &[]);
        assert!(at.starts_with(redirect_uri), "{at}: {page}");
        assert!(at.contains("code="), "{at}");
        let found = peer.secrets();
        // state, nonce, code, verifier, and the tokens.
        assert!(found.len() >= 6, "{found:?}");
        secrets.extend(found);
        secrets.push(peer.upstream["client_secret"].as_str().unwrap().to_owned());
        secrets.extend(browser.cookies.into_values());
    }
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{ended}: {log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret}: {log}");
    }
}
