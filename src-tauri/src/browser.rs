//! The browsers of this computer: the system's own choice through the opener plugin, or the one that the person named.
//! For addresses that we built.

use kiro_sign_in::{Browser, BrowserError};
use serde::Serialize;
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt;
use ts_rs::TS;
use url::Url;

/// A browser that is installed.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(rename = "Browser")]
pub(crate) struct BrowserView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The one that the system opens by itself.
    pub(crate) usual: bool,
}

/// The system's choice, or the browser of this id. The page cannot reach it: no permission names the plugin.
pub(crate) struct OpenerBrowser<'a>(pub(crate) &'a AppHandle, pub(crate) Option<&'a str>);

impl Browser for OpenerBrowser<'_> {
    fn open(&self, url: &Url) -> Result<(), BrowserError> {
        let url =
            kiro_relying_party::secure_url(url.as_str()).map_err(|_| BrowserError::Insecure)?;
        match self.1 {
            Some(id) => named::open(id, &url).map_err(BrowserError::NotStarted),
            None => self
                .0
                .opener()
                .open_url(url.as_str(), None::<&str>)
                .map_err(|error| BrowserError::NotStarted(error.to_string())),
        }
    }
}

pub(crate) use named::installed;

/// By their launchers (freedesktop.org MIME applications).
#[cfg(target_os = "linux")]
mod named {
    use gtk::gio;
    use gtk::gio::prelude::AppInfoExt;
    use url::Url;

    use super::BrowserView;

    const KIND: &str = "x-scheme-handler/https";

    /// Every installed browser, the usual one first.
    pub(crate) fn installed() -> Vec<BrowserView> {
        let usual = gio::AppInfo::default_for_type(KIND, false).and_then(|usual| usual.id());
        let mut browsers: Vec<BrowserView> = gio::AppInfo::all_for_type(KIND)
            .into_iter()
            .filter_map(|browser| {
                Some(BrowserView {
                    id: browser.id()?.into(),
                    name: browser.name().into(),
                    usual: browser.id() == usual,
                })
            })
            .collect();
        browsers.sort_by_key(|browser| !browser.usual);
        browsers
    }

    /// Starts the browser as its launcher says, without a shell.
    pub(super) fn open(id: &str, url: &Url) -> Result<(), String> {
        let browser = gio::AppInfo::all_for_type(KIND)
            .into_iter()
            .find(|browser| browser.id().is_some_and(|other| other == id))
            .ok_or_else(|| format!("{id} is not installed"))?;
        browser
            .launch_uris(&[url.as_str()], gio::AppLaunchContext::NONE)
            .map_err(|error| error.to_string())
    }
}

#[cfg(not(target_os = "linux"))]
mod named {
    use url::Url;

    use super::BrowserView;

    pub(crate) fn installed() -> Vec<BrowserView> {
        Vec::new()
    }

    pub(super) fn open(_: &str, _: &Url) -> Result<(), String> {
        Err("browsers are not told apart on this system".to_owned())
    }
}
