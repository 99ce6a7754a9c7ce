//! Identity Center under load, beside oidc-provider in memory and beside what no service here can be faster than. `wrk` asks; what a
//! request costs the service's process is the measure, since the one who asks shares the two cores.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kiro_tests::{Peer, Person, checkout, http, program};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use crate::processes::{memory, ticks};
use crate::{Figure, RUNS, median, postgresql};

/// How long each load lasts.
const SECONDS: u32 = 5;
pub(crate) const FEW: usize = 16;
const MANY: usize = 64;
/// `wrk` has two threads, and each asks for a request or two before it begins.
const SPARE: usize = 4;
const CALLBACK: &str = "http://127.0.0.1:4321/cb";
const SCOPE: &str = "openid profile email offline_access";
const VERIFIER: &str = "0123456789-0123456789.0123456789_0123456789~";

/// What a load came to.
pub(crate) struct Load {
    /// Answers a second.
    pub(crate) each_second: f64,
    /// The 99th percentile of what an answer takes, in milliseconds.
    pub(crate) slow: f64,
    /// Microseconds of the process's own time for each.
    pub(crate) cost: f64,
}

/// `wrk` on one address.
pub(crate) fn load(process: u32, connections: usize, address: &str, words: &[&str]) -> Load {
    let (begun, at) = (ticks(process), Instant::now());
    let output = Command::new("wrk")
        .args(["-t2", &format!("-c{connections}"), &format!("-d{SECONDS}s")])
        .args(["--latency"])
        .args(words.split(|word| *word == "--").next().unwrap())
        .arg(address)
        .args(words.iter().skip_while(|word| **word != "--"))
        .output()
        .expect("wrk runs");
    let (cost, lasted) = (ticks(process) - begun, at.elapsed());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && !text.contains("Non-2xx"),
        "{address}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let after = |mark: &str| {
        let rest = text.split_once(mark).expect("what wrk says").1;
        rest.split_whitespace().next().unwrap().to_owned()
    };
    let each_second: f64 = after("Requests/sec:").parse().unwrap();
    Load {
        each_second,
        slow: milliseconds(&after("\n     99%")),
        cost: cost * 10_000.0 / (each_second * lasted.as_secs_f64()),
    }
}

/// `1.23ms`, `987.00us`, `1.20s`
fn milliseconds(text: &str) -> f64 {
    let number = |end: &str| {
        text.strip_suffix(end)
            .and_then(|text| text.parse::<f64>().ok())
    };
    number("ms")
        .or_else(|| number("us").map(|us| us / 1000.0))
        .or_else(|| number("s").map(|s| s * 1000.0))
        .expect("a time")
}

/// Limits: answers a second at the least, the slowest hundredth at the most, cost at the most.
pub(crate) struct Limits(
    pub(crate) Option<f64>,
    pub(crate) Option<f64>,
    pub(crate) Option<f64>,
);

pub(crate) const NONE: Limits = Limits(None, None, None);

pub(crate) fn tell(figures: &mut Vec<Figure>, what: &str, load: &Load, limits: &Limits) {
    figures.push(Figure::new(
        &format!("{what}: a request's own time"),
        load.cost,
        "µs",
        limits.2,
    ));
    figures.push(Figure::at_least(
        &format!("{what}: answers"),
        load.each_second,
        "/s",
        limits.0,
    ));
    if limits.1.is_some() {
        let what = format!("{what}: all but one in a hundred within");
        figures.push(Figure::new(&what, load.slow, "ms", limits.1));
    }
}

pub(crate) async fn measure(folder: &Path, figures: &mut Vec<Figure>) {
    ours(folder, figures).await;
    on_postgresql(folder, figures).await;
    peers(folder, figures);
    floors(folder, figures);
}

async fn ours(folder: &Path, figures: &mut Vec<Figure>) {
    let mut peer = Peer::identity_center();
    let mut ready = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        peer = peer.again_for(3600);
        ready.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    figures.push(Figure::new(
        "Identity Center: ready on its store",
        median(ready),
        "ms",
        Some(50.0),
    ));
    let (issuer, process) = (peer.word("issuer").to_owned(), peer.process());
    let at = |path: &str| format!("{issuer}{path}");
    let tokens = sign_ins(&peer, FEW + MANY + 2 * SPARE).await;
    let access = format!(
        "authorization: Bearer {}",
        tokens[0]["access_token"].as_str().unwrap()
    );
    // What `wrk` takes of the two cores is not ours: there the request's own time is the limit, and the rest is told.
    let look_up = Limits(None, Some(5.0), Some(30.0));
    let file = Limits(None, Some(5.0), Some(16.0));
    for (what, path) in [
        ("keys", "/oauth2/jwks"),
        ("discovery", "/.well-known/openid-configuration"),
    ] {
        let seen = load(process, FEW, &at(path), &[]);
        tell(figures, &format!("Identity Center, {what}"), &seen, &file);
    }
    let seen = load(process, FEW, &at("/oauth2/userinfo"), &["-H", &access]);
    tell(figures, "Identity Center, userinfo", &seen, &look_up);
    let clients = peer.ready["oidc_clients"].as_array().unwrap();
    let secret = clients
        .iter()
        .find_map(|client| client["client_secret"].as_str())
        .unwrap();
    let script = introspection(
        folder,
        "web",
        secret,
        tokens[0]["access_token"].as_str().unwrap(),
    );
    let seen = load(process, FEW, &at("/oauth2/introspect"), &["-s", &script]);
    tell(figures, "Identity Center, introspection", &seen, &look_up);
    let refresh: Vec<&str> = tokens
        .iter()
        .map(|token| token["refresh_token"].as_str().unwrap())
        .collect();
    let (few, many) = refresh.split_at(FEW + SPARE);
    for (connections, tokens, slow) in [(FEW, few, 15.0), (MANY, many, 40.0)] {
        let seen = rotation(
            folder,
            process,
            &issuer,
            "/oauth2/token",
            connections,
            tokens,
        );
        let limits = Limits(Some(6000.0), Some(slow), Some(150.0));
        tell(
            figures,
            &format!("Identity Center, rotating refresh, {connections} connections"),
            &seen,
            &limits,
        );
    }
    figures.push(Figure::new(
        "Identity Center: memory under that load",
        memory(process),
        "MiB",
        Some(30.0),
    ));
}

/// One instance; the database's own processes are not counted.
async fn on_postgresql(folder: &Path, figures: &mut Vec<Figure>) {
    let server = postgresql::Server::start(None);
    let peer = Peer::identity_center_on(&server.database("kiro"));
    let tokens = sign_ins(&peer, FEW + SPARE).await;
    let refresh: Vec<&str> = tokens
        .iter()
        .map(|token| token["refresh_token"].as_str().unwrap())
        .collect();
    let issuer = peer.word("issuer");
    let seen = rotation(
        folder,
        peer.process(),
        issuer,
        "/oauth2/token",
        FEW,
        &refresh,
    );
    let limits = Limits(Some(1200.0), None, None);
    tell(
        figures,
        "Identity Center on PostgreSQL, rotating refresh, 16 connections",
        &seen,
        &limits,
    );
}

/// Signs in once, and then as often as is asked for in the same browser.
async fn sign_ins(peer: &Peer, count: usize) -> Vec<Value> {
    let mut person = Person::of(peer, "aiko");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", "desktop"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("state", "s"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ])
        .finish();
    let issuer = peer.word("issuer");
    let mut tokens = Vec::new();
    for _ in 0..count {
        let callback = person
            .callback(&format!("{issuer}/oauth2/authorize?{query}"))
            .await;
        let callback: url::Url = callback.parse().unwrap();
        let code = callback
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", "desktop"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let answer = http()
            .post(format!("{issuer}/oauth2/token"))
            .form(&form)
            .send()
            .await
            .unwrap();
        tokens.push(answer.json().await.unwrap());
    }
    tokens
}

fn rotation(
    folder: &Path,
    process: u32,
    issuer: &str,
    path: &str,
    connections: usize,
    tokens: &[&str],
) -> Load {
    let file = folder.join("tokens");
    fs::write(&file, tokens.join("\n")).unwrap();
    let script = checkout().join("scripts/speed/refresh.lua");
    let each = (connections / 2).to_string();
    let words = [
        "-s",
        script.to_str().unwrap(),
        "--",
        file.to_str().unwrap(),
        path,
        &each,
    ];
    load(process, connections, issuer, &words)
}

fn introspection(folder: &Path, client: &str, secret: &str, token: &str) -> String {
    let (file, mut script) = (folder.join("introspect.lua"), String::new());
    let basic = STANDARD.encode(format!("{client}:{secret}"));
    writeln!(
        script,
        "wrk.method = \"POST\"\nwrk.body = \"token={token}\""
    )
    .unwrap();
    writeln!(
        script,
        "wrk.headers[\"content-type\"] = \"application/x-www-form-urlencoded\""
    )
    .unwrap();
    writeln!(script, "wrk.headers[\"authorization\"] = \"Basic {basic}\"").unwrap();
    fs::write(&file, script).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The same questions to oidc-provider, which keeps nothing.
fn peers(folder: &Path, figures: &mut Vec<Figure>) {
    let peer = Peer::load(FEW + SPARE);
    let (issuer, process) = (peer.word("issuer"), peer.process());
    let seen = load(process, FEW, &format!("{issuer}/jwks"), &[]);
    tell(figures, "oidc-provider, keys", &seen, &NONE);
    let access = format!("authorization: Bearer {}", peer.word("access"));
    let seen = load(process, FEW, &format!("{issuer}/me"), &["-H", &access]);
    tell(figures, "oidc-provider, userinfo", &seen, &NONE);
    let tokens: Vec<&str> = peer.ready["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token.as_str().unwrap())
        .collect();
    let seen = rotation(folder, process, issuer, "/token", FEW, &tokens);
    tell(
        figures,
        "oidc-provider in memory, rotating refresh, 16 connections",
        &seen,
        &NONE,
    );
    figures.push(Figure::new(
        "oidc-provider: memory under that load",
        memory(process),
        "MiB",
        None,
    ));
}

fn floors(folder: &Path, figures: &mut Vec<Figure>) {
    let floor = program("examples/floor");
    let mut command = Command::new(&floor);
    command.arg("sign");
    let peer = Peer::start(command);
    let seen = load(peer.process(), FEW, peer.word("issuer"), &[]);
    tell(
        figures,
        "floor: hyper that signs one ES256 token",
        &seen,
        &NONE,
    );
    let file = folder.join("floor.db");
    drop(fs::remove_file(&file));
    let output = Command::new(floor)
        .arg("insert")
        .arg(&file)
        .output()
        .unwrap();
    drop(fs::remove_file(&file));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!({}));
    for (name, what) in [
        ("alone", "durable rows in SQLite, one by one"),
        ("together", "durable rows in SQLite, 64 to a commit"),
        (
            "selected",
            "rows found by their key in SQLite, among 100,000",
        ),
    ] {
        let each_second = rows[name].as_f64().expect("rows a second");
        figures.push(Figure::at_least(
            &format!("floor: {what}"),
            each_second,
            "/s",
            None,
        ));
    }
}
