//! What this process has learnt of its identity providers: discovery documents for five minutes, keys as long as they say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::{Jwks, Metadata};
use url::Url;

const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The memory of one process; nothing of it is written. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Discovered(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    documents: HashMap<Url, (Timestamp, Metadata)>,
    keys: HashMap<Url, Arc<Jwks>>,
    /// Services without a discovery document whose clock agreed with ours.
    on_time: HashMap<Url, Timestamp>,
}

impl Discovered {
    /// The document of this issuer, if it was fetched less than five minutes ago.
    pub(crate) fn document(&self, issuer: &Url, now: Timestamp) -> Option<Metadata> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched_at, metadata) = inner.documents.get(issuer)?;
        let age = now.duration_since(*fetched_at);
        (!age.is_negative() && age < FRESH).then(|| metadata.clone())
    }

    pub(crate) fn remember(&self, issuer: &Url, metadata: &Metadata, now: Timestamp) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .documents
            .insert(issuer.clone(), (now, metadata.clone()));
    }

    /// Whether this service's clock agreed with ours less than five minutes ago.
    pub(crate) fn was_on_time(&self, service: &Url, now: Timestamp) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.on_time.get(service).is_some_and(|seen_at| {
            let age = now.duration_since(*seen_at);
            !age.is_negative() && age < FRESH
        })
    }

    pub(crate) fn is_on_time(&self, service: &Url, now: Timestamp) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.on_time.insert(service.clone(), now);
    }

    /// The key set at this address, one for the whole process: so that its limits hold (THREATS.md T8).
    pub(crate) fn keys(&self, uri: &Url) -> Arc<Jwks> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            inner
                .keys
                .entry(uri.clone())
                .or_insert_with(|| Arc::new(Jwks::new(uri.clone()))),
        )
    }
}
