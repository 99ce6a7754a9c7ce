//! How a session stands at its provider: asked on focus, while the window is shown, and after sleep, without using the
//! refresh token up.

use kiro_tests::{Keyring, Notifications, Peer, Person, Tray, Window, World, until};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste_by, said, signed_in};
use crate::residency::kept;

const ENDED: &str = "Your session ended";

async fn introspections(peer: &Peer) -> Value {
    peer.control(json!({})).await["introspections"].clone()
}

#[tokio::test]
async fn the_window_in_front_says_that_the_provider_has_ended_the_session() {
    let (peer, world, mut tray, window) = super::at_okta().await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Aiko Tanaka").await;
    until("the provider is asked", async || {
        (introspections(&peer).await != 0).then_some(())
    })
    .await;
    let asked = peer.control(json!({ "revoke_user": "aiko" })).await;
    assert_eq!(asked["grants"]["refresh_token"], Value::Null, "no renewal");
    world.focus_window();
    window.says("Your sign-in has ended").await;
    tray.says(ENDED).await;
    let asked = peer.control(json!({})).await;
    assert_eq!(asked["grants"]["refresh_token"], 1, "what confirms it");
    window.picture("ended-while-shown").await;
}

#[tokio::test]
async fn after_sleep_the_app_waits_for_the_network_and_tells_only_of_an_end() {
    let peer = Peer::okta(30);
    let world = signed_in(&peer).await;
    let mut notifications = Notifications::new(&world);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Aiko Tanaka · ").await;

    peer.control(json!({ "unreachable": true })).await;
    world.wakes_up();
    tray.says("Signed in, no network").await;
    let before = notifications.titles();
    assert!(!before.contains(&ENDED.to_owned()), "{before:?}");
    peer.control(json!({ "unreachable": false, "revoke_user": "aiko" }))
        .await;
    notifications.says(ENDED).await;
    tray.says(ENDED).await;
}

#[tokio::test]
async fn what_keeps_a_session_from_being_renewed_is_shown_with_its_remedy_in_both_languages() {
    let peer = Peer::okta(30);
    peer.control(json!({ "at_ttl": 1 })).await;
    let world = signed_in(&peer).await;
    world.token_ended().await;
    peer.control(json!({ "at_ttl": 3600, "clock": 10_900 }))
        .await;
    let before = world.credentials();
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    window.says("This computer’s clock is").await;
    window.says("Correct it, then try again.").await;
    window.says("Your session is kept.").await;
    window.says("Try again").await;
    tray.says("This computer’s clock is off").await;
    window.press("日本語").await;
    window.says("この PC の時計が").await;
    window.says("セッションは保持されています。").await;
    tray.says("この PC の時計がずれています").await;
    let token = world.kiro(&["auth", "token"]);
    assert_eq!(token.status.code(), Some(5), "{token:?}");
    assert_eq!(world.credentials(), before, "the session is untouched");
}

#[tokio::test]
async fn what_a_company_s_proxy_keeps_from_being_renewed_is_shown_with_its_remedy_in_both_languages()
 {
    for (fault, english, japanese, command) in [
        (
            "password",
            [
                "asks for a password",
                "login.acme.test cannot be reached without it.",
                "HTTPS_PROXY",
            ],
            "がパスワードを求めています",
            "The proxy 127.0.0.1:",
        ),
        (
            "strange",
            [
                "The connection is inspected by",
                "Acme Web Gateway",
                "for the CA file.",
            ],
            "で検査されています",
            "inspected by \"Acme Web Gateway\"",
        ),
    ] {
        let peer = Peer::okta_elsewhere();
        let gateway = Peer::gateway(&peer);
        peer.control(json!({ "at_ttl": 1 })).await;
        let world = World::new(Keyring::Absent);
        let authority = world.path("gateway.pem");
        std::fs::write(&authority, gateway.word("authority")).unwrap();
        let proxy = gateway.word("proxy");
        let network = format!("[network]\nproxy = \"{proxy}\"\nca_file = {authority:?}\n");
        kept(&world, "kiro/settings.toml", &network);
        world.add_okta(&peer);
        let mut aiko = Person::new("aiko").through(&gateway);
        let login = paste_by(world.start_kiro(&LOGIN), &mut aiko).await;
        assert_eq!(login.status.code(), Some(0), "{}", said(&login));
        world.token_ended().await;
        let before = world.credentials();
        gateway.control(json!({ fault: true })).await;
        let window = Window::open(&world).await;
        for words in english {
            window.says(words).await;
        }
        window.says("Your session is kept.").await;
        window.picture(&format!("kept-from-renewal-{fault}")).await;
        window.press("日本語").await;
        window.says(japanese).await;
        window.says("セッションは保持されています。").await;
        // The command tells what the window met, with the same names.
        let token = world
            .start_kiro_with(&["auth", "token"], &[("LC_ALL", "C")])
            .end();
        assert_eq!(token.status.code(), Some(5), "{token:?}");
        assert!(said(&token).contains(command), "{}", said(&token));
        assert_eq!(world.credentials(), before, "the session is untouched");
    }
}
