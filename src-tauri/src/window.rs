//! The one window.

use kiro_sign_in::Context;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};

use crate::activation;
use crate::desktop;
use crate::language::Language;
use crate::words::Words;

const LABEL: &str = "main";
const SIZE: (f64, f64) = (440.0, 640.0);
/// 320 px is what WCAG's reflow asks for.
const LEAST: (f64, f64) = (320.0, 480.0);

/// The window, if it is there.
pub(crate) fn of(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(LABEL)
}

/// Whether the window is on the screen, perhaps behind others.
pub(crate) fn is_shown(app: &AppHandle) -> bool {
    of(app).is_some_and(|window| window.is_visible().unwrap_or(false))
}

/// Whether the person is looking at the window.
pub(crate) fn is_in_front(app: &AppHandle) -> bool {
    of(app).is_some_and(|window| {
        window.is_visible().unwrap_or(false) && window.is_focused().unwrap_or(false)
    })
}

/// What happens to the window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// The person has closed it, and the app goes on.
    Closed,
    /// It came to the front.
    InFront,
}

/// Shows the window in front of the others, and makes it first if there is none. `told` is called of what happens to it.
pub(crate) fn present(
    app: &AppHandle,
    context: &Context,
    language: Language,
    told: impl Fn(Event) + Send + 'static,
) {
    let window = match of(app) {
        Some(window) => window,
        None => match create(app, context, language, told) {
            Ok(window) => window,
            Err(error) => return tracing::error!(%error, "the window could not be made"),
        },
    };
    activation::take(app, &window, context.store.home());
    let shown = window
        .show()
        .and_then(|()| window.unminimize())
        .and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}

/// Gives the window its title in this language.
pub(crate) fn set_language(app: &AppHandle, language: Language) {
    if let Some(window) = of(app) {
        let _ = window.set_title(&Words(language).window_title());
    }
}

fn create(
    app: &AppHandle,
    context: &Context,
    language: Language,
    told: impl Fn(Event) + Send + 'static,
) -> tauri::Result<WebviewWindow> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title(Words(language).window_title())
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(LEAST.0, LEAST.1)
        .data_directory(context.store.home().web_data())
        .devtools(false)
        .on_navigation(is_our_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .on_page_load(|_, page| {
            if page.event() == PageLoadEvent::Finished {
                tracing::debug!("page loaded"); // `make bench` waits for it
            }
        })
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::Focused(true) = event {
            told(Event::InFront);
        }
        if let WindowEvent::CloseRequested { api, .. } = event
            && desktop::goes_on(&handle)
            && let Some(window) = of(&handle)
        {
            api.prevent_close();
            let _ = window.hide();
            told(Event::Closed);
        }
    });
    Ok(window)
}

/// Lets the web view paint by itself: the page is small and still, and a graphics driver takes 70 MiB and time to start, and keeps
/// a shader cache outside `$KIRO_HOME`; in the tray, 24 MiB stay for no picture at all. Called before any thread is. The variables
/// ask for the driver when they are set: `WEBKIT_DISABLE_DMABUF_RENDERER=0 GDK_GL=`.
pub(crate) fn paint_without_graphics_driver() {
    #[cfg(target_os = "linux")]
    for (name, value) in [
        ("WEBKIT_DISABLE_DMABUF_RENDERER", "1"),
        ("GDK_GL", "disable"),
    ] {
        if let Err(error) = gtk::glib::setenv(name, value, false) {
            tracing::warn!(%error, "the page is painted by the graphics driver");
        }
    }
}

/// Only the page that is built into this program is ever shown (THREATS.md T16).
fn is_our_page(url: &url::Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => cfg!(windows) && url.host_str() == Some("tauri.localhost"),
        _ => false,
    }
}

/// Whether there is a screen to show a window on; without one the toolkit would panic.
pub(crate) fn has_display() -> bool {
    !cfg!(all(unix, not(target_os = "macos")))
        || ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        let check = |url: &str, expected: bool| {
            assert_eq!(is_our_page(&url.parse().unwrap()), expected, "{url}")
        };
        check("tauri://localhost", true);
        check("tauri://localhost/index.html", true);
        check("tauri://evil/index.html", false);
        check("https://login.acme.com/", false);
        check("http://localhost/", false);
        check("http://tauri.localhost.evil.example/", false);
        check("file:///etc/passwd", false);
        check("data:text/html,x", false);
        check("kiro://kiro.oauth/callback?code=1", false);
        check("about:blank", false);
        check("javascript:alert(1)", false);
    }
}
