//! Applications that people sign in to: who they are, and where an answer may be sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Digest;

/// An application.
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// The organisation whose people may use it. `None` for an AWS client that named no start URL.
    pub organization: Option<String>,
    /// Which of the two protocols it speaks.
    pub wire: Wire,
    /// What its secret is compared with. A public client of OpenID Connect has none.
    pub secret: Option<Digest>,
    /// What the consent page calls it.
    pub name: String,
    /// The rest.
    pub details: Details,
    /// When it was registered.
    pub issued_at: Timestamp,
    /// When its registration ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// What administration asks for (`admin login`); nobody else is given it.
pub const ADMINISTRATION: &str = "admin";

impl Client {
    /// Whether its registration has not ended.
    #[must_use]
    pub fn is_registered(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// The `client_id` of an organisation's administration.
    #[must_use]
    pub fn id_of_administration(organization: &str) -> String {
        format!("{ADMINISTRATION}-{organization}")
    }

    /// The application by which an organisation is administered: each has it from its beginning. A device code and an access token
    /// are all that it gets; nothing of it can be renewed.
    #[must_use]
    pub fn of_administration(organization: &str, now: Timestamp) -> Client {
        Client {
            id: Client::id_of_administration(organization),
            organization: Some(organization.to_owned()),
            wire: Wire::Oidc,
            secret: None,
            name: "Identity Center administration".to_owned(),
            details: Details {
                grants: vec![Grant::DeviceCode],
                scopes: vec!["openid".to_owned(), ADMINISTRATION.to_owned()],
                ..Details::default()
            },
            issued_at: now,
            expires_at: None,
        }
    }
}

/// Which protocol an application speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// AWS's `sso-oidc`: JSON, `scopes`, loopback redirects only, no ID token.
    Aws,
    /// OpenID Connect: forms, `openid`, ID tokens.
    Oidc,
}

/// What an application may do. Kept as JSON: unknown members are ignored, missing ones empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Where an answer may be sent (see [`crate::redirect`]).
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after `end_session`.
    pub post_logout_redirect_uris: Vec<String>,
    /// The grants that it may ask for.
    pub grants: Vec<Grant>,
    /// The scopes that it may ask for.
    pub scopes: Vec<String>,
    /// OpenID Connect Back-Channel Logout 1.0.
    pub backchannel_logout_uri: Option<String>,
    /// Whether people are asked before it learns who they are.
    pub consent: bool,
    /// The groups whose members may use it; empty: everybody.
    pub groups: Vec<crate::id::GroupId>,
}

impl Details {
    /// Whether a person of these groups may use the application.
    #[must_use]
    pub fn open_to(&self, groups: &[crate::id::GroupId]) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group))
    }
}

/// A grant of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Grant {
    /// RFC 6749 §4.1.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// RFC 6749 §6.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}
