//! What every function here works with: the store, the network, the clock and the administrator's file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use kiro_credentials::{Clock, Home, Keys, Store, SystemClock};
use kiro_relying_party::HttpClient;
use url::Url;

use crate::network::ConfiguredClient;
use crate::organizations::{Organization, Organizations};
use crate::{Code, Discovered, Failure};

/// Where AWS's services are, when not where AWS has them.
#[derive(Clone, Debug, Default)]
pub struct AwsEndpoints {
    /// `AWS_ENDPOINT_URL_SSO_OIDC`.
    pub oidc: Option<Url>,
    /// `AWS_ENDPOINT_URL_SSO`.
    pub portal: Option<Url>,
    /// `AWS_ENDPOINT_URL_STS`.
    pub sts: Option<Url>,
    /// `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`.
    pub inference: Option<Url>,
}

/// The surroundings of a sign-in. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The common credential file.
    pub store: Store,
    /// The network.
    pub http: Arc<dyn HttpClient>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The administrator's `organizations.toml`.
    pub managed_organizations: PathBuf,
    /// Other addresses of AWS's services.
    pub aws: AwsEndpoints,
    /// What was learnt of the providers.
    pub discovered: Discovered,
}

impl Context {
    /// The real surroundings, from the environment. `written_by` is `program/version`.
    ///
    /// # Errors
    /// `unexpected` when there is neither `KIRO_HOME` nor a home folder.
    pub fn from_env(written_by: &str) -> Result<Context, Failure> {
        Context::from_env_with(written_by, Keys::new)
    }

    /// The same, with key stores of the caller's choice (the CLI adds its passphrase prompt).
    ///
    /// # Errors
    /// As [`Context::from_env`].
    pub fn from_env_with(
        written_by: &str,
        keys: impl FnOnce(&Home) -> Keys,
    ) -> Result<Context, Failure> {
        let now = SystemClock.now();
        let home = Home::from_env()
            .map_err(|error| Failure::new(Code::Unexpected, now).because(error.to_string()))?;
        let endpoint = |name: &str| {
            std::env::var(name)
                .ok()
                .and_then(|text| kiro_relying_party::secure_url(&text).ok())
        };
        let aws = AwsEndpoints {
            oidc: endpoint("AWS_ENDPOINT_URL_SSO_OIDC"),
            portal: endpoint("AWS_ENDPOINT_URL_SSO"),
            sts: endpoint("AWS_ENDPOINT_URL_STS"),
            inference: endpoint("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
        };
        let keys = keys(&home);
        let managed = managed_folder().join("organizations.toml");
        Ok(Context {
            http: Arc::new(ConfiguredClient::new(home.clone(), managed.clone())),
            store: Store::new(home, keys, written_by),
            clock: Arc::new(SystemClock),
            managed_organizations: managed,
            aws,
            discovered: Discovered::default(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn home(&self) -> &Home {
        self.store.home()
    }

    pub(crate) fn failure(&self, code: Code) -> Failure {
        Failure::new(code, self.now())
    }

    /// The organisation a session belongs to, if it is still set up.
    pub(crate) fn organization(&self, name: &str) -> Option<Organization> {
        let organizations = Organizations::load(self).ok()?;
        organizations
            .list
            .into_iter()
            .find(|organization| organization.name == name)
    }
}

fn managed_folder() -> PathBuf {
    if cfg!(target_os = "macos") {
        Path::new("/Library/Application Support/Kiro").to_owned()
    } else if cfg!(windows) {
        std::env::var_os("ProgramData")
            .map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from)
            .join("Kiro")
    } else {
        Path::new("/etc/kiro").to_owned()
    }
}
