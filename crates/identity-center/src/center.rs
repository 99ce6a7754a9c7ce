//! What every endpoint may use.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::Reach;
use url::{Host, Url};

use crate::apart::Apart;
use crate::clock::Clock;
use crate::federation::providers::Providers;
use crate::master_key::MasterKeys;
use crate::networks::Networks;
use crate::outgoing::Outgoing;
use crate::password::Hashing;
use crate::signing::SigningKeys;
use crate::store::Store;
use crate::store::secrets::{Demand, SecretsError};
use crate::sts::Sts;
use crate::token::TokenKeys;
use crate::{admin, audit, aws, health, oidc, pages, scim};

/// The service: one instance of it. Whatever another instance must know stands in the store.
pub struct Center {
    /// What it knows.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How it is set up.
    pub settings: Settings,
    /// What tokens are authenticated with.
    pub token_keys: TokenKeys,
    /// What ID tokens are signed with.
    pub signing: SigningKeys,
    /// What the store's secrets are sealed under.
    pub master: MasterKeys,
    /// Where passwords are checked.
    pub hashing: Hashing,
    /// Where is done what takes long.
    pub apart: Apart,
    /// The discovery document: it follows from the settings.
    pub discovery: Bytes,
    /// What requests to others' servers go through.
    pub outgoing: Outgoing,
    /// What is known of identity providers.
    pub providers: Providers,
}

/// How an instance is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its address as browsers and clients know it, without a trailing slash in [`Settings::issuer`].
    pub url: Url,
    /// What AWS clients are told.
    pub region: String,
    /// An access token's life.
    pub access_token_lifetime: SignedDuration,
    /// A session's life.
    pub session_lifetime: SignedDuration,
    /// A browser's: within it the next application asks no password.
    pub browser_session_lifetime: SignedDuration,
    /// The registration of an AWS client (AWS: about 90 days).
    pub registration_lifetime: SignedDuration,
    /// Where credentials for a role come from; without, there are none.
    pub sts: Option<Sts>,
    /// Networks beside the internet in which identity providers and applications may be.
    pub internal_networks: Networks,
}

impl Settings {
    /// The defaults at this address.
    #[must_use]
    pub fn new(url: Url, region: &str) -> Settings {
        Settings {
            url,
            region: region.to_owned(),
            access_token_lifetime: SignedDuration::from_hours(1),
            session_lifetime: SignedDuration::from_hours(24 * 7),
            browser_session_lifetime: SignedDuration::from_hours(8),
            registration_lifetime: SignedDuration::from_hours(24 * 90),
            sts: None,
            internal_networks: Networks::default(),
        }
    }

    /// `iss`, byte for byte.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Where requests may go whose addresses an organisation names. A service that answers its own computer alone is a developer's, whose
    /// providers and applications are there, too.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let beside = self.internal_networks.clone();
        let here = match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        Reach::internet(move |address| beside.has(address) || (here && address.is_loopback()))
    }

    /// Where people are sent, and what is said of them: this service's own host, and that of STS.
    #[must_use]
    pub fn hosts(&self) -> Vec<&str> {
        let sts = self.sts.as_ref().map(|sts| &sts.endpoint);
        let all = [Some(&self.url), sts].into_iter().flatten();
        all.filter_map(Url::host_str).collect()
    }

    /// An address of this service.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }
}

impl Center {
    /// The service on this store: its keys are read, and made where there are none.
    ///
    /// # Errors
    /// See [`SecretsError`].
    pub async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        settings: Settings,
        master: MasterKeys,
    ) -> Result<Center, SecretsError> {
        let secrets = store
            .secrets(
                &master,
                settings.session_lifetime,
                Demand::default(),
                clock.now(),
            )
            .await?;
        Ok(Center {
            hashing: Hashing::default(),
            apart: Apart::default(),
            discovery: oidc::discovery::document(&settings),
            signing: SigningKeys::new(secrets.ring),
            token_keys: secrets.token_keys,
            outgoing: Outgoing::within(settings.reach()),
            providers: Providers::default(),
            store,
            clock,
            settings,
            master,
        })
    }

    /// Does what is due for the service's keys, and learns what other instances did. Called once a minute.
    ///
    /// # Errors
    /// See [`SecretsError`]; the keys stay as they were then.
    pub async fn tend_keys(&self, demand: Demand) -> Result<(), SecretsError> {
        let lifetime = self.settings.session_lifetime;
        let secrets = self
            .store
            .secrets(&self.master, lifetime, demand, self.now())
            .await?;
        self.signing.replace(secrets.ring);
        self.token_keys.replace(&secrets.token_keys);
        Ok(())
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Every endpoint of the service.
pub fn router(center: Arc<Center>) -> Router {
    Router::new()
        .merge(aws::router())
        .merge(oidc::router())
        .merge(pages::router())
        .merge(health::router())
        .merge(scim::router())
        .merge(admin::router(&center))
        .layer(axum::middleware::from_fn(audit::attribute))
        .with_state(center)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn only_a_developer_s_service_asks_its_own_computer() {
        let check = |url: &str, networks: &[&str], address: &str, expected: bool| {
            let words: Vec<String> = networks.iter().map(|word| (*word).to_owned()).collect();
            let settings = Settings {
                internal_networks: Networks::read(&words).unwrap(),
                ..Settings::new(url.parse().unwrap(), "us-east-1")
            };
            let found = settings.reach().allows(address.parse().unwrap());
            assert_eq!(found, expected, "{url} {networks:?} {address}");
        };
        check("https://id.acme.example", &[], "8.8.8.8", true);
        check("https://id.acme.example", &[], "127.0.0.1", false);
        check("https://id.acme.example", &[], "10.1.2.3", false);
        check("https://id.acme.example", &[], "169.254.169.254", false);
        check("https://id.acme.example", &["10.0.0.0/8"], "10.1.2.3", true);
        check(
            "https://id.acme.example",
            &["10.0.0.0/8"],
            "::ffff:10.1.2.3",
            true,
        );
        check(
            "https://id.acme.example",
            &["10.0.0.0/8"],
            "192.168.1.1",
            false,
        );
        check("http://127.0.0.1:7465", &[], "127.0.0.1", true);
        check("http://localhost:7465", &[], "::1", true);
        check("http://127.0.0.1:7465", &[], "10.1.2.3", false);
        check("http://127.0.0.1:7465", &[], "169.254.169.254", false);
    }
}
