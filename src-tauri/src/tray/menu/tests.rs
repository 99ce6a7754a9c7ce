//! The table of UX.md §4, in both languages.

use super::*;
use crate::language::Language;
use crate::view::ViaView;
use crate::view::fixtures::{attempt, attention, signed_in, signed_out, view};
use kiro_sign_in::Code;

const NOW: &str = "2026-11-23T18:00:00+09:00";

fn now() -> Timestamp {
    NOW.parse().unwrap_or_default()
}

/// One line for a row: `- said`, `deed: label`, `---`.
fn written(shown: &Shown) -> String {
    let row = |row: &Row| match row {
        Row::Said(label) => format!("- {label}"),
        Row::Does(deed, label) => format!("{}: {label}", deed.id()),
        Row::Accounts(label, accounts) => {
            let accounts: Vec<String> = accounts
                .iter()
                .map(|(profile, title, active)| {
                    format!("{}{profile}={title}", if *active { "*" } else { "" })
                })
                .collect();
            format!("{label} > {}", accounts.join(", "))
        }
        Row::Line => "---".to_owned(),
    };
    shown.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn check(view: View, offline: bool, icon: Glyph, english: &[&str], japanese: &[&str]) {
    let zone = TimeZone::fixed(jiff::tz::offset(9));
    for (language, expected) in [(Language::En, english), (Language::Ja, japanese)] {
        let shown = menu(
            &View {
                language,
                offline,
                ..view.clone()
            },
            now(),
            &zone,
        );
        assert_eq!(written(&shown), expected.join("\n"), "{language:?}");
        assert_eq!(shown.icon, icon);
    }
}

#[test]
fn signed_out_offers_to_sign_in() {
    check(
        view(signed_out()),
        false,
        Glyph::SignedOut,
        &[
            "- Not signed in",
            "---",
            "sign-in: Sign in with SSO",
            "open: Open Kiro",
            "---",
            "quit: Quit",
        ],
        &[
            "- サインインしていません",
            "---",
            "sign-in: SSO でサインイン",
            "open: Kiro を開く",
            "---",
            "quit: 終了",
        ],
    );
}

#[test]
fn signing_in_tells_the_minutes_left() {
    check(
        View {
            attempt: Some(attempt("2026-11-23T18:08:01+09:00")),
            ..view(signed_out())
        },
        false,
        Glyph::SigningIn,
        &[
            "- Waiting for the browser, 9 min left",
            "---",
            "open-again: Open the browser again",
            "cancel: Cancel sign-in",
            "open: Open Kiro",
            "---",
            "quit: Quit",
        ],
        &[
            "- ブラウザーを待っています（残り 9 分）",
            "---",
            "open-again: ブラウザーをもう一度開く",
            "cancel: サインインを中止",
            "open: Kiro を開く",
            "---",
            "quit: 終了",
        ],
    );
}

#[test]
fn another_programs_sign_in_is_seen_and_not_touched() {
    let other = AttemptView {
        ours: false,
        via: ViaView::Loopback,
        step: StepView::Finishing,
        ..attempt("2026-11-23T18:08:00+09:00")
    };
    check(
        View {
            attempt: Some(other),
            ..view(signed_in(None))
        },
        false,
        Glyph::SigningIn,
        &[
            "- Checking the answer",
            "---",
            "open: Open Kiro",
            "---",
            "quit: Quit",
        ],
        &[
            "- 応答を確認しています",
            "---",
            "open: Kiro を開く",
            "---",
            "quit: 終了",
        ],
    );
}

#[test]
fn signed_in_says_who_and_how_long() {
    let rows = |english: &'static str, japanese: &'static str| {
        (
            [
                "- Aiko Tanaka · Acme",
                english,
                "---",
                "sign-out: Sign out",
                "open: Open Kiro",
                "---",
                "quit: Quit (stay signed in)",
            ],
            [
                "- Aiko Tanaka · Acme",
                japanese,
                "---",
                "sign-out: サインアウト",
                "open: Kiro を開く",
                "---",
                "quit: 終了（サインインは保持）",
            ],
        )
    };
    let cases = [
        (
            None,
            false,
            rows("- Renews by itself", "- 自動で更新されます"),
        ),
        (
            Some("2026-11-24T09:00:00+09:00"),
            false,
            rows("- Signed in until Tue 9:00", "- 火曜 9:00 まで有効"),
        ),
        (
            Some("2026-11-30T09:12:00+09:00"),
            false,
            rows(
                "- Signed in until Mon 30 Nov, 9:12",
                "- 11月30日 (月) 9:12 まで有効",
            ),
        ),
        (
            Some("2026-11-24T09:00:00+09:00"),
            true,
            rows("- Signed in, no network", "- サインイン済み（オフライン）"),
        ),
    ];
    for (end, offline, (english, japanese)) in cases {
        check(
            view(signed_in(end)),
            offline,
            Glyph::SignedIn,
            &english,
            &japanese,
        );
    }
}

#[test]
fn several_accounts_can_be_switched() {
    let profile = |name: &str, title: &str, active| ProfileView {
        name: name.to_owned(),
        title: title.to_owned(),
        active,
    };
    let profiles = vec![
        profile("default", "Aiko · Acme", true),
        profile("work", "Ben & Co", false),
    ];
    let shown = menu(
        &View {
            profiles,
            ..view(signed_in(None))
        },
        now(),
        &TimeZone::UTC,
    );
    assert!(
        written(&shown).contains("Switch account > *default=Aiko · Acme, work=Ben & Co"),
        "{}",
        written(&shown)
    );
}

#[test]
fn attention_says_what_and_why() {
    check(
        view(attention(Code::SessionEnded)),
        false,
        Glyph::NeedsAttention,
        &[
            "- Your session ended",
            "---",
            "sign-in: Sign in again",
            "why: Why?",
            "sign-out: Sign out",
            "open: Open Kiro",
            "---",
            "quit: Quit",
        ],
        &[
            "- セッションが終了しました",
            "---",
            "sign-in: もう一度サインイン",
            "why: 理由を見る",
            "sign-out: サインアウト",
            "open: Kiro を開く",
            "---",
            "quit: 終了",
        ],
    );
}

#[test]
fn the_last_minute_is_one_and_none_is_negative() {
    let label = |end: &str| {
        let view = View {
            attempt: Some(attempt(end)),
            ..view(signed_out())
        };
        written(&menu(&view, now(), &TimeZone::UTC))
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        label("2026-11-23T18:00:01+09:00"),
        "- Waiting for the browser, 1 min left"
    );
    assert_eq!(
        label("2026-11-23T18:01:00+09:00"),
        "- Waiting for the browser, 1 min left"
    );
    assert_eq!(
        label("2026-11-23T17:59:00+09:00"),
        "- Waiting for the browser, 0 min left"
    );
}

#[test]
fn a_name_cannot_rearrange_the_menu() {
    assert_eq!(shortened("Aiko\u{202e}akanaT\n"), "AikoakanaT");
    assert_eq!(shortened(&"あ".repeat(80)).chars().count(), 60);
    assert_eq!(shortened("田中 愛子"), "田中 愛子");
}

#[test]
fn every_row_is_found_by_its_id() {
    let profile: ProfileName = "work".parse().unwrap_or_default();
    for deed in [
        Deed::SignIn,
        Deed::OpenAgain,
        Deed::Cancel,
        Deed::SwitchTo(profile),
        Deed::SignOut,
        Deed::Why,
        Deed::Open,
        Deed::Quit,
    ] {
        assert_eq!(Deed::of(&deed.id()), Some(deed));
    }
    assert_eq!(Deed::of("1234"), None);
}
