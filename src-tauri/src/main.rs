//! The desktop app: a window, a tray icon and the end of the deep link.
//!
//! Read from here: a link is received before any window toolkit starts ([`callback`]), then the app runs
//! ([`app`]). What the page is told is [`view`]; what it may ask is [`commands`]; who decides is `kiro-sign-in`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod activation;
mod app;
mod arguments;
mod autostart;
mod browser;
mod callback;
mod clipboard;
mod commands;
mod desktop;
mod file_dialog;
mod freshness;
mod language;
mod links;
mod notices;
mod organization;
mod program;
mod receipt;
#[cfg(target_os = "linux")]
mod replacement;
mod settings;
mod signals;
mod signing_in;
mod tray;
mod view;
mod wake;
mod window;
mod words;

use std::io::Write;
use std::process::ExitCode;

use kiro_sign_in::Context;

use crate::app::End;
use crate::arguments::Start;
use crate::callback::Arrival;

fn main() -> ExitCode {
    kiro_credentials::leave_no_core();
    window::paint_without_graphics_driver();
    // Fails only if a provider is installed already, and nothing ran before this.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let start = Start::of(std::env::args_os().skip(1));
    if start == Start::Unknown {
        return refuse("usage: kiro-desktop [--hidden | LINK]", 2);
    }
    if matches!(start, Start::Link(_)) {
        callback::leave_the_browser();
    }
    #[cfg(target_os = "linux")]
    replacement::reap();
    let Ok(context) = Context::from_env(concat!("kiro-desktop/", env!("CARGO_PKG_VERSION"))) else {
        return refuse("error: There is neither KIRO_HOME nor a home folder", 1);
    };
    kiro_sign_in::log::start(context.store.home(), "desktop", Some("info"));
    if start == Start::Shown {
        activation::leave(context.store.home());
    }
    let failure = match &start {
        Start::Link(link) => match callback::arrive(&context, link) {
            Arrival::Over => return ExitCode::SUCCESS,
            Arrival::Shown(failure) => failure.map(|failure| *failure),
        },
        Start::Shown | Start::Hidden | Start::Unknown => None,
    };
    if !window::has_display() {
        return refuse(
            "error: No display\nhint: Run `kiro auth login --sso --device` in a terminal instead",
            1,
        );
    }
    match app::run(context, start == Start::Hidden, failure) {
        Ok(End::Over(code)) => code,
        #[cfg(target_os = "linux")]
        Ok(End::Replaced) => {
            let error = replacement::start();
            tracing::error!(%error, "the app did not come back to the tray");
            refuse(&format!("error: The app did not start again: {error}"), 1)
        }
        #[cfg(target_os = "linux")]
        Err(tauri::Error::PluginInitialization(name, error))
            if name == "single-instance" && replacement::may_try_again() =>
        {
            // The app that ran went away while this one spoke to it: there is room for this one now.
            tracing::info!(%error, "started again");
            let error = replacement::try_again(start == Start::Hidden);
            refuse(&format!("error: The app did not start: {error}"), 1)
        }
        Err(error) => {
            tracing::error!(%error, "the app did not start");
            refuse(&format!("error: The app did not start: {error}"), 1)
        }
    }
}

/// Says why there will be no window, where a terminal can show it.
fn refuse(why: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(code)
}
