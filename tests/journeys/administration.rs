//! What an administrator has for people's computers, and what strangers may send to administration.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use kiro_tests::{Keyring, Peer, Person, World, python};

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

/// Schemathesis, which this project did not write, sends whatever the description allows and much that it does not.
#[tokio::test]
async fn whatever_is_sent_to_administration_it_answers_as_described() {
    let peer = Peer::identity_center();
    let address = format!("{}/openapi.json", peer.word("admin_url"));
    let bearer = format!("Authorization: Bearer {}", peer.word("admin_token"));
    let output = Command::new(python().with_file_name("schemathesis"))
        .args(["run", &address, "--header", &bearer, "--no-color"])
        .args(["--phases", "coverage,fuzzing", "--seed", "20261125"])
        // What a schema cannot say, the service may refuse.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--max-examples", "20"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let (_, cases) = told
        .split_once("Test cases:")
        .unwrap_or_else(|| panic!("{told}"));
    let passed = cases
        .split_whitespace()
        .next()
        .and_then(|number| number.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed > 1000), "{told}");
    let (status, me) = peer.administer("GET", "/me").await;
    assert_eq!((status, me["role"].as_str()), (200, Some("owner")), "{me}");
}
