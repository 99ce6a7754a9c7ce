//! What a token request brought: kept in the file, and in memory while the disk refuses it.
//!
//! The IdP may have rotated the refresh token by now, so losing the answer could end the session.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::Clock;
use crate::profile::ProfileName;
use crate::session::{Public, Session, Tokens};
use crate::store::{Store, StoreError};

/// How long to wait before each further try to write.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// What a token request brought.
#[derive(Clone)]
pub struct Renewal {
    /// The new access token.
    pub access: SecretString,
    /// The new refresh token; `None` keeps the old one.
    pub refresh: Option<SecretString>,
    /// The new ID token; `None` keeps the old one.
    pub id: Option<SecretString>,
    /// The access token's end.
    pub expires_at: Timestamp,
    /// The session's end, where the provider tells it; `None` keeps what was known.
    pub session_expires_at: Option<Timestamp>,
    /// The scopes, when the answer tells them.
    pub scopes: Option<Vec<String>>,
    /// The models that the person's groups give them by now; `None` where the provider does not tell it any more.
    pub models: Option<Vec<String>>,
}

/// A session that is fresh, and whether the disk has it too.
#[derive(Debug)]
pub struct Fresh {
    /// The session.
    pub session: Session,
    /// Why it is only in the memory of this process, which tries again at its next refresh. Who
    /// refreshes elsewhere meanwhile sends the former refresh token, and needs the IdP's leeway.
    pub unsaved: Option<StoreError>,
}

/// A renewal that the disk did not take, and the seal of the session that it renews.
pub(crate) struct Unsaved {
    nonce: String,
    renewal: Renewal,
    session: Session,
}

impl Fresh {
    pub(super) fn saved(session: Session) -> Fresh {
        Fresh {
            session,
            unsaved: None,
        }
    }
}

impl Renewal {
    pub(crate) fn apply(self, public: &mut Public, tokens: &mut Tokens) {
        tokens.access = self.access;
        if self.refresh.is_some() {
            tokens.refresh = self.refresh;
        }
        if self.id.is_some() {
            tokens.id = self.id;
        }
        public.expires_at = self.expires_at;
        if self.session_expires_at.is_some() {
            public.session_expires_at = self.session_expires_at;
        }
        if let Some(scopes) = self.scopes {
            public.scopes = scopes;
        }
        public.models = self.models;
    }
}

impl Store {
    /// Writes the renewed session; `None` when the one that was renewed is no longer there.
    ///
    /// A disk that refuses is asked again for some seconds. What it refuses for good stays in
    /// memory.
    pub(super) fn keep(
        &self,
        before: Session,
        nonce: String,
        renewal: Renewal,
        clock: &dyn Clock,
    ) -> Option<Fresh> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match self.renew(&before.profile, &nonce, renewal.clone()) {
                Ok(session) => return session.map(Fresh::saved),
                Err(error) => error,
            };
            match (&error, pauses.next()) {
                (StoreError::File(_), Some(pause)) => {
                    tracing::warn!(%error, "a renewed session could not be saved yet");
                    clock.pause(*pause);
                }
                _ => {
                    tracing::error!(%error, "a renewed session is in memory only");
                    let mut session = before;
                    session.public.revision += 1;
                    renewal
                        .clone()
                        .apply(&mut session.public, &mut session.tokens);
                    let unsaved = Unsaved {
                        nonce,
                        renewal,
                        session,
                    };
                    return Some(self.hold(unsaved, error));
                }
            }
        }
    }

    /// Tries once more to write what the disk did not take of the session with this seal.
    /// `None`: nothing is left unsaved.
    ///
    /// # Errors
    /// Why it still cannot be written, when by now it is of no use to the caller.
    pub(super) fn keep_unsaved(
        &self,
        profile: &ProfileName,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Option<Fresh>, StoreError> {
        let held = self.unsaved().remove(profile);
        let Some(held) = held.filter(|held| held.nonce == nonce) else {
            return Ok(None);
        };
        let Err(error) = self.renew(profile, &held.nonce, held.renewal.clone()) else {
            return Ok(None);
        };
        let fresh = self.hold(held, error);
        match fresh.unsaved {
            Some(error) if fresh.session.public.expires_at <= now => Err(error),
            unsaved => Ok(Some(Fresh { unsaved, ..fresh })),
        }
    }

    fn hold(&self, unsaved: Unsaved, error: StoreError) -> Fresh {
        let session = unsaved.session.clone();
        self.unsaved().insert(session.profile.clone(), unsaved);
        Fresh {
            session,
            unsaved: Some(error),
        }
    }
}
