//! The right to come to the front, which a Wayland desktop gives to the program that it starts (xdg-activation): a
//! second process leaves its token for the app that runs already.
//!
//! Where that does not work the window asks for attention in the desktop's own way, and a notification says the rest.

use std::time::Duration;

use kiro_credentials::{Home, file};
use tauri::{AppHandle, WebviewWindow};

/// A token is for the moment in which it was given.
const FRESH: Duration = Duration::from_secs(10);
const LIMIT: usize = 256;

/// Leaves this process's token, if the desktop gave it one. Before the toolkit takes it out of the environment.
pub(crate) fn leave(home: &Home) {
    let token = std::env::var("XDG_ACTIVATION_TOKEN").unwrap_or_default();
    if is_token(&token)
        && home.ensure().is_ok()
        && let Err(error) = file::replace(&path(home), token.as_bytes())
    {
        tracing::info!(%error, "an activation token could not be left");
    }
}

/// Has the window come to the front by a token that was left just now.
pub(crate) fn take(app: &AppHandle, window: &WebviewWindow, home: &Home) {
    let path = path(home);
    let age = path.metadata().and_then(|metadata| metadata.modified());
    let fresh = age.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < FRESH));
    let token = file::read_private(&path, LIMIT).ok().flatten();
    let token = token.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(token) = token {
        let _ = file::remove(&path);
        if fresh && is_token(&token) {
            hand_over(app, window, token);
        }
    }
}

#[cfg(target_os = "linux")]
fn hand_over(app: &AppHandle, window: &WebviewWindow, token: String) {
    use gtk::prelude::GtkWindowExt;

    let window = window.clone();
    let _ = app.run_on_main_thread(move || {
        if let Ok(window) = window.gtk_window() {
            window.set_startup_id(&token);
        }
    });
}

#[cfg(not(target_os = "linux"))]
fn hand_over(_: &AppHandle, _: &WebviewWindow, _: String) {}

fn is_token(text: &str) -> bool {
    (1..=LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn path(home: &Home) -> std::path::PathBuf {
    home.root().join("activation")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_token_is_one() {
        for token in [
            "a",
            "gnome-shell/Kiro/2345-0-host_TIME123",
            &"x".repeat(256),
        ] {
            assert!(is_token(token), "{token}");
        }
        for other in ["", "two words", "a\nb", "é", &"x".repeat(257)] {
            assert!(!is_token(other), "{other}");
        }
    }
}
