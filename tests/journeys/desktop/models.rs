//! *Region and models* in the window: the region is chosen there or by the command, and what groups give shows in both.

use std::fs;

use kiro_tests::{Keyring, Peer, Window, World, until};

use crate::paste::said;

/// The administrator's file for this computer, with a role by which models are asked.
fn set_up(peer: &Peer, world: &World) {
    let role = [
        "--inference-account",
        "111122223333",
        "--inference-role",
        "Developer",
    ];
    let file = peer.admin(&[&["client-settings"], &role[..]].concat());
    assert_eq!(file.status.code(), Some(0), "{}", said(&file));
    world.add_identity_center(peer);
    fs::write(world.path("kiro/organizations.toml"), file.stdout).unwrap();
}

#[tokio::test]
async fn a_region_is_chosen_in_the_window_or_by_the_command_and_groups_decide_about_models() {
    let peer = Peer::identity_center_for(2);
    let world = World::new(Keyring::Unlocked);
    set_up(&peer, &world);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("This window moves on by itself").await;
    let browser = world.browser().await;
    browser.sign_in_at(&peer, "aiko").await;
    window.says("Sign out of this computer").await;

    window.press("Region and models").await;
    window.says("Europe (Frankfurt)").await;
    window.says("Experimental").await;
    let asked = async |region: &str| {
        let line = format!("* {region} is asked unless you name another.");
        until(&line, async || {
            said(&world.kiro(&["models"])).contains(&line).then_some(())
        })
        .await;
    };
    asked("us-east-1").await;
    window.press("Europe (Frankfurt)").await;
    asked("eu-central-1").await;
    window.picture("region-chosen").await;
    let used = world.kiro(&["models", "use", "us-east-1"]);
    assert_eq!(used.status.code(), Some(0), "{}", said(&used));
    window.says("Region and models\nus-east-1").await;

    for words in [
        &["group", "add", "Authors"][..],
        &["plan", "set", "Authors", "opus-4.6"],
    ] {
        let done = peer.admin(words);
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    }
    let renewed = async || {
        world.token_ended().await;
        let token = world.kiro(&["auth", "token"]);
        assert_eq!(token.status.code(), Some(0), "{}", said(&token));
    };
    renewed().await;
    window
        .says("Acme gives it to none of your groups. An administrator decides this.")
        .await;
    window.picture("not-in-plan").await;
    let joined = peer.admin(&["group", "join", "Authors", "aiko"]);
    assert_eq!(joined.status.code(), Some(0), "{}", said(&joined));
    renewed().await;
    window.says("Region and models\nus-east-1").await;
    until("nothing stands in the way any more", async || {
        (!window.text().await.contains("none of your groups")).then_some(())
    })
    .await;
}
