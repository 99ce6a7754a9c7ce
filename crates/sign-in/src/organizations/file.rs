//! The form of `organizations.toml`, reading it and writing it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiro_credentials::{FileError, FileLock, Home, file};
use kiro_models::Residency;
use kiro_relying_party::Proxy;
use serde::{Deserialize, Serialize};
use toml_edit::DocumentMut;

use super::{Inference, Locks, Organization, Organizations, Settings, inference, valid_name};
use crate::{Code, Context, Failure, Preferences};

const LIMIT: usize = 256 * 1024;

/// How to reach the network; the administrator's values win where they are locked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Network {
    /// `system`, `none`, or `http://host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,
    /// Further certificate authorities, a PEM file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_contact: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    locks: Locks,
    #[serde(skip_serializing_if = "is_default")]
    network: Network,
    organizations: BTreeMap<String, Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    // `title` and `contact` are what an Identity Center of our own calls them (`admin client-settings`).
    #[serde(skip_serializing_if = "Option::is_none", alias = "title")]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "contact")]
    support_contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    residency: Option<Residency>,
    #[serde(flatten)]
    settings: Settings,
    #[serde(default, skip_serializing_if = "is_default")]
    inference: inference::Table,
}

/// What may stand in an organisation's table, whichever its provider. Serde cannot say so of a flattened one, and a
/// misspelt `residency` would be none.
const KEYS: [&str; 16] = [
    "allowed_tenants",
    "authority",
    "client_id",
    "contact",
    "display_name",
    "endpoint",
    "inference",
    "issuer",
    "provider",
    "region",
    "residency",
    "scopes",
    "start_url",
    "support_contact",
    "tenant",
    "title",
];

impl Entry {
    fn of(organization: &Organization) -> Entry {
        Entry {
            display_name: Some(organization.display_name.clone()),
            support_contact: organization.support_contact.clone(),
            residency: organization.inference.residency,
            settings: organization.settings.clone(),
            inference: organization.inference.table(),
        }
    }
}

/// The first word in an organisation's table that means nothing.
fn misspelt(text: &str) -> Option<String> {
    let file: toml::Table = toml::from_str(text).ok()?;
    let organizations = file.get("organizations")?.as_table()?;
    organizations.iter().find_map(|(name, entry)| {
        let mut keys = entry.as_table()?.keys();
        let unknown = keys.find(|key| !KEYS.contains(&key.as_str()))?;
        Some(format!("[organizations.{name}] unknown field `{unknown}`"))
    })
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a file's text. The error is a sentence with line and column.
pub(super) fn parse(text: &str, managed: bool) -> Result<Organizations, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    if let Some(why) = misspelt(text) {
        return Err(why);
    }
    let mut list = Vec::new();
    for (name, entry) in file.organizations {
        if !valid_name(&name) {
            return Err(format!(
                "`{name}` is no name for an organisation: use a-z, 0-9 and -, at most 63"
            ));
        }
        let here = |why| format!("[organizations.{name}] {why}");
        check_settings(&entry.settings).map_err(here)?;
        let inference = Inference::read(entry.residency, entry.inference, &entry.settings);
        let inference = Inference {
            managed,
            ..inference.map_err(here)?
        };
        list.push(Organization {
            display_name: entry.display_name.unwrap_or_else(|| title_case(&name)),
            name,
            settings: entry.settings,
            support_contact: entry
                .support_contact
                .or_else(|| file.support_contact.clone()),
            inference,
            managed,
        });
    }
    if let Some(proxy) = &file.network.proxy {
        let read = proxy.parse::<Proxy>();
        read.map_err(|error| format!("[network] proxy: {error}"))?;
    }
    Ok(Organizations {
        list,
        default: file.default,
        last_used: file.last_used,
        locks: if managed {
            file.locks
        } else {
            Locks::default()
        },
        support_contact: file.support_contact,
        managed_path: None,
        network: file.network,
    })
}

/// What discovery cannot tell: addresses are https (or loopback), names are not empty.
pub(super) fn check_settings(settings: &Settings) -> Result<(), String> {
    let secure = |name: &str, url: &url::Url| {
        kiro_relying_party::secure_url(url.as_str())
            .map(|_| ())
            .map_err(|_| format!("{name} must be https (or http on this computer): {url}"))
    };
    let filled = |name: &str, value: &str| {
        let fits = !value.is_empty()
            && value.len() <= 512
            && !value.chars().any(|c| c.is_control() || c.is_whitespace());
        if fits {
            Ok(())
        } else {
            Err(format!("{name} is empty or has spaces"))
        }
    };
    match settings {
        Settings::Okta {
            issuer, client_id, ..
        } => {
            secure("issuer", issuer)?;
            filled("client_id", client_id)
        }
        Settings::Entra {
            tenant,
            client_id,
            authority,
            allowed_tenants,
            ..
        } => {
            secure("authority", authority)?;
            filled("tenant", tenant)?;
            if tenant.contains('/') {
                return Err("tenant is a directory id or a domain, without `/`".to_owned());
            }
            let multi = matches!(tenant.as_str(), "organizations" | "common");
            if multi && allowed_tenants.is_empty() {
                return Err(format!(
                    "tenant `{tenant}` needs allowed_tenants: whose people may sign in"
                ));
            }
            filled("client_id", client_id)
        }
        Settings::IdentityCenter {
            start_url,
            region,
            endpoint,
            ..
        } => {
            let mut start = start_url.clone();
            start.set_fragment(None); // people paste `…/start#/`
            secure("start_url", &start)?;
            if let Some(endpoint) = endpoint {
                secure("endpoint", endpoint)?;
            }
            filled("region", region)?;
            let region_like = region
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if region_like {
                Ok(())
            } else {
                Err(format!("`{region}` is no region"))
            }
        }
    }
}

pub(super) fn load(context: &Context) -> Result<Organizations, Failure> {
    let managed = managed(context)?;
    let own = context.home().organizations_file();
    let own_text = read_own(&own).map_err(|error| crate::session::file_failure(context, &error))?;
    let person = parse(own_text.as_deref().unwrap_or_default(), false)
        .map_err(|why| invalid(context, &own, why))?;
    Ok(merge(managed, person, &context.managed_organizations))
}

/// The administrator's file, if there is one.
pub(super) fn managed(context: &Context) -> Result<Option<Organizations>, Failure> {
    let path = &context.managed_organizations;
    let read = read_managed(path).and_then(|text| match text {
        Some(text) => parse(&text, true).map(Some),
        None => Ok(None),
    });
    read.map_err(|why| invalid(context, path, why))
}

/// The managed file wins: its organisations hide the person's of the same name and bind those of the same people, its
/// default and contact come first.
fn merge(managed: Option<Organizations>, person: Organizations, path: &Path) -> Organizations {
    let Some(mut all) = managed else {
        return person;
    };
    all.managed_path = Some(path.to_owned());
    if !all.locks.own_organizations {
        let own = person
            .list
            .into_iter()
            .filter(|own| all.list.iter().all(|managed| managed.name != own.name))
            .map(|own| Organization {
                inference: all.bound(own.inference, &own.settings.place()),
                ..own
            });
        let own: Vec<_> = own.collect();
        all.list.extend(own);
    }
    all.default = all.default.or(person.default);
    all.last_used = person.last_used;
    all.support_contact = all.support_contact.or(person.support_contact);
    all.network = merge_network(all.network, person.network, all.locks);
    all
}

fn merge_network(managed: Network, person: Network, locks: Locks) -> Network {
    Network {
        proxy: if locks.proxy {
            managed.proxy
        } else {
            person.proxy.or(managed.proxy)
        },
        ca_file: if locks.ca {
            managed.ca_file
        } else {
            person.ca_file.or(managed.ca_file)
        },
    }
}

/// The network settings: the person's `settings.toml`, then their organisations file, then the administrator's, whose
/// locks win. A file that cannot be read counts as empty here and is reported elsewhere.
pub(crate) fn network(managed: &Path, home: &Home) -> kiro_relying_party::Network {
    let managed = read_managed(managed)
        .ok()
        .flatten()
        .and_then(|text| parse(&text, true).ok());
    let mut own = read_own(&home.organizations_file())
        .ok()
        .flatten()
        .and_then(|text| parse(&text, false).ok())
        .unwrap_or_default();
    let preferred = Preferences::load(home).network;
    own.network = Network {
        proxy: preferred.proxy.or(own.network.proxy),
        ca_file: preferred.ca_file.or(own.network.ca_file),
    };
    let merged = merge(managed, own, Path::new("")).network;
    kiro_relying_party::Network {
        proxy: merged
            .proxy
            .and_then(|proxy| proxy.parse().ok())
            .unwrap_or_default(),
        extra_ca: merged.ca_file,
    }
}

fn invalid(context: &Context, path: &Path, why: String) -> Failure {
    let mut failure = context.failure(Code::OrganizationsInvalid).because(why);
    failure.facts.path = Some(path.display().to_string());
    failure
}

fn read_own(path: &Path) -> Result<Option<String>, FileError> {
    let bytes = file::read_private(path, LIMIT)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// The administrator's file is world-readable, but nobody except root may write it (or its owner, in a test).
pub(crate) fn read_managed(path: &Path) -> Result<Option<String>, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.mode() & 0o022 != 0 {
            return Err("others may write this file; an administrator's file is writable by its owner alone".to_owned());
        }
        if metadata.uid() != 0 && metadata.uid() != rustix::process::getuid().as_raw() {
            return Err("this file does not belong to the administrator".to_owned());
        }
    }
    if !metadata.is_file() || metadata.len() > LIMIT as u64 {
        return Err("this is no settings file: it is too large, or not a plain file".to_owned());
    }
    std::io::read_to_string(file)
        .map(Some)
        .map_err(|error| error.to_string())
}

/// Adds an organisation to the person's file.
///
/// # Errors
/// `organization_exists`, `managed_by_organization`, `organizations_invalid`, and what writing can meet.
pub fn add(context: &Context, organization: &Organization) -> Result<(), Failure> {
    let known = Organizations::load(context)?;
    if known.locks.own_organizations {
        return Err(context
            .failure(Code::ManagedByOrganization)
            .about("own_organizations"));
    }
    if !valid_name(&organization.name) {
        return Err(context
            .failure(Code::OrganizationsInvalid)
            .about(organization.name.clone())
            .because("use a-z, 0-9 and -, at most 63"));
    }
    check_settings(&organization.settings).map_err(|why| {
        context
            .failure(Code::OrganizationsInvalid)
            .about(organization.name.clone())
            .because(why)
    })?;
    if known
        .list
        .iter()
        .any(|other| other.name == organization.name)
    {
        return Err(context
            .failure(Code::OrganizationExists)
            .about(organization.name.clone()));
    }
    edit(context, |document| {
        let text = toml::to_string(&Entry::of(organization)).map_err(|error| error.to_string())?;
        let table: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| error.to_string())?;
        let organizations = document
            .entry("organizations")
            .or_insert_with(toml_edit::table);
        if let Some(organizations) = organizations.as_table_mut() {
            organizations.set_implicit(true);
        }
        organizations[&organization.name] = toml_edit::Item::Table(table.as_table().clone());
        Ok(())
    })
}

/// Removes an organisation from the person's file.
///
/// # Errors
/// `unknown_organization`, or `managed_by_organization` for the administrator's.
pub fn remove(context: &Context, name: &str) -> Result<(), Failure> {
    let known = Organizations::load(context)?;
    if known.find(name, context)?.managed {
        return Err(context.failure(Code::ManagedByOrganization).about(name));
    }
    edit(context, |document| {
        if let Some(organizations) = document
            .get_mut("organizations")
            .and_then(|item| item.as_table_like_mut())
        {
            organizations.remove(name);
        }
        for key in ["default", "last_used"] {
            if document.get(key).and_then(|item| item.as_str()) == Some(name) {
                document.remove(key);
            }
        }
        Ok(())
    })
}

/// Remembers which organisation was signed in to last; writes only when that is news.
///
/// # Errors
/// What writing a file can meet.
pub fn use_last(context: &Context, name: &str) -> Result<(), Failure> {
    if Organizations::load(context)?.last_used.as_deref() == Some(name) {
        return Ok(());
    }
    edit(context, |document| {
        document["last_used"] = toml_edit::value(name);
        Ok(())
    })
}

/// Makes an organisation the one that is meant when nobody names one, until another is signed in to.
///
/// # Errors
/// `unknown_organization`, and what writing a file can meet.
pub fn set_default(context: &Context, name: &str) -> Result<(), Failure> {
    Organizations::load(context)?.find(name, context)?;
    edit(context, |document| {
        document["default"] = toml_edit::value(name);
        document.remove("last_used");
        Ok(())
    })
}

/// One change of the person's file, under a lock, keeping its comments.
fn edit(
    context: &Context,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), Failure> {
    let path = context.home().organizations_file();
    let written = |error: FileError| crate::session::file_failure(context, &error);
    context.home().ensure().map_err(written)?;
    // A dot before it: no profile's name begins so.
    let _lock = FileLock::acquire(
        &context.home().locks().join(".organizations"),
        Duration::from_secs(5),
    )
    .map_err(written)?;
    let text = read_own(&path).map_err(written)?.unwrap_or_default();
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| invalid(context, &path, error.to_string()))?;
    change(&mut document).map_err(|why| invalid(context, &path, why))?;
    file::replace(&path, document.to_string().as_bytes()).map_err(written)
}

/// The organisations as a file for other machines, without what is the person's own.
pub(super) fn export(all: &Organizations) -> String {
    let organizations = all
        .list
        .iter()
        .map(|organization| (organization.name.clone(), Entry::of(organization)))
        .collect();
    let file = File {
        default: all.default.clone(),
        last_used: None,
        support_contact: all.support_contact.clone(),
        locks: all.locks,
        network: all.network.clone(),
        organizations,
    };
    toml::to_string_pretty(&file).unwrap_or_default()
}

fn title_case(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
