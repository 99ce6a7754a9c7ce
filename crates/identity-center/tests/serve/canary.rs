//! No secret is in the log at TRACE (THREATS.md T14), whichever way somebody came in: each that a walk has in its hands is looked for
//! there. What AWS's clients and the providers by OpenID Connect have, `walk` and `upstreams` look for.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kiro_identity_center::secret::Digest;
use kiro_identity_center::totp;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::program::{Program, command};
use super::walk::{Browser, unbase32};

const VERIFIER: &str = "0123456789-0123456789.0123456789_0123456789~";
const CALLBACK: &str = "http://127.0.0.1:4321/cb";

/// An answer's status, headers and body.
type Answer = (u16, BTreeMap<String, String>, Value);

fn post(program: &Program, path: &str, headers: &[String], form: &[(&str, &str)]) -> Answer {
    let body = encoded(form);
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let mut stream = program.connect();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         {headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let headers = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (
        status,
        headers.collect(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn parameter(address: &str, name: &str) -> String {
    let url: Url = address.parse().unwrap();
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(of, _)| of == name);
    found
        .unwrap_or_else(|| panic!("{name}: {address}"))
        .1
        .into_owned()
}

/// The address of the authorization endpoint for this application.
fn asked(client: &str, further: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of(VERIFIER).bytes());
    let mut all = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile offline_access"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    all.extend_from_slice(further);
    format!("/oauth2/authorize?{}", encoded(&all))
}

/// A key of an application, and proofs by it (RFC 9449 §4.2).
struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Key {
        let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(scheme, &SystemRandom::new()).unwrap();
        Key(EcdsaKeyPair::from_pkcs8(scheme, made.as_ref()).unwrap())
    }

    fn proof(&self, url: &str, nonce: &str, number: u32) -> String {
        let point = self.0.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let text = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) });
        let header = text(json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }));
        let now = jiff::Timestamp::now().as_second();
        let claims = json!({ "htm": "POST", "htu": url, "iat": now, "jti": format!("jti-{number}"), "nonce": nonce });
        let signed = format!("{header}.{}", text(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature.unwrap().as_ref())
        )
    }
}

/// Its log has none of these.
fn silent(program: Program, held: &[String]) {
    let (ended, _, log) = program.stop("TERM");
    assert!(ended.success(), "{ended}: {log}");
    for secret in held {
        assert!(secret.len() >= 6, "{secret}");
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn nothing_of_openid_connect_nor_of_what_people_sign_in_with_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    let user = &program.said["users"][0];
    let password = user["password"].as_str().unwrap().to_owned();
    let seed = unbase32(user["totp_secret"].as_str().unwrap());
    let mut held = vec![password.clone(), VERIFIER.to_owned()];
    let code = |steps: i64| {
        let step = totp::step(jiff::Timestamp::now()) + steps;
        format!("{:06}", totp::code(&seed, step))
    };

    // A code for an application with a secret; what it gets; what it asks.
    let mut browser = Browser::new(&program);
    let further = [
        ("state", "a-state-of-the-web"),
        ("nonce", "a-nonce-of-the-web"),
    ];
    let (at, _) = browser.open("GET", &asked("web", &further), &[]);
    let (at, _) = browser.step(&at, "name", &[("user_name", "aiko")]);
    let (at, _) = browser.step(&at, "password", &[("password", &password)]);
    let one_time = code(0);
    let (back, page) = browser.step(&at, "code", &[("code", &one_time)]);
    assert!(back.starts_with(CALLBACK), "{back}: {page}");
    held.extend(further.map(|(_, value)| value.to_owned()));
    let secret = program.said["oidc_clients"][1]["client_secret"]
        .as_str()
        .unwrap();
    let basic = STANDARD.encode(encoded(&[("web", secret)]).replace('=', ":"));
    let by_web = [format!("authorization: Basic {basic}")];
    let first = parameter(&back, "code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &first),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let (status, _, tokens) = post(&program, "/oauth2/token", &by_web, &form);
    assert_eq!(status, 200, "{tokens}");
    let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let refresh = text(&tokens, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let (status, _, next) = post(&program, "/oauth2/token", &by_web, &form);
    assert_eq!(status, 200, "{next}");
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        let form = [("token", text(&next, "access_token"))];
        let form = form.each_ref().map(|(name, token)| (*name, token.as_str()));
        assert_eq!(post(&program, path, &by_web, &form).0, 200, "{path}");
    }
    for tokens in [&tokens, &next] {
        held.extend(["access_token", "refresh_token", "id_token"].map(|name| text(tokens, name)));
    }
    held.extend([first, secret.to_owned(), basic, one_time]);

    // One that proves its key, from a pushed request on.
    let address = asked("desktop", &[("state", "a-state-of-the-desktop")]);
    let query = address.split_once('?').unwrap().1;
    let form: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let (status, _, pushed) = post(&program, "/oauth2/par", &[], &form);
    assert_eq!(status, 201, "{pushed}");
    let pushed = text(&pushed, "request_uri");
    let query = encoded(&[("client_id", "desktop"), ("request_uri", &pushed)]);
    let (back, page) = browser.open("GET", &format!("/oauth2/authorize?{query}"), &[]);
    assert!(back.starts_with(CALLBACK), "{back}: {page}");
    let second = parameter(&back, "code");
    let key = Key::new();
    let url = format!("{}/oauth2/token", program.text("issuer"));
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "desktop"),
        ("code", &second),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let early = key.proof(&url, "none", 1);
    let headers = [format!("dpop: {early}")];
    let (status, told, _) = post(&program, "/oauth2/token", &headers, &form);
    assert_eq!(status, 400);
    let proof = key.proof(&url, &told["dpop-nonce"], 2);
    let headers = [format!("dpop: {proof}")];
    let (status, _, bound) = post(&program, "/oauth2/token", &headers, &form);
    assert_eq!(
        (status, &bound["token_type"]),
        (200, &json!("DPoP")),
        "{bound}"
    );
    held.extend(["access_token", "refresh_token", "id_token"].map(|name| text(&bound, name)));
    held.extend([
        second,
        early,
        proof,
        pushed,
        "a-state-of-the-desktop".to_owned(),
    ]);

    // Recovery codes: they are shown, and one is used.
    let typed = code(1);
    let form = [("current", password.as_str()), ("code", &typed)];
    let (_, page) = browser.open("POST", "/sessions/recovery-codes", &form);
    let shown = page.split("<li><code>").skip(1);
    let shown = shown.map(|rest| rest.split("</code>").next().unwrap().to_owned());
    let recovery: Vec<String> = shown.collect();
    assert_eq!(recovery.len(), 10, "{page}");
    held.push(typed);
    held.extend(browser.cookies.into_values());
    let mut other = Browser::new(&program);
    let (at, _) = other.open("GET", "/sessions", &[]);
    let (at, _) = other.step(&at, "name", &[("user_name", "aiko")]);
    let (at, _) = other.step(&at, "password", &[("password", &password)]);
    let (at, _) = other.step(&at, "code", &[("code", "AAAA-BBBB-CCCC-DDDD")]);
    let (_, page) = other.step(&at, "code", &[("code", &recovery[0])]);
    assert!(page.contains("Where you are signed in"), "{page}");
    held.extend(other.cookies.into_values());
    held.extend(recovery.iter().map(|code| code.replace('-', "")));
    held.extend(recovery);
    silent(program, &held);
}

/// A provider by SAML; it ends with this.
struct Idp {
    child: Child,
    ready: Value,
}

impl Idp {
    fn start() -> Idp {
        let peers = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let peers = peers.join("../../tests/peers");
        let python = std::env::var_os("KIRO_TEST_PYTHON")
            .map_or_else(|| peers.join("../../target/venv/bin/python"), Into::into);
        let mut child = Command::new(python)
            .arg(peers.join("saml_idp.py"))
            .env("KIND", "entra")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        Idp {
            child,
            ready: serde_json::from_str(&line).unwrap(),
        }
    }

    /// Its answer to the request that a browser was sent with, as XML.
    fn answer(&self, sent: &str, person: &str) -> String {
        let deflated = STANDARD.decode(parameter(sent, "SAMLRequest")).unwrap();
        let mut request = String::new();
        flate2::read::DeflateDecoder::new(&deflated[..])
            .read_to_string(&mut request)
            .unwrap();
        let origin: Url = self.ready["origin"].as_str().unwrap().parse().unwrap();
        let at = origin.socket_addrs(|| None).unwrap()[0];
        let asked = json!({ "request": request, "person": person }).to_string();
        let (status, body) = Program::ask(at, "POST /answer", "x: y", &asked);
        assert_eq!(status, 200, "{body}");
        let made: Value = serde_json::from_str(&body).unwrap();
        made["xml"].as_str().unwrap().to_owned()
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn nothing_that_a_saml_provider_says_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let idp = Idp::start();
    let mut command = command(folder.path(), &["--demo"]);
    let given = json!([idp.ready["upstream"]]).to_string();
    command.env("KIRO_DEMO_UPSTREAMS", given);
    let program = Program::of(command);
    let mut held = Vec::new();
    // Good, and with its signature broken.
    for spoilt in [true, false] {
        let mut browser = Browser::new(&program);
        let (at, _) = browser.open("GET", "/sessions", &[]);
        let name = [("user_name", "maya@entra.acme.example")];
        let (sent, page) = browser.step(&at, "name", &name);
        assert!(sent.contains("SAMLRequest="), "{sent}: {page}");
        let relay = parameter(&sent, "RelayState");
        let mut xml = idp.answer(&sent, "maya@entra.acme.example");
        let signature = xml.split("SignatureValue>").nth(1).unwrap();
        let signature = signature.split('<').next().unwrap().trim().to_owned();
        if spoilt {
            let other: String = signature.chars().rev().collect();
            xml = xml.replace(&signature, &other);
            held.push(other);
        }
        held.push(signature);
        let assertion = xml.split("Assertion ").nth(1).unwrap();
        let id = assertion.split("ID=\"").nth(1).unwrap();
        held.push(id.split('"').next().unwrap().to_owned());
        let response = STANDARD.encode(&xml);
        let form = [("SAMLResponse", response.as_str()), ("RelayState", &relay)];
        let acs = program.said["upstreams"][0]["redirect_uri"].as_str();
        let acs: Url = acs.unwrap().parse().unwrap();
        let (_, page) = browser.open("POST", acs.path(), &form);
        let came = page.contains("Where you are signed in");
        assert_eq!(came, !spoilt, "{page}");
        held.extend([relay, response]);
        held.extend(browser.cookies.into_values());
    }
    silent(program, &held);
}
