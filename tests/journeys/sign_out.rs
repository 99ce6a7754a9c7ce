//! `kiro auth logout` and `--idp`: what each provider offers, and whether the browser still knows the person afterwards.

use std::process::Output;

use kiro_tests::{Arrived, Keyring, Peer, Person, World};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste_by, said};

/// Signs in in this person's own browser.
async fn sign_in(world: &World, person: &mut Person) {
    let output = paste_by(world.start_kiro(&LOGIN), person).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

fn logout(world: &World, words: &[&str]) -> String {
    let output: Output = world.kiro(&[&["auth", "logout"], words].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(output.stdout.is_empty());
    assert_eq!(world.status()["account"]["state"], "signed_out");
    said(&output)
}

#[tokio::test]
async fn only_logout_idp_ends_the_browsers_session_too() {
    let okta = (Peer::okta(30), World::new(Keyring::Absent));
    okta.1.add_okta(&okta.0);
    let entra = (Peer::entra(None), World::new(Keyring::Absent));
    entra.1.add_entra(&entra.0);
    let worlds = [
        (okta, "✓ Revoked at Okta", 2),
        (entra, "– Microsoft Entra ID offers no revocation", 0),
    ];
    for ((peer, world), revoked, revocations) in worlds {
        world.only_note_addresses();
        let mut aiko = Person::new("aiko");
        sign_in(&world, &mut aiko).await;
        let receipt = logout(&world, &[]);
        assert!(
            receipt.contains(revoked) && receipt.contains("still open (`--idp` ends it)"),
            "{receipt}"
        );
        assert!(!world.path("opened").exists(), "no browser was asked for");
        assert_eq!(
            peer.control(json!({})).await["revocations"],
            json!(revocations)
        );

        sign_in(&world, &mut aiko).await;
        assert_eq!(aiko.passwords(), 1, "the browser's session goes on");
        let leaving = world.start_kiro(&["auth", "logout", "--idp"]);
        let address = world.opened().await;
        assert!(
            !address.contains("id_token"),
            "no argument names the person: {address}"
        );
        let Arrived::Callback(to) = aiko.walk(&address).await else {
            panic!("sent on to the provider");
        };
        let output = leaving.end();
        let receipt = said(&output);
        assert_eq!(output.status.code(), Some(0), "{receipt}");
        assert!(
            receipt.contains("✓ Ending the browser session at "),
            "{receipt}"
        );
        assert!(!receipt.contains("id_token"), "it names the person");
        assert!(to.as_str().contains("id_token_hint="), "no question asked");
        aiko.walk(to.as_str()).await;
        assert!(peer.control(json!({})).await["logouts"].as_u64() >= Some(1));

        sign_in(&world, &mut aiko).await;
        assert_eq!(aiko.passwords(), 2, "the password is asked for again");
    }
}

#[tokio::test]
async fn identity_center_ends_its_own_session_and_says_what_it_cannot() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    world.only_note_addresses();
    let mut aiko = Person::of(&peer, "aiko");
    sign_in(&world, &mut aiko).await;
    let receipt = logout(&world, &["--idp"]);
    assert!(
        receipt.contains("✓ Revoked at IAM Identity Center")
            && receipt.contains("still open: only its own sign-out page ends it"),
        "{receipt}"
    );
    assert!(!world.path("opened").exists());
    assert_eq!(ended_because(&peer), "signed_out");
    sign_in(&world, &mut aiko).await;
    assert_eq!(aiko.passwords(), 1, "the browser's session goes on");
}

#[tokio::test]
async fn signing_out_late_ends_the_session_at_identity_center_too() {
    let peer = Peer::identity_center_for(1);
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    sign_in(&world, &mut Person::of(&peer, "aiko")).await;
    world.token_ended().await;
    let receipt = logout(&world, &[]);
    assert!(
        receipt.contains("✓ Revoked at IAM Identity Center"),
        "{receipt}"
    );
    assert_eq!(ended_because(&peer), "signed_out");
}

/// Why the one session that was granted is over.
fn ended_because(peer: &Peer) -> Value {
    peer.stored(
        "SELECT ended_because FROM sessions WHERE client_id <> 'admin-acme' ORDER BY created_at",
    )
}
