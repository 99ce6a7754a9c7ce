//! Identity providers that the organisation's people sign in at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Body, Line, Named};
use super::problem::Problem;
use super::view::{Ended, Link, Page};
use crate::administrator::Role;
use crate::center::Center;
use crate::directory::is_plain;
use crate::federation::saml::{ConnectSaml, Ourselves};
use crate::federation::{
    self, Connect, ConnectError, ConnectionRefusal, Kind, entra_issuer, trial,
};
use crate::id::ConnectionId;

/// Entra ID's public cloud.
const ENTRA: &str = "https://login.microsoftonline.com";

/// An identity provider. Its client secret is told to nobody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Connection {
    /// 32 hexadecimal digits.
    pub(crate) id: ConnectionId,
    pub(crate) name: String,
    pub(crate) kind: ProviderKind,
    pub(crate) issuer: String,
    /// This service, there.
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    /// The Entra tenants whose people may sign in.
    pub(crate) tenants: Vec<String>,
    /// Whose names lead there.
    pub(crate) domains: Vec<String>,
    /// Whether people are sent there.
    pub(crate) active: bool,
    /// When somebody last came through it, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_sign_in_at: Option<Timestamp>,
    /// To be registered there: where the browser comes back to (by SAML, the assertion consumer service).
    pub(crate) redirect_uri: String,
    /// To be registered there: where the browser goes after signing out.
    pub(crate) signed_out_uri: String,
    /// What there is where the provider speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) saml: Option<SamlConnection>,
}

/// A connection by SAML 2.0.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SamlConnection {
    /// The provider's name of itself.
    pub(crate) entity_id: String,
    /// To be registered there: this service's entity id ("audience URI"), where its metadata is.
    pub(crate) service_entity_id: String,
    /// Whether it may send people whom nobody asked for.
    pub(crate) idp_initiated: bool,
    /// When each of its signing certificates ends.
    #[schema(value_type = Vec<String>, format = DateTime)]
    pub(crate) certificates_end_at: Vec<Timestamp>,
}

/// Which provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProviderKind {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Any other provider of OpenID Connect.
    #[value(help = "Any other OpenID provider")]
    Oidc,
}

impl From<ProviderKind> for Kind {
    fn from(kind: ProviderKind) -> Kind {
        match kind {
            ProviderKind::Okta => Kind::Okta,
            ProviderKind::Entra => Kind::Entra,
            ProviderKind::Oidc => Kind::Oidc,
        }
    }
}

impl From<Kind> for ProviderKind {
    fn from(kind: Kind) -> ProviderKind {
        match kind {
            Kind::Okta => ProviderKind::Okta,
            Kind::Entra => ProviderKind::Entra,
            Kind::Oidc => ProviderKind::Oidc,
        }
    }
}

/// What an owner says of a provider.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionSaid {
    pub(crate) kind: ProviderKind,
    /// The issuer, as the provider names it. For Entra ID `tenant` may stand instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<Line>,
    /// Entra ID: the directory's id or domain, `organizations` or `common`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<Line>,
    /// This service, as registered there. Needed unless the provider speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<Line>,
    /// What this service proves itself with, there. It is kept sealed. Needed unless the provider speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
    /// SAML 2.0: the provider's metadata, as XML. Then nothing else is named but `domains` and `idp_initiated`. Given again it brings new
    /// certificates; what it does not list is trusted no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<String>,
    /// SAML 2.0: whether the provider may send people whom nobody asked for.
    #[serde(default)]
    pub(crate) idp_initiated: bool,
    /// What is asked for beyond `openid`, `profile` and `email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<Line>,
    /// Entra ID: the tenants whose people may sign in; needed where the issuer is every tenant's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tenants: Vec<Line>,
    /// The domains of its people's names.
    pub(crate) domains: Vec<Line>,
}

impl ConnectionSaid {
    fn by_openid(self, organization: &str, name: String) -> Result<Connect, Problem> {
        let issuer = self.issuer()?;
        let (Some(client_id), Some(client_secret)) = (self.client_id, self.client_secret) else {
            let title = "A client id and its secret are needed, or SAML metadata";
            return Err(Problem::unfit("client", title));
        };
        Ok(Connect {
            organization: organization.to_owned(),
            name,
            kind: self.kind.into(),
            issuer,
            client_id: client_id.0,
            client_secret: SecretString::from(client_secret),
            scopes: texts(self.scopes),
            tenants: texts(self.tenants),
            domains: texts(self.domains),
        })
    }

    fn by_saml(
        self,
        organization: &str,
        name: String,
        metadata: String,
    ) -> Result<ConnectSaml, Problem> {
        let others = self.issuer.is_some()
            || self.tenant.is_some()
            || self.client_id.is_some()
            || self.client_secret.is_some();
        if others || !self.scopes.is_empty() || !self.tenants.is_empty() {
            let title = "SAML metadata says it all: nothing of OpenID Connect is named beside it";
            return Err(Problem::unfit("metadata", title));
        }
        if !is_plain(&name) {
            let title = "This is no name for a connection by SAML";
            return Err(Problem::unfit("not-a-name", title)
                .because("it is part of addresses")
                .hint("Name it by lower-case letters, digits and hyphens"));
        }
        Ok(ConnectSaml {
            organization: organization.to_owned(),
            name,
            kind: self.kind.into(),
            metadata,
            idp_initiated: self.idp_initiated,
            domains: texts(self.domains),
        })
    }

    fn issuer(&self) -> Result<Url, Problem> {
        let unfit = |title: &str| Problem::unfit("issuer", title);
        match (&self.issuer, &self.tenant) {
            (Some(issuer), None) => {
                let url = kiro_relying_party::secure_url(&issuer.0);
                url.map_err(|_| unfit("The issuer is an https address"))
            }
            (None, Some(tenant)) if self.kind == ProviderKind::Entra && !tenant.0.contains('/') => {
                let cloud = ENTRA.parse().map_err(|_| unfit("The issuer is missing"))?;
                Ok(entra_issuer(&cloud, &tenant.0))
            }
            _ => Err(unfit(
                "Either the issuer or, for Entra ID, the tenant is named",
            )),
        }
    }
}

fn texts(lines: Vec<Line>) -> Vec<String> {
    lines.into_iter().map(|line| line.0).collect()
}

/// How a test sign-in stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Trial {
    /// Whether somebody came back.
    pub(crate) done: bool,
    /// What the provider calls who came back.
    pub(crate) shown: Option<String>,
    /// What provisioning would know them by.
    pub(crate) external_id: Option<String>,
    /// The person that they would be here; nobody yet, where there is none.
    pub(crate) user_name: Option<String>,
    /// The link's end.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// The connection of this name in the administrator's organisation.
pub(super) async fn found(
    center: &Center,
    who: &Who,
    name: &Line,
) -> Result<federation::Connection, Problem> {
    let all = center.store.connections(Some(who.organization())).await?;
    all.into_iter()
        .find(|connection| connection.name == name.0)
        .ok_or_else(|| Problem::nothing("connection"))
}

fn view(
    center: &Center,
    connection: federation::Connection,
    last_sign_in_at: Option<Timestamp>,
) -> Connection {
    let redirect_uri = match &connection.details.saml {
        Some(_) => Ourselves::to(&center.settings, &connection.organization, &connection.name).acs,
        None => center.settings.at(&connection.callback()),
    };
    let saml = connection.details.saml.as_ref().map(|saml| SamlConnection {
        entity_id: saml.entity_id.clone(),
        service_entity_id: Ourselves::to(
            &center.settings,
            &connection.organization,
            &connection.name,
        )
        .entity_id,
        idp_initiated: saml.idp_initiated,
        certificates_end_at: saml.certificates(),
    });
    Connection {
        id: connection.id,
        name: connection.name,
        kind: connection.details.kind.into(),
        issuer: connection.details.issuer.to_string(),
        client_id: connection.details.client_id,
        scopes: connection.details.scopes,
        tenants: connection.details.tenants,
        domains: connection.domains,
        active: connection.active,
        last_sign_in_at,
        redirect_uri,
        signed_out_uri: center.settings.at("/signed-out"),
        saml,
    }
}

/// Identity providers, by name
#[utoipa::path(get, path = "/connections", tag = "identity providers", responses((status = 200, body = Page<Connection>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Connection>>, Problem> {
    let store = &center.store;
    let all = store.connections(Some(who.organization())).await?;
    let last = store.last_sign_ins(who.organization()).await?;
    let items = all.into_iter().map(|connection| {
        let last = last.get(&connection.id).copied();
        view(&center, connection, last)
    });
    Ok(Json(Page::whole(items.collect())))
}

/// Connects an identity provider, or changes the connection of this name. The provider is looked at first: discovery, issuer, keys and
/// PKCE. A new connection is inactive until it was tried
#[utoipa::path(put, path = "/connections/{connection}", tag = "identity providers", params(("connection" = String, Path, description = "the connection's name")), request_body = ConnectionSaid, responses((status = 200, body = Connection), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn connect(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
    Body(said): Body<ConnectionSaid>,
) -> Result<Json<Connection>, Problem> {
    let connection = match said.metadata.clone() {
        Some(metadata) => {
            let asked = said.by_saml(who.organization(), name.0, metadata)?;
            federation::saml::connect(&center, asked).await?
        }
        None => {
            let asked = said.by_openid(who.organization(), name.0)?;
            federation::connect(&center, asked).await?
        }
    };
    let last = center.store.last_sign_ins(who.organization()).await?;
    let last = last.get(&connection.id).copied();
    Ok(Json(view(&center, connection, last)))
}

/// Removes a connection, and who its people are here
#[utoipa::path(delete, path = "/connections/{connection}", tag = "identity providers", params(("connection" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<StatusCode, Problem> {
    let connection = found(&center, &who, &name).await?;
    center
        .store
        .remove_connection(connection.id, center.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link to a test sign-in. Whoever opens it learns who they are at the provider; nobody is signed in here
#[utoipa::path(post, path = "/connections/{connection}/trial", tag = "identity providers", params(("connection" = String, Path)), responses((status = 201, body = Link), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn offer_trial(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    let connection = found(&center, &who, &name).await?;
    let url = trial::offer(&center, connection.id).await?;
    let link = Link {
        url: url.expose_secret().to_owned(),
        expires_at: center.now() + trial::LIFETIME,
    };
    Ok((StatusCode::CREATED, Json(link)))
}

/// What came of the newest test sign-in
#[utoipa::path(get, path = "/connections/{connection}/trial", tag = "identity providers", params(("connection" = String, Path)), responses((status = 200, body = Trial), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn trial(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<Json<Trial>, Problem> {
    let connection = found(&center, &who, &name).await?;
    let trial = center.store.trial_of(connection.id).await?;
    let trial = trial.ok_or_else(|| Problem::nothing("test sign-in"))?;
    let (shown, external_id, user_name) = match trial.outcome {
        Some(outcome) => (
            Some(outcome.shown),
            Some(outcome.external_id),
            outcome.user_name,
        ),
        None => (None, None, None),
    };
    Ok(Json(Trial {
        done: shown.is_some(),
        shown,
        external_id,
        user_name,
        expires_at: trial.expires_at,
    }))
}

/// Sends people there from now on. Somebody has come back from a test sign-in before, and one owner can sign in without it
#[utoipa::path(post, path = "/connections/{connection}/activate", tag = "identity providers", params(("connection" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn activate(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<StatusCode, Problem> {
    let connection = found(&center, &who, &name).await?;
    let store = &center.store;
    let tried = store.trial_of(connection.id).await?;
    let tried = tried.is_some_and(|trial| trial.outcome.is_some());
    let used = store.last_sign_ins(who.organization()).await?;
    if !tried && !used.contains_key(&connection.id) {
        let title = "Nobody has come back from a test sign-in";
        return Err(Problem::conflict("untried", title)
            .hint("Open a test sign-in’s link and sign in there, then activate"));
    }
    let administrators = store.administrators(who.organization()).await?;
    let mut owners = administrators.iter().filter(|one| one.role == Role::Owner);
    if !owners.any(|owner| owner.local) {
        let title = "No owner could sign in without this identity provider";
        return Err(Problem::conflict("no-local-owner", title)
            .hint("Give an owner a password by a set-up link first"));
    }
    store
        .set_connection_active(connection.id, true, center.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends nobody there any more, and who came from there is granted nothing more. Sessions that began there go on until they are ended, too
#[utoipa::path(post, path = "/connections/{connection}/deactivate", tag = "identity providers", params(("connection" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn deactivate(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<StatusCode, Problem> {
    let connection = found(&center, &who, &name).await?;
    let store = &center.store;
    store
        .set_connection_active(connection.id, false, center.now())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends everything that began with a sign-in there: sessions, browsers, codes that wait, sign-ins under way. Where the connection is
/// active, people may sign in there again: it is deactivated first where the provider is not to be trusted
#[utoipa::path(delete, path = "/connections/{connection}/sessions", tag = "identity providers", params(("connection" = String, Path)), responses((status = 200, body = Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn end_sessions(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<Json<Ended>, Problem> {
    let connection = found(&center, &who, &name).await?;
    let ended = center
        .store
        .end_sessions_through(connection.id, center.now());
    let sessions = ended.await?.ok_or_else(|| Problem::nothing("connection"))?;
    Ok(Json(Ended { sessions }))
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Problem {
        let title = "The identity provider cannot be connected";
        let unfit = |word, why: String| Problem::unfit(word, title).because(why);
        match error {
            ConnectError::Store(error) => error.into(),
            ConnectError::NotAName(wrong) => wrong.into(),
            ConnectError::Refused(ConnectionRefusal::NoOrganization) => {
                Problem::nothing("organisation")
            }
            ConnectError::Refused(refusal) => {
                Problem::conflict("taken", title).because(refusal.to_string())
            }
            ConnectError::OtherIssuer { .. } => Problem::conflict("other-issuer", title)
                .because(error.to_string())
                .hint("Remove it first, or choose another name"),
            ConnectError::NoDomain | ConnectError::NotADomain(_) => {
                unfit("domains", error.to_string())
            }
            ConnectError::NoTenant => unfit("tenants", error.to_string())
                .hint("Name the tenants whose people may sign in"),
            ConnectError::NoPkce => unfit("no-pkce", error.to_string()),
            ConnectError::Metadata(why) => unfit("metadata", why.to_string()),
            ConnectError::Http(error) => unfit("unreachable", error.to_string()),
            ConnectError::Discovery(error) => unfit("discovery", error.to_string()),
            ConnectError::Keys(error) => unfit("keys", error.to_string()),
        }
    }
}
