//! What happens to the link while the app is gone, in the crowd, and after it has been used.

use std::fs;

use kiro_tests::{Keyring, Peer, Person, Tray, Window, World, until};
use serde_json::json;

use crate::paste::{WITH_KEYRING, said};

#[tokio::test]
async fn a_callback_after_a_crash_starts_an_app_that_finishes_the_sign_in() {
    let (_peer, world, mut tray, window) = super::at_okta().await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    let before = world.desktop_processes();
    world.crash_desktop().await;

    browser.sign_in("aiko").await;
    tray.says("Aiko Tanaka · ").await;
    let status = world.status();
    assert_eq!(status["account"]["state"], "signed_in", "{status}");
    assert_eq!(status["account"]["name"], "Aiko Tanaka");
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(0));
    let after = world.desktop_processes();
    assert!(
        after.len() == 1 && before.len() == 1 && after != before,
        "one app before and another after: {before:?}, {after:?}"
    );
    world.sees_window("cold-start").await;
}

#[tokio::test]
async fn the_same_callback_at_two_apps_is_one_sign_in() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let _ = world.keep_links();
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    browser.sign_in("aiko").await;
    let link = world.link().await;
    let link = link.as_str();
    // The beginner dies, and nobody knows yet who finishes.
    world.crash_desktop().await;
    let apps = [(); 2].map(|()| world.desktop().arg(link).spawn().unwrap());
    until("somebody is signed in", async || {
        (world.status()["account"]["state"] == "signed_in").then_some(())
    })
    .await;
    until("the other app has ended", async || {
        (world.desktop_processes().len() == 1).then_some(())
    })
    .await;
    drop(apps);
    tray.says("Aiko Tanaka · ").await;
    assert_eq!(world.desktop_processes().len(), 1, "one app is left");
    let seen = peer.control(json!({})).await;
    assert_eq!(
        (&seen["token_requests"], &seen["grants"]),
        (&json!(1), &json!({ "authorization_code": 1 }))
    );
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
}

#[tokio::test]
async fn the_same_callback_at_the_command_that_began_and_at_two_apps_is_one_sign_in() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let mut login = world.start_kiro(&WITH_KEYRING);
    let callback = Person::new("aiko").callback(&login.address()).await;
    let answer = callback.split_once('?').unwrap().1;
    let link = format!("kiro://kiro.oauth/callback?{answer}");
    // The apps come first: what they were handed belongs to a command that lives, and they leave it alone.
    let apps = [(); 2].map(|()| world.desktop().arg(&link).spawn().unwrap());
    for app in apps {
        let ended = app.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    }
    login.type_line(&callback);
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let seen = peer.control(json!({})).await;
    assert_eq!(
        (&seen["token_requests"], &seen["grants"]),
        (&json!(1), &json!({ "authorization_code": 1 }))
    );
    assert_eq!(world.status()["account"]["name"], "Aiko Tanaka");
    assert!(world.desktop_processes().is_empty(), "no app has stayed");
}

#[tokio::test]
async fn a_second_start_shows_the_window_of_the_first_and_ends() {
    let world = World::new(Keyring::Unlocked);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Not signed in").await;
    let first = world.desktop_processes();
    assert_eq!(first.len(), 1);
    assert!(!world.has_window(), "started hidden, it has no window");

    let second = world.desktop().output().unwrap();
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    world.sees_window("second-start").await;
    assert_eq!(world.desktop_processes(), first, "the same one process");
}

#[tokio::test]
async fn forged_and_repeated_callbacks_change_nothing_and_the_real_one_wins() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let links = world.record_links();
    let arrived = || fs::read_to_string(&links).map_or(0, |text| text.lines().count());
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    let browser = world.browser().await;
    browser.tab("/interaction/").await;
    let (app, before) = (world.desktop_processes(), world.status());

    let forged = |number| format!("kiro://kiro.oauth/callback?code=x&state=forged{number}");
    for ten in 0..5 {
        let running: Vec<_> = (0..10)
            .map(|one| world.desktop().arg(forged(ten * 10 + one)).spawn().unwrap())
            .collect();
        for each in running {
            let output = each.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(output.stderr.is_empty(), "it says nothing: {output:?}");
        }
    }
    assert_eq!(world.status(), before);
    assert_eq!(world.desktop_processes(), app);
    assert_eq!(peer.control(json!({})).await["token_requests"], 0);
    window.says("Continue in your browser").await;

    browser.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    let held = world.credentials().expect("the session is saved");
    assert_eq!(arrived(), 1);

    // Exactly the same link again, as when the person presses Back and the browser sends it once more.
    let link = fs::read_to_string(&links).unwrap();
    let again = world.desktop().arg(link.trim()).output().unwrap();
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    // And all of the way again: the IdP knows the browser and answers the same `state` with another code.
    browser.touch().await;
    let address = fs::read_to_string(world.path("opened")).unwrap();
    let opened = world
        .command("xdg-open")
        .arg(address.trim())
        .status()
        .unwrap();
    assert!(opened.success());
    until("the second answer arrives", async || {
        (arrived() == 2).then_some(())
    })
    .await;
    until("its process has ended", async || {
        (world.desktop_processes() == app).then_some(())
    })
    .await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.credentials().as_ref(), Some(&held));
    assert_eq!(peer.control(json!({})).await["token_requests"], 1);
}
