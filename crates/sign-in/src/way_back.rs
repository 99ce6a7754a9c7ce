//! Which way the answer should come back when the person has not said: by the app link, or through localhost.
//!
//! Chromium hands one link over to a program and then none until somebody has clicked or typed in a page. A sign-in
//! that the provider answers without a question, because the browser's session there still lives, brings no such
//! click: its link would be dropped without a word. So a sign-in soon after a link came goes through localhost
//! (docs/decisions/0007).

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{Home, file};

use crate::Context;
use crate::flow::{AccountChoice, Via};

/// How long after a link the browser may still refuse the next one. Later, people have used their browser.
const SOON: SignedDuration = SignedDuration::from_mins(10);
const LIMIT: usize = 64;

/// The way for a sign-in that begins now, where the app link is ours and the provider allows it.
pub fn way_back(context: &Context, account: &AccountChoice) -> Via {
    decide(last_link(context.home()), account, context.now())
}

/// Remembers that the browser has handed a link over just now, for every program and for later starts.
pub(crate) fn link_came(context: &Context) {
    let now = context.now().to_string();
    if let Err(error) = file::replace(&path(context.home()), now.as_bytes()) {
        tracing::warn!(%error, "the time of the last link could not be written");
    }
}

fn decide(last_link: Option<Timestamp>, account: &AccountChoice, now: Timestamp) -> Via {
    // Choosing an account, or typing a password, is the gesture that the browser waits for.
    if *account == AccountChoice::Select {
        return Via::DeepLink;
    }
    let soon = |last| (SignedDuration::ZERO..SOON).contains(&now.duration_since(last));
    if last_link.is_some_and(soon) {
        Via::Loopback
    } else {
        Via::DeepLink
    }
}

fn path(home: &Home) -> std::path::PathBuf {
    home.sign_ins().join("last-link")
}

fn last_link(home: &Home) -> Option<Timestamp> {
    let bytes = file::read_private(&path(home), LIMIT).ok()??;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soon_after_a_link_the_answer_comes_through_localhost_unless_somebody_must_click() {
        let link: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap_or_default();
        let check = |last: Option<Timestamp>, account: AccountChoice, after: i64, expected: Via| {
            let now = link + SignedDuration::from_secs(after);
            assert_eq!(decide(last, &account, now), expected, "{account:?} {after}");
        };
        let hint = || AccountChoice::Hint("aiko@acme.com".to_owned());
        check(None, AccountChoice::Any, 0, Via::DeepLink);
        check(Some(link), AccountChoice::Any, 0, Via::Loopback);
        check(Some(link), AccountChoice::Any, 599, Via::Loopback);
        check(Some(link), hint(), 599, Via::Loopback);
        check(Some(link), AccountChoice::Select, 1, Via::DeepLink);
        check(Some(link), AccountChoice::Any, 600, Via::DeepLink);
        // A clock that was set back says nothing about the browser.
        check(Some(link), AccountChoice::Any, -1, Via::DeepLink);
    }
}
