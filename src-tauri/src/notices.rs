//! The notifications of UX.md §5 and no others: each once, with an action, and none of what the person sees already.

#[cfg(target_os = "linux")]
mod bus;

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Home, file};
use kiro_sign_in::Code;

use crate::desktop::Desktop;
use crate::tray::Deed;
use crate::view::{AccountView, View};
use crate::window;
use crate::words::Words;

/// How long before its known end a session is announced to end.
const SOON: SignedDuration = SignedDuration::from_mins(15);
const LIMIT: usize = 4096;

/// What is to be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// What it is about: told once as long as it lasts.
    key: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// What its button does, and what the button says.
    pub(crate) action: (Deed, String),
}

/// Tells what the view calls for and has not been told yet.
pub(crate) fn consider(desktop: &Desktop, view: &View) {
    let due = due(view, desktop.now(), &TimeZone::system());
    let home = desktop.context.store.home();
    let told = told(home);
    let (now_told, news) = next(&told, due, view.settings.notifications);
    if let Some(notice) = news
        && !window::is_in_front(&desktop.app)
    {
        tell(desktop, &notice);
    }
    if now_told != told {
        remember(home, &now_told);
    }
}

/// Says that the sign-in is done, where the window could not come to the front to say so.
pub(crate) fn signed_in(desktop: &Desktop) {
    let view = desktop.view();
    let AccountView::SignedIn { who } = &view.account else {
        return;
    };
    if !view.settings.notifications || window::is_in_front(&desktop.app) {
        return;
    }
    let words = Words(view.language);
    let person = who
        .name
        .as_deref()
        .or(who.email.as_deref())
        .unwrap_or(&who.organization_title);
    let notice = Notice {
        key: String::new(),
        title: words.signed_in_as(person),
        body: String::new(),
        action: (Deed::Open, words.open()),
    };
    tell(desktop, &notice);
}

fn tell(desktop: &Desktop, notice: &Notice) {
    tracing::info!(action = ?notice.action.0, "notification");
    #[cfg(target_os = "linux")]
    bus::tell(&desktop.app, notice);
    #[cfg(not(target_os = "linux"))]
    let _ = desktop;
}

/// Has the buttons of notifications do what they say.
pub(crate) fn follow(app: &tauri::AppHandle, act: fn(&tauri::AppHandle, Deed)) {
    #[cfg(target_os = "linux")]
    bus::follow(app, act);
    #[cfg(not(target_os = "linux"))]
    let _ = (app, act);
}

/// What the view calls for now.
fn due(view: &View, now: Timestamp, zone: &TimeZone) -> Option<Notice> {
    let words = Words(view.language);
    match &view.account {
        AccountView::SignedIn { who } => {
            let end = who.session_expires_at?;
            let left = end.duration_since(now);
            (SignedDuration::ZERO..=SOON)
                .contains(&left)
                .then(|| Notice {
                    key: format!("ends {} {end}", who.profile),
                    title: words.ends_soon(end, zone),
                    body: String::new(),
                    action: (Deed::SignIn, words.sign_in_short()),
                })
        }
        AccountView::NeedsAttention { reason, who } => {
            let ended = matches!(
                reason.code,
                Code::SessionEnded | Code::EndedByOrg | Code::StepUpNeeded
            );
            let (kind, action) = if ended {
                ("ended", (Deed::SignIn, words.sign_in_again()))
            } else if reason.code == Code::KeyringLocked {
                ("keyring", (Deed::Open, words.open()))
            } else {
                return None;
            };
            Some(Notice {
                key: format!("{kind} {} {}", who.profile, who.signed_in_at),
                title: words.attention(reason),
                body: words.about(
                    who.name.as_deref().or(who.email.as_deref()),
                    &who.organization_title,
                ),
                action,
            })
        }
        AccountView::SignedOut { .. } => None,
    }
}

/// What has been told after this, and what is to be told now. What no longer holds is forgotten, so that it can be
/// told when it comes again.
fn next(
    told: &BTreeSet<String>,
    due: Option<Notice>,
    wanted: bool,
) -> (BTreeSet<String>, Option<Notice>) {
    match due {
        None => (BTreeSet::new(), None),
        Some(notice) if told.contains(&notice.key) || !wanted => (
            told.iter()
                .filter(|key| **key == notice.key)
                .cloned()
                .collect(),
            None,
        ),
        Some(notice) => (BTreeSet::from([notice.key.clone()]), Some(notice)),
    }
}

fn path(home: &Home) -> std::path::PathBuf {
    home.root().join("notices")
}

fn told(home: &Home) -> BTreeSet<String> {
    let bytes = file::read_private(&path(home), LIMIT)
        .ok()
        .flatten()
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes)
        .lines()
        .map(str::to_owned)
        .collect()
}

fn remember(home: &Home, told: &BTreeSet<String>) {
    let text: String = told.iter().map(|key| format!("{key}\n")).collect();
    if let Err(error) = file::replace(&path(home), text.as_bytes()) {
        tracing::warn!(%error, "what has been told could not be remembered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixtures;

    fn title(account: AccountView, now: &str) -> Option<String> {
        let now = now.parse().unwrap_or_default();
        due(&fixtures::view(account), now, &TimeZone::UTC).map(|notice| notice.title)
    }

    #[test]
    fn a_known_end_is_told_a_quarter_of_an_hour_before() {
        let at = |now| title(fixtures::signed_in(Some("2026-11-24T09:00:00Z")), now);
        assert_eq!(at("2026-11-24T08:44:59Z"), None);
        assert_eq!(
            at("2026-11-24T08:45:00Z").as_deref(),
            Some("Your Kiro session ends at 9:00. Sign in now?")
        );
        assert_eq!(at("2026-11-24T09:00:01Z"), None);
        assert_eq!(
            title(fixtures::signed_in(None), "2026-11-24T08:50:00Z"),
            None
        );
    }

    #[test]
    fn notifications_are_in_the_person_s_language() {
        let mut view = fixtures::view(fixtures::attention(Code::SessionEnded));
        view.language = crate::language::Language::Ja;
        let now = "2026-11-23T12:00:00Z".parse().unwrap_or_default();
        let told = due(&view, now, &TimeZone::UTC);
        let japanese = |text: &str| text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c));
        assert!(
            told.is_some_and(|told| japanese(&told.title) && japanese(&told.action.1)),
            "title and button"
        );
    }

    #[test]
    fn an_end_and_a_locked_keyring_are_told_and_nothing_else_is() {
        let told = |code| title(fixtures::attention(code), "2026-11-23T12:00:00Z").is_some();
        for code in [
            Code::SessionEnded,
            Code::EndedByOrg,
            Code::StepUpNeeded,
            Code::KeyringLocked,
        ] {
            assert!(told(code), "{code:?}");
        }
        for code in [
            Code::Unreachable,
            Code::CouldNotSave,
            Code::PassphraseNeeded,
            Code::RefreshFailed,
        ] {
            assert!(!told(code), "{code:?}");
        }
        assert_eq!(title(fixtures::signed_out(), "2026-11-23T12:00:00Z"), None);
    }

    #[test]
    fn each_is_told_once_as_long_as_it_lasts_and_not_at_all_when_nobody_wants_it() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap_or_default();
        let ended = || {
            due(
                &fixtures::view(fixtures::attention(Code::SessionEnded)),
                now,
                &TimeZone::UTC,
            )
        };
        let (told, news) = next(&BTreeSet::new(), ended(), true);
        assert!(news.is_some());
        let (told, news) = next(&told, ended(), true);
        assert!(news.is_none() && told.len() == 1);
        let (told, _) = next(&told, None, true);
        assert!(told.is_empty(), "signed in again: forgotten");
        assert!(next(&told, ended(), true).1.is_some());
        let (told, news) = next(&BTreeSet::new(), ended(), false);
        assert!(news.is_none() && told.is_empty());
    }
}
