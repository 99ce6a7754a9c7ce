//! What is known of providers: their discovery documents and keys, kept so that no sign-in waits for them. A document is asked for anew
//! after an hour; where that fails, what was known stands for a day.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::{HttpClient, IssuerRule, Jwks, Metadata, discover};
use tokio::sync::Mutex;
use url::Url;

use super::{Details, Fault};

const FRESH: SignedDuration = SignedDuration::from_hours(1);
const USABLE: SignedDuration = SignedDuration::from_hours(24);
/// A provider that failed is left alone for so long: people do not queue up behind its time-outs.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// A provider's document and keys.
#[derive(Debug)]
pub struct Provider {
    /// What it says of itself.
    pub metadata: Metadata,
    /// Its keys, fetched when needed.
    pub keys: Jwks,
}

/// The providers that this instance has spoken to.
#[derive(Debug, Default)]
pub struct Providers {
    known: std::sync::Mutex<HashMap<Known, Arc<Mutex<Memory>>>>,
}

/// An issuer as it was configured, and whether it may be a template.
type Known = (String, bool);

#[derive(Debug, Default)]
struct Memory {
    found: Option<(Timestamp, Arc<Provider>)>,
    failed: Option<(Timestamp, Fault)>,
}

impl Providers {
    /// The connection's provider, from memory where that is fresh.
    ///
    /// # Errors
    /// [`Fault::Away`] and [`Fault::SetUp`].
    pub async fn of(
        &self,
        http: &dyn HttpClient,
        details: &Details,
        now: Timestamp,
    ) -> Result<Arc<Provider>, Fault> {
        let (issuer, rule) = (&details.issuer, details.kind.rule());
        let memory = self.memory(issuer, rule);
        let mut memory = memory.lock().await; // one asks, the others wait for what it learns
        let age = |at: Timestamp| now.duration_since(at).abs();
        if let Some((at, provider)) = &memory.found
            && age(*at) < FRESH
        {
            return Ok(Arc::clone(provider));
        }
        let fault = match &memory.failed {
            Some((at, fault)) if age(*at) < PAUSE => fault.clone(),
            Some(_) | None => match discover(http, issuer, rule, now).await {
                Ok(metadata) => return Ok(memory.learn(metadata, now)),
                Err(error) => {
                    let fault = Fault::from(error);
                    tracing::warn!(%issuer, ?fault, "a provider was not discovered");
                    memory.failed = Some((now, fault.clone()));
                    fault
                }
            },
        };
        match (&memory.found, fault) {
            (Some((at, provider)), Fault::Away(_)) if age(*at) < USABLE => Ok(Arc::clone(provider)),
            (_, fault) => Err(fault),
        }
    }

    /// Keeps what was just found.
    pub(super) async fn learn(
        &self,
        issuer: &Url,
        rule: IssuerRule,
        metadata: Metadata,
        now: Timestamp,
    ) -> Arc<Provider> {
        let memory = self.memory(issuer, rule);
        let mut memory = memory.lock().await;
        memory.learn(metadata, now)
    }

    fn memory(&self, issuer: &Url, rule: IssuerRule) -> Arc<Mutex<Memory>> {
        let key = (issuer.to_string(), rule == IssuerRule::Template);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(key).or_default())
    }
}

impl Memory {
    /// The keys that are known stay so where their address stays.
    fn learn(&mut self, metadata: Metadata, now: Timestamp) -> Arc<Provider> {
        let same = self
            .found
            .take()
            .and_then(|(_, provider)| Arc::into_inner(provider))
            .filter(|before| before.metadata.jwks_uri == metadata.jwks_uri);
        let keys = same.map_or_else(
            || Jwks::new(metadata.jwks_uri.clone()),
            |before| before.keys,
        );
        let provider = Arc::new(Provider { metadata, keys });
        self.found = Some((now, Arc::clone(&provider)));
        self.failed = None;
        provider
    }
}
