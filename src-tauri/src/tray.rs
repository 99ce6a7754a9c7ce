//! The icon in the panel: a shape for each state, and a menu that says the state in words.
//!
//! On Linux the icon needs two things that may be missing: libayatana, whose absence would panic and is looked for
//! first; and a StatusNotifierWatcher on the session bus, which may come and go. Everything in the menu is also in
//! the window.

mod menu;
#[cfg(target_os = "linux")]
mod panel;

use std::sync::atomic::{AtomicBool, Ordering};

use kiro_credentials::Home;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

pub(crate) use menu::{Deed, Shown, menu};
use menu::{Glyph, Row};

const ID: &str = "kiro";

/// Whether a panel shows the icon, and what to do when it no longer does.
struct Panel {
    visible: AtomicBool,
    lost: fn(&AppHandle),
}

/// Puts the icon up, if this system can have one. `act` is what a row's choice, or a left click, does; `lost` is
/// called when the panel that showed the icon goes away.
pub(crate) fn create(
    app: &AppHandle,
    home: &Home,
    shown: &Shown,
    act: fn(&AppHandle, Deed),
    lost: fn(&AppHandle),
) -> tauri::Result<()> {
    app.manage(Panel {
        visible: AtomicBool::new(false),
        lost,
    });
    #[cfg(target_os = "linux")]
    if !panel::library_is_there() {
        tracing::info!("no libayatana-appindicator: the app runs without a tray icon");
        return Ok(());
    }
    TrayIconBuilder::with_id(ID)
        .icon(icon(shown.icon))
        .icon_as_template(cfg!(target_os = "macos"))
        .menu(&rows(app, &shown.rows)?)
        .temp_dir_path(home.web_data().join("tray"))
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(move |app, event| {
            if let Some(deed) = Deed::of(&event.id.0) {
                act(app, deed);
            }
        })
        .on_tray_icon_event(move |tray, event| {
            if let TrayIconEvent::Click {
                button: MouseButton::Left,
                button_state: MouseButtonState::Up,
                ..
            } = event
            {
                act(tray.app_handle(), Deed::Open);
            }
        })
        .build(app)?;
    #[cfg(target_os = "linux")]
    panel::follow(app.clone(), set_visible);
    #[cfg(not(target_os = "linux"))]
    set_visible(app, true);
    Ok(())
}

/// Shows this icon and menu from now on. On the main thread only.
pub(crate) fn show(app: &AppHandle, shown: &Shown) {
    let Some(tray) = app.tray_by_id(ID) else {
        return;
    };
    let result = rows(app, &shown.rows)
        .and_then(|menu| tray.set_menu(Some(menu)))
        .and_then(|()| tray.set_icon(Some(icon(shown.icon))));
    if let Err(error) = result {
        tracing::warn!(%error, "the tray could not be updated");
    }
}

/// Whether a panel shows the icon now.
pub(crate) fn is_visible(app: &AppHandle) -> bool {
    app.try_state::<Panel>()
        .is_some_and(|panel| panel.visible.load(Ordering::Relaxed))
}

fn set_visible(app: &AppHandle, now: bool) {
    tracing::info!(visible = now, "tray");
    if let Some(panel) = app.try_state::<Panel>()
        && panel.visible.swap(now, Ordering::Relaxed)
        && !now
    {
        (panel.lost)(app);
    }
}

fn rows(app: &AppHandle, rows: &[Row]) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::new(app)?;
    for row in rows {
        match row {
            Row::Said(label) => {
                menu.append(&MenuItem::new(app, literal(label), false, None::<&str>)?)?
            }
            Row::Does(deed, label) => {
                menu.append(&MenuItem::with_id(
                    app,
                    deed.id(),
                    literal(label),
                    true,
                    None::<&str>,
                )?)?;
            }
            Row::Accounts(label, accounts) => {
                let below = Submenu::new(app, literal(label), true)?;
                for (profile, title, active) in accounts {
                    let id = Deed::SwitchTo(profile.clone()).id();
                    below.append(&CheckMenuItem::with_id(
                        app,
                        id,
                        literal(title),
                        true,
                        *active,
                        None::<&str>,
                    )?)?;
                }
                menu.append(&below)?;
            }
            Row::Line => menu.append(&PredefinedMenuItem::separator(app)?)?,
        }
    }
    Ok(menu)
}

/// `&` would mark a mnemonic.
fn literal(label: &str) -> String {
    label.replace('&', "&&")
}

fn icon(glyph: Glyph) -> Image<'static> {
    match glyph {
        Glyph::SignedOut => tauri::include_image!("../icons/tray-signed-out-any-panel-44.png"),
        Glyph::SigningIn => tauri::include_image!("../icons/tray-signing-in-any-panel-44.png"),
        Glyph::SignedIn => tauri::include_image!("../icons/tray-signed-in-any-panel-44.png"),
        Glyph::NeedsAttention => {
            tauri::include_image!("../icons/tray-needs-attention-any-panel-44.png")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The icon without its colours, on the ground that a panel of this grey gives it.
    fn grey(glyph: Glyph, panel: f32) -> Vec<f32> {
        let icon = icon(glyph);
        let (pixels, rest) = icon.rgba().as_chunks::<4>();
        assert!(rest.is_empty());
        let grey = |[red, green, blue, alpha]: &[u8; 4]| {
            let [red, green, blue, alpha] =
                [red, green, blue, alpha].map(|&value| f32::from(value) / 255.0);
            let light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
            light * alpha + panel * (1.0 - alpha)
        };
        pixels.iter().map(grey).collect()
    }

    /// UX.md §8 g: who sees no colours tells the states apart by their shape.
    #[test]
    fn each_state_has_a_shape_of_its_own() {
        let all = [
            Glyph::SignedOut,
            Glyph::SigningIn,
            Glyph::SignedIn,
            Glyph::NeedsAttention,
        ];
        for panel in [0.0, 1.0] {
            for (at, &one) in all.iter().enumerate() {
                for &other in &all[at + 1..] {
                    let (first, second) = (grey(one, panel), grey(other, panel));
                    let apart = first.iter().zip(&second);
                    let apart = apart.filter(|(a, b)| (**a - **b).abs() > 0.4).count();
                    let part = apart * 100 / first.len();
                    assert!(part >= 4, "{one:?} and {other:?}: {part} %");
                }
            }
        }
    }
}
