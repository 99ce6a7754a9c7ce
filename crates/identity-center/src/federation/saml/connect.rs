//! Connecting a provider by its metadata.

use url::Url;

use super::Saml;
use super::metadata::{self, MetadataRefusal};
use crate::center::Center;
use crate::directory::{self, NotAName, is_plain};
use crate::federation::connect::{domains, kept};
use crate::federation::{ConnectError, Connection, Details, Kind};

/// What an administrator says of a provider.
#[derive(Clone, Debug)]
pub struct ConnectSaml {
    /// Whose people sign in there.
    pub organization: String,
    /// What it is called here, part of addresses: lower-case letters, digits and hyphens. A connection of this name is changed; its links
    /// to people stay.
    pub name: String,
    /// Which provider it is.
    pub kind: Kind,
    /// Its metadata. Given again, it brings new certificates; what it does not list is trusted no more.
    pub metadata: String,
    /// Whether it may send people whom nobody asked for.
    pub idp_initiated: bool,
    /// The domains of its people's names.
    pub domains: Vec<String>,
}

/// Connects a provider by SAML. A new connection is inactive; one that was there stays as it was in that.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(center: &Center, asked: ConnectSaml) -> Result<Connection, ConnectError> {
    let name = directory::name(&asked.name)?;
    if !is_plain(name) || !is_plain(&asked.organization) {
        return Err(NotAName::Invisible.into());
    }
    let described = metadata::read(&asked.metadata)?;
    let origin = described.sign_in.origin().ascii_serialization();
    let issuer: Url = described.sign_in.clone();
    let details = Details {
        kind: asked.kind,
        issuer,
        client_id: String::new(),
        scopes: Vec::new(),
        tenants: Vec::new(),
        origin,
        saml: Some(Saml {
            entity_id: described.entity_id,
            metadata: asked.metadata,
            sign_in: described.sign_in,
            idp_initiated: asked.idp_initiated,
        }),
    };
    let domains = domains(&asked.domains)?;
    kept(
        center,
        asked.organization,
        name.to_owned(),
        details,
        domains,
        b"",
    )
    .await
}

impl From<MetadataRefusal> for ConnectError {
    fn from(refusal: MetadataRefusal) -> ConnectError {
        ConnectError::Metadata(refusal)
    }
}
