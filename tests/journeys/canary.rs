//! A whole run at TRACE, and afterwards: is any secret that the provider gave away anywhere but under seal?

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kiro_tests::{Keyring, Peer, World, until};
use serde_json::{Value, json};

use crate::paste::{WITH_KEYRING, paste, said};

const TRACE: [(&str, &str); 1] = [("KIRO_LOG", "trace")];

/// The arguments and the environment of every process that there is.
fn look_at_processes(seen: &mut BTreeSet<Vec<u8>>) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        for file in ["cmdline", "environ"] {
            if let Ok(bytes) = fs::read(entry.path().join(file)) {
                seen.insert(bytes);
            }
        }
    }
}

fn run(world: &World, words: &[&str], expected: i32) {
    let output = world.start_kiro_with(words, &TRACE).end();
    assert_eq!(
        output.status.code(),
        Some(expected),
        "{words:?}: {}",
        said(&output)
    );
}

/// Everything that a person does: signs in, uses, renews, looks, has the app running, signs out.
async fn whole_run(peer: &Peer, world: &World) {
    peer.control(json!({ "at_ttl": 2 })).await;
    let login = paste(world.start_kiro_with(&WITH_KEYRING, &TRACE), "aiko").await;
    assert_eq!(login.status.code(), Some(0), "{}", said(&login));
    let mut desktop = world.desktop();
    let mut app = desktop.arg("--hidden").envs(TRACE).spawn().unwrap();
    until("the app runs", async || {
        (!world.desktop_processes().is_empty()).then_some(())
    })
    .await;
    for _ in 0..2 {
        world.token_ended().await;
        run(world, &["auth", "token"], 0);
    }
    run(world, &["auth", "status", "--json"], 0);
    run(world, &["auth", "list"], 0);
    // A refusal, a broken answer: what goes wrong is logged too.
    let garbled =
        json!({ "status": 400, "body": { "error": "server_error", "error_description": "no" } });
    peer.control(json!({ "next_token": [garbled, { "drop": true }] }))
        .await;
    world.token_ended().await;
    drop(world.start_kiro_with(&["auth", "token"], &TRACE).end());
    drop(world.start_kiro_with(&["doctor"], &TRACE).end());
    world.crash_desktop().await;
    drop(app.wait());
}

/// Every file below, links not followed.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push((
                path.display().to_string(),
                fs::read(&path).unwrap_or_default(),
            ));
        }
    }
    found
}

/// A secret as it may be written: in the clear, or in a coat that hides nothing.
fn coats(secret: &str) -> [Vec<u8>; 4] {
    [
        secret.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.encode(secret).into_bytes(),
        STANDARD
            .encode(secret)
            .trim_end_matches('=')
            .as_bytes()
            .to_vec(),
        secret
            .bytes()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
            .into_bytes(),
    ]
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Where which secret stands, in any coat.
fn leaks(secrets: &[&str], places: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, secret) in secrets.iter().enumerate() {
        let coats = coats(secret);
        for (name, bytes) in places {
            if coats.iter().any(|coat| holds(bytes, coat)) {
                found.push(format!("secret no. {number} in {name}"));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_whole_run_at_trace_no_secret_is_anywhere_but_under_seal() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let over = AtomicBool::new(false);
    let mut processes = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                look_at_processes(&mut seen);
            }
            seen
        });
        let run = std::panic::AssertUnwindSafe(|| {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(whole_run(&peer, &world));
            });
        });
        let ran = std::panic::catch_unwind(run);
        over.store(true, Ordering::Relaxed);
        ran.unwrap();
        looking.join().unwrap()
    });
    look_at_processes(&mut processes);
    let ours = world.path("kiro").display().to_string();
    assert!(
        processes.iter().any(|bytes| holds(bytes, ours.as_bytes())),
        "the processes of the run were looked at"
    );

    let seen = peer.control(json!({})).await;
    let secrets: Vec<_> = seen["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(secrets.len() >= 10, "{}", secrets.len());
    let files = files(&world.path(""));
    for log in ["kiro.log", "desktop.log"] {
        let log = files.iter().find(|(path, _)| path.ends_with(log));
        assert!(
            log.is_some_and(|(_, bytes)| !bytes.is_empty()),
            "{log:?} was written"
        );
    }
    for (path, _) in &files {
        let name = path.rsplit('/').next().unwrap();
        assert!(!name.starts_with("core"), "{path}: a core");
    }
    let processes = processes.into_iter().map(|bytes| {
        let name = format!("a process: {:.80}", String::from_utf8_lossy(&bytes));
        (name, bytes)
    });
    let leaks = leaks(
        &secrets,
        &files.into_iter().chain(processes).collect::<Vec<_>>(),
    );
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn a_planted_secret_is_found_in_each_of_its_coats() {
    let secret = "canary-refresh-1f0c";
    for coat in coats(secret) {
        let log = [b"INFO token=", coat.as_slice(), b" asked\n"].concat();
        let found = leaks(&["another", secret], &[("a log".to_owned(), log)]);
        assert_eq!(found, ["secret no. 1 in a log"]);
    }
    assert!(leaks(&[secret], &[("a log".to_owned(), b"INFO asked".to_vec())]).is_empty());
}
