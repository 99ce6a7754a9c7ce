//! The program `kiro-identity-center serve`, from its first line to its end.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod administration;
mod back_up;
mod canary;
mod computer;
mod copy_to;
mod figures;
mod health;
mod init;
mod instances;
mod linter;
mod packaged;
mod program;
mod provisioning;
mod proxies;
#[path = "../../src/store/tests/server.rs"]
mod server;
mod sync;
mod tls;
mod upstreams;
mod walk;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use program::{Program, command};
use serde_json::Value;

#[test]
fn the_demonstration_says_what_one_must_know_and_keeps_it_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new/data");
    let program = Program::start(&data, &["--demo"]);
    let issuer = program.text("issuer").to_owned();
    assert_eq!(program.text("endpoint"), issuer);
    assert_eq!(program.text("region"), "us-east-1");
    assert_eq!(program.text("start_url"), format!("{issuer}/start/acme"));
    assert_eq!(program.said["users"][0]["user_name"], "aiko");
    let seed = program.said["users"][0]["totp_secret"].clone();
    assert_eq!(seed.as_str().unwrap().len(), 32);
    assert_eq!(program.said["users"][1]["totp_secret"], Value::Null);
    assert_eq!(program.said["accounts"][0]["account_id"], "111122223333");
    let clients = &program.said["oidc_clients"];
    assert_eq!(clients[0]["redirect_uris"][0], "kiro://kiro.oauth/callback");
    assert_eq!(clients[0]["redirect_uris"][1], "http://127.0.0.1/cb");
    let first_secret = clients[1]["client_secret"].as_str().unwrap().to_owned();

    let (status, found) = program.call("GET /.well-known/openid-configuration", "");
    assert_eq!((status, found["issuer"].as_str()), (200, Some(&*issuer)));
    let (status, made) = program.call(
        "POST /client/register",
        r#"{"clientName":"x","clientType":"public"}"#,
    );
    assert_eq!(status, 200);
    let (id, secret) = (&made["clientId"], &made["clientSecret"]);
    let start_url = program.text("start_url");
    let asked =
        serde_json::json!({ "clientId": id, "clientSecret": secret, "startUrl": start_url });
    let (status, device) = program.call("POST /device_authorization", &asked.to_string());
    assert_eq!(status, 200, "{device}");

    for (path, mode) in [
        ("", 0o700),
        ("store.db", 0o600),
        ("store.db-wal", 0o600),
        ("master.key", 0o600),
    ] {
        let found = fs::metadata(data.join(path)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path}");
    }
    let (ended, out, log) = program.stop("TERM");
    assert!(ended.success(), "{ended}: {log}");
    assert_eq!(out, "", "one line and no more");
    for held in [
        first_secret.as_str(),
        secret.as_str().unwrap(),
        device["deviceCode"].as_str().unwrap(),
        device["userCode"].as_str().unwrap(),
        seed.as_str().unwrap(),
        fs::read_to_string(data.join("master.key")).unwrap().trim(),
    ] {
        assert!(!log.contains(held), "{log}");
    }

    let program = Program::start(&data, &["--demo"]);
    assert_eq!(program.said["users"][0]["totp_secret"], seed);
    assert_ne!(
        program.said["oidc_clients"][1]["client_secret"],
        *first_secret
    );
    let asked = serde_json::json!({ "clientId": id, "clientSecret": secret, "grantType": "refresh_token", "refreshToken": "x" });
    let (status, refused) = program.call("POST /token", &asked.to_string());
    assert_eq!(
        (status, refused["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    assert!(program.stop("INT").0.success());
}

/// Each connection had a router of its own, whose handlers held the description of the administration: 2.4 MiB.
#[test]
fn connections_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]);
    let asked = || {
        let mut stream = program.connect();
        write!(stream, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut status = [0; 15];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 OK");
        stream
    };
    let first = asked();
    let before = program.memory();
    let open: Vec<TcpStream> = (0..200).map(|_| asked()).collect();
    let each = program.memory().saturating_sub(before) / 200;
    assert!(each < 64, "{each} KiB for each connection");
    drop((first, open));
}

/// It takes 19 MiB. (glibc's allocator had kept them, for each thread that had checked one.)
#[test]
fn what_a_password_took_to_check_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--demo"]);
    let before = program.memory();
    for _ in 0..4 {
        let mut browser = walk::Browser::new(&program);
        let (at, _) = browser.open("GET", "/sessions", &[]);
        let (at, _) = browser.step(&at, "name", &[("user_name", "maya")]);
        browser.step(&at, "password", &[("password", "a-password-typed-wrong")]);
    }
    let more = program.memory().saturating_sub(before);
    assert!(more < 10 * 1024, "{more} KiB");
}

#[test]
fn an_instance_that_is_told_to_stop_answers_what_it_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]);
    assert!(program.said.get("users").is_none(), "{}", program.said);
    let body = r#"{"clientName":"x","clientType":"public"}"#;
    let (first, second) = body.split_at(5);
    let mut stream = program.connect();
    write!(stream, "POST /client/register HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{first}", body.len()).unwrap();
    // It has read the head once it answers another, asked later.
    assert_eq!(program.call("GET /oauth2/jwks", "").0, 200);
    program.tell("TERM");
    // From the moment it has heard the signal it takes no more connections.
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(program.address()).is_ok() {
        assert!(Instant::now() < until, "it goes on taking connections");
    }
    stream.write_all(second.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (ended, _, log) = program.ended();
    assert!(ended.success(), "{ended}: {log}");
}

#[test]
fn what_cannot_be_served_is_said_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let check = |data: &str, more: &[&str], expected: &str| {
        let output = command(&folder.path().join(data), more).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{more:?}");
        assert!(said.contains(expected), "{more:?}: {said}");
        assert!(output.stdout.is_empty(), "{more:?}");
    };
    check("a", &["--listen", "0.0.0.0:0"], "not a loopback address");
    check("a", &["--listen", "[::]:0"], "not a loopback address");
    check(
        "a",
        &["--url", "http://id.acme.example"],
        "is an https address, or http on this computer",
    );
    check(
        "a",
        &["--store", "postgresql://kiro:hush@db/kiro"],
        "hint: Write it into the settings file",
    );
    check(
        "a",
        &["--settings", "/nonexistent/config.toml"],
        "cannot be read",
    );
    check(
        "a",
        &["--demo", "--url", "https://id.acme.example"],
        "cannot be used with",
    );
    check("a", &["--listen", "127.0.0.1:1:1"], "127.0.0.1:1:1 is none");
    fs::write(folder.path().join("file"), "").unwrap();
    check("file", &[], "cannot be used");
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    check("b", &["--listen", &taken], "cannot be listened on");

    // A store whose key is gone or another is left as it is.
    let data = folder.path().join("c");
    assert!(Program::start(&data, &[]).stop("TERM").0.success());
    let key = data.join("master.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    check("c", &[], "master.key is missing");
    assert!(!key.exists());
    fs::write(&key, format!("{}=\n", "A".repeat(43))).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    check("c", &[], "sealed under the master key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    check("c", &[], "only its owner may read it");
    fs::write(&key, kept).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Program::start(&data, &[]).stop("TERM").0.success());
}
