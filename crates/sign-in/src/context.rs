//! What every function here works with: the store, the network, the clock and the administrator's file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use jiff::Timestamp;
use kiro_credentials::{Clock, Home, Keys, Store, SystemClock};
use kiro_relying_party::{HttpClient, HttpError, HttpSettings, Proxy, WebClient};
use url::Url;

use crate::organizations::{Organization, Organizations};
use crate::{Code, Discovered, Failure};

/// Where AWS's two services are, when not where AWS has them.
#[derive(Clone, Debug, Default)]
pub struct AwsEndpoints {
    /// `AWS_ENDPOINT_URL_SSO_OIDC`.
    pub oidc: Option<Url>,
    /// `AWS_ENDPOINT_URL_SSO`.
    pub portal: Option<Url>,
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
        };
        let keys = keys(&home);
        let managed = managed_folder().join("organizations.toml");
        Ok(Context {
            http: Arc::new(ConfiguredClient {
                home: home.clone(),
                managed: managed.clone(),
                client: OnceLock::new(),
            }),
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

    pub(crate) fn network_failure(&self, error: &HttpError) -> Failure {
        let (code, host) = match error {
            HttpError::InsecureUrl { url } => {
                return self.failure(Code::InsecureUrl).about(url.clone());
            }
            HttpError::Unreachable { host, .. }
            | HttpError::TimedOut { host }
            | HttpError::Failed { host, .. } => (Code::Unreachable, host),
            HttpError::Intercepted { host, .. } | HttpError::Tls { host, .. } => {
                (Code::Intercepted, host)
            }
            HttpError::Redirected { host } | HttpError::TooLarge { host } => {
                (Code::MalformedAnswer, host)
            }
            HttpError::BadCa { path, why } => {
                let mut failure = self
                    .failure(Code::OrganizationsInvalid)
                    .because(why.clone());
                failure.facts.path = Some(path.display().to_string());
                return failure;
            }
        };
        let mut failure = self
            .failure(code)
            .at(host.clone())
            .because(error.to_string());
        if let HttpError::Unreachable { proxy, .. } = error {
            failure.facts.proxy = proxy.clone();
        }
        if let HttpError::Intercepted { issuer, .. } = error {
            failure.facts.inspector = issuer.clone();
        }
        failure
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

/// Builds the real client at its first use, so that what needs no network pays for none.
struct ConfiguredClient {
    home: Home,
    managed: PathBuf,
    client: OnceLock<WebClient>,
}

#[async_trait]
impl HttpClient for ConfiguredClient {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let client = match self.client.get() {
            Some(client) => client,
            None => {
                let client = WebClient::new(&self.settings())?;
                self.client.get_or_init(|| client)
            }
        };
        client.send(request).await
    }
}

impl ConfiguredClient {
    fn settings(&self) -> HttpSettings {
        let network = crate::organizations::network(&self.managed, &self.home.organizations_file());
        let proxy = match network.proxy.as_deref() {
            None | Some("system") => Proxy::System,
            Some("none") => Proxy::None,
            Some(address) => Url::parse(address).map_or(Proxy::System, Proxy::Manual),
        };
        HttpSettings {
            proxy,
            extra_ca: network.ca_file,
            ..HttpSettings::default()
        }
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
