//! A renewal that is cut off, or that the disk refuses: real calls of the real program, broken by `strace`.

use kiro_tests::{Peer, Tray, Window, World};
use serde_json::json;

use crate::paste::{LOGIN, paste, said, signed_in};

/// The reason, in the window as in the terminal.
const CUT_OFF: &str = "A renewal was cut off before its answer was saved, and Okta does not accept the earlier token any more";

/// A world whose access token has ended.
async fn ended(peer: &Peer) -> World {
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(peer).await;
    peer.control(json!({ "at_ttl": 3600 })).await;
    world.token_ended().await;
    world
}

async fn renewals(peer: &Peer) -> i64 {
    peer.control(json!({})).await["grants"]["refresh_token"]
        .as_i64()
        .unwrap_or_default()
}

/// `kiro auth token`, with this done to its every attempt to make the next content of `file`.
fn broken(world: &World, file: &str, fault: &str) -> (std::process::Output, String) {
    let path = world.path("kiro").join(format!("{file}.tmp"));
    let inject = format!("inject=openat:{fault}");
    world.traced_kiro(
        &["-P", path.to_str().unwrap(), "-e", &inject],
        &["auth", "token"],
    )
}

#[tokio::test]
async fn a_death_between_answer_and_file_is_survived_within_the_leeway() {
    let peer = Peer::okta(30);
    let world = ended(&peer).await;
    let (killed, log) = broken(&world, "credentials.json", "signal=KILL");
    assert!(log.contains("killed by SIGKILL"), "{killed:?} {log}");
    assert_eq!(renewals(&peer).await, 1, "the provider has rotated");
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(renewals(&peer).await, 2);
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

#[tokio::test]
async fn a_death_between_answer_and_file_without_leeway_needs_attention_and_is_no_loop() {
    let peer = Peer::okta(0);
    let world = ended(&peer).await;
    let (killed, log) = broken(&world, "credentials.json", "signal=KILL");
    assert!(log.contains("killed by SIGKILL"), "{killed:?} {log}");
    let before = world.credentials();
    for _ in 0..5 {
        let output = world.kiro(&["auth", "token"]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(output.stdout.is_empty());
        let stderr = said(&output);
        assert!(
            stderr.contains(CUT_OFF) && stderr.contains("hint: Run `kiro auth login --sso`"),
            "{stderr}"
        );
    }
    assert_eq!(
        renewals(&peer).await,
        2,
        "asked once, and told to the others"
    );
    let account = &world.status()["account"];
    assert_eq!(account["state"], "needs_attention");
    assert_eq!(account["reason"], "session_ended");
    assert_eq!(world.credentials(), before, "nothing is thrown away");
    let status = said(&world.kiro(&["auth", "status"]));
    assert!(status.contains(CUT_OFF), "{status}");
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    window.says(CUT_OFF).await;
    tray.says("Your session ended: a renewal was cut off").await;
    let again = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(world.status()["account"]["state"], "signed_in");
    tray.says("Aiko Tanaka · ").await;
}

#[tokio::test]
async fn a_disk_that_is_full_after_the_answer_costs_no_token() {
    let peer = Peer::okta(30);
    let world = ended(&peer).await;
    let before = world.credentials();
    let (output, log) = broken(&world, "credentials.json", "error=ENOSPC");
    assert!(log.contains("INJECTED"), "{log}");
    let stderr = said(&output);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(output.stdout.len() > 20, "the new token is handed over");
    assert!(
        stderr.contains("The disk is full") && stderr.contains("hint: "),
        "{stderr}"
    );
    assert_eq!(world.credentials(), before, "the former file is in place");
    let next = world.kiro(&["auth", "token"]);
    assert_eq!(next.status.code(), Some(0), "{}", said(&next));
    assert_eq!(renewals(&peer).await, 2, "within the leeway");
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_stored() {
    for (error, words) in [
        ("ENOSPC", "The disk is full"),
        ("EROFS", "can only be read"),
        ("EACCES", "may not write"),
        ("EIO", "could not be saved"),
    ] {
        let peer = Peer::okta(0);
        let world = ended(&peer).await;
        let before = world.credentials();
        let (output, log) = broken(&world, "locks/default.json", &format!("error={error}"));
        assert!(log.contains("INJECTED"), "{log}");
        let stderr = said(&output);
        assert_eq!(output.status.code(), Some(6), "{error}: {stderr}");
        assert!(output.stdout.is_empty());
        assert!(
            stderr.contains(words) && stderr.contains("hint: "),
            "{error}: {stderr}"
        );
        assert_eq!(renewals(&peer).await, 0, "{error}");
        assert_eq!(world.credentials(), before);
        let next = world.kiro(&["auth", "token"]);
        assert_eq!(next.status.code(), Some(0), "{error}: {}", said(&next));
    }
}
