//! The system browser, through the opener plugin, for addresses that we built.

use kiro_sign_in::{Browser, BrowserError};
use tauri::AppHandle;
use tauri_plugin_opener::OpenerExt;
use url::Url;

/// The browser that the system has chosen. The page cannot reach it: no permission names the plugin.
pub(crate) struct OpenerBrowser<'a>(pub(crate) &'a AppHandle);

impl Browser for OpenerBrowser<'_> {
    fn open(&self, url: &Url) -> Result<(), BrowserError> {
        let url =
            kiro_relying_party::secure_url(url.as_str()).map_err(|_| BrowserError::Insecure)?;
        self.0
            .opener()
            .open_url(url.as_str(), None::<&str>)
            .map_err(|error| BrowserError::NotStarted(error.to_string()))
    }
}
