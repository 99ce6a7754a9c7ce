//! Exit code, stdout and stderr of every verb that needs no network.
#![expect(clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};

fn kiro(home: &Path, language: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kiro"))
        .args(arguments)
        .env_clear()
        .envs([
            ("KIRO_HOME", home.as_os_str()),
            ("HOME", home.as_os_str()),
            ("LC_ALL", language.as_ref()),
            ("PATH", "/nonexistent".as_ref()),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("kiro runs");
    let text =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&home.display().to_string(), "HOME");
    format!(
        "exit {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().expect("a code"),
        text(&output.stdout),
        text(&output.stderr)
    )
}

#[test]
fn signed_out_and_without_an_organisation() {
    let home = tempfile::tempdir().expect("a folder");
    let mut seen = String::new();
    for line in [
        "auth status",
        "auth status --json",
        "whoami",
        "auth list",
        "auth list --json",
        "auth token",
        "auth logout",
        "auth switch work",
        "auth status --profile work",
        "auth token --profile work",
        "login",
        "auth login --sso --org nobody",
        "org list",
        "org list --json",
        "org show acme",
        "org remove acme",
        "org export",
        "auth login --device --no-browser",
        "auth nonsense",
        "auth login --passphrase --insecure-storage",
        "org add okta acme --issuer http://login.acme.example --client-id c",
        "org add okta acme --issuer http://127.0.0.1:9 --client-id c",
        "org check missing.toml",
        "auth aws-credentials --account 111122223333 --role Developer",
        "auth aws-credentials --account 1111 --role Developer",
        "org export --aws-config",
        "models",
        "ask",
        "ask hello",
        "ask --region evil.test hello",
    ] {
        for language in ["C", "ja_JP.UTF-8"] {
            let arguments: Vec<&str> = line.split(' ').collect();
            seen.push_str(&format!(
                "$ LC_ALL={language} kiro {line}\n{}\n",
                kiro(home.path(), language, &arguments)
            ));
        }
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn a_file_for_roll_out() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("organizations.toml.new");
    let path = file.to_str().expect("a path");
    let check = |text: &str| {
        std::fs::write(&file, text).expect("written");
        kiro(home.path(), "C", &["org", "check", path])
    };
    let good = check(
        "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://login.acme.example\"\nclient_id = \"c\"\n",
    );
    let bad = check(
        "[organizations.acme]\nprovider = \"okta\"\nissuer = \"http://login.acme.example\"\nclient_id = \"c\"\n",
    );
    insta::assert_snapshot!(format!("{good}\n{bad}"));
}

#[test]
fn help_of_every_verb() {
    let home = tempfile::tempdir().expect("a folder");
    let mut seen = String::new();
    for line in [
        "",
        "auth",
        "auth login",
        "auth status",
        "auth list",
        "auth switch",
        "auth logout",
        "auth token",
        "auth aws-credentials",
        "auth aws-token-cache",
        "org",
        "org add okta",
        "org add entra",
        "org add identity-center",
        "org list",
        "org show",
        "org check",
        "org export",
        "org remove",
        "models",
        "ask",
        "doctor",
        "completions",
    ] {
        let arguments: Vec<&str> = line.split_whitespace().chain(["--help"]).collect();
        seen.push_str(&format!(
            "$ kiro {}\n{}\n",
            arguments.join(" "),
            kiro(home.path(), "C", &arguments)
        ));
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn completions_for_three_shells() {
    let home = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish"] {
        let script = kiro(home.path(), "C", &["completions", shell]);
        assert!(
            script.starts_with("exit 0") && script.contains("insecure-storage"),
            "{shell}: {script}"
        );
    }
}

#[test]
fn the_manual_has_a_page_for_each_verb() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().to_str().expect("UTF-8");
    assert!(kiro(home.path(), "C", &["man", folder]).starts_with("exit 0\n"));
    let page = |name: &str| {
        std::fs::read_to_string(home.path().join(name))
            .unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    assert!(page("kiro.1").contains("kiro\\-auth(1)"));
    assert!(page("kiro-auth-login.1").contains("\\-\\-no\\-browser"));
    let refused = kiro(home.path(), "C", &["man", "/nonexistent"]);
    assert!(
        refused.starts_with("exit 1\n") && refused.contains("hint: "),
        "{refused}"
    );
}
