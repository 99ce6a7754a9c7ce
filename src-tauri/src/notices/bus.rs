//! Desktop Notifications Specification 1.2, over the session bus that the toolkit uses anyway.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use gtk::gio;
use gtk::glib::variant::{ToVariant, Variant};
use tauri::{AppHandle, Manager};

use super::Notice;
use crate::tray::Deed;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const PATIENCE: i32 = 5000;

/// The notifications on the screen, and what their button does.
#[derive(Default)]
struct Shown(Mutex<HashMap<u32, Deed>>);

/// Shows a notification. Where nobody shows them, the window and the tray say the same.
pub(super) fn tell(app: &AppHandle, notice: &Notice) {
    let (deed, label) = notice.action.clone();
    let actions = vec!["default".to_owned(), label.clone(), "act".to_owned(), label];
    let hints = HashMap::from([("desktop-entry".to_owned(), "kiro-sign-in".to_variant())]);
    let words = (
        "Kiro Sign-In".to_owned(),
        0_u32,
        "kiro-sign-in".to_owned(),
        notice.title.clone(),
        plain(&notice.body),
        actions,
        hints,
        -1_i32,
    );
    let inside = app.clone();
    let asked = app.run_on_main_thread(move || {
        gio::bus_get(gio::BusType::Session, gio::Cancellable::NONE, move |bus| {
            let Ok(bus) = bus else { return };
            let told = move |answer: Result<Variant, gtk::glib::Error>| match answer
                .map(|answer| answer.child_value(0).get::<u32>())
            {
                Ok(Some(id)) => note(&inside, id, deed),
                Ok(None) => {}
                Err(error) => tracing::info!(%error, "nobody shows notifications"),
            };
            bus.call(
                Some(NAME),
                PATH,
                NAME,
                "Notify",
                Some(&words.to_variant()),
                None,
                gio::DBusCallFlags::NONE,
                PATIENCE,
                gio::Cancellable::NONE,
                told,
            );
        });
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "a notification was not shown");
    }
}

/// Calls `act` when somebody presses a notification of ours. On the main thread only.
pub(super) fn follow(app: &AppHandle, act: fn(&AppHandle, Deed)) {
    app.manage(Shown::default());
    let app = app.clone();
    gio::bus_get(gio::BusType::Session, gio::Cancellable::NONE, move |bus| {
        let Ok(bus) = bus else { return };
        bus.signal_subscribe(
            Some(NAME),
            Some(NAME),
            Some("ActionInvoked"),
            Some(PATH),
            None,
            gio::DBusSignalFlags::NONE,
            move |_, _, _, _, _, values| {
                // The signal reaches every program: only a number that is ours counts.
                let pressed = values.child_value(0).get::<u32>();
                if let Some(deed) = pressed.and_then(|id| taken(&app, id)) {
                    act(&app, deed);
                }
            },
        );
    });
}

fn note(app: &AppHandle, id: u32, deed: Deed) {
    if let Some(shown) = app.try_state::<Shown>() {
        let mut shown = shown.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.insert(id, deed);
    }
}

fn taken(app: &AppHandle, id: u32) -> Option<Deed> {
    let shown = app.try_state::<Shown>()?;
    let mut shown = shown.0.lock().unwrap_or_else(PoisonError::into_inner);
    shown.remove(&id)
}

/// A body may be read as markup.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
