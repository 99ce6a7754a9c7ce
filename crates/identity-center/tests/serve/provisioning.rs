//! Provisioning by the programs alone: a token, the linter, the log.

use std::fs;
use std::process::{Command, Stdio};

use super::program::Program;

/// `admin scim …` as the demonstration's owner; its exit code, what it says, and its talk.
fn scim(program: &Program, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_kiro-identity-center"))
        .args([&["admin", "scim"], arguments].concat())
        .env_clear()
        .env("TZ", "UTC")
        .env("HOME", "/nonexistent")
        .env("KIRO_IC_ADMIN_TOKEN", program.text("admin_token"))
        .env("KIRO_IC_URL", program.text("issuer"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn a_token_is_made_the_endpoint_is_looked_at_and_the_log_tells_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &["--demo"]);
    let done = |arguments: &[&str]| {
        let (code, said, talk) = scim(&program, arguments);
        assert_eq!(code, 0, "{arguments:?}: {talk}");
        (said, talk)
    };
    let base = program.text("scim_url").to_owned();
    let (token, talk) = done(&["token", "create", "demonstration"]);
    assert!(
        token.starts_with("kscim_") && token.lines().count() == 1,
        "{token}"
    );
    assert!(talk.contains(&format!("Base URL    {base} ·")), "{talk}");
    assert!(
        talk.contains(&format!("Tenant URL  {base}?aadOptscim062020")),
        "{talk}"
    );
    assert!(!talk.contains("kscim_"), "the secret goes to one place");

    let file = folder.path().join("token");
    fs::write(&file, &token).unwrap();
    let (table, _) = done(&["check", &base, "--token-file", file.to_str().unwrap()]);
    assert!(table.lines().count() > 18, "{table}");
    assert!(!table.contains('✗'), "{table}");

    let (log, _) = done(&["log", "demonstration"]);
    let lines: Vec<&str> = log.lines().map(|line| &line[17..]).collect();
    assert_eq!(
        lines[0], "✓ demonstration uses the token for the first time",
        "{log}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("+ kiro-check-") && line.ends_with(", active")),
        "{log}"
    );
    assert!(
        lines.iter().any(
            |line| line.contains("refused: `userName` is taken by kiro-check-")
                && line.contains("(409 uniqueness). At the identity provider")
        ),
        "{log}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("− kiro-check-") && line.ends_with(", removed")),
        "{log}"
    );

    fs::write(&file, "kscim_wrong\n").unwrap();
    let (code, said, talk) = scim(
        &program,
        &["check", &base, "--token-file", file.to_str().unwrap()],
    );
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(
        talk.contains("error: the endpoint refuses the token"),
        "{talk}"
    );
    let (tokens, _) = done(&["token", "list", "demonstration"]);
    assert_eq!(tokens.lines().count(), 3, "{tokens}");
    let id = tokens.lines().nth(2).unwrap().split(' ').next().unwrap();
    done(&["token", "revoke", "demonstration", id]);
    let (code, _, talk) = scim(&program, &["token", "create", "nobody"]);
    assert_eq!(code, 1);
    assert!(
        talk.contains("error: There is no such connection"),
        "{talk}"
    );
}
