//! What an administrator has for people's computers, and what strangers may send to administration.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use kiro_tests::{Keyring, Peer, Person, World, python};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::paste::{LOGIN, paste_by, said};

#[tokio::test]
async fn the_administrator_s_file_is_all_that_a_computer_needs() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Absent);
    let (status, settings) = peer.administer("GET", "/client-settings").await;
    assert_eq!(status, 200, "{settings}");
    let file = world.path("organizations.toml");
    fs::write(&file, settings.as_str().unwrap()).unwrap();
    let checked = world.kiro(&["org", "check", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let home = world.path("kiro");
    fs::create_dir_all(&home).unwrap();
    let own = home.join("organizations.toml");
    fs::rename(&file, &own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
    let mut aiko = Person::of(&peer, "aiko");
    let output = paste_by(world.start_kiro(&LOGIN), &mut aiko).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

/// Schemathesis, which this project did not write, sends whatever the description allows and much that it does not: first what asks,
/// adds and changes, then what removes. Most of it names what is there.
#[tokio::test]
async fn whatever_is_sent_to_administration_it_answers_as_described() {
    let (okta, entra) = (Peer::okta(0), Peer::entra_by_saml());
    let peer = Peer::identity_center_before(&[&okta, &entra]);
    let (status, me) = peer.administer("GET", "/me").await;
    assert_eq!((status, me["role"].as_str()), (200, Some("owner")), "{me}");
    let folder = TempDir::with_prefix("kiro-schema-").unwrap();
    let there = toml::to_string(&what_is_there(&peer, &me["id"]).await).unwrap();
    fs::write(folder.path().join("schemathesis.toml"), there).unwrap();
    let sent = schemathesis(&peer, folder.path(), "--exclude-method=DELETE");
    assert!(sent > 1000, "{sent}");
    let sent = schemathesis(&peer, folder.path(), "--include-method=DELETE");
    assert!(sent > 200, "{sent}");
    let changes = peer.stored(
        "SELECT count(DISTINCT action) FROM audit WHERE outcome = 'done' AND actor = 'noa'",
    );
    assert!(changes.as_u64() > Some(18), "{changes} kinds of change");
    assert_eq!(peer.administer("GET", "/me").await, (200, me));
}

/// Runs it over the operations of these methods, and returns how many requests passed its checks: all.
fn schemathesis(peer: &Peer, folder: &Path, methods: &str) -> u32 {
    let address = format!("{}/openapi.json", peer.word("admin_url"));
    let bearer = format!("Authorization: Bearer {}", peer.word("admin_token"));
    let output = Command::new(python().with_file_name("schemathesis"))
        .args(["run", &address, "--header", &bearer, "--no-color", methods])
        .args(["--phases", "coverage,fuzzing", "--seed", "20261125"])
        // What a schema cannot say, the service may refuse.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--max-examples", "12"])
        // Where it finds the settings, and leaves what it remembers from one run to the next.
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", said(&output));
    let passed = told
        .split_once("Test cases:")
        .and_then(|(_, cases)| cases.split_once(" passed"))
        .and_then(|(cases, _)| cases.split_whitespace().last()?.parse().ok());
    passed.unwrap_or_else(|| panic!("{told}"))
}

/// What a path may name, in four requests of five: whatever the organisation has, but for the person who asks.
async fn what_is_there(peer: &Peer, me: &Value) -> Value {
    let mut settings = json!({ "dictionaries": {}, "parameters": {} });
    for (named, list, name) in [
        ("user", "/users", "id"),
        ("group", "/groups", "id"),
        ("account", "/accounts", "id"),
        ("role", "/permission-sets", "name"),
        ("client_id", "/applications", "client_id"),
        ("connection", "/connections", "name"),
    ] {
        let (_, found) = peer.administer("GET", list).await;
        let items = found["items"].as_array().unwrap().iter();
        let names: Vec<_> = items
            .map(|item| &item[name])
            .filter(|name| *name != me)
            .collect();
        assert!(!names.is_empty(), "{list}: {found}");
        settings["dictionaries"][named] = json!({ "values": names });
        settings["parameters"][format!("path.{named}")] =
            json!({ "dictionary": named, "probability": 0.8 });
    }
    settings
}
