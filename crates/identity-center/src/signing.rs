//! The keys that ID tokens are signed with, and their life: published → active → retired → forgotten. A key is in the published set
//! long before its first use, so that whoever caches the set knows it by then, and stays there as long as a token lives that it
//! signed. What happens next is decided by [`plan`], a function of the keys and the time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::jws::{NotAKey, PrivateKey, PublicKey, Unverified};

/// How long a key is what.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// From publication to first use: longer than anybody caches the set.
    pub lead: SignedDuration,
    /// From first use to the next key's.
    pub active: SignedDuration,
    /// From retirement to oblivion: longer than anything lives that the key signed.
    pub retired: SignedDuration,
}

/// An ID token is accepted as a hint (`id_token_hint`) as long as its key is kept.
pub const POLICY: Policy = Policy {
    lead: SignedDuration::from_hours(2),
    active: SignedDuration::from_hours(24 * 90),
    retired: SignedDuration::from_hours(24 * 8),
};

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the set, not used yet.
    Published,
    /// It signs.
    Active,
    /// In the set, not used any more.
    Retired {
        /// Since when.
        at: Timestamp,
    },
}

/// A key's life so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its name (`kid`).
    pub id: String,
    /// Where it is.
    pub stage: Stage,
    /// When it came into the set.
    pub published_at: Timestamp,
    /// When it began to sign, or will.
    pub active_at: Timestamp,
}

/// What happens to the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new key comes into the set.
    Publish {
        /// When it will begin to sign.
        active_at: Timestamp,
    },
    /// This key signs from now on, and the one that did so far retires.
    Activate(String),
    /// This key is destroyed.
    Forget(String),
}

/// What is due, given the keys there are. `demanded`: an administrator wants a new key now.
#[must_use]
pub fn plan(keys: &[Life], policy: Policy, demanded: bool, now: Timestamp) -> Vec<Step> {
    let waiting = keys.iter().find(|key| key.stage == Stage::Published);
    let active = keys.iter().find(|key| key.stage == Stage::Active);
    let mut steps = Vec::new();
    match (active, waiting) {
        // Nobody can have cached a set yet.
        (None, None) => steps.push(Step::Publish { active_at: now }),
        (None, Some(next)) => steps.push(Step::Activate(next.id.clone())),
        (Some(_), Some(next)) if now >= next.active_at => {
            steps.push(Step::Activate(next.id.clone()));
        }
        (Some(active), None) => {
            let due = active.active_at + policy.active;
            if demanded || now >= due - policy.lead {
                steps.push(Step::Publish {
                    active_at: now + policy.lead,
                });
            }
        }
        (Some(_), Some(_)) => {}
    }
    for key in keys {
        match key.stage {
            Stage::Retired { at } if now >= at + policy.retired => {
                steps.push(Step::Forget(key.id.clone()));
            }
            Stage::Published | Stage::Active | Stage::Retired { .. } => {}
        }
    }
    steps
}

/// The keys at one moment.
pub struct Ring {
    kid: String,
    active: PrivateKey,
    known: BTreeMap<String, PublicKey>,
    set: Bytes,
}

impl Ring {
    /// `active` signs under the name `kid`; `known` are all keys of the set, its own among them.
    #[must_use]
    pub fn new(kid: String, active: PrivateKey, known: BTreeMap<String, PublicKey>) -> Ring {
        let keys: Vec<_> = known.iter().map(|(id, key)| key.published(id)).collect();
        let set = Bytes::from(json!({ "keys": keys }).to_string());
        Ring {
            kid,
            active,
            known,
            set,
        }
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The published set (RFC 7517 §5).
    #[must_use]
    pub fn set(&self) -> Bytes {
        self.set.clone()
    }

    /// Signs claims as a token of this type.
    ///
    /// # Errors
    /// [`NotAKey`] where the operating system gives no random numbers.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, NotAKey> {
        self.active.sign(typ, &self.kid, claims)
    }

    /// The claims of a token that one of the known keys signed; its times are not looked at.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<serde_json::Value> {
        let token = Unverified::read(token)?;
        let key = self.known.get(token.header("kid")?.as_str()?)?;
        token.verify(key)
    }
}

/// The keys as this instance knows them; the store has the truth, and [`SigningKeys::replace`] brings it here.
pub struct SigningKeys(RwLock<Arc<Ring>>);

impl SigningKeys {
    /// These.
    #[must_use]
    pub fn new(ring: Ring) -> SigningKeys {
        SigningKeys(RwLock::new(Arc::new(ring)))
    }

    /// The keys now.
    #[must_use]
    pub fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// These from now on.
    pub fn replace(&self, ring: Ring) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({})", self.ring().kid)
    }
}

#[cfg(test)]
mod tests;
