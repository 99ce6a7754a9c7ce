//! Whole commands, beside the floor and beside other programs that print a token.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use kiro_tests::{World, checkout, program, python};
use serde_json::{Value, json};

use crate::Figure;

const FLOOR: &str = "the floor: a Rust program that prints a line";

/// Whole commands, by hyperfine, without a shell, warm.
/// What, the command, at most so many times another's, at most so many milliseconds.
type Measured<'a> = (&'a str, String, Option<(&'a str, f64)>, f64);

pub(crate) fn measure(world: &World, folder: &Path, figures: &mut Vec<Figure>) {
    let kiro = program("kiro").display().to_string();
    let floor = folder.join("floor").display().to_string();
    let boto = format!(
        "{} {}",
        python().display(),
        checkout().join("scripts/speed/boto_token.py").display()
    );
    prepare_peers(world);
    let measured: Vec<Measured<'_>> = vec![
        (FLOOR, floor, None, f64::MAX),
        (
            "`kiro auth token`, plain key",
            format!("{kiro} auth token --profile plain"),
            Some((FLOOR, 1.5)),
            f64::MAX,
        ),
        (
            "`kiro auth token`, key from the keyring",
            format!("{kiro} auth token --profile ring"),
            None,
            4.5,
        ),
        (
            "`kiro auth status`",
            format!("{kiro} auth status --profile plain"),
            None,
            f64::MAX,
        ),
        (
            "`kiro models`",
            format!("{kiro} models --profile plain"),
            Some(("`kiro auth status`", 1.5)),
            f64::MAX,
        ),
        (
            "`oidc token` (crate `oidc-cli`)",
            "oidc token acme".to_owned(),
            None,
            f64::MAX,
        ),
        (
            "`secret-tool lookup`",
            "secret-tool lookup app bench".to_owned(),
            None,
            f64::MAX,
        ),
        (
            "`gh auth token`",
            "gh auth token".to_owned(),
            None,
            f64::MAX,
        ),
        ("botocore's SSO token provider", boto, None, f64::MAX),
    ];
    let there: Vec<_> = measured
        .into_iter()
        .filter(|(what, command, ..)| works(world, what, command))
        .collect();
    let json = folder.join("commands.json");
    let done = world
        .command("hyperfine")
        .args([
            "--shell=none",
            "--warmup=10",
            "--runs=50",
            "--style=none",
            "--export-json",
        ])
        .arg(&json)
        .args(there.iter().map(|(_, command, ..)| command))
        .stdout(Stdio::null())
        .status()
        .expect("hyperfine runs");
    assert!(done.success(), "each command succeeds each time");
    let results: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let medians: Vec<f64> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["median"].as_f64().unwrap() * 1000.0)
        .collect();
    let of = |other: &str| {
        let mut named = there.iter().zip(&medians);
        let (_, median) = named.find(|((what, ..), _)| *what == other).unwrap();
        *median
    };
    for ((what, _, times, most), median) in there.iter().zip(&medians) {
        let limit = times.map_or(*most, |(other, times)| times * of(other));
        let limit = (limit < f64::MAX).then_some(limit);
        figures.push(Figure::new(what, *median, "ms", limit));
    }
    let memory = peak(world, &[&kiro, "auth", "token", "--profile", "plain"]);
    figures.push(Figure::new(
        "memory of `kiro auth token`",
        memory,
        "MiB",
        Some(5.0),
    ));
}

/// Gives each of the other tools something valid to print.
fn prepare_peers(world: &World) {
    fs::create_dir_all(world.path(".config/gh")).unwrap();
    fs::write(
        world.path(".config/gh/hosts.yml"),
        "github.com:\n    user: aiko\n    oauth_token: gho_0123456789abcdef0123456789abcdef0123\n",
    )
    .unwrap();
    fs::create_dir_all(world.path(".config/oidc")).unwrap();
    fs::write(
        world.path(".config/oidc/config.yaml"),
        "clients:\n  acme:\n    issuer_url: https://login.acme.example\n    type: !Public\n      client_id: c\n    state:\n      access_token: a-token\n      id_token: null\n      refresh_token: null\n      expires: 2099-01-01T00:00:00Z\n",
    )
    .unwrap();
    let store = "printf secret | secret-tool store --label=bench app bench";
    assert!(
        world
            .command("sh")
            .args(["-c", store])
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir_all(world.path(".aws/sso/cache")).unwrap();
    fs::write(
        world.path(".aws/config"),
        "[profile acme]\nsso_session = acme\n[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
    )
    .unwrap();
    let cached = json!({ "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1", "accessToken": "a-token", "expiresAt": "2099-01-01T00:00:00Z" });
    // SHA-1 of the session's name.
    fs::write(
        world.path(".aws/sso/cache/293abb6b76d7791c0732cc517d38c4b5c734b87f.json"),
        cached.to_string(),
    )
    .unwrap();
}

fn works(world: &World, what: &str, command: &str) -> bool {
    let mut words = command.split(' ');
    let output = world
        .command(words.next().unwrap())
        .args(words)
        .stdin(Stdio::null())
        .output();
    let fine = output
        .as_ref()
        .is_ok_and(|output| output.status.success() && !output.stdout.is_empty());
    assert!(fine || !what.contains("kiro"), "{what}: {output:?}");
    if !fine {
        println!("not measured, it does not run here: {what}");
    }
    fine
}

/// The most memory that a command had, in MiB, by GNU time: a parent of ours would count as the child's until it executes.
fn peak(world: &World, words: &[&str]) -> f64 {
    let output = world
        .command("/usr/bin/time")
        .args(["--format=%M"])
        .args(words)
        .output()
        .expect("time runs");
    let text = String::from_utf8(output.stderr).unwrap();
    text.trim().parse::<f64>().expect("kilobytes") / 1024.0
}
