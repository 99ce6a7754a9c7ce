//! `kiro` alone and beside `kiro-verbs`: a fresh token needs no other program, everything else does.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{FileLock, Home, KeySource, Keys, NewPublic, ProfileName, Store, Tokens};

/// A home with a session whose access token ends in so many seconds, its key in a plain file.
fn home_with_token(folder: &Path, seconds: i64) {
    let home = Home::at(folder);
    let keys = Keys::new(&home);
    let store = Store::new(home, keys, "test/1");
    store.ensure_key(Some(KeySource::Plaintext)).unwrap();
    let public = NewPublic {
        provider: "okta".to_owned(),
        organization: "acme".to_owned(),
        issuer: "https://login.acme.example".to_owned(),
        client_id: "client".to_owned(),
        endpoint: None,
        subject: None,
        name: None,
        email: None,
        scopes: Vec::new(),
        region: None,
        models: None,
        expires_at: Timestamp::now() + SignedDuration::from_secs(seconds),
        session_expires_at: None,
        signed_in_at: Timestamp::now(),
    };
    let tokens = Tokens {
        access: "the-access-token".into(),
        refresh: None,
        id: None,
    };
    store.save(&ProfileName::default(), public, tokens).unwrap();
}

fn run(kiro: &Path, home: &Path, line: &str) -> Output {
    Command::new(kiro)
        .args(line.split(' '))
        .env_clear()
        .env("KIRO_HOME", home)
        .output()
        .unwrap()
}

#[test]
fn alone_it_prints_a_fresh_token_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let kiro = folder.path().join("kiro");
    std::fs::copy(env!("CARGO_BIN_EXE_kiro"), &kiro).unwrap();
    let home = folder.path().join("home");
    home_with_token(&home, 3600);
    for line in ["auth token", "auth token --profile default"] {
        let output = run(&kiro, &home, line);
        assert_eq!(output.stdout, b"the-access-token\n", "{output:?}");
        assert!(output.status.success() && output.stderr.is_empty());
    }
    // Whoever ran before left no other trace than the session: reading writes nothing.
    assert!(!home.join("logs/kiro.log").exists());
}

#[test]
fn the_token_of_a_session_that_is_over_is_printed_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let kiro = folder.path().join("kiro");
    std::fs::copy(env!("CARGO_BIN_EXE_kiro"), &kiro).unwrap();
    let home = folder.path().join("home");
    home_with_token(&home, 3600);
    let record = |kind: &str, revision: u64| {
        let (now, path) = (
            Timestamp::now(),
            Home::at(&home).locks().join("default.json"),
        );
        let refusal = format!(r#"{{"kind":"{kind}","error":"e"}}"#);
        let text = format!(
            r#"{{"revision":{revision},"started_at":"{now}","finished_at":"{now}","refusal":{refusal},"interrupted":false}}"#
        );
        kiro_credentials::replace(&path, text.as_bytes()).unwrap();
    };
    for (kind, revision, printed) in [
        ("ended", 1, false),
        ("ended", 2, true),
        ("temporary", 1, true),
        ("interaction", 1, true),
    ] {
        record(kind, revision);
        let output = run(&kiro, &home, "auth token");
        let token: &[u8] = if printed { b"the-access-token\n" } else { b"" };
        assert_eq!(output.stdout, token, "{kind} {revision}");
        assert_eq!(output.status.success(), printed, "{kind} {revision}");
    }
}

#[test]
fn what_it_does_not_know_is_for_the_program_with_every_verb() {
    let folder = tempfile::tempdir().unwrap();
    let kiro = folder.path().join("kiro");
    std::fs::copy(env!("CARGO_BIN_EXE_kiro"), &kiro).unwrap();
    let whole = folder.path().join("kiro-verbs");
    std::fs::write(&whole, "#!/bin/sh\necho \"verbs: $*\"\nexit 7\n").unwrap();
    std::fs::set_permissions(&whole, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let home = folder.path().join("home");
    home_with_token(&home, -1); // to be renewed: not for it
    for line in [
        "auth token",
        "auth token --profile nobody",
        "auth status --json",
        "--version",
    ] {
        let output = run(&kiro, &home, line);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            (said, output.status.code()),
            (format!("verbs: {line}\n"), Some(7))
        );
    }
}

#[test]
fn what_another_process_renews_is_waited_for_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let kiro = folder.path().join("kiro");
    std::fs::copy(env!("CARGO_BIN_EXE_kiro"), &kiro).unwrap();
    let home = folder.path().join("home");
    home_with_token(&home, -1);
    let lock = Home::at(&home).locks().join("default");
    let renewing = FileLock::try_acquire(&lock).unwrap().unwrap();
    let waiting = Command::new("strace")
        .args(["-qq", "-e", "trace=clock_nanosleep", "-o"])
        .arg(folder.path().join("calls"))
        .arg(&kiro)
        .args(["auth", "token"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("KIRO_HOME", &home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It waits once it sleeps.
    while std::fs::read(folder.path().join("calls")).map_or(true, |calls| calls.is_empty()) {
        std::thread::yield_now();
    }
    home_with_token(&home, 3600);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"the-access-token\n", "{output:?}");
    assert!(output.status.success() && output.stderr.is_empty());
    drop(renewing);
}

#[test]
fn the_program_with_every_verb_is_called_kiro_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        Path::new(env!("CARGO_BIN_EXE_kiro")),
        folder.path(),
        "auth nonsense",
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Usage: kiro auth"), "{said}");
}
