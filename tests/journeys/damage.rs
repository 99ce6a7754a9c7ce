//! What may befall the credential file: what is said about it, and that the remedy named is one.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use kiro_tests::{Peer, World};

use crate::paste::{paste, said, signed_in};

/// A login without `--force`: it is the remedy that is named.
const LOGIN: [&str; 7] = [
    "auth",
    "login",
    "--sso",
    "--org",
    "acme",
    "--no-browser",
    "--insecure-storage",
];

/// The remedy.
enum Then {
    /// Nothing to do: the copy is in use.
    Goes,
    /// The login of the hint.
    SignIn,
    /// The command of the hint.
    Command(&'static str),
    /// The file has to be moved away by hand, then the login.
    Away,
}

async fn check(name: &str, befalls: impl FnOnce(&Path), words: &str, then: Then) {
    let peer = Peer::okta(30);
    let world = signed_in(&peer).await;
    let file = world.path("kiro/credentials.json");
    // Twice, so that there is a previous copy.
    let again = paste(world.start_kiro(&crate::paste::LOGIN), "aiko").await;
    assert!(again.status.success(), "{}", said(&again));
    befalls(&file);
    let output = world.kiro(&["auth", "token"]);
    let stderr = said(&output);
    assert!(stderr.contains(words), "{name}: {stderr}");
    if !matches!(then, Then::Goes) {
        assert_eq!(output.status.code(), Some(6), "{name}: {stderr}");
        assert!(output.stdout.is_empty(), "{name}");
        assert!(stderr.contains("hint: "), "{name}: {stderr}");
    }
    match then {
        Then::Goes => {}
        Then::SignIn => sign_in(name, &stderr, &world).await,
        Then::Command(command) => {
            let command = format!("{command} {}", file.display());
            assert!(stderr.contains(&format!("`{command}`")), "{name}: {stderr}");
            let done = Command::new("sh").args(["-c", &command]).status().unwrap();
            assert!(done.success(), "{name}: {command}");
        }
        Then::Away => {
            fs::rename(&file, file.with_extension("away")).unwrap();
            sign_in(name, "kiro auth login", &world).await;
        }
    }
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
    assert!(output.stdout.len() > 20, "{name}");
}

async fn sign_in(name: &str, hint: &str, world: &World) {
    assert!(hint.contains("kiro auth login"), "{name}: {hint}");
    let login = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(login.status.code(), Some(0), "{name}: {}", said(&login));
}

fn change(file: &Path, change: impl FnOnce(String) -> String) {
    fs::write(file, change(fs::read_to_string(file).unwrap())).unwrap();
}

fn without_copy(file: &Path) {
    fs::remove_file(file.with_extension("json.bak")).unwrap();
}

#[tokio::test]
async fn what_is_cut_or_garbled_is_told_and_the_copy_is_used() {
    let recovered = "damaged";
    check(
        "empty",
        |file| fs::write(file, "").unwrap(),
        recovered,
        Then::Goes,
    )
    .await;
    check(
        "cut",
        |file| change(file, |text| text[..400].to_owned()),
        recovered,
        Then::Goes,
    )
    .await;
    check(
        "BOM",
        |file| change(file, |text| format!("\u{feff}{text}")),
        recovered,
        Then::Goes,
    )
    .await;
    let twice = |text: String| text.replacen("\"email\":", "\"email\": \"eve@x\", \"email\":", 1);
    check(
        "duplicate key",
        |file| change(file, twice),
        recovered,
        Then::Goes,
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_used_is_mended_by_the_sign_in_that_is_named() {
    let no_copy = "damaged, and there is no good copy";
    check(
        "cut, no copy",
        |file| {
            without_copy(file);
            change(file, |text| text[..400].to_owned());
        },
        no_copy,
        Then::SignIn,
    )
    .await;
    let edit = |text: String| text.replacen("aiko@acme.com", "eve@acme.com", 1);
    check(
        "edited",
        |file| change(file, edit),
        "changed or damaged",
        Then::SignIn,
    )
    .await;
    let swap = |text: String| {
        let at = text.find("\"ciphertext\": \"").unwrap() + 40;
        let other = if text.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    };
    check(
        "one letter of the seal",
        |file| change(file, swap),
        "changed or damaged",
        Then::SignIn,
    )
    .await;
}

#[tokio::test]
async fn what_is_not_ours_alone_is_not_used_and_the_command_that_is_named_helps() {
    let open = |file: &Path| fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    check(
        "mode 0644",
        open,
        "could read or change",
        Then::Command("chmod go="),
    )
    .await;
    let link = |file: &Path| {
        let elsewhere = file.with_extension("elsewhere");
        fs::rename(file, &elsewhere).unwrap();
        symlink(elsewhere, file).unwrap();
    };
    check("symbolic link", link, "error: ", Then::Away).await;
    let fifo = |file: &Path| {
        fs::remove_file(file).unwrap();
        let made = Command::new("mkfifo")
            .args(["-m", "600"])
            .arg(file)
            .status();
        assert!(made.unwrap().success());
    };
    check("FIFO", fifo, "error: ", Then::Away).await;
}

#[tokio::test]
async fn what_is_too_large_or_newer_is_left_alone() {
    let large = |file: &Path| change(file, |text| text + &" ".repeat(1024 * 1024));
    check("too large", large, "too large", Then::Away).await;
    let newer = |text: String| text.replacen("\"min_reader\": 1", "\"min_reader\": 2", 1);
    check(
        "newer",
        |file| change(file, newer),
        "newer Kiro",
        Then::Away,
    )
    .await;
}

#[tokio::test]
async fn everybody_can_be_signed_out_of_a_file_that_is_damaged_beyond_its_copy() {
    let peer = Peer::okta(30);
    let world = signed_in(&peer).await;
    for file in ["credentials.json", "credentials.json.bak"] {
        fs::write(world.path("kiro").join(file), "{").unwrap();
    }
    let one = world.kiro(&["auth", "logout"]);
    assert_eq!(one.status.code(), Some(6), "{}", said(&one));
    assert!(
        said(&one).contains("hint: Run `kiro auth logout --all`"),
        "{}",
        said(&one)
    );
    let all = world.kiro(&["auth", "logout", "--all"]);
    assert_eq!(all.status.code(), Some(0), "{}", said(&all));
    assert!(
        said(&all).contains("✓ The damaged session file was removed."),
        "{}",
        said(&all)
    );
    assert!(!world.path("kiro/credentials.json").exists());
    assert_eq!(world.status()["account"]["state"], "signed_out");
}
