//! `$KIRO_HOME/settings.toml`: what the person prefers, for both programs. Everything in it may be missing.
//!
//! ```toml
//! language = "ja"          # absent: the system's; `LC_ALL` wins for one command
//! notifications = false    # absent: true
//! [network]                # absent: organizations.toml's, and that of the administrator
//! proxy = "http://10.1.1.1:3128"
//! ca_file = "/home/aiko/acme-ca.pem"
//! [models]
//! region = "eu-central-1"  # absent: the organisation's
//! ```

use std::path::PathBuf;
use std::time::Duration;

use kiro_credentials::{FileError, FileLock, Home, file};
use kiro_models::Region;
use kiro_relying_party::{HttpError, HttpSettings, Proxy, WebClient};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Table;
use toml_edit::{DocumentMut, Item, value};

use crate::organizations::Network;
use crate::session::file_failure;
use crate::{Code, Context, Failure};

const LIMIT: usize = 64 * 1024;

/// A language of the programs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// The system's language, by POSIX: `LC_ALL`, else `LC_MESSAGES`, else `LANG`; an empty variable does not count.
    pub fn of_system(variable: impl Fn(&str) -> Option<String>) -> Language {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        let language = locale.split(['_', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ja") {
            Language::Ja
        } else {
            Language::En
        }
    }
}

/// One change of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Preference {
    /// The language; `None` follows the system.
    Language(Option<Language>),
    /// Whether the desktop app may notify.
    Notifications(bool),
    /// The proxy.
    Proxy(Proxy),
    /// Certificate authorities beside the system's, a PEM file.
    CaFile(Option<PathBuf>),
    /// The region in which models are asked; `None` is the organisation's.
    Region(Option<Region>),
}

/// What the person prefers.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default)]
pub struct Preferences {
    /// The language; `None` follows the system.
    pub language: Option<Language>,
    /// Whether the desktop app may notify.
    pub notifications: bool,
    pub(crate) network: Network,
    pub(crate) models: Models,
}

/// How models are asked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Models {
    pub(crate) region: Option<Region>,
}

impl Default for Preferences {
    fn default() -> Preferences {
        Preferences {
            language: None,
            notifications: true,
            network: Network::default(),
            models: Models::default(),
        }
    }
}

impl Preferences {
    /// Reads the file; one that cannot be used counts as empty, for no sign-in fails over a preference, and so does each of its
    /// values by itself. `kiro doctor` tells what is wrong with it.
    pub fn load(home: &Home) -> Preferences {
        let table: Option<Table> = text(home).ok().and_then(|text| text.parse().ok());
        let table = table.unwrap_or_default();
        let below = |name: &str| table.get(name).and_then(toml::Value::as_table);
        let (network, models) = (below("network"), below("models"));
        Preferences {
            language: usable(Some(&table), "language"),
            notifications: usable(Some(&table), "notifications").unwrap_or(true),
            network: Network {
                proxy: usable(network, "proxy"),
                ca_file: usable(network, "ca_file"),
            },
            models: Models {
                region: usable(models, "region"),
            },
        }
    }
}

fn usable<T: DeserializeOwned>(table: Option<&Table>, name: &str) -> Option<T> {
    table?.get(name)?.clone().try_into().ok()
}

/// Why something in the file counts as missing. Who may read it is another question.
pub(crate) fn unusable(context: &Context) -> Option<Failure> {
    let text = text(context.home()).ok()?;
    let error = toml::from_str::<Preferences>(&text).err()?;
    let path = context.home().settings_file();
    Some(invalid(context, &path, error.message().to_owned()))
}

/// Writes one change; the rest of the file, its comments included, stays.
///
/// # Errors
/// `managed_by_organization` for what the administrator has fixed, `ca_file_unusable`, `organizations_invalid` for a
/// settings file that is none, and what writing can meet.
pub fn prefer(context: &Context, change: &Preference) -> Result<(), Failure> {
    allowed(context, change)?;
    let home = context.home();
    let written = |error: FileError| file_failure(context, &error);
    home.ensure().map_err(written)?;
    // A dot before it: no profile's name begins so.
    let _lock = FileLock::acquire(&home.locks().join(".settings"), Duration::from_secs(5))
        .map_err(written)?;
    let mut document: DocumentMut =
        text(home)
            .map_err(written)?
            .parse()
            .map_err(|error: toml_edit::TomlError| {
                invalid(context, &home.settings_file(), error.to_string())
            })?;
    match change {
        Preference::Language(None) => drop(document.remove("language")),
        Preference::Language(Some(Language::En)) => document["language"] = value("en"),
        Preference::Language(Some(Language::Ja)) => document["language"] = value("ja"),
        Preference::Notifications(on) => document["notifications"] = value(*on),
        Preference::Proxy(choice) => network(&mut document)["proxy"] = value(choice.to_string()),
        Preference::CaFile(None) => drop(
            network(&mut document)
                .as_table_like_mut()
                .map(|table| table.remove("ca_file")),
        ),
        Preference::Region(None) => drop(
            models(&mut document)
                .as_table_like_mut()
                .map(|table| table.remove("region")),
        ),
        Preference::Region(Some(region)) => {
            models(&mut document)["region"] = value(region.as_str());
        }
        Preference::CaFile(Some(file)) => {
            network(&mut document)["ca_file"] = value(file.display().to_string())
        }
    }
    file::replace(&home.settings_file(), document.to_string().as_bytes()).map_err(written)
}

fn allowed(context: &Context, change: &Preference) -> Result<(), Failure> {
    let locks = crate::Organizations::load(context)?.locks;
    let managed = |what: &str| Err(context.failure(Code::ManagedByOrganization).about(what));
    match change {
        Preference::Proxy(_) if locks.proxy => managed("proxy"),
        Preference::CaFile(_) if locks.ca => managed("ca"),
        Preference::Region(_) if locks.region => managed("region"),
        Preference::CaFile(Some(path)) => {
            can_be_used(path).map_err(|error| context.network_failure(&error))
        }
        Preference::Language(_)
        | Preference::Notifications(_)
        | Preference::Proxy(_)
        | Preference::Region(_)
        | Preference::CaFile(None) => Ok(()),
    }
}

fn can_be_used(ca_file: &std::path::Path) -> Result<(), HttpError> {
    let settings = HttpSettings {
        network: kiro_relying_party::Network {
            extra_ca: Some(ca_file.to_owned()),
            ..kiro_relying_party::Network::default()
        },
        ..HttpSettings::default()
    };
    WebClient::new(&settings).map(drop)
}

fn network(document: &mut DocumentMut) -> &mut Item {
    document.entry("network").or_insert_with(toml_edit::table)
}

fn models(document: &mut DocumentMut) -> &mut Item {
    document.entry("models").or_insert_with(toml_edit::table)
}

fn text(home: &Home) -> Result<String, FileError> {
    let bytes = file::read_private(&home.settings_file(), LIMIT)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn invalid(context: &Context, path: &std::path::Path, why: String) -> Failure {
    let mut failure = context.failure(Code::OrganizationsInvalid).because(why);
    failure.facts.path = Some(path.display().to_string());
    failure
}
