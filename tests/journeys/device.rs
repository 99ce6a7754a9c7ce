//! `kiro auth login --device` at each peer: a code entered, refused, too late, asked about too often.

use std::process::Output;

use kiro_tests::{Keyring, Peer, Person, World};
use serde_json::{Value, json};

use crate::paste::said;

/// Okta's peer and Entra ID's, each with a world where it is the organisation `acme`.
fn at_okta_and_entra() -> [(Peer, World); 2] {
    let okta = (Peer::okta(30), World::new(Keyring::Absent));
    okta.1.add_okta(&okta.0);
    let entra = (Peer::entra(None), World::new(Keyring::Absent));
    entra.1.add_entra(&entra.0);
    [okta, entra]
}

/// This Identity Center with a world where it is the organisation `acme`.
fn at(identity_center: Peer) -> (Peer, World) {
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&identity_center);
    (identity_center, world)
}

/// Signs in by a code; the person, if there is one, enters it.
async fn by_device(world: &World, person: Option<Person>) -> Output {
    let words = [
        "auth",
        "login",
        "--sso",
        "--org",
        "acme",
        "--device",
        "--force",
        "--insecure-storage",
    ];
    let mut login = world.start_kiro(&words);
    let address = login.address();
    let code = login.line().unwrap().trim().to_owned();
    if let Some(mut person) = person {
        person.enter_code(&address, &code).await;
    }
    login.end()
}

async fn token_answers(peer: &Peer, errors: &[&str]) {
    let answers: Vec<_> = errors
        .iter()
        .map(|error| json!({ "status": 400, "body": { "error": error } }))
        .collect();
    peer.control(json!({ "next_token": answers })).await;
}

#[tokio::test]
async fn a_code_entered_elsewhere_signs_in_at_every_provider() {
    for (_peer, world) in at_okta_and_entra() {
        let output = by_device(&world, Some(Person::new("aiko"))).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let account = world.status()["account"].clone();
        assert_eq!(
            (&account["state"], &account["name"]),
            (&json!("signed_in"), &json!("Aiko Tanaka"))
        );
    }
}

#[tokio::test]
async fn a_code_is_typed_at_identity_center_and_what_the_person_decides_is_what_happens() {
    let (peer, world) = at(Peer::identity_center());
    let output = by_device(&world, Some(Person::of(&peer, "maya"))).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let before = world.credentials();
    let token = world.kiro(&["auth", "token"]);
    let token = String::from_utf8(token.stdout).unwrap();
    assert_eq!(peer.portal(token.trim()).await.0, 200);
    let aiko = Person::of(&peer, "aiko").who_declines();
    let refused = by_device(&world, Some(aiko)).await;
    let text = said(&refused);
    assert_eq!(refused.status.code(), Some(4), "{text}");
    assert!(
        text.contains("error: Sign-in was cancelled in the browser."),
        "{text}"
    );
    assert_eq!(world.credentials(), before, "the old session is untouched");
    assert_eq!(
        peer.stored("SELECT COUNT(*) FROM sessions WHERE client_id <> 'admin-acme'"),
        1
    );
}

#[tokio::test]
async fn a_code_that_is_refused_or_too_late_ends_the_sign_in_with_its_sentence() {
    let [okta, entra] = at_okta_and_entra();
    for (peer, world) in [okta, entra, at(Peer::aws())] {
        let first = by_device(&world, Some(Person::new("aiko"))).await;
        assert_eq!(first.status.code(), Some(0), "{}", said(&first));
        let before = world.credentials();
        let check = |output: Output, sentence: &str| {
            let text = said(&output);
            assert_eq!(output.status.code(), Some(4), "{text}");
            let says = |begins: &str| text.lines().any(|line| line.starts_with(begins));
            assert!(says(sentence) && says("hint: "), "{text}");
            assert_eq!(world.credentials(), before, "the old session is untouched");
        };
        let refused = by_device(&world, Some(Person::new("aiko").who_declines())).await;
        check(refused, "error: Sign-in was cancelled in the browser.");
        token_answers(&peer, &["expired_token"]).await;
        check(by_device(&world, None).await, "error: The code ");
        // By our own clock as well, should the server never say so.
        peer.control(json!({ "device_ttl": 1 })).await;
        check(by_device(&world, None).await, "error: The code ");
        let state = world.status()["account"]["state"].clone();
        assert_eq!(state, "signed_in");
    }
}

#[tokio::test]
async fn slow_down_adds_five_seconds_and_ends_nothing() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Absent);
    world.add_okta(&peer);
    token_answers(&peer, &["slow_down"]).await;
    let output = by_device(&world, Some(Person::new("aiko"))).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let seen = peer.control(json!({})).await;
    let polls: Vec<i64> = seen["device_polls"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    let apart: Vec<_> = polls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        matches!(apart[..], [gap] if gap >= 6000),
        "one more poll, six seconds later: {apart:?}"
    );
}
