//! `kiro auth login --no-browser`: the address on stderr, the callback pasted into stdin. The way of every other journey that is
//! not about the way.

use std::process::Output;

use kiro_tests::{Keyring, Peer, Person, Running, World};
use serde_json::json;

/// The words of a login that keeps its key in a file: the keyring is not the point.
pub(crate) const LOGIN: [&str; 8] = [
    "auth",
    "login",
    "--sso",
    "--org",
    "acme",
    "--no-browser",
    "--insecure-storage",
    "--force",
];

/// The words of a login that keeps its key in the keyring.
pub(crate) const WITH_KEYRING: [&str; 7] = [
    "auth",
    "login",
    "--sso",
    "--org",
    "acme",
    "--no-browser",
    "--force",
];

/// What stderr says.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The person opens the address that is shown and pastes the callback; if none is shown, the end.
pub(crate) async fn paste(login: Running, person: &str) -> Output {
    paste_by(login, &mut Person::new(person)).await
}

/// The same in this person's own browser.
pub(crate) async fn paste_by(mut login: Running, person: &mut Person) -> Output {
    if let Some(address) = login.address_or_end() {
        let callback = person.callback(&address).await;
        login.type_line(&callback);
    }
    login.end()
}

/// A world where Aiko is signed in at this Okta.
pub(crate) async fn signed_in(peer: &Peer) -> World {
    let world = World::new(Keyring::Absent);
    world.add_okta(peer);
    let output = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    world
}

#[tokio::test]
async fn the_address_stands_alone_and_the_pasted_callback_signs_in() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    world.only_note_addresses();
    let mut login = world.start_kiro(&["auth", "login", "--sso", "--org", "acme", "--no-browser"]);
    let address = login.address();
    assert!(
        address.starts_with(&format!("{}/v1/authorize?", peer.word("issuer"))),
        "{address}"
    );
    let callback = Person::new("aiko").callback(&address).await;
    assert!(callback.starts_with("http://localhost:"), "{callback}");
    // What is no answer to this sign-in is said to be none, and the sign-in goes on.
    login.type_line("http://localhost:3128/oauth/callback?code=forged&state=forged");
    login.type_line("hello");
    login.type_line(&callback);
    let output = login.end();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("Signed in as Aiko Tanaka <aiko@acme.com>"),
        "{text}"
    );
    assert!(output.stdout.is_empty(), "the answer is for people: stderr");
    assert_eq!(world.status()["account"]["state"], "signed_in");
    assert_eq!(world.status()["store"]["key_source"], "os-keyring");
    assert!(!world.path("opened").exists(), "no browser was asked for");
    let seen = peer.control(json!({})).await;
    assert_eq!(
        seen["grants"],
        json!({ "authorization_code": 1 }),
        "nothing forged reached the token endpoint"
    );
}
