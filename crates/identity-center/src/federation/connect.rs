//! Connecting a provider: it is looked at before anything is kept.

use jiff::Timestamp;
use kiro_relying_party::{DiscoveryError, HttpError, IdTokenError, discover};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::connection::is_template;
use super::saml::MetadataRefusal;
use super::{Connection, ConnectionRefusal, Details, Kind};
use crate::center::Center;
use crate::directory::{self, NotAName};
use crate::id::ConnectionId;
use crate::store::StoreError;

/// What an administrator says of a provider.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Whose people sign in there.
    pub organization: String,
    /// What it is called here. A connection of this name is changed; its links to people stay.
    pub name: String,
    /// Which provider it is.
    pub kind: Kind,
    /// Its issuer ([`entra_issuer`] makes Entra ID's).
    pub issuer: Url,
    /// This service, there.
    pub client_id: String,
    /// What this service proves itself with, there.
    pub client_secret: SecretString,
    /// What it asks for beyond `openid`, `profile` and `email`.
    pub scopes: Vec<String>,
    /// The tenants whose people may sign in (Entra ID); needed where the issuer is every tenant's.
    pub tenants: Vec<String>,
    /// The domains of its people's names.
    pub domains: Vec<String>,
}

/// Why a provider is not connected. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`ConnectionRefusal`].
    #[error(transparent)]
    Refused(#[from] ConnectionRefusal),
    /// Its name is none.
    #[error(transparent)]
    NotAName(#[from] NotAName),
    /// Nobody's name would lead there.
    #[error("a connection needs a domain whose people sign in there")]
    NoDomain,
    /// That is no domain.
    #[error("{0} is not a domain")]
    NotADomain(String),
    /// The issuer is every tenant's, and none is named.
    #[error("this issuer is every tenant's, and no tenant is named")]
    NoTenant,
    /// What its links mean would change: who `00u1` is at one issuer says nothing about another.
    #[error("{name} is connected to {issuer}")]
    OtherIssuer {
        /// The connection.
        name: String,
        /// Its issuer.
        issuer: String,
    },
    /// The provider refuses PKCE with S256.
    #[error("the provider does not take PKCE with S256")]
    NoPkce,
    /// See [`MetadataRefusal`].
    #[error("the metadata cannot be used: {0}")]
    Metadata(MetadataRefusal),
    /// Requests cannot be made.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// See [`DiscoveryError`].
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// Its keys cannot be used.
    #[error(transparent)]
    Keys(#[from] IdTokenError),
}

/// Entra ID's issuer for a tenant (an id, a domain, `organizations` or `common`) of a cloud (`https://login.microsoftonline.com`).
#[must_use]
pub fn entra_issuer(authority: &Url, tenant: &str) -> Url {
    let mut issuer = authority.clone();
    let base = authority.path().trim_end_matches('/');
    issuer.set_path(&format!("{base}/{tenant}/v2.0"));
    issuer
}

/// Connects a provider: discovery, issuer, PKCE and keys are looked at first. A new connection is inactive; one that was there stays as
/// it was in that.
///
/// # Errors
/// See [`ConnectError`].
pub async fn connect(center: &Center, asked: Connect) -> Result<Connection, ConnectError> {
    let name = directory::name(&asked.name)?.to_owned();
    let domains = domains(&asked.domains)?;
    let provider = (asked.issuer.as_str(), asked.kind, false);
    before(center, &asked.organization, &name, provider).await?;
    let details = looked_at(center, &asked, center.now()).await?;
    let secret = asked.client_secret.expose_secret().as_bytes();
    kept(center, asked.organization, name, details, domains, secret).await
}

/// Keeps a connection, in place of the one with its name: if it leads to the same provider.
pub(super) async fn kept(
    center: &Center,
    organization: String,
    name: String,
    details: Details,
    domains: Vec<String>,
    secret: &[u8],
) -> Result<Connection, ConnectError> {
    let before = before(center, &organization, &name, details.provider()).await?;
    // Whom a connection of this name has provisioned, may sign in there.
    let provisioner = center.store.provisioner(&organization, &name).await?;
    let known = before.as_ref().map(|known| known.id);
    let known = known.or(provisioner.map(|provisioner| provisioner.id));
    let id = known.unwrap_or_else(ConnectionId::random);
    let connection = Connection {
        id,
        organization,
        name,
        details,
        domains,
        active: before.is_some_and(|known| known.active),
        sealed: center.master.seal(&Connection::sealed_for(id), secret),
    };
    let kept = center
        .store
        .keep_connection(connection.clone(), center.now());
    kept.await??;
    Ok(connection)
}

/// The connection of this name, if it leads to this provider: what its links mean would change.
async fn before(
    center: &Center,
    organization: &str,
    name: &str,
    provider: (&str, Kind, bool),
) -> Result<Option<Connection>, ConnectError> {
    let all = center.store.connections(Some(organization)).await?;
    let before = all.into_iter().find(|known| known.name == name);
    match before {
        Some(known) if known.details.provider() != provider => Err(ConnectError::OtherIssuer {
            name: name.to_owned(),
            issuer: known.details.provider().0.to_owned(),
        }),
        before => Ok(before),
    }
}

/// What the provider says of itself, now.
async fn looked_at(
    center: &Center,
    asked: &Connect,
    now: Timestamp,
) -> Result<Details, ConnectError> {
    let http = center.outgoing.client().await?;
    let rule = asked.kind.rule();
    let metadata = discover(http.as_ref(), &asked.issuer, rule, now).await?;
    if metadata.pkce_s256 == Some(false) {
        return Err(ConnectError::NoPkce);
    }
    if is_template(&metadata.issuer) && asked.tenants.is_empty() {
        return Err(ConnectError::NoTenant);
    }
    let origin = metadata.authorization_endpoint.origin();
    let learnt = center.providers.learn(&asked.issuer, rule, metadata, now);
    learnt.await.keys.probe(http.as_ref(), now).await?;
    let mut scopes = ["openid", "profile", "email"].map(str::to_owned).to_vec();
    for scope in &asked.scopes {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    Ok(Details {
        kind: asked.kind,
        issuer: asked.issuer.clone(),
        client_id: asked.client_id.clone(),
        scopes,
        tenants: asked.tenants.clone(),
        origin: origin.ascii_serialization(),
        saml: None,
    })
}

/// Domains as names are compared with them ([`crate::pages::route`]), each once.
pub(super) fn domains(asked: &[String]) -> Result<Vec<String>, ConnectError> {
    let mut domains = Vec::new();
    for asked in asked {
        let Ok(Host::Domain(domain)) = Host::parse(asked.trim()) else {
            return Err(ConnectError::NotADomain(asked.clone()));
        };
        let domain = domain.trim_end_matches('.').to_owned();
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    if domains.is_empty() {
        return Err(ConnectError::NoDomain);
    }
    Ok(domains)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn domains_are_kept_as_names_are_compared_with_them() {
        let check = |asked: &[&str], expected: Option<&[&str]>| {
            let owned: Vec<String> = asked.iter().map(|domain| (*domain).to_owned()).collect();
            let found = domains(&owned).ok();
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|found| found.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{asked:?}");
        };
        check(
            &["Acme.Example", " acme.example. "],
            Some(&["acme.example"]),
        );
        check(&["ドメイン.example"], Some(&["xn--eckwd4c7c.example"]));
        check(
            &["a.example", "b.example"],
            Some(&["a.example", "b.example"]),
        );
        for other in [
            &[][..],
            &[""],
            &["127.0.0.1"],
            &["[::1]"],
            &["a.example", "aiko@acme.example"],
            &["acme.example/x"],
        ] {
            check(other, None);
        }
    }

    #[test]
    fn entra_s_issuer_is_its_tenants() {
        let check = |authority: &str, tenant: &str, expected: &str| {
            let issuer = entra_issuer(&authority.parse().unwrap(), tenant);
            assert_eq!(issuer.as_str(), expected);
        };
        check(
            "https://login.microsoftonline.com",
            "organizations",
            "https://login.microsoftonline.com/organizations/v2.0",
        );
        check(
            "https://login.microsoftonline.us/",
            "acme.example",
            "https://login.microsoftonline.us/acme.example/v2.0",
        );
    }
}
