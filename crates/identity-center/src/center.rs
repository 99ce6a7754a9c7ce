//! What every endpoint may use.

use std::sync::Arc;

use axum::Router;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::clock::Clock;
use crate::store::Store;
use crate::token::TokenKeys;

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
        }
    }

    /// `iss`, byte for byte.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// An address of this service.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }
}

impl Center {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Every endpoint of the service.
pub fn router(center: Arc<Center>) -> Router {
    Router::new().with_state(center)
}
