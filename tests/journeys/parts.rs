//! The world's parts hold without the product: browser, link handler, keyring, peers.

use kiro_tests::{Keyring, Peer, World, until};
use serde_json::json;

#[tokio::test]
async fn chromium_signs_in_and_the_redirect_reaches_the_handler_of_kiro_links() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Absent);
    world.allow_kiro_links(peer.word("origin"));
    let arrived = world.path("arrived");
    world.install_handler(
        "links",
        &format!("#!/bin/sh\necho \"$1\" > '{}'\n", arrived.display()),
        &["x-scheme-handler/kiro"],
    );
    let address = format!(
        "{}/v1/authorize?client_id={}&redirect_uri=kiro%3A%2F%2Fkiro.oauth%2Fcallback&response_type=code&scope=openid%20offline_access&state=state-of-the-test&nonce=n0&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        peer.word("issuer"),
        peer.word("client_id")
    );
    world.open(&address);
    world.browser().await.sign_in("aiko").await;
    let link = until("the link arrives", async || {
        std::fs::read_to_string(&arrived)
            .ok()
            .filter(|text| text.ends_with('\n'))
    })
    .await;
    assert!(
        link.starts_with("kiro://kiro.oauth/callback?code="),
        "{link}"
    );
    assert!(link.contains("state=state-of-the-test"), "{link}");
    assert_eq!(peer.control(json!({})).await["authorize"], 1);
}

#[test]
fn the_keyring_is_on_the_bus_or_not() {
    for (keyring, there) in [
        (Keyring::Unlocked, true),
        (Keyring::Locked, true),
        (Keyring::Absent, false),
    ] {
        let world = World::new(keyring);
        let call = [
            "call",
            "--session",
            "--dest",
            "org.freedesktop.secrets",
            "--object-path",
            "/org/freedesktop/secrets/aliases/default",
        ];
        let get = [
            "--method",
            "org.freedesktop.DBus.Properties.Get",
            "org.freedesktop.Secret.Collection",
            "Locked",
        ];
        let output = world
            .command("gdbus")
            .args(call)
            .args(get)
            .output()
            .unwrap();
        assert_eq!(output.status.success(), there, "{keyring:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            text.contains("true"),
            keyring == Keyring::Locked,
            "{keyring:?}: {text}"
        );
    }
}

#[test]
fn boto3_gets_through_identity_centers_wire_and_what_is_malformed_does_not() {
    let peer = Peer::aws();
    let client = kiro_tests::checkout().join("tests/peers/aws_client.py");
    let output = std::process::Command::new(kiro_tests::python())
        .arg(client)
        .arg(peer.word("origin"))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "ok",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
