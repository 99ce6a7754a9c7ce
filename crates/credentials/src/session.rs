//! A session: tokens and what may be said about them in public.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::key::KeyId;
use crate::profile::ProfileName;

/// What a sign-in knows of its session, the tokens apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPublic {
    /// `okta`, `entra` or `identity-center`.
    pub provider: String,
    /// The organisation's name in `organizations.toml` at sign-in.
    pub organization: String,
    /// The issuer, as the IdP spells it.
    pub issuer: String,
    /// The OAuth client.
    pub client_id: String,
    /// The token endpoint or service endpoint, where the issuer does not tell it.
    pub endpoint: Option<String>,
    /// The person's identifier at the issuer.
    pub subject: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The person's e-mail address; never identifies.
    pub email: Option<String>,
    /// Scopes granted.
    pub scopes: Vec<String>,
    /// AWS region; Identity Center only.
    pub region: Option<String>,
    /// The models that the person's groups give them, where the provider tells it.
    pub models: Option<Vec<String>>,
    /// The access token's end.
    pub expires_at: Timestamp,
    /// The session's end, where the provider tells it.
    pub session_expires_at: Option<Timestamp>,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
}

/// A profile's public part: readable without a key, authenticated by the seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// Counts the writes of this profile, from 1.
    pub revision: u64,
    /// The key that its secrets are sealed with.
    pub key: KeyId,
    /// `okta`, `entra` or `identity-center`.
    pub provider: String,
    /// The organisation's name in `organizations.toml` at sign-in.
    pub organization: String,
    /// The issuer, as the IdP spells it.
    pub issuer: String,
    /// The OAuth client.
    pub client_id: String,
    /// The token endpoint or service endpoint, where the issuer does not tell it.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The person's identifier at the issuer.
    #[serde(default)]
    pub subject: Option<String>,
    /// The person's name.
    #[serde(default)]
    pub name: Option<String>,
    /// The person's e-mail address; never identifies.
    #[serde(default)]
    pub email: Option<String>,
    /// Scopes granted.
    pub scopes: Vec<String>,
    /// AWS region; Identity Center only.
    #[serde(default)]
    pub region: Option<String>,
    /// The models that the person's groups give them, where the provider tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// The access token's end.
    pub expires_at: Timestamp,
    /// The session's end, where the provider tells it.
    #[serde(default)]
    pub session_expires_at: Option<Timestamp>,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
    /// What a newer program added; authenticated like the rest.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Public {
    pub(crate) fn of(
        new: NewPublic,
        revision: u64,
        key: KeyId,
        unknown: Map<String, Value>,
    ) -> Public {
        Public {
            revision,
            key,
            provider: new.provider,
            organization: new.organization,
            issuer: new.issuer,
            client_id: new.client_id,
            endpoint: new.endpoint,
            subject: new.subject,
            name: new.name,
            email: new.email,
            scopes: new.scopes,
            region: new.region,
            models: new.models,
            expires_at: new.expires_at,
            session_expires_at: new.session_expires_at,
            signed_in_at: new.signed_in_at,
            unknown,
        }
    }
}

/// With more than this left no refresh is due, jitter included; with less [`Store::refresh`](crate::Store::refresh) decides.
pub const CLEARLY_FRESH: SignedDuration = SignedDuration::from_secs(330);

/// The secrets of a session. `Debug` shows none of them.
#[derive(Clone)]
pub struct Tokens {
    /// The access token.
    pub access: SecretString,
    /// The refresh token, where the provider gives one.
    pub refresh: Option<SecretString>,
    /// The ID token, where the provider gives one.
    pub id: Option<SecretString>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("access", &"[redacted]")
            .field("refresh", &self.refresh.as_ref().map(|_| "[redacted]"))
            .field("id", &self.id.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}

/// A profile, unsealed.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its slot.
    pub profile: ProfileName,
    /// Its public part, authenticated.
    pub public: Public,
    /// Its secrets.
    pub tokens: Tokens,
}

/// The text inside the seal. Strings in it are wiped on drop.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plain {
    access_token: Zeroizing<String>,
    refresh_token: Option<Zeroizing<String>>,
    id_token: Option<Zeroizing<String>>,
    /// What a newer program keeps in here.
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

impl Plain {
    pub(crate) fn of(tokens: &Tokens, unknown: Map<String, Value>) -> Plain {
        let text = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
        Plain {
            access_token: text(&tokens.access),
            refresh_token: tokens.refresh.as_ref().map(text),
            id_token: tokens.id.as_ref().map(text),
            unknown,
        }
    }

    pub(crate) fn tokens(&self) -> Tokens {
        let secret = |text: &Zeroizing<String>| SecretString::from(text.as_str());
        Tokens {
            access: secret(&self.access_token),
            refresh: self.refresh_token.as_ref().map(secret),
            id: self.id_token.as_ref().map(secret),
        }
    }

    pub(crate) fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(self).map(Zeroizing::new)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Plain, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
