//! The other two providers by loopback.

use kiro_tests::{Keyring, Peer, Person, World};
use serde_json::json;

use crate::paste::said;

const LOGIN: [&str; 6] = [
    "auth",
    "login",
    "--sso",
    "--org",
    "acme",
    "--insecure-storage",
];

async fn by_loopback(world: &World, person: &mut Person) -> String {
    world.only_note_addresses();
    let login = world.start_kiro(&LOGIN);
    let address = world.opened().await;
    let page = person.sign_in(&address).await;
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains(&address),
        "the address is shown as well"
    );
    assert!(page.contains("signed in"), "the browser is told: {page}");
    address
}

#[tokio::test]
async fn entra_id_by_loopback_and_with_another_account() {
    for tenant in [None, Some("organizations")] {
        let peer = Peer::entra(tenant);
        let world = World::new(Keyring::Absent);
        world.add_entra(&peer);
        by_loopback(&world, &mut Person::new("aiko")).await;
        let account = world.status()["account"].clone();
        assert_eq!(
            (&account["state"], &account["provider"], &account["name"]),
            (&json!("signed_in"), &json!("entra"), &json!("Aiko Tanaka")),
            "{tenant:?}"
        );
        let mut other = world.start_kiro(&[
            "auth",
            "login",
            "--sso",
            "--org",
            "acme",
            "--no-browser",
            "--insecure-storage",
            "--select-account",
        ]);
        let address = other.address();
        assert!(address.contains("prompt=select_account"), "{address}");
        let callback = Person::new("maya").callback(&address).await;
        other.type_line(&callback);
        let output = other.end();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(world.status()["account"]["name"], "Maya Okafor");
    }
}

#[tokio::test]
async fn identity_center_by_loopback_at_its_own_address_and_then_out() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let address = by_loopback(&world, &mut Person::of(&peer, "aiko")).await;
    assert!(
        address.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A"),
        "{address}"
    );
    let status = world.status();
    let account = &status["account"];
    assert_eq!(
        (&account["state"], &account["provider"], &account["region"]),
        (
            &json!("signed_in"),
            &json!("identity-center"),
            &json!("us-east-1")
        )
    );
    let mut other = world.start_kiro(&[&LOGIN[..], &["--no-browser", "--select-account"]].concat());
    let address = other.address();
    assert!(address.contains("prompt=select_account"), "{address}");
    let callback = Person::of(&peer, "aiko").callback(&address).await;
    other.type_line(&callback);
    assert_eq!(other.end().status.code(), Some(0));
    let token = world.kiro(&["auth", "token"]);
    let token = String::from_utf8(token.stdout).unwrap();
    let accounts = peer.ready["accounts"].as_array().unwrap();
    let ids: Vec<_> = accounts
        .iter()
        .map(|account| &account["account_id"])
        .collect();
    assert_eq!(peer.portal(token.trim()).await, (200, json!(ids)));
    let out = world.kiro(&["auth", "logout"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert_eq!(peer.portal(token.trim()).await, (401, json!([])));
    assert_eq!(world.status()["account"]["state"], "signed_out");
}
