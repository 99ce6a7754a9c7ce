//! A connection: an identity provider that an organisation's people sign in at.

use kiro_relying_party::{IssuerExpectation, IssuerRule, Metadata};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::callback;
use super::saml::Saml;
use crate::center::Center;
use crate::id::ConnectionId;
use crate::pages::route::Realm;
use crate::store::secrets::purpose;

/// Which provider it is: what they do differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Any other OpenID Provider.
    Oidc,
}

impl Kind {
    /// How the discovery document's issuer relates to the configured one.
    #[must_use]
    pub fn rule(self) -> IssuerRule {
        match self {
            Kind::Okta | Kind::Oidc => IssuerRule::Exact,
            Kind::Entra => IssuerRule::Template,
        }
    }
}

/// A connection as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Which.
    pub id: ConnectionId,
    /// Whose people sign in there.
    pub organization: String,
    /// What its administrator calls it; unique in the organisation.
    pub name: String,
    /// How it is spoken to.
    pub details: Details,
    /// The domains of its people's names, ASCII, in lower case. A domain belongs to one connection of the service.
    pub domains: Vec<String>,
    /// Whether people are sent there.
    pub active: bool,
    /// The client secret, sealed.
    pub sealed: Vec<u8>,
}

/// How a provider is spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Which provider it is.
    pub kind: Kind,
    /// As it was configured.
    pub issuer: Url,
    /// This service, there.
    pub client_id: String,
    /// What it asks for, `openid` among them.
    pub scopes: Vec<String>,
    /// The tenants whose people may sign in (Entra ID); empty where the issuer is one tenant's.
    pub tenants: Vec<String>,
    /// The origin that browsers are sent to, as it was when the provider was connected. They are sent to no other.
    pub origin: String,
    /// What there is instead, where the provider speaks SAML; then `issuer` is its sign-in page, and the rest is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<Saml>,
}

/// Why a connection is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionRefusal {
    /// There is no such organisation.
    #[error("there is no such organisation")]
    NoOrganization,
    /// The organisation has another connection of this name.
    #[error("the organisation has another connection of this name")]
    Taken,
    /// A domain is another connection's.
    #[error("the domain {0} belongs to another connection")]
    DomainTaken(String),
}

impl Connection {
    /// The names that belong to it.
    #[must_use]
    pub fn realm(&self) -> Realm {
        Realm {
            connection: self.id,
            domains: self.domains.clone(),
        }
    }

    /// Where its answers come, where it speaks OpenID Connect.
    #[must_use]
    pub fn callback(&self) -> String {
        callback(&self.organization, &self.name)
    }

    /// What its client secret is sealed for.
    pub(super) fn sealed_for(id: ConnectionId) -> String {
        purpose("connections", &id.into())
    }

    /// The client secret; `None` where the master key does not open it.
    pub(super) fn secret(&self, center: &Center) -> Option<SecretString> {
        let opened = center.master.open(&Self::sealed_for(self.id), &self.sealed);
        let text = String::from_utf8(opened?.to_vec()).ok()?;
        Some(SecretString::from(text))
    }
}

impl Details {
    /// Which provider it is, of which kind, by which protocol: what a connection's links hold for.
    pub(super) fn provider(&self) -> (&str, Kind, bool) {
        match &self.saml {
            Some(saml) => (&saml.entity_id, self.kind, true),
            None => (self.issuer.as_str(), self.kind, false),
        }
    }

    /// Whose ID tokens count: this issuer's, or the allowed tenants' under the template.
    pub(super) fn expects<'a>(&'a self, metadata: &'a Metadata) -> IssuerExpectation<'a> {
        if self.tenants.is_empty() && !is_template(&metadata.issuer) {
            IssuerExpectation::Exact(&metadata.issuer)
        } else {
            IssuerExpectation::Tenant {
                template: &metadata.issuer,
                allowed: &self.tenants,
            }
        }
    }
}

/// Whether an issuer stands for every tenant's.
pub(super) fn is_template(issuer: &str) -> bool {
    issuer.contains("{tenantid}")
}
