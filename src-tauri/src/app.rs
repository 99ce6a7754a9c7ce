//! The app from its start to its end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use kiro_credentials::Home;
use kiro_sign_in::{Context, Failure, Preferences, Received, receive};
use tauri::{AppHandle, Manager, RunEvent, async_runtime};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::arguments::Start;
use crate::desktop::{self, Desktop};
use crate::language::Language;
use crate::signing_in;
use crate::tray::{self, Deed};
use crate::view::{AccountChoiceView, WayView};
use crate::{commands, freshness, links, notices, signals, wake, window};

/// At login the panel may come up after us, and one that ends may come back.
const PANEL_PATIENCE: Duration = Duration::from_secs(10);

/// How the app ended.
pub(crate) enum End {
    /// For good.
    Over(ExitCode),
    /// To go on as a hidden one, without the window's memory.
    #[cfg(target_os = "linux")]
    Replaced,
}

/// Runs the app until it quits. `hidden`: start in the tray. `failure`: what the first screen has to say.
///
/// # Errors
/// When the toolkit cannot start.
pub(crate) fn run(context: Context, hidden: bool, failure: Option<Failure>) -> tauri::Result<End> {
    let single = tauri_plugin_single_instance::Builder::new()
        .dbus_id(instance(context.store.home()))
        .callback(|app, arguments, _| started_again(app, arguments))
        .build();
    let app = tauri::Builder::default()
        .plugin(single)
        .plugin(tauri_plugin_deep_link::init())
        .plugin(
            tauri_plugin_opener::Builder::new()
                .open_js_links_on_click(false)
                .build(),
        )
        .invoke_handler(tauri::generate_handler![
            commands::watch,
            commands::sign_in,
            commands::browsers,
            commands::cancel,
            commands::extend,
            commands::open_again,
            commands::copy_link,
            commands::paste,
            commands::sign_out,
            commands::end_session,
            commands::take_links,
            commands::dismiss,
            commands::switch_profile,
            commands::choose_organization,
            commands::check_organization,
            commands::add_organization,
            commands::open_organization_file,
            commands::confirm_organization_file,
            commands::prefer,
            commands::choose_ca_file,
            commands::give_links_back,
            commands::check_computer,
            commands::export_diagnostics,
            commands::copy_details,
            commands::copy_request,
        ])
        .setup(move |app| Ok(set_up(app.handle(), context, hidden, failure)?))
        .build(tauri::generate_context!())?;
    let code = app.run_return(|app, event| {
        if let RunEvent::ExitRequested {
            code: None, api, ..
        } = event
        {
            api.prevent_exit(); // the last window was closed: what is under way is not
            if !desktop::goes_on(app)
                && let Some(desktop) = app.try_state::<Arc<Desktop>>()
            {
                async_runtime::spawn(desktop::quit(desktop.inner().clone()));
            }
        }
    });
    #[cfg(target_os = "linux")]
    if code == desktop::REPLACED {
        return Ok(End::Replaced);
    }
    Ok(End::Over(
        u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
    ))
}

fn set_up(
    app: &AppHandle,
    context: Context,
    hidden: bool,
    failure: Option<Failure>,
) -> tauri::Result<()> {
    let language = Language::of(&Preferences::load(context.store.home()));
    let desktop = Desktop::new(context, app.clone(), language, failure);
    app.manage(desktop.clone());
    let first = tray::menu(&desktop.view(), desktop.now(), &TimeZone::system());
    if let Err(error) = tray::create(app, desktop.context.store.home(), &first, act, panel_lost) {
        tracing::warn!(%error, "no tray icon");
    }
    notices::follow(app, act);
    signals::follow(&desktop)?;
    async_runtime::spawn(desktop::follow(desktop.clone()));
    wake::follow(&desktop);
    async_runtime::spawn(freshness::keep(desktop.clone()));
    let owned = desktop.clone();
    async_runtime::spawn(async move { links::look(&owned).await });
    let receiver = desktop.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            async_runtime::spawn(arrived(receiver.clone(), url.into()));
        }
    });
    if hidden {
        async_runtime::spawn(show_without_a_panel(desktop));
    } else {
        desktop.present();
    }
    Ok(())
}

/// A link that the deep-link plugin brings: on macOS every one, elsewhere one that a second process has received
/// already, which the files then know as finished.
async fn arrived(desktop: Arc<Desktop>, link: String) {
    let _work = desktop.work.read().await;
    match receive(&desktop.context, &link).await {
        Received::NotOurs | Received::Left(_) => {}
        Received::Opened(_) => desktop.present(),
        Received::Finished(result) => {
            let failure = result.err();
            desktop.change(|memory| memory.failure = failure);
            desktop.present();
        }
    }
}

/// A second start. One with a link comes here only if the link asked for the window, or its sign-in was finished.
fn started_again(app: &AppHandle, arguments: Vec<String>) {
    let start = Start::of(arguments.into_iter().skip(1).map(Into::into));
    if start != Start::Hidden
        && let Some(desktop) = app.try_state::<Arc<Desktop>>()
    {
        desktop.present();
        desktop.look_again();
    }
}

fn panel_lost(app: &AppHandle) {
    if let Some(desktop) = app.try_state::<Arc<Desktop>>() {
        async_runtime::spawn(show_without_a_panel(desktop.inner().clone()));
    }
}

/// Where no tray is, the window is the only way to be seen.
async fn show_without_a_panel(desktop: Arc<Desktop>) {
    tokio::time::sleep(PANEL_PATIENCE).await;
    if !tray::is_visible(&desktop.app) && !window::is_shown(&desktop.app) {
        desktop.present();
    }
}

/// Does what a row of the tray's menu says.
fn act(app: &AppHandle, deed: Deed) {
    let Some(desktop) = app
        .try_state::<Arc<Desktop>>()
        .map(|state| state.inner().clone())
    else {
        return;
    };
    match deed {
        Deed::Open | Deed::Why => desktop.present(),
        Deed::Quit => {
            async_runtime::spawn(desktop::quit(desktop));
        }
        Deed::Cancel => signing_in::cancel(&desktop),
        Deed::SwitchTo(profile) => signing_in::switch(&desktop, &profile),
        Deed::SignOut => {
            async_runtime::spawn(async move { signing_in::sign_out_here(&desktop).await });
        }
        Deed::OpenAgain => {
            let url = desktop
                .memory()
                .ours
                .as_ref()
                .map(|ours| ours.handle().url());
            if let Some(url) = url {
                async_runtime::spawn(async move { signing_in::open(&desktop, url).await });
            }
        }
        Deed::SignIn => match signing_in::meant(&desktop) {
            Some(organization) => {
                async_runtime::spawn(async move {
                    signing_in::sign_in(
                        &desktop,
                        &organization,
                        AccountChoiceView::Hint,
                        WayView::Best,
                        None,
                    )
                    .await;
                    if desktop.memory().failure.is_some() {
                        desktop.present();
                    }
                });
            }
            None => desktop.present(),
        },
    }
}

/// The name under which one app runs for one home: a demonstration beside the person's own app is another app.
fn instance(home: &Home) -> String {
    let mut hasher = DefaultHasher::new();
    home.root().hash(&mut hasher);
    format!("app.kiro.signin.h{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_home_has_its_own_app() {
        let name = |path: &str| instance(&Home::at(path));
        assert_eq!(name("/home/aiko/.kiro/sso"), name("/home/aiko/.kiro/sso"));
        assert_ne!(name("/home/aiko/.kiro/sso"), name("/tmp/demo"));
        assert!(
            name("/x")
                .split('.')
                .all(|part| part.starts_with(|first: char| first.is_ascii_alphabetic()))
        );
    }
}
