//! Whole runs at TRACE, by every way to sign in, and afterwards: is any secret that a provider gave away anywhere but under seal?

mod run;

use std::fs;
use std::io::Write as _;

use kiro_tests::{Keyring, Notifications, Peer, Person, Tray, Window, World, program, until};
use run::{Handed, Run, bare, coats, leaks};
use serde_json::json;

use crate::aws::DEVELOPER;
use crate::paste::{WITH_KEYRING, said};

const ROLE: &str =
    "\n[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"Kiro\"\n";
const DEVICE: [&str; 6] = ["auth", "login", "--sso", "--org", "acme", "--device"];

/// The addresses in one of the world's lists, each handed over in this way.
fn handed(world: &World, list: &str, way: fn(&str) -> Handed) -> Vec<Handed> {
    let list = fs::read_to_string(world.path(list)).unwrap();
    list.lines().map(way).collect()
}

/// Signed in, used and renewed, with the app in the tray; what goes wrong is logged too.
#[tokio::test(flavor = "multi_thread")]
async fn pasted_in_the_command_with_the_app_in_the_tray_and_a_model_asked() {
    let (peer, model) = (Peer::okta(30), Peer::bedrock());
    let mut world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let organizations = world.path("kiro/organizations.toml");
    let mut file = fs::File::options()
        .append(true)
        .open(organizations)
        .unwrap();
    file.write_all(ROLE.as_bytes()).unwrap();
    peer.control(json!({ "at_ttl": 2 })).await;
    let mut run = Run::begin(&mut world);
    let mut login = world.start_kiro(&WITH_KEYRING);
    let address = login.address();
    login.type_line(&Person::new("aiko").callback(&address).await);
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    run.told(&WITH_KEYRING, &output);
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden();
    tray.says("Aiko Tanaka · ").await;
    for _ in 0..2 {
        world.token_ended().await;
        run.kiro(&world, &["auth", "token"], 0);
    }
    run.kiro(&world, &["auth", "status", "--json"], 0);
    run.kiro(&world, &["auth", "list"], 0);
    let ask = ["ask", "What is a monad?"];
    let at = model.word("origin");
    let variables = [
        ("AWS_ENDPOINT_URL_STS", at),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", at),
    ];
    let asked = world.start_kiro_with(&ask, &variables).end();
    assert_eq!(asked.status.code(), Some(0), "{}", said(&asked));
    run.told(&ask, &asked);
    let garbled =
        json!({ "status": 400, "body": { "error": "server_error", "error_description": "no" } });
    peer.control(json!({ "next_token": [garbled, { "drop": true }] }))
        .await;
    world.token_ended().await;
    run.told(&["auth", "token"], &world.kiro(&["auth", "token"]));
    run.shows("the tray", tray.rows().join("\n"));
    world.crash_desktop().await;
    run.report(&world);
    run.files(&world);
    let handed = [Handed::to_browser(&address)];
    run.leaves_nothing(&["kiro.log", "desktop.log"], &[&peer, &model], 12, &handed)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_window_through_the_browser_by_link_and_by_localhost() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let _ = world.record_links();
    let mut run = Run::begin(&mut world);
    let mut notifications = Notifications::new(&world);
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    let mut look = async |name: &str, words: &str| {
        window.says(words).await;
        run.shows(name, window.source().await);
    };
    look("signed out", "Sign in to Kiro").await;
    window.press("Sign in with SSO").await;
    look("waiting", "Continue in your browser").await;
    window.press("Nothing happening?").await;
    look("nothing happening", "Copy").await;
    window.press("Check my computer").await;
    look("checked", "discovery ok").await;
    window.key("Escape").await;
    let browser = world.browser().await;
    browser.sign_in("aiko").await;
    look("signed in", "Sign out of this computer").await;
    window.press("Accounts").await;
    look("accounts", "Add an account").await;
    window.press_named("Settings").await;
    look("settings", "Export diagnostics").await;
    window.press("Back").await;
    peer.control(json!({ "revoke_user": "aiko" })).await;
    world.focus_window();
    window.says("Your sign-in has ended").await;
    window.press("Details").await;
    look("ended", "invalid_grant").await;
    // So soon after a link the answer comes through localhost.
    let refused =
        json!({ "status": 400, "body": { "error": "invalid_grant", "error_description": "no" } });
    peer.control(json!({ "next_token": [refused] })).await;
    window.press("Sign in again").await;
    look("refused", "invalid_grant").await;
    window.press("Try again").await;
    look("signed in again", "Sign out of this computer").await;
    run.shows("the tray", tray.rows().join("\n"));
    run.shows("notifications", format!("{:?}", notifications.titles()));
    run.report(&world);
    run.files(&world);
    window.press("Sign out of this computer").await;
    window.says("Signed out").await;
    run.shows("receipt", window.source().await);
    drop(window);
    run.files(&world);
    let mut handed_over = handed(&world, "opened", Handed::to_browser);
    assert_eq!(handed_over.len(), 3, "three sign-ins");
    let links = handed(&world, "links", Handed::back);
    assert_eq!(links.len(), 1, "one came back by a link");
    handed_over.extend(links);
    run.leaves_nothing(&["desktop.log"], &[&peer], 15, &handed_over)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_command_through_the_browser_and_localhost_until_the_browser_is_signed_out() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let mut run = Run::begin(&mut world);
    let words = ["auth", "login", "--sso", "--org", "acme"];
    let login = world.start_kiro(&words);
    let browser = world.browser().await;
    browser.sign_in("aiko").await;
    let output = tokio::task::block_in_place(|| login.end());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    run.told(&words, &output);
    run.shows("the browser's last page", browser.text().await);
    run.report(&world);
    run.files(&world);
    let handed_over = handed(&world, "opened", Handed::to_browser);
    run.kiro(&world, &["auth", "logout", "--idp"], 0);
    until("the browser is sent there", async || {
        (peer.control(json!({})).await["logouts"] == 1).then_some(())
    })
    .await;
    run.files(&world);
    run.leaves_nothing(&["kiro.log"], &[&peer], 7, &handed_over)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_device_code_at_okta_and_at_identity_center_with_a_role_s_credentials() {
    for (peer, at_aws) in [(Peer::okta(30), false), (Peer::aws(), true)] {
        let mut world = World::new(Keyring::Unlocked);
        if at_aws {
            world.add_identity_center(&peer);
        } else {
            world.add_okta(&peer);
        }
        let mut run = Run::begin(&mut world);
        let mut login = world.start_kiro(&DEVICE);
        let address = login.address();
        let code = login.line().unwrap().trim().to_owned();
        Person::new("aiko").enter_code(&address, &code).await;
        let output = login.end();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        run.told(&DEVICE, &output);
        run.kiro(&world, &["auth", "status", "--json"], 0);
        if at_aws {
            run.kiro(&world, &DEVELOPER, 0);
            run.kiro(&world, &["org", "export", "--aws-config"], 0);
            assert!(
                world.path("kiro/role-credentials").is_dir(),
                "they are kept"
            );
        }
        run.report(&world);
        run.files(&world);
        run.kiro(&world, &["auth", "logout"], 0);
        run.files(&world);
        let least = if at_aws { 6 } else { 4 };
        run.leaves_nothing(&["kiro.log"], &[&peer], least, &[])
            .await;
    }
}

/// The limit of a process's core by now, and the one to which it may be raised.
fn core_limits(process: u32) -> [String; 2] {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let mut lines = limits.lines();
    let core = lines.find_map(|line| line.strip_prefix("Max core file size"));
    let mut words = core.unwrap().split_whitespace();
    [(); 2].map(|()| words.next().unwrap().to_owned())
}

#[tokio::test]
async fn a_crash_leaves_no_core_whatever_the_limit_was() {
    let peer = Peer::okta(30);
    let world = World::new(Keyring::Unlocked);
    world.add_okta(&peer);
    let raised = ["prlimit", "--core=unlimited"];
    let kiro = program("kiro");
    let words = [&[raised[1], kiro.to_str().unwrap()], &WITH_KEYRING[..]].concat();
    let mut login = world.start_program(raised[0], &words, &[]);
    let address = login.address();
    let none = ["0", "unlimited"].map(str::to_owned);
    assert_eq!(core_limits(login.process()), none, "the command");
    login.type_line(&Person::new("aiko").callback(&address).await);
    let output = login.end();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let mut tray = Tray::new(&world);
    let _app = world.start_hidden_by(&raised);
    tray.says("Aiko Tanaka · ").await;
    for process in world.desktop_processes() {
        assert_eq!(core_limits(process), none, "the app");
    }
    world.signal_desktop("ABRT");
    until("the app has crashed", async || {
        world.desktop_processes().is_empty().then_some(())
    })
    .await;
    let left = fs::read_dir(world.path("")).unwrap().flatten();
    let cores: Vec<_> = left
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with("core"))
        .collect();
    assert_eq!(cores, [""; 0]);
}

#[test]
fn a_planted_secret_is_found_in_each_of_its_coats() {
    let secret = "canary-refresh-1f0c".to_owned();
    for coat in coats(&secret) {
        let log = [b"INFO token=", coat.as_slice(), b" asked\n"].concat();
        let secrets = ["another".to_owned(), secret.clone()];
        let found = leaks(&secrets, &[("a log".to_owned(), log)]);
        assert_eq!(found, ["secret no. 1 in a log"]);
    }
    let log = ("a log".to_owned(), b"INFO asked".to_vec());
    assert!(leaks(&[secret], &[log]).is_empty());
}

#[test]
fn an_address_that_is_handed_over_is_an_exception_for_its_own_words_where_it_is_handed_over() {
    let link = "kiro://kiro.oauth/callback?code=canary-c&state=canary-s&also=canary-t";
    let opened = "https://login.acme.test/authorize?state=canary-s&nonce=canary-n&also=canary-t";
    let handed = [Handed::back(link), Handed::to_browser(opened)];
    let check = |process: &[&str], expected: &[&str]| {
        let left = bare(process[0], process.join("\0").as_bytes(), &handed);
        let left = String::from_utf8(left).unwrap();
        let words = ["canary-c", "canary-s", "canary-n", "canary-t"];
        let found: Vec<_> = words
            .into_iter()
            .filter(|word| left.contains(word))
            .collect();
        assert_eq!(found, expected, "{process:?}");
    };
    check(&["kiro-desktop", link], &["canary-t"]);
    check(&["sh", "/usr/bin/xdg-open", link], &["canary-t"]);
    check(&["kiro", link], &["canary-c", "canary-s", "canary-t"]);
    check(&["sh", "/usr/bin/xdg-open", opened], &["canary-t"]);
    check(
        &["kiro-desktop", opened],
        &["canary-s", "canary-n", "canary-t"],
    );
    check(&["sh", "canary-c"], &["canary-c"]);
    let cut = &opened[20..];
    check(&["chromium", cut], &["canary-t"]);
    check(&["chromium", "canary-c"], &["canary-c"]);
    check(&["sh", cut], &["canary-s", "canary-n", "canary-t"]);
    let inside = format!("--address={link}");
    let all = ["canary-c", "canary-s", "canary-t"];
    check(&["kiro-desktop", &inside], &all);
}
