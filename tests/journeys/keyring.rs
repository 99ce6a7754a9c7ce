//! Where the key lives: no keyring, a locked one, and what a sign-in leaves on the disk.

use std::path::Path;

use kiro_tests::{Keyring, Peer, World};
use serde_json::{Value, json};

use crate::paste::{LOGIN, WITH_KEYRING, paste, said};

#[tokio::test]
async fn without_a_keyring_nothing_begins_and_nothing_is_stored() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    let output = world.kiro(&WITH_KEYRING);
    let stderr = said(&output);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(
        stderr.contains("error: ") && stderr.contains("--passphrase"),
        "{stderr}"
    );
    let seen = peer.control(json!({})).await;
    assert_eq!(seen["authorize"], 0, "no browser, no request");
    assert_eq!(world.status()["account"]["state"], "signed_out");
}

#[tokio::test]
async fn a_locked_keyring_is_told_in_time_and_the_session_stays() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let first = paste(world.start_kiro(&WITH_KEYRING), "aiko").await;
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let before = world.credentials();
    world.lock_keyring();
    for words in [&WITH_KEYRING[..], &["auth", "token"]] {
        let output = world.kiro(words);
        let stderr = said(&output);
        assert_eq!(output.status.code(), Some(6), "{words:?}: {stderr}");
        assert!(
            stderr.contains("locked") && stderr.contains("hint: "),
            "{stderr}"
        );
        assert!(output.stdout.is_empty());
    }
    // Who is signed in needs no key.
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert_eq!(world.credentials(), before);
}

/// Aiko is signed in, with the key in the keyring.
async fn with_keyring(peer: &Peer) -> World {
    let world = World::new(Keyring::Unlocked);
    world.add_okta(peer);
    let login = paste(world.start_kiro(&WITH_KEYRING), "aiko").await;
    assert_eq!(login.status.code(), Some(0), "{}", said(&login));
    world
}

#[tokio::test]
async fn a_keyring_that_answers_nobody_is_given_up_in_time() {
    let world = with_keyring(&Peer::okta(30)).await;
    world.signal_keyring("STOP");
    let begun = std::time::Instant::now();
    let output = world.kiro(&["auth", "token"]);
    let stderr = said(&output);
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    assert!(
        stderr.contains("error: ") && stderr.contains("hint: "),
        "{stderr}"
    );
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    world.signal_keyring("CONT");
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(0));
}

#[tokio::test]
async fn a_keyring_that_comes_back_later_has_the_key_again() {
    let mut world = with_keyring(&Peer::okta(30)).await;
    let before = world.credentials();
    world.end_keyring();
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    world.start_keyring();
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(world.credentials(), before);
}

#[tokio::test]
async fn a_key_that_is_lost_is_told_and_a_new_sign_in_makes_another() {
    let peer = Peer::okta(30);
    let world = with_keyring(&peer).await;
    let before = world.credentials();
    world.empty_keyring();
    let output = world.kiro(&["auth", "token"]);
    let stderr = said(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("key that sealed this session is gone")
            && stderr.contains("kiro auth login"),
        "{stderr}"
    );
    assert_eq!(world.credentials(), before, "the file is kept");
    let again = paste(world.start_kiro(&WITH_KEYRING), "aiko").await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(0));
}

#[tokio::test]
async fn what_a_sign_in_leaves_is_the_documented_file_and_no_secret_in_the_clear() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    let output = paste(
        world.start_kiro_with(&LOGIN, &[("KIRO_LOG", "trace")]),
        "aiko",
    )
    .await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let token = world
        .start_kiro_with(&["auth", "token"], &[("KIRO_LOG", "trace")])
        .end();
    assert!(token.status.success());

    let file: Value = serde_json::from_slice(&world.credentials().unwrap()).unwrap();
    let schema: Value =
        serde_json::from_str(include_str!("../../docs/credential-file.schema.json")).unwrap();
    let complaints: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&file)
        .map(|error| error.to_string())
        .collect();
    assert!(complaints.is_empty(), "{complaints:?}");

    let seen = peer.control(json!({})).await;
    let secrets: Vec<_> = seen["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        secrets.len() >= 5,
        "the peer gave secrets away: {secrets:?}"
    );
    let files = everything_below(&world.path("kiro"));
    assert!(
        files.iter().any(|(path, _)| path.ends_with("kiro.log")),
        "the log is looked into as well"
    );
    for (path, bytes) in files {
        let holds = |secret: &&&str| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(
            secrets.iter().find(holds).is_none(),
            "{path} holds a secret"
        );
    }

    let logout = world.kiro(&["auth", "logout"]);
    let stderr = said(&logout);
    assert_eq!(logout.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("Removed from this computer") && stderr.contains("Revoked at Okta"),
        "{stderr}"
    );
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(3));
}

fn everything_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(everything_below(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
    found
}
