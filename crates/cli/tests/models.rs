//! `kiro models`: what a person sees of models and regions, by how they are signed in and what their organisation has decided.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Home, KeySource, Keys, NewPublic, ProfileName, Store, Tokens};

/// A home of somebody who is signed in so, with these organisations.
fn home(folder: &Path, provider: &str, region: Option<&str>, organizations: &str) {
    let home = Home::at(folder);
    let keys = Keys::new(&home);
    let store = Store::new(home, keys, "test/1");
    store.ensure_key(Some(KeySource::Plaintext)).unwrap();
    let public = NewPublic {
        provider: provider.to_owned(),
        organization: "acme".to_owned(),
        issuer: "https://login.acme.example".to_owned(),
        client_id: "client".to_owned(),
        endpoint: None,
        subject: None,
        name: Some("Aiko Tanaka".to_owned()),
        email: None,
        scopes: Vec::new(),
        region: region.map(str::to_owned),
        models: None,
        expires_at: Timestamp::now() + SignedDuration::from_secs(3600),
        session_expires_at: None,
        signed_in_at: Timestamp::now(),
    };
    let tokens = Tokens {
        access: "the-access-token".into(),
        refresh: None,
        id: None,
    };
    store.save(&ProfileName::default(), public, tokens).unwrap();
    let file = folder.join("organizations.toml");
    std::fs::write(&file, organizations).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a command says, in this language.
fn kiro(home: &Path, language: &str, line: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kiro"))
        .args(line.split(' '))
        .env_clear()
        .env("KIRO_HOME", home)
        .env("LC_ALL", language)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "$ kiro {line}\nexit {}\n--- stdout\n{}--- stderr\n{}\n",
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr)
    )
}

const OKTA: &str = "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://login.acme.example\"\nclient_id = \"client\"\nsupport_contact = \"it-help@acme.com\"\n";
const CENTER: &str = "[organizations.acme]\nprovider = \"identity-center\"\nstart_url = \"https://login.acme.example\"\nregion = \"eu-central-1\"\nresidency = \"eu\"\n";
const ROLE: &str = "[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";

#[test]
fn a_person_sees_which_model_they_may_use_where_and_why_not() {
    let mut seen = String::new();
    for (title, provider, region, organizations) in [
        ("Okta", "okta", None, format!("{OKTA}{ROLE}")),
        ("Okta, no role", "okta", None, OKTA.to_owned()),
        (
            "Identity Center, EU",
            "identity-center",
            Some("eu-central-1"),
            format!("{CENTER}{ROLE}"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        home(folder.path(), provider, region, &organizations);
        seen.push_str(&format!("== {title}\n"));
        for line in [
            "models",
            "models --why opus-4.6",
            "models --why gpt",
            "models --json",
        ] {
            seen.push_str(&kiro(folder.path(), "C", line));
        }
        seen.push_str(&kiro(folder.path(), "C", "org show acme"));
        seen.push_str(&kiro(folder.path(), "ja_JP.UTF-8", "models"));
        seen.push_str(&kiro(folder.path(), "ja_JP.UTF-8", "models --why opus-4.6"));
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn a_region_is_chosen_where_a_model_can_be_asked_and_kept_for_both_programs() {
    let mut seen = String::new();
    let folder = tempfile::tempdir().unwrap();
    home(
        folder.path(),
        "identity-center",
        Some("eu-central-1"),
        &format!("{}{ROLE}", CENTER.replace("residency = \"eu\"\n", "")),
    );
    for line in [
        "models use eu-central-1",
        "models",
        "models use us-west-2",
        "models use moon",
        "models --json use us-east-1",
        "models use",
        "models",
    ] {
        seen.push_str(&kiro(folder.path(), "C", line));
        if line == "models use eu-central-1" {
            let settings = std::fs::read_to_string(folder.path().join("settings.toml")).unwrap();
            assert_eq!(settings, "[models]\nregion = \"eu-central-1\"\n");
        }
    }
    for line in ["models use eu-central-1", "models use us-west-2"] {
        seen.push_str(&kiro(folder.path(), "ja_JP.UTF-8", line));
    }
    insta::assert_snapshot!(seen);
}
