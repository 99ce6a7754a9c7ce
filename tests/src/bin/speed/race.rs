//! Many processes that find the token ended.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use kiro_tests::{Peer, World, program, until};
use serde_json::{Value, json};

use crate::{Figure, RUNS, login, median};

/// The answer of the identity provider takes this long in the race.
const LATENCY: Duration = Duration::from_millis(50);

/// 50 processes find the token ended; refresh tokens rotate, and using one twice would end the session.
pub(crate) async fn measure(world: &World, peer: &Peer, figures: &mut Vec<Figure>) {
    peer.control(json!({ "at_ttl": 1 })).await;
    login(world, &["--profile", "race", "--insecure-storage"]).await;
    let mut spent = Vec::new();
    for _ in 0..RUNS {
        until("the access token ends", async || {
            let status = world.kiro(&["auth", "status", "--json", "--profile", "race"]);
            let status: Value = serde_json::from_slice(&status.stdout).ok()?;
            let ends: jiff::Timestamp = status["account"]["expires_at"].as_str()?.parse().ok()?;
            (jiff::Timestamp::now() > ends).then_some(())
        })
        .await;
        let before = peer
            .control(json!({ "next_token": [{ "slow_ms": LATENCY.as_millis() }] }))
            .await;
        let begun = Instant::now();
        let running: Vec<Child> = (0..50)
            .map(|_| {
                let mut kiro = world.command(program("kiro").to_str().unwrap());
                kiro.args(["auth", "token", "--profile", "race"]);
                kiro.stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let said: Vec<_> = running
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .collect();
        spent.push(begun.elapsed().as_secs_f64() * 1000.0);
        assert!(
            said.iter()
                .all(|each| each.status.success() && each.stdout == said[0].stdout),
            "50 equal tokens"
        );
        let after = peer.control(json!({})).await;
        let requests = |seen: &Value| seen["grants"]["refresh_token"].as_i64().unwrap_or(0);
        assert_eq!(requests(&after) - requests(&before), 1, "one token request");
    }
    // What is measured next has a session whose token is not due at each moment.
    peer.control(json!({ "at_ttl": 3600 })).await;
    let switched = world.kiro(&["auth", "switch", "ring"]);
    assert!(switched.status.success(), "{switched:?}");
    let limit = (LATENCY + Duration::from_millis(100)).as_secs_f64() * 1000.0;
    figures.push(Figure::new(
        "50 × `kiro auth token` at once, token ended, provider answers in 50 ms: one request, 50 equal tokens",
        median(spent),
        "ms",
        Some(limit),
    ));
}
