//! SAML 2.0 (Web Browser SSO Profile, saml-profiles-2.0-os §4.1), where this service is a service provider.
//!
//! ```text
//! metadata   what the provider says of itself, and what we say to it
//! request    AuthnRequest by HTTP-Redirect, with what the application asked for
//! shape      what an answer may look like at all, before anything of it is believed
//! answer     its signature, its audience, its time ─► identity + authentication; nothing is read that was not signed
//! connect    an administrator connects a provider
//! ```
//!
//! Signatures are checked by `saml-rs`, which nobody has audited: what it is asked for is narrow (one assertion, signed itself, by RSA with
//! SHA-2), what it is given has passed [`shape`], and what it answers is compared again in [`answer`].
//!
//! The answer comes by a form of the provider's page, without our cookie (`SameSite=Lax`). It is verified where it arrives and kept with
//! the sign-in that it belongs to; the browser then proves by its cookie that it began that sign-in (`pages::saml`).

mod answer;
mod connect;
mod metadata;
mod request;
pub mod shape;
mod status;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Connection;
use crate::center::Settings;

pub use answer::examine;
pub(crate) use answer::{accepted, unsolicited};
pub use connect::{ConnectSaml, connect};
pub use metadata::{MetadataRefusal, ours};
pub(crate) use request::begin;
pub(crate) use status::Status;

/// What a connection by SAML has beside the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saml {
    /// The provider's name of itself.
    pub entity_id: String,
    /// Its metadata, as the administrator gave it: its certificates stand there.
    pub metadata: String,
    /// Where browsers are sent (HTTP-Redirect).
    pub sign_in: Url,
    /// Whether it may send people whom nobody asked for.
    pub idp_initiated: bool,
}

impl Saml {
    /// When each of its signing certificates ends.
    #[must_use]
    pub fn certificates(&self) -> Vec<Timestamp> {
        metadata::read(&self.metadata)
            .map_or_else(|_| Vec::new(), |described| described.certificates)
    }
}

/// Where we are, as one provider knows us: what its administrator fills in before there is a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ourselves {
    /// Our name (`EntityID`, "Audience URI"): the address of our metadata.
    pub entity_id: String,
    /// Where answers come (`AssertionConsumerService`, "Single sign-on URL").
    pub acs: String,
}

impl Ourselves {
    /// To the connection of this name in this organisation.
    #[must_use]
    pub fn to(settings: &Settings, organization: &str, name: &str) -> Ourselves {
        let base = settings.at(&format!("/federation/saml/{organization}/{name}"));
        Ourselves {
            entity_id: format!("{base}/metadata"),
            acs: format!("{base}/acs"),
        }
    }

    pub(crate) fn of(settings: &Settings, connection: &Connection) -> Ourselves {
        Ourselves::to(settings, &connection.organization, &connection.name)
    }
}
