//! What a screen reader is told of the real window, in both languages (UX.md §8 c).

use kiro_tests::{Keyring, Peer, Tray, Window, World};

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
