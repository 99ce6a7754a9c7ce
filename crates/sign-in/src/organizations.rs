//! Organisations: a company's IdP settings, made once and read by both programs.
//!
//! Two files of the same form: the administrator's machine-wide one, which wins and is shown as managed, and the
//! person's own `$KIRO_HOME/organizations.toml`. Comments in the person's file survive our writing.

mod bound;
mod check;
mod file;
mod inference;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use bound::residency;
pub(crate) use check::look;
pub use check::{Checked, check};
pub(crate) use file::read_managed;
pub(crate) use file::{Network, network};
pub use file::{add, remove, set_default, use_last};
pub use inference::Inference;

use crate::{Code, Context, Failure};

/// The three identity providers of SPEC.md.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Okta, org or custom authorization server.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// AWS IAM Identity Center, or a service that speaks its wire format.
    IdentityCenter,
}

impl Provider {
    /// The provider's own name, never translated.
    pub fn title(self) -> &'static str {
        match self {
            Provider::Okta => "Okta",
            Provider::Entra => "Microsoft Entra ID",
            Provider::IdentityCenter => "IAM Identity Center",
        }
    }

    /// The word in files and JSON: `okta`, `entra`, `identity-center`.
    pub fn as_str(self) -> &'static str {
        match self {
            Provider::Okta => "okta",
            Provider::Entra => "entra",
            Provider::IdentityCenter => "identity-center",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Provider> {
        [Provider::Okta, Provider::Entra, Provider::IdentityCenter]
            .into_iter()
            .find(|provider| provider.as_str() == text)
    }
}

/// What a provider needs to be told.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "provider", rename_all = "kebab-case")]
pub enum Settings {
    /// Okta: `issuer` is `https://{domain}` or `https://{domain}/oauth2/{id}`.
    Okta {
        /// The issuer.
        issuer: Url,
        /// The native application's client id.
        client_id: String,
        /// Further scopes; `openid profile email offline_access` are always asked for.
        #[serde(default)]
        scopes: Vec<String>,
    },
    /// Microsoft Entra ID v2.0.
    Entra {
        /// A tenant id or domain, or `organizations`.
        tenant: String,
        /// The application (client) id.
        client_id: String,
        /// The cloud's authority, `https://login.microsoftonline.com` by default.
        #[serde(default = "entra_authority")]
        authority: Url,
        /// With `organizations`: whose people may sign in. Empty refuses everybody.
        #[serde(default)]
        allowed_tenants: Vec<String>,
        /// Further scopes, such as `api://{appId}/name`.
        #[serde(default)]
        scopes: Vec<String>,
    },
    /// IAM Identity Center.
    IdentityCenter {
        /// The access portal's address.
        start_url: Url,
        /// The region Identity Center lives in.
        region: String,
        /// Another address of the service than AWS's.
        #[serde(default)]
        endpoint: Option<Url>,
        /// Scopes; `sso:account:access` if none are given.
        #[serde(default)]
        scopes: Vec<String>,
    },
}

/// `https://login.microsoftonline.com`, the authority of the public cloud.
fn entra_authority() -> Url {
    #[expect(clippy::expect_used, reason = "a constant; a test parses it")]
    Url::parse("https://login.microsoftonline.com").expect("a valid URL")
}

/// One organisation, whichever file it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Organization {
    /// Its name in commands and files: `[a-z0-9][a-z0-9-]{0,62}`.
    pub name: String,
    /// Its name in sentences.
    pub display_name: String,
    /// How to reach its IdP.
    pub settings: Settings,
    /// Whom a person asks for help.
    pub support_contact: Option<String>,
    /// What it has decided about models.
    pub inference: Inference,
    /// Set by the administrator's file.
    pub managed: bool,
}

/// The ports of `http://localhost:{port}/oauth/callback` that are registered at real installations (SPEC.md).
pub(crate) const REGISTERED_PORTS: [u16; 10] = [
    3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153,
];
/// The redirect URI of the deep link.
pub(crate) const DEEP_LINK: &str = "kiro://kiro.oauth/callback";

impl Organization {
    /// Which of the three providers.
    pub fn provider(&self) -> Provider {
        match self.settings {
            Settings::Okta { .. } => Provider::Okta,
            Settings::Entra { .. } => Provider::Entra,
            Settings::IdentityCenter { .. } => Provider::IdentityCenter,
        }
    }

    /// The host that the browser will open, with its port if it has one of its own.
    pub fn sign_in_host(&self) -> String {
        let url = match &self.settings {
            Settings::Okta { issuer, .. } => issuer,
            Settings::Entra { authority, .. } => authority,
            Settings::IdentityCenter {
                endpoint: Some(endpoint),
                ..
            } => endpoint,
            Settings::IdentityCenter { start_url, .. } => start_url,
        };
        kiro_relying_party::display_host(url)
    }

    /// The redirect URIs that the administrator must have registered; none for Identity Center, which registers itself.
    pub fn redirect_uris(&self) -> Vec<String> {
        match self.settings {
            Settings::Okta { .. } => std::iter::once(DEEP_LINK.to_owned())
                .chain(
                    REGISTERED_PORTS
                        .iter()
                        .map(|port| format!("http://localhost:{port}/oauth/callback")),
                )
                .collect(),
            Settings::Entra { .. } => vec![
                DEEP_LINK.to_owned(),
                "http://localhost/oauth/callback".to_owned(),
            ],
            Settings::IdentityCenter { .. } => Vec::new(),
        }
    }
}

/// What the administrator has fixed. `true` means that the person may not change or use it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Locks {
    /// `--insecure-storage` is refused.
    pub insecure_storage: bool,
    /// The device flow is refused.
    pub device_flow: bool,
    /// The person may not add organisations.
    pub own_organizations: bool,
    /// The proxy is the managed one.
    pub proxy: bool,
    /// The CA file is the managed one.
    pub ca: bool,
    /// Models are asked in the organisation's region alone.
    pub region: bool,
}

/// All organisations known on this computer, the managed file's and the person's.
#[derive(Clone, Debug, Default)]
pub struct Organizations {
    /// The managed ones first, then the person's, each by name.
    pub list: Vec<Organization>,
    /// The one to choose when nobody names one.
    pub default: Option<String>,
    /// The one that was signed in to last.
    pub last_used: Option<String>,
    /// What the administrator has fixed.
    pub locks: Locks,
    /// Whom to ask when an organisation names nobody.
    pub support_contact: Option<String>,
    /// The administrator's file, if there is one.
    pub managed_path: Option<PathBuf>,
    pub(crate) network: Network,
}

impl Organizations {
    /// Reads both files. A missing file is an empty one.
    ///
    /// # Errors
    /// `organizations_invalid` with the file and the place, `not_private` for a file others may write.
    pub fn load(context: &Context) -> Result<Organizations, Failure> {
        file::load(context)
    }

    /// The organisation of this name.
    ///
    /// # Errors
    /// `unknown_organization`.
    pub fn find(&self, name: &str, context: &Context) -> Result<&Organization, Failure> {
        self.list
            .iter()
            .find(|organization| organization.name == name)
            .ok_or_else(|| context.failure(Code::UnknownOrganization).about(name))
    }

    /// The one that is meant: the named one, else the last used, else the default, else the only one.
    ///
    /// # Errors
    /// `no_organization`, `unknown_organization`, or `choose_organization` when several could be meant.
    pub fn choose(&self, name: Option<&str>, context: &Context) -> Result<&Organization, Failure> {
        if let Some(name) = name {
            return self.find(name, context);
        }
        let remembered = [&self.last_used, &self.default].into_iter().flatten();
        for name in remembered {
            if let Ok(organization) = self.find(name, context) {
                return Ok(organization);
            }
        }
        match self.list.as_slice() {
            [] => Err(context.failure(Code::NoOrganization)),
            [only] => Ok(only),
            [_, _, ..] => Err(context.failure(Code::ChooseOrganization)),
        }
    }

    /// Reads a file's text as an administrator's `kiro org check FILE` does.
    ///
    /// # Errors
    /// `organizations_invalid`, with the line and the reason in the details.
    pub fn parse(text: &str, context: &Context) -> Result<Organizations, Failure> {
        file::parse(text, false)
            .map_err(|why| context.failure(Code::OrganizationsInvalid).because(why))
    }

    /// The same settings as a file for `/etc/kiro/organizations.toml`.
    pub fn export(&self) -> String {
        file::export(self)
    }
}

/// Whether this is a name for an organisation: `[a-z0-9][a-z0-9-]{0,62}`.
pub(crate) fn valid_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
