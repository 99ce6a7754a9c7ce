//! AWS tools use the session: boto3 through `credential_process`, and what is kept of it.

use std::process::Output;

use kiro_tests::{Keyring, Peer, World, python};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste, said, signed_in};

/// boto3 itself reads the profile, runs the command and says whose keys it got, and how long they are good.
const BOTO3: &str = "import boto3, json
credentials = boto3.Session(profile_name='acme-111122223333-Developer').get_credentials()
frozen = credentials.get_frozen_credentials()
print(json.dumps([credentials.method, frozen.access_key, frozen.secret_key, frozen.token]))";

pub(crate) const DEVELOPER: [&str; 6] = [
    "auth",
    "aws-credentials",
    "--account",
    "111122223333",
    "--role",
    "Developer",
];

pub(crate) async fn at_identity_center() -> (Peer, World) {
    let peer = Peer::aws();
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let output = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    (peer, world)
}

fn credentials(world: &World) -> Value {
    let output = world.kiro(&DEVELOPER);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// boto3 in this world, by the configuration that is there.
pub(crate) fn boto3(world: &World) -> Output {
    let mut python = world.command(python().to_str().unwrap());
    python.args(["-c", BOTO3]).output().unwrap()
}

/// What boto3 gets as `Developer` by the configuration that the command prints: by which way, and the three parts of the keys.
pub(crate) fn boto3_by_command(world: &World) -> Value {
    let config = world.kiro(&["org", "export", "--aws-config"]);
    assert_eq!(config.status.code(), Some(0), "{}", said(&config));
    let text = String::from_utf8_lossy(&config.stdout);
    assert!(text.contains("/kiro auth aws-credentials "), "{text}");
    std::fs::create_dir(world.path(".aws")).unwrap();
    std::fs::write(world.path(".aws/config"), &config.stdout).unwrap();
    let boto3 = boto3(world);
    serde_json::from_slice(&boto3.stdout)
        .unwrap_or_else(|_| panic!("boto3 has credentials: {}", said(&boto3)))
}

#[tokio::test]
async fn boto3_signs_with_the_role_through_the_printed_configuration() {
    let (peer, world) = at_identity_center().await;
    let got = boto3_by_command(&world);
    assert_eq!(
        (&got[0], &got[1]),
        (&json!("custom-process"), &json!("ASIAEXAMPLE"))
    );
    let kept = credentials(&world);
    assert_eq!(
        (
            &kept["Version"],
            &kept["SecretAccessKey"],
            &kept["SessionToken"]
        ),
        (&json!(1), &got[2], &got[3]),
        "the same until shortly before their end"
    );
    let seen = peer.control(json!({})).await;
    assert_eq!(
        (&seen["role_credentials"], &seen["malformed"]),
        (&json!(1), &json!([]))
    );
}

#[tokio::test]
async fn what_is_kept_is_sealed_renewed_in_time_and_gone_at_sign_out() {
    let (peer, world) = at_identity_center().await;
    // With less than a quarter of an hour left, the next call asks again.
    peer.control(json!({ "role_ttl": 800 })).await;
    let first = credentials(&world);
    let second = credentials(&world);
    assert_ne!(first["SecretAccessKey"], second["SecretAccessKey"]);
    peer.control(json!({ "role_ttl": 3600 })).await;
    let third = credentials(&world);
    let folder = world.path("kiro/role-credentials");
    let files = || std::fs::read_dir(&folder).unwrap().flatten();
    let kept: Vec<_> = files().collect();
    assert_eq!(kept.len(), 1);
    let text = std::fs::read_to_string(kept[0].path()).unwrap();
    for secret in ["SecretAccessKey", "SessionToken"] {
        assert!(!text.contains(third[secret].as_str().unwrap()), "sealed");
    }
    drop(peer);
    assert_eq!(credentials(&world), third, "without a network as well");
    let logout = world.kiro(&["auth", "logout"]);
    assert_eq!(logout.status.code(), Some(0), "{}", said(&logout));
    assert_eq!(files().count(), 0);
    let after = world.kiro(&DEVELOPER);
    assert_eq!(
        (after.status.code(), &after.stdout[..]),
        (Some(3), &b""[..]),
        "{}",
        said(&after)
    );
}

#[tokio::test]
async fn a_role_that_is_not_theirs_and_a_session_elsewhere_are_told() {
    let (_peer, world) = at_identity_center().await;
    let mut words = DEVELOPER;
    words[5] = "Administrator";
    let refused = world.kiro(&words);
    assert_eq!(refused.status.code(), Some(4));
    assert!(
        said(&refused)
            .contains("error: You may not use this AWS role: Administrator (111122223333)"),
        "{}",
        said(&refused)
    );
    let okta = Peer::okta(30);
    let elsewhere = signed_in(&okta).await.kiro(&DEVELOPER);
    assert_eq!(elsewhere.status.code(), Some(7), "{}", said(&elsewhere));
    assert!(elsewhere.stdout.is_empty());
}

#[tokio::test]
async fn aws_s_token_cache_is_written_when_asked_for_and_gone_at_sign_out() {
    let (peer, world) = at_identity_center().await;
    assert!(
        !world.path(".aws").exists(),
        "nothing is exported by itself"
    );
    let written = world.kiro(&["auth", "aws-token-cache"]);
    assert_eq!(written.status.code(), Some(0), "{}", said(&written));
    assert!(written.stdout.is_empty());
    let mut files = std::fs::read_dir(world.path(".aws/sso/cache")).unwrap();
    let path = files.next().unwrap().unwrap().path();
    let token: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let names: Vec<_> = token.as_object().unwrap().keys().collect();
    assert_eq!(names, ["accessToken", "expiresAt", "region", "startUrl"]);
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let config = "[profile acme-111122223333-Developer]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = Developer\n";
    std::fs::write(world.path(".aws/config"), config).unwrap();
    let boto3 = world
        .command(python().to_str().unwrap())
        .args(["-c", BOTO3])
        .env("AWS_ENDPOINT_URL_SSO", peer.word("origin"))
        .output()
        .unwrap();
    let got: Value = serde_json::from_slice(&boto3.stdout)
        .unwrap_or_else(|_| panic!("boto3 has credentials: {}", said(&boto3)));
    assert_eq!((&got[0], &got[1]), (&json!("sso"), &json!("ASIAEXAMPLE")));
    // Written once more, and beside it what an AWS tool has written of its own: signing out takes ours alone.
    for session in ["acme", "theirs"] {
        let words = ["auth", "aws-token-cache", "--sso-session", session];
        let written = world.kiro(&words);
        assert_eq!(written.status.code(), Some(0), "{}", said(&written));
    }
    let files = || {
        let entries = std::fs::read_dir(world.path(".aws/sso/cache")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    assert_eq!(files().len(), 3);
    let others = world.path(".aws/sso/cache/d7b2e4c1b6a9aa3a0a3fb6d0f9d6b1a9f4e7c2b8.json");
    std::fs::copy(&path, &others).unwrap();
    let theirs = files()
        .into_iter()
        .find(|file| *file != path && *file != others)
        .unwrap();
    std::fs::write(&theirs, r#"{"accessToken":"of an AWS tool"}"#).unwrap();
    let logout = world.kiro(&["auth", "logout"]);
    assert_eq!(logout.status.code(), Some(0), "{}", said(&logout));
    let mut left = files();
    left.sort();
    let mut expected = vec![others, theirs];
    expected.sort();
    assert_eq!(left, expected);
    assert!(!world.path("kiro/aws-tokens.json").exists());
    let boto3 = world
        .command(python().to_str().unwrap())
        .args(["-c", BOTO3])
        .env("AWS_ENDPOINT_URL_SSO", peer.word("origin"))
        .output()
        .unwrap();
    assert!(
        !boto3.status.success() && boto3.stdout.is_empty(),
        "boto3 reads nothing: {}",
        said(&boto3)
    );
    let okta = Peer::okta(30);
    let elsewhere = signed_in(&okta).await.kiro(&["auth", "aws-token-cache"]);
    assert_eq!(elsewhere.status.code(), Some(7), "{}", said(&elsewhere));
}
