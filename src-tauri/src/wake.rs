//! When the computer wakes up: the session's clock went on while no timer of ours did.

use std::sync::Arc;

use crate::desktop::Desktop;

/// Has `desktop.woken` notified after each sleep. On the main thread only. Where no logind is (and on the other
/// systems), the beat of `freshness` and the window's focus find out instead.
#[cfg(target_os = "linux")]
pub(crate) fn follow(desktop: &Arc<Desktop>) {
    use gtk::gio;

    let desktop = desktop.clone();
    gio::bus_get(gio::BusType::System, gio::Cancellable::NONE, move |bus| {
        let Ok(bus) = bus else {
            return tracing::info!("nobody tells of sleep");
        };
        let kept = bus.clone(); // nobody else holds the connection
        bus.signal_subscribe(
            Some("org.freedesktop.login1"),
            Some("org.freedesktop.login1.Manager"),
            Some("PrepareForSleep"),
            Some("/org/freedesktop/login1"),
            None,
            gio::DBusSignalFlags::NONE,
            move |_, _, _, _, _, values| {
                let _ = &kept;
                if values.child_value(0).get::<bool>() == Some(false) {
                    tracing::info!("the computer woke up");
                    desktop.woken.notify_one();
                }
            },
        );
    });
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn follow(_: &Arc<Desktop>) {}
