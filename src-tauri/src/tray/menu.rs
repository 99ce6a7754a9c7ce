//! What the tray shows in each state: the table of UX.md §4 as a pure function.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kiro_sign_in::ProfileName;

use crate::view::{AccountView, AttemptView, ProfileView, StepView, View, Who};
use crate::words::Words;

/// Icon and menu.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Shown {
    pub(crate) icon: Glyph,
    pub(crate) rows: Vec<Row>,
}

/// The door, in four shapes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Glyph {
    SignedOut,
    SigningIn,
    SignedIn,
    NeedsAttention,
}

/// One row of the menu.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Row {
    /// Says something and cannot be chosen.
    Said(String),
    /// Does something.
    Does(Deed, String),
    /// The profiles, the active one marked.
    Accounts(String, Vec<(ProfileName, String, bool)>),
    /// Separates.
    Line,
}

/// What a row does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Deed {
    SignIn,
    OpenAgain,
    Cancel,
    SwitchTo(ProfileName),
    SignOut,
    /// Opens the window, which says why.
    Why,
    Open,
    Quit,
}

impl Deed {
    /// The row's id on the menu.
    pub(crate) fn id(&self) -> String {
        match self {
            Deed::SignIn => "sign-in".to_owned(),
            Deed::OpenAgain => "open-again".to_owned(),
            Deed::Cancel => "cancel".to_owned(),
            Deed::SwitchTo(profile) => format!("switch:{profile}"),
            Deed::SignOut => "sign-out".to_owned(),
            Deed::Why => "why".to_owned(),
            Deed::Open => "open".to_owned(),
            Deed::Quit => "quit".to_owned(),
        }
    }

    /// The deed of a row's id.
    pub(crate) fn of(id: &str) -> Option<Deed> {
        if let Some(profile) = id.strip_prefix("switch:") {
            return profile.parse().ok().map(Deed::SwitchTo);
        }
        [
            Deed::SignIn,
            Deed::OpenAgain,
            Deed::Cancel,
            Deed::SignOut,
            Deed::Why,
            Deed::Open,
            Deed::Quit,
        ]
        .into_iter()
        .find(|deed| deed.id() == id)
    }
}

/// What the tray shows for a view at a time.
pub(crate) fn menu(view: &View, now: Timestamp, zone: &TimeZone) -> Shown {
    let words = Words(view.language);
    let open = Row::Does(Deed::Open, words.open());
    let quit = |label: String| Row::Does(Deed::Quit, label);
    if let Some(attempt) = &view.attempt {
        let mut rows = vec![Row::Said(progress(words, attempt, now)), Row::Line];
        if attempt.ours {
            rows.push(Row::Does(Deed::OpenAgain, words.open_again()));
            rows.push(Row::Does(Deed::Cancel, words.cancel()));
        }
        rows.extend([open, Row::Line, quit(words.quit())]);
        return Shown {
            icon: Glyph::SigningIn,
            rows,
        };
    }
    match &view.account {
        AccountView::SignedOut { .. } => Shown {
            icon: Glyph::SignedOut,
            rows: vec![
                Row::Said(words.not_signed_in()),
                Row::Line,
                Row::Does(Deed::SignIn, words.sign_in()),
                open,
                Row::Line,
                quit(words.quit()),
            ],
        },
        AccountView::SignedIn { who } => {
            let second = match (view.offline, who.session_expires_at) {
                (true, _) => words.offline(),
                (false, Some(end)) => words.until(end, now, zone),
                (false, None) => words.renews(),
            };
            let mut rows = vec![Row::Said(person(who)), Row::Said(second), Row::Line];
            rows.extend(accounts(words, &view.profiles));
            rows.push(Row::Does(Deed::SignOut, words.sign_out()));
            rows.extend([open, Row::Line, quit(words.quit_signed_in())]);
            Shown {
                icon: Glyph::SignedIn,
                rows,
            }
        }
        AccountView::NeedsAttention { reason, .. } => Shown {
            icon: Glyph::NeedsAttention,
            rows: vec![
                Row::Said(words.attention(reason)),
                Row::Line,
                Row::Does(Deed::SignIn, words.sign_in_again()),
                Row::Does(Deed::Why, words.why()),
                Row::Does(Deed::SignOut, words.sign_out()),
                open,
                Row::Line,
                quit(words.quit()),
            ],
        },
    }
}

fn progress(words: Words, attempt: &AttemptView, now: Timestamp) -> String {
    match attempt.step {
        StepView::Waiting => words.waiting(attempt.expires_at.duration_since(now)),
        StepView::Finishing => words.finishing(),
    }
}

fn person(who: &Who) -> String {
    match who.name.as_ref().or(who.email.as_ref()) {
        Some(person) => format!(
            "{} · {}",
            shortened(person),
            shortened(&who.organization_title)
        ),
        None => shortened(&who.organization_title),
    }
}

fn accounts(words: Words, profiles: &[ProfileView]) -> Option<Row> {
    let rows: Vec<_> = profiles
        .iter()
        .filter_map(|profile| {
            Some((
                profile.name.parse().ok()?,
                shortened(&profile.title),
                profile.active,
            ))
        })
        .collect();
    (rows.len() > 1).then(|| Row::Accounts(words.switch_account(), rows))
}

/// At most 60 characters, without control and bidi characters: a name cannot rearrange the menu.
fn shortened(text: &str) -> String {
    let plain = |character: &char| {
        !character.is_control()
            && !matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: Vec<char> = text.chars().filter(plain).collect();
    if clean.len() <= 60 {
        clean.into_iter().collect()
    } else {
        clean.into_iter().take(59).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests;
