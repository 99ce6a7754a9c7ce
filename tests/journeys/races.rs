//! Many processes over one session.

use std::process::Output;
use std::time::{Duration, Instant};

use kiro_tests::{Peer, Running, World, until};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste, said, signed_in};

/// Long runs set `KIRO_SOAK`.
fn soak() -> bool {
    std::env::var_os("KIRO_SOAK").is_some()
}

fn at_once(world: &World, count: usize) -> Vec<Output> {
    let running: Vec<_> = (0..count)
        .map(|_| world.start_kiro(&["auth", "token"]))
        .collect();
    running.into_iter().map(Running::end).collect()
}

#[tokio::test]
async fn many_processes_with_an_ended_token_ask_a_slow_provider_once_and_keep_the_session() {
    for count in if soak() { &[50, 500][..] } else { &[50] } {
        // A refresh token that is sent twice revokes the whole family here.
        let peer = Peer::okta(0);
        peer.control(json!({ "at_ttl": 2 })).await;
        let world = signed_in(&peer).await;
        world.token_ended().await;
        // Long enough that none of them finds the new one due, short enough to wait for its end.
        peer.control(json!({ "at_ttl": 16, "next_token": [{ "slow_ms": 50 }] }))
            .await;
        let begun = Instant::now();
        let outputs = at_once(&world, *count);
        let wall = begun.elapsed();
        for output in &outputs {
            assert_eq!(output.status.code(), Some(0), "{}", said(output));
            assert_eq!(output.stdout, outputs[0].stdout, "one token for all");
        }
        let asked = peer.control(json!({})).await["grants"]["refresh_token"].clone();
        assert_eq!(asked, json!(1), "{count} processes");
        let measured = format!("{count} processes with an ended token, provider 50 ms: {wall:?}\n");
        let folder = kiro_tests::checkout().join("target/test");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("at-once-{count}.txt")), measured).unwrap();
        world.token_ended().await;
        let next = world.kiro(&["auth", "token"]);
        assert_eq!(
            next.status.code(),
            Some(0),
            "no family was revoked: {}",
            said(&next)
        );
    }
}

/// What lies about below the home once nobody writes any more.
fn strays(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["kiro", "kiro/locks", "kiro/sign-ins"] {
        for entry in std::fs::read_dir(world.path(folder)).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".tmp") || name.contains(".damaged-") {
                found.push(name);
            }
        }
    }
    found
}

/// Aiko's, whoever is active.
const TOKEN: [&str; 4] = ["auth", "token", "--profile", "default"];

/// The credential file as JSON.
fn file(world: &World) -> Value {
    serde_json::from_slice(&world.credentials().unwrap()).unwrap()
}

/// Maya signs in and out of a profile of her own until this moment; how often.
async fn comes_and_goes(world: &World, end: Instant) -> u64 {
    let mut visits = 0;
    while Instant::now() < end {
        let words = [&LOGIN[..], &["--profile", "work"]].concat();
        let login = paste(world.start_kiro(&words), "maya").await;
        assert_eq!(login.status.code(), Some(0), "{}", said(&login));
        let logout = world.kiro(&["auth", "logout", "--profile", "work"]);
        assert_eq!(logout.status.code(), Some(0), "{}", said(&logout));
        visits += 1;
    }
    visits
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_and_twenty_commands_in_mixed_use_keep_every_promise() {
    let peer = Peer::okta(0);
    peer.control(json!({ "at_ttl": 2 })).await;
    let world = signed_in(&peer).await;
    let generation = file(&world)["generation"].as_u64().unwrap();
    let app = world.start_hidden();
    until("the app runs", async || {
        (!world.desktop_processes().is_empty()).then_some(())
    })
    .await;
    let end = Instant::now() + Duration::from_secs(if soak() { 60 } else { 5 });
    let verbs = [
        &TOKEN[..],
        &["auth", "status", "--json"],
        &TOKEN,
        &["auth", "list", "--json"],
        &["auth", "switch", "default"],
    ];
    let runtime = tokio::runtime::Handle::current();
    let (runs, visits) = std::thread::scope(|scope| {
        let world = &world;
        let maya = scope.spawn(move || runtime.block_on(comes_and_goes(world, end)));
        let commands: Vec<_> = (0..20)
            .map(|number| {
                scope.spawn(move || {
                    let mut outputs = Vec::new();
                    while Instant::now() < end {
                        let words = verbs[(number + outputs.len()) % verbs.len()];
                        outputs.push((words, world.kiro(words)));
                    }
                    outputs
                })
            })
            .collect();
        let runs = commands.into_iter().map(|command| command.join().unwrap());
        (runs.flatten().collect::<Vec<_>>(), maya.join().unwrap())
    });
    let mut tokens = std::collections::BTreeSet::new();
    for (words, output) in &runs {
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(output));
        if words.contains(&"token") {
            tokens.insert(output.stdout.clone());
        }
    }
    peer.control(json!({ "at_ttl": 3600 })).await;
    world.token_ended().await;
    let last = world.kiro(&TOKEN);
    assert_eq!(last.status.code(), Some(0), "{}", said(&last));
    tokens.insert(last.stdout);
    let seen = peer.control(json!({})).await;
    let renewals = seen["grants"]["refresh_token"].as_u64().unwrap();
    assert!(renewals >= 2, "the session was renewed on the way");
    assert!(visits >= 1, "somebody came and went on the way");
    assert!(
        tokens.len() as u64 <= renewals + 1,
        "{} tokens from {renewals} renewals",
        tokens.len()
    );
    assert_eq!(world.status()["account"]["state"], "signed_in");
    let file = file(&world);
    assert_eq!(
        file["profiles"]["default"]["public"]["revision"],
        json!(renewals + 1),
        "every answer of the provider was stored"
    );
    let profiles: Vec<_> = file["profiles"].as_object().unwrap().keys().collect();
    assert_eq!(profiles, ["default"], "who signed out is gone");
    // Each write found the one before it. A visit is two: the session, and its end; and a third where somebody switched back
    // meanwhile.
    let written = file["generation"].as_u64().unwrap() - generation - renewals;
    assert!(
        (2 * visits..=3 * visits).contains(&written),
        "{written} writes by {visits} visits"
    );
    drop(app);
    assert_eq!(strays(&world), Vec::<String>::new());
}
