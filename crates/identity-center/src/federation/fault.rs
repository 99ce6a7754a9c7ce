//! Why a sign-in at a provider led to nobody.

use std::borrow::Cow;

use kiro_relying_party::{DiscoveryError, HttpError, IdTokenError, TokenError};
use serde::{Deserialize, Serialize};

/// What went wrong. The texts are the provider's or the network's own, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The provider cannot be reached, or has a problem of its own: later perhaps.
    Away(String),
    /// The provider refuses this service, or is not what it was when it was connected: an administrator's affair.
    SetUp(String),
    /// What came back does not check out.
    Untrusted(String),
    /// The provider did not sign the person in: cancelled, not assigned, blocked.
    Declined(String),
    /// The application wants what the provider cannot do without asking, or at all: it is told (OpenID Connect Core §3.1.2.6).
    Told(Cow<'static, str>),
    /// The account is of a tenant whose people may not sign in here.
    OtherTenant,
    /// The provider knows the person, the directory does not. What it calls them.
    Unprovisioned(String),
}

/// Errors that say what the application's own wishes led to.
const TOLD: [&str; 5] = [
    "login_required",
    "interaction_required",
    "account_selection_required",
    "consent_required",
    "unmet_authentication_requirements",
];

impl Fault {
    /// What an error answer means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    #[must_use]
    pub fn answered(error: &str, description: Option<&str>) -> Fault {
        if let Some(told) = TOLD.into_iter().find(|told| *told == error) {
            return Fault::Told(told.into());
        }
        let said = match description {
            Some(description) => format!("{error}: {description}"),
            None => error.to_owned(),
        };
        match error {
            "access_denied" => Fault::Declined(said),
            "temporarily_unavailable" | "server_error" => Fault::Away(said),
            _ => Fault::SetUp(said),
        }
    }

    /// What kind it is, for figures and the audit log.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Away(_) => "away",
            Fault::SetUp(_) => "set_up",
            Fault::Untrusted(_) => "untrusted",
            Fault::Declined(_) => "declined",
            Fault::Told(_) => "told",
            Fault::OtherTenant => "other_tenant",
            Fault::Unprovisioned(_) => "unprovisioned",
        }
    }

    /// What the provider, or what reads its answers, said itself.
    #[must_use]
    pub fn said(&self) -> Option<String> {
        match self {
            Fault::Declined(said)
            | Fault::Away(said)
            | Fault::Untrusted(said)
            | Fault::SetUp(said) => Some(said.clone()),
            Fault::Told(error) => Some(error.clone().into_owned()),
            Fault::OtherTenant | Fault::Unprovisioned(_) => None,
        }
    }
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Fault {
        Fault::Away(error.to_string())
    }
}

impl From<DiscoveryError> for Fault {
    fn from(error: DiscoveryError) -> Fault {
        match error {
            DiscoveryError::Http(error) => error.into(),
            DiscoveryError::Temporary { .. } => Fault::Away(error.to_string()),
            DiscoveryError::NotFound { .. }
            | DiscoveryError::WrongIssuer { .. }
            | DiscoveryError::Malformed { .. }
            | DiscoveryError::InsecureEndpoint { .. } => Fault::SetUp(error.to_string()),
        }
    }
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Fault {
        match error {
            TokenError::Http(error) => error.into(),
            TokenError::Temporary { .. } => Fault::Away(error.to_string()),
            // Another sign-in's code, or one that was used or has expired (RFC 6749 §5.2).
            TokenError::Refused(refusal) if refusal.error == "invalid_grant" => {
                Fault::Untrusted(refusal.description.unwrap_or(refusal.error))
            }
            TokenError::Refused(refusal) => {
                Fault::answered(&refusal.error, refusal.description.as_deref())
            }
            TokenError::Malformed { .. } => Fault::Untrusted(error.to_string()),
        }
    }
}

impl From<IdTokenError> for Fault {
    fn from(error: IdTokenError) -> Fault {
        match error {
            IdTokenError::Http(error) => error.into(),
            IdTokenError::Temporary { .. } => Fault::Away(error.to_string()),
            IdTokenError::Tenant { .. } => Fault::OtherTenant,
            IdTokenError::Keys
            | IdTokenError::Malformed(_)
            | IdTokenError::Critical
            | IdTokenError::Issuer { .. }
            | IdTokenError::Audience
            | IdTokenError::AuthorizedParty
            | IdTokenError::KeyNotFound
            | IdTokenError::Signature
            | IdTokenError::Algorithm
            | IdTokenError::Expired
            | IdTokenError::NotYetValid
            | IdTokenError::IssuedAt
            | IdTokenError::Nonce
            | IdTokenError::AccessTokenHash
            | IdTokenError::Subject => Fault::Untrusted(error.to_string()),
        }
    }
}
