//! Whether a Linux panel can show the icon.

use gtk::gio;
use tauri::AppHandle;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// What the icon's crate loads, in its order.
const LIBRARIES: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Whether the library is where the loader would find it: loading a missing one panics.
pub(super) fn library_is_there() -> bool {
    let cache = std::fs::read("/etc/ld.so.cache").unwrap_or_default();
    let folders = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    in_cache(&cache)
        || std::env::split_paths(&folders)
            .any(|folder| LIBRARIES.iter().any(|name| folder.join(name).exists()))
}

/// The loader's cache holds the names of the libraries it knows, or paths that end in them, each ended by a zero byte.
fn in_cache(cache: &[u8]) -> bool {
    let name = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
    cache
        .split(|byte| *byte == 0)
        .filter_map(name)
        .any(|name| LIBRARIES.iter().any(|library| library.as_bytes() == name))
}

/// Tells, now and whenever it changes, whether a panel watches for icons. On the main thread only.
pub(super) fn follow(app: AppHandle, visible: fn(&AppHandle, bool)) {
    let gone = app.clone();
    gio::bus_watch_name(
        gio::BusType::Session,
        WATCHER,
        gio::BusNameWatcherFlags::NONE,
        move |_, _, _| visible(&app, true),
        move |_, _| visible(&gone, false),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_cache_is_searched_for_the_whole_name() {
        assert!(in_cache(
            b"glibc-ld.so.cache1.1\0libx.so\0libayatana-appindicator3.so.1\0/usr/lib/x\0"
        ));
        assert!(in_cache(b"\0libappindicator3.so.1\0"));
        assert!(in_cache(
            b"\0/lib/x86_64-linux-gnu/libayatana-appindicator3.so.1\0"
        ));
        assert!(!in_cache(
            b"\0libayatana-appindicator3.so\0libayatana-appindicator3.so.10\0"
        ));
        assert!(!in_cache(b""));
    }
}
