//! *Region and models* in the window: the region is chosen there or by the command, and what groups give shows in both.

use std::fs;

use kiro_tests::{Keyring, Peer, Person, Window, World, until};

use crate::paste::{WITH_KEYRING, paste_by, said};

fn administered(peer: &Peer, words: &[&str]) -> Vec<u8> {
    let done = peer.admin(words);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    done.stdout
}

/// The administrator's file for this computer, with a role by which models are asked.
fn set_up(peer: &Peer, world: &World) {
    let role = ["--inference-account", "111122223333"];
    let words = [
        &["client-settings", "--inference-role", "Developer"],
        &role[..],
    ]
    .concat();
    let file = administered(peer, &words);
    world.add_identity_center(peer);
    fs::write(world.path("kiro/organizations.toml"), file).unwrap();
}

async fn sign_in(world: &World, aiko: &mut Person) {
    let output = paste_by(world.start_kiro(&WITH_KEYRING), aiko).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test]
async fn groups_decide_about_models_and_a_region_is_chosen_in_the_window_or_by_the_command() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Unlocked);
    set_up(&peer, &world);
    administered(&peer, &["group", "add", "Authors"]);
    administered(&peer, &["plan", "set", "Authors", "opus-4.6"]);
    let window = Window::open(&world).await;
    let mut aiko = Person::of(&peer, "aiko");
    sign_in(&world, &mut aiko).await;
    window.press("Region and models").await;
    let none = "Acme gives it to none of your groups. An administrator decides this.";
    window.says(none).await;
    window.picture("not-in-plan").await;
    administered(&peer, &["group", "join", "Authors", "aiko"]);
    sign_in(&world, &mut aiko).await;
    window.says("Region and models\nus-east-1").await;
    window.says("Experimental").await;
    assert!(!window.text().await.contains(none));

    window.press("Europe (Frankfurt)").await;
    window.says("Region and models\neu-central-1").await;
    let asked = "* eu-central-1 is asked unless you name another.";
    until("the command knows", async || {
        said(&world.kiro(&["models"])).contains(asked).then_some(())
    })
    .await;
    window.picture("region-chosen").await;
    let used = world.kiro(&["models", "use", "us-east-1"]);
    assert_eq!(used.status.code(), Some(0), "{}", said(&used));
    window.says("Region and models\nus-east-1").await;
}
