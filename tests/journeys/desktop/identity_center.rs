//! Our own Identity Center through the window: its pages in the system browser, with a password and a second factor.

use kiro_tests::{Browser, Keyring, Peer, Tray, Window, World, until};
use serde_json::json;

/// A world with the organisation `acme` at this service, and the app in it.
async fn opened(peer: &Peer) -> (World, Tray, Window) {
    let world = World::new(Keyring::Unlocked);
    world.add_identity_center(peer);
    let tray = Tray::new(&world);
    let window = Window::open(&world).await;
    (world, tray, window)
}

/// Aiko signs in in the window and the system browser.
async fn sign_in(peer: &Peer, world: &World, window: &Window) -> Browser {
    window.press("Sign in with SSO").await;
    window.says("This window moves on by itself").await;
    let browser = world.browser().await;
    browser.sign_in_at(peer, "aiko").await;
    browser.allow_program().await;
    window.says("Sign out of this computer").await;
    browser
}

/// The access token, as a script has it.
fn token(world: &World) -> String {
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn password_and_second_factor_sign_in_window_tray_and_command_and_the_tray_ends_it_all() {
    let peer = Peer::identity_center();
    let (world, mut tray, window) = opened(&peer).await;
    tray.says("Not signed in").await;
    let browser = sign_in(&peer, &world, &window).await;
    browser.says("You are signed in.").await;
    window.says("Identity Center").await;
    // AWS's wire has no place for it: our service tells who signed in, and until when.
    window.says("Aiko Tanaka").await;
    tray.says("Aiko Tanaka · Acme\nSigned in until").await;
    window.picture("signed-in-identity-center").await;
    let account = world.status()["account"].clone();
    assert_eq!(
        (
            &account["state"],
            &account["provider"],
            &account["name"],
            &account["email"]
        ),
        (
            &json!("signed_in"),
            &json!("identity-center"),
            &json!("Aiko Tanaka"),
            &json!("aiko@acme.example")
        )
    );
    let token = token(&world);
    assert_eq!(peer.portal(&token).await.0, 200);
    assert_eq!(
        peer.stored("SELECT COUNT(*) FROM sessions WHERE client_id <> 'admin-acme'"),
        1,
        "one session for both"
    );

    tray.press("Sign out");
    window.says("Signed out").await;
    until("the service knows the session no more", async || {
        (peer.portal(&token).await.0 == 401).then_some(())
    })
    .await;
    assert_eq!(world.kiro(&["auth", "status"]).status.code(), Some(3));
}

#[tokio::test]
async fn what_the_person_ends_on_the_service_s_page_is_over_in_window_tray_and_command() {
    let peer = Peer::identity_center();
    let (world, mut tray, window) = opened(&peer).await;
    let browser = sign_in(&peer, &world, &window).await;
    let sessions = format!("{}/sessions", peer.word("endpoint"));
    browser.goto(&sessions).await;
    browser.says("Kiro Sign-In").await;
    browser.press("li button").await;
    browser.says("No application is signed in.").await;
    world.focus_window();
    window.says("Your sign-in has ended").await;
    tray.says("Your session ended").await;
    assert_eq!(world.kiro(&["auth", "status"]).status.code(), Some(3));
    // The browser is still signed in there, and the start page says so.
    browser.goto(peer.word("start_url")).await;
    browser.says("Aiko Tanaka").await;
    browser.says("Developer · ReadOnly").await;
    // A program whose sign-in they ended is one that they are asked about.
    window.press("Sign in again").await;
    browser.tab("/sign-in/").await;
    browser.allow_program().await;
    window.says("Sign out of this computer").await;
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

#[tokio::test]
async fn people_of_okta_and_of_entra_by_saml_sign_in_through_it_in_window_tray_and_command() {
    let (okta, entra) = (Peer::okta(30), Peer::entra_by_saml());
    let peer = Peer::identity_center_before(&[&okta, &entra]);
    for (name, called, by_form) in [
        ("aiko@okta.acme.example", "Aiko Tanaka", false),
        ("maya@entra.acme.example", "Maya Fischer", true),
    ] {
        let (world, mut tray, window) = opened(&peer).await;
        window.press("Sign in with SSO").await;
        window.says("This window moves on by itself").await;
        let browser = world.browser().await;
        browser.tab("/sign-in/").await;
        browser.type_into("user_name", name).await;
        let there = if by_form { name } else { "aiko" };
        browser.sign_in(there).await;
        if by_form {
            // The provider's page hands its answer over by a form.
            browser.press("button#hand-over").await;
        }
        browser.allow_program().await;
        browser.says("You are signed in.").await;
        window.says("Sign out of this computer").await;
        tray.says(called).await;
        assert_eq!(peer.portal(&token(&world)).await.0, 200, "{name}");
    }
}

#[tokio::test]
async fn whom_an_administrator_deactivates_is_out_of_window_tray_and_command() {
    let peer = Peer::identity_center();
    let (world, mut tray, window) = opened(&peer).await;
    let browser = sign_in(&peer, &world, &window).await;
    let token = token(&world);
    let aiko = peer.person("aiko").await;
    let (status, ended) = peer.administer("POST", &format!("{aiko}/deactivate")).await;
    assert_eq!((status, ended), (200, json!({ "sessions": 1 })));
    assert_eq!(peer.portal(&token).await.0, 401, "with the answer");
    world.focus_window();
    window.says("Your sign-in has ended").await;
    tray.says("Your session ended").await;
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(3));
    window.press("Sign in again").await;
    browser.tab("/sign-in/").await;
    browser.says("Work e-mail or user name").await;
    // Back at the organisation: nothing of it is revived, and a new sign-in is one.
    let (status, _) = peer.administer("POST", &format!("{aiko}/reactivate")).await;
    assert_eq!(status, 204);
    assert_eq!(peer.portal(&token).await.0, 401);
    browser.sign_in_at(&peer, "aiko").await;
    browser.allow_program().await;
    window.says("Sign out of this computer").await;
}

#[tokio::test]
async fn a_device_s_code_is_typed_into_the_service_s_page_and_the_window_knows() {
    let peer = Peer::identity_center();
    let (mut world, _tray, window) = opened(&peer).await;
    window.says("Sign in to Kiro").await;
    let words = ["auth", "login", "--sso", "--org", "acme", "--device"];
    let mut login = world.start_kiro(&words);
    let address = login.address();
    let code = login.line().unwrap().trim().to_owned();
    world.open(&address);
    let browser = world.browser().await;
    browser.tab("/device").await;
    browser.type_into("user_code", &code.to_lowercase()).await;
    browser.sign_in_at(&peer, "maya").await;
    browser.says("Connect this device?").await;
    browser.says("Maya Fischer").await;
    browser.press("button[value=allow]").await;
    browser.says("The device is connected").await;
    let output = tokio::task::spawn_blocking(|| login.end()).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    window.says("Sign out of this computer").await;
    assert_eq!(peer.portal(&token(&world)).await.0, 200);
}

/// Its OpenID Connect side gives custom schemes what AWS's side does not: the way back by `kiro://`.
#[tokio::test]
async fn as_an_openid_provider_it_hands_the_browser_back_by_deep_link() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Unlocked);
    world.add_openid(&peer, "desktop");
    let links = world.record_links();
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("Continue in your browser").await;
    world.browser().await.sign_in_at(&peer, "aiko").await;
    window.says("Aiko Tanaka").await;
    let link = until("the link came", async || {
        std::fs::read_to_string(&links).ok()
    })
    .await;
    assert!(
        link.starts_with("kiro://kiro.oauth/callback?code="),
        "{link}"
    );
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["name"], &account["email"]),
        (&json!("Aiko Tanaka"), &json!("aiko@acme.example"))
    );
}
