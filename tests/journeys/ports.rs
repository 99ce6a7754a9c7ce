//! The ten registered ports: the first free one is used, and when none is, the sentence names them.

use kiro_tests::{Keyring, Peer, Person, REGISTERED, World};
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

#[tokio::test]
async fn the_first_ports_are_taken_and_the_next_is_used() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    world.only_note_addresses();
    world.take_ports(&REGISTERED[..3]);
    let login = world.start_kiro(&LOGIN);
    let address = world.opened().await;
    let port =
        |port: u16| address.contains(&format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2F"));
    assert!(
        !REGISTERED[..3].iter().any(|taken| port(*taken)),
        "{address}"
    );
    assert!(REGISTERED[3..].iter().any(|free| port(*free)), "{address}");
    let page = Person::new("aiko").sign_in(&address).await;
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{} {page}", said(&output));
}

#[tokio::test]
async fn all_ten_are_taken_and_the_sentence_names_them() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    world.only_note_addresses();
    world.take_ports(&REGISTERED);
    let output = world.kiro(&LOGIN);
    let ports = REGISTERED.map(|port| port.to_string()).join(", ");
    let text = said(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(
        text.contains(&format!(
            "error: All ports for the answer are in use: {ports}."
        )),
        "{text}"
    );
    assert!(text.contains("use --device"), "a remedy: {text}");
    assert!(!world.path("opened").exists(), "no browser was opened");
    assert_eq!(peer.control(json!({})).await["authorize"], 0);
    assert_eq!(world.status()["account"]["state"], "signed_out");
}
