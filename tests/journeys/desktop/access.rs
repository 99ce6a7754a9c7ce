//! What a screen reader is told of the real window, in both languages (UX.md §8 c).

use kiro_tests::{Keyring, Peer, Tray, Window, World};
use serde_json::json;

#[tokio::test]
async fn every_button_has_a_role_and_a_name_in_both_languages() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.start_accessibility();
    world.add_okta(&peer);
    let _tray = Tray::new(&world);
    let window = Window::open(&world).await;
    let unnamed = |told: &[String]| {
        let unnamed = told.iter().find(|one| one.ends_with(": "));
        assert!(unnamed.is_none(), "{told:#?}");
    };

    let told = world
        .read_out(
            "Sign in to Kiro",
            &[
                "frame: Kiro Sign-In",
                "push button: Settings",
                "push button: 日本語",
                "push button: Change",
                "push button: Sign in with SSO",
            ],
        )
        .await;
    unnamed(&told);
    window.press("日本語").await;
    let told = world
        .read_out(
            "Kiro にサインイン",
            &[
                "frame: Kiro サインイン",
                "push button: 設定",
                "push button: English",
                "push button: 変更",
                "push button: SSO でサインイン",
            ],
        )
        .await;
    unnamed(&told);

    window.press_named("設定").await;
    let told = world
        .read_out(
            "設定",
            &[
                "radio button: システム",
                "radio button: English",
                "push button: 戻る",
            ],
        )
        .await;
    unnamed(&told);
    window.press("戻る").await;

    window.press("SSO でサインイン").await;
    let told = world
        .read_out(
            "ブラウザーで続けてください",
            &[
                "push button: ブラウザーをもう一度開く",
                "push button: キャンセル",
            ],
        )
        .await;
    unnamed(&told);
    window.press("English").await;
    let told = world
        .read_out(
            "Continue in your browser",
            &[
                "push button: Open the browser again",
                "push button: Nothing happening?",
                "push button: Cancel",
            ],
        )
        .await;
    unnamed(&told);

    world.browser().await.sign_in("aiko").await;
    let told = world
        .read_out(
            "Aiko Tanaka",
            &[
                "push button: Sign out of this computer",
                "push button: More ways to sign out",
            ],
        )
        .await;
    unnamed(&told);
    window.press("日本語").await;
    window.says("この PC からサインアウト").await;
    let told = world
        .read_out("Aiko Tanaka", &["push button: この PC からサインアウト"])
        .await;
    unnamed(&told);
}

/// A heading and buttons, as they are read out on this screen in English, then in Japanese; English is shown again afterwards.
async fn in_both(world: &World, window: &Window, english: &[&str], japanese: &[&str]) {
    for (language, words) in [("日本語", english), ("English", japanese)] {
        let (heading, buttons) = words.split_first().unwrap();
        let buttons: Vec<_> = buttons
            .iter()
            .map(|name| format!("push button: {name}"))
            .collect();
        let buttons: Vec<_> = buttons.iter().map(String::as_str).collect();
        let told = world.read_out(heading, &buttons).await;
        let unnamed = told.iter().find(|one| one.ends_with(": "));
        assert!(unnamed.is_none(), "{told:#?}");
        window.press(language).await;
    }
    window.says(english[0]).await;
}

#[tokio::test]
async fn the_first_run_errors_attention_and_the_receipt_are_read_out_in_both_languages() {
    let peer = Peer::okta(30);
    let mut world = World::new(Keyring::Unlocked);
    world.start_accessibility();
    world.allow_kiro_links(peer.word("origin"));
    world.needs_ports();
    let window = Window::open(&world).await;
    let read = async |english: &[&str], japanese: &[&str]| {
        in_both(&world, &window, english, japanese).await;
    };
    read(
        &["Welcome to Kiro", "Open organisation file…"],
        &["Kiro へようこそ", "組織ファイルを開く…"],
    )
    .await;
    window.press("I am the administrator").await;
    read(
        &["Set up your organisation", "Check and save", "Cancel"],
        &["組織を設定", "確認して保存", "キャンセル"],
    )
    .await;
    for (field, text) in [
        ("Name", "Acme"),
        ("Issuer URL", peer.word("issuer")),
        ("Client ID", peer.word("client_id")),
    ] {
        window.press(field).await;
        window.type_text(text).await;
    }
    window.press("Check and save").await;
    read(
        &["Is this your organisation?", "Add organisation", "Cancel"],
        &["この組織でよろしいですか", "組織を追加", "キャンセル"],
    )
    .await;
    window.press("Add organisation").await;
    window.says("Sign in to Kiro").await;

    window.press("Sign in with SSO").await;
    world.browser().await.sign_in("aiko").await;
    window.says("Sign out of this computer").await;
    peer.control(json!({ "revoke_user": "aiko" })).await;
    world.focus_window();
    read(
        &["Your sign-in has ended", "Sign in again", "Sign out"],
        &[
            "サインインが終了しました",
            "もう一度サインイン",
            "サインアウト",
        ],
    )
    .await;
    window.press("Sign out").await;
    read(&["Signed out", "Done"], &["サインアウトしました", "完了"]).await;
    window.press("Done").await;
    window.says("Sign in to Kiro").await;

    peer.control(json!({ "authorize_error": { "error": "access_denied", "error_description": "User is not assigned to the client application." } }))
        .await;
    window.press("Sign in with SSO").await;
    read(
        &[
            "You do not have access yet",
            "Use another account",
            "Copy request for IT",
        ],
        &[
            "まだアクセス権がありません",
            "別のアカウントを使う",
            "依頼文をコピー",
        ],
    )
    .await;
}
