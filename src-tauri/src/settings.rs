//! What the settings screen shows and changes: `settings.toml`, the autostart entry and the `kiro://` links.

use kiro_models::Region;
use kiro_relying_party::BadProxy;
use kiro_sign_in::scheme::{self, SchemeOwner};
use kiro_sign_in::{Code, Context, Failure, Preference, Preferences, prefer};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::autostart;
use crate::desktop::Desktop;
use crate::language::Language;

/// The settings as the page shows them.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct SettingsView {
    /// `null` follows the system.
    pub(crate) language: Option<Language>,
    pub(crate) notifications: bool,
    pub(crate) starts_at_login: bool,
    /// `system`, `none`, or an address.
    pub(crate) proxy: String,
    pub(crate) ca_file: Option<String>,
    #[ts(inline)]
    pub(crate) links: LinksView,
    pub(crate) version: String,
}

/// Whose `kiro://` links are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, TS)]
pub(crate) struct LinksView {
    pub(crate) ours: bool,
    /// The other program that opens them.
    pub(crate) other: Option<String>,
    /// The program that they can be given back to.
    pub(crate) former: Option<String>,
}

/// One change that the page asks for. A file is chosen in the system's own dialog.
#[derive(Clone, Debug, Deserialize, TS)]
#[serde(tag = "what", content = "to", rename_all = "snake_case")]
#[ts(rename = "Preference")]
pub(crate) enum Change {
    Language(Option<Language>),
    Notifications(bool),
    StartAtLogin(bool),
    /// `system`, `none`, or an address.
    Proxy(String),
    NoCaFile,
    /// The region in which models are asked.
    Region(String),
}

/// The settings as they stand.
pub(crate) fn view(
    context: &Context,
    preferences: &Preferences,
    links: &SchemeOwner,
) -> SettingsView {
    let network = context.network();
    SettingsView {
        language: preferences.language.map(Language::from),
        notifications: preferences.notifications,
        starts_at_login: autostart::is_on(),
        proxy: network.proxy.to_string(),
        ca_file: network.extra_ca.map(|path| path.display().to_string()),
        links: LinksView {
            ours: *links == SchemeOwner::Us,
            other: match links {
                SchemeOwner::Other { name } => Some(name.clone()),
                SchemeOwner::Us | SchemeOwner::Nobody | SchemeOwner::Unknown => None,
            },
            former: scheme::former_owner(context.store.home()).map(|former| former.name),
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Makes a change, and has the window and the tray follow it.
///
/// # Errors
/// As [`prefer`], and `unexpected` when the system refuses the autostart entry.
pub(crate) fn change(desktop: &Desktop, change: Change) -> Result<(), Failure> {
    let context = &desktop.context;
    match change {
        Change::Language(language) => {
            // Shown at once, even where the choice cannot be kept.
            let written = prefer(context, &Preference::Language(language.map(Into::into)));
            let shown = language.unwrap_or_else(|| Language::of(&Preferences::default()));
            desktop.change(|memory| memory.language = shown);
            written
        }
        Change::Notifications(on) => prefer(context, &Preference::Notifications(on)),
        Change::Proxy(text) => match text.trim().parse() {
            Ok(proxy) => prefer(context, &Preference::Proxy(proxy)),
            Err(BadProxy) => Err(unexpected(desktop, &BadProxy)),
        },
        Change::NoCaFile => prefer(context, &Preference::CaFile(None)),
        Change::Region(name) => match name.parse::<Region>() {
            Ok(region) => prefer(context, &Preference::Region(Some(region))),
            Err(error) => Err(unexpected(desktop, &error)),
        },
        Change::StartAtLogin(on) => autostart::set(on).map_err(|error| unexpected(desktop, &error)),
    }?;
    desktop.look_again();
    Ok(())
}

fn unexpected(desktop: &Desktop, error: &dyn std::error::Error) -> Failure {
    let mut failure = Failure::new(Code::Unexpected, desktop.now());
    failure.detail.description = Some(error.to_string());
    failure
}
