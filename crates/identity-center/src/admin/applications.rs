//! Applications that speak OpenID Connect. Those of AWS's wire register themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::admitted::Who;
use super::body::{Body, Line, Named};
use super::groups;
use super::problem::Problem;
use super::view::Page;
use crate::center::Center;
use crate::client::{Client, Details, Grant, Wire};
use crate::id::GroupId;
use crate::redirect::registrable;
use crate::secret::{issue, random};

/// The scopes that an application may be given.
pub(super) const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// An application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Application {
    pub(crate) client_id: String,
    /// What people are told that it is called.
    pub(crate) name: String,
    /// Whether it proves itself by a secret.
    pub(crate) confidential: bool,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) post_logout_redirect_uris: Vec<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) scopes: Vec<String>,
    /// Where it is told of ended sessions (`OpenID` Connect Back-Channel Logout 1.0).
    pub(crate) backchannel_logout_uri: Option<String>,
    /// Whether people are asked before it learns who they are.
    pub(crate) consent: bool,
    /// The groups whose members may use it; empty: everybody.
    pub(crate) groups: Vec<GroupId>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) registered_at: Timestamp,
}

impl From<Client> for Application {
    fn from(client: Client) -> Application {
        Application {
            client_id: client.id,
            name: client.name,
            confidential: client.secret.is_some(),
            redirect_uris: client.details.redirect_uris,
            post_logout_redirect_uris: client.details.post_logout_redirect_uris,
            grants: client.details.grants,
            scopes: client.details.scopes,
            backchannel_logout_uri: client.details.backchannel_logout_uri,
            consent: client.details.consent,
            groups: client.details.groups,
            registered_at: client.issued_at,
        }
    }
}

/// An application, and the secret that it has from now on: told now and never again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Registered {
    #[serde(flatten)]
    pub(crate) application: Application,
    /// None for a public application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
}

/// What an owner says of an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationSaid {
    pub(crate) name: Line,
    /// Whether it proves itself by a secret: a program on a server can keep one, a program on people's computers cannot. It stays as it
    /// was made.
    #[serde(default)]
    pub(crate) confidential: bool,
    /// `https`, a scheme of the application's own, `localhost` with its port, or a loopback address, where any port is meant if none is
    /// named.
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) post_logout_redirect_uris: Vec<String>,
    /// Codes and renewals without.
    #[serde(default = "usual_grants")]
    pub(crate) grants: Vec<Grant>,
    #[serde(default = "usual_scopes")]
    #[schema(schema_with = scopes)]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backchannel_logout_uri: Option<String>,
    #[serde(default)]
    pub(crate) consent: bool,
    #[serde(default)]
    pub(crate) groups: Vec<GroupId>,
}

fn usual_grants() -> Vec<Grant> {
    vec![Grant::AuthorizationCode, Grant::RefreshToken]
}

fn usual_scopes() -> Vec<String> {
    SCOPES.map(str::to_owned).to_vec()
}

/// How they are described.
fn scopes() -> Array {
    let one = ObjectBuilder::new().schema_type(Type::String);
    ArrayBuilder::new()
        .items(one.enum_values(Some(SCOPES)))
        .description(Some("All of them without."))
        .build()
}

/// What was said, checked.
async fn details(center: &Center, who: &Who, said: ApplicationSaid) -> Result<Details, Problem> {
    for uri in said
        .redirect_uris
        .iter()
        .chain(&said.post_logout_redirect_uris)
    {
        if !registrable(Wire::Oidc, uri) {
            let title = "A redirect URI cannot be registered";
            return Err(Problem::unfit("redirect-uri", title).hint(
                "Give an https address, a scheme of its own, localhost with its port, or a loopback address; without user information, fragment, escapes or dot segments",
            ));
        }
    }
    if said.grants.contains(&Grant::AuthorizationCode) && said.redirect_uris.is_empty() {
        let title = "Codes need a redirect URI";
        return Err(Problem::unfit("redirect-uri", title));
    }
    if !said
        .scopes
        .iter()
        .all(|scope| SCOPES.contains(&scope.as_str()))
    {
        let title = format!("The scopes are {}", SCOPES.join(", "));
        return Err(Problem::unfit("scope", title));
    }
    if let Some(uri) = &said.backchannel_logout_uri
        && (kiro_relying_party::secure_url(uri).is_err() || !registrable(Wire::Oidc, uri))
    {
        let title = "The back-channel logout URI is an https address";
        return Err(Problem::unfit("backchannel-logout-uri", title));
    }
    for group in &said.groups {
        groups::found(center, who, *group).await?;
    }
    Ok(Details {
        redirect_uris: said.redirect_uris,
        post_logout_redirect_uris: said.post_logout_redirect_uris,
        grants: said.grants,
        scopes: said.scopes,
        backchannel_logout_uri: said.backchannel_logout_uri,
        consent: said.consent,
        groups: said.groups,
    })
}

async fn found(center: &Center, who: &Who, id: &str) -> Result<Client, Problem> {
    let all = center.store.applications(who.organization()).await?;
    all.into_iter()
        .find(|client| client.id == id)
        .ok_or_else(|| Problem::nothing("application"))
}

/// Applications, by name
#[utoipa::path(get, path = "/applications", tag = "applications", responses((status = 200, body = Page<Application>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Application>>, Problem> {
    let all = center.store.applications(who.organization()).await?;
    Ok(Json(Page::whole(
        all.into_iter().map(Application::from).collect(),
    )))
}

/// Registers an application
#[utoipa::path(post, path = "/applications", tag = "applications", request_body = ApplicationSaid, responses((status = 201, body = Registered), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(center): State<Arc<Center>>,
    who: Who,
    Body(said): Body<ApplicationSaid>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let now = center.now();
    let (secret, digest) = said.confidential.then(issue).unzip();
    let id: String = random::<12>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let client = Client {
        id,
        organization: Some(who.organization().to_owned()),
        wire: Wire::Oidc,
        secret: digest,
        name: said.name.0.clone(),
        details: details(&center, &who, said).await?,
        issued_at: now,
        expires_at: None,
    };
    center.store.put_client(client.clone(), now).await?;
    let registered = Registered {
        application: client.into(),
        client_secret: secret.map(|secret| secret.expose_secret().to_owned()),
    };
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Says something else of an application; what is left out takes its default. Its secret stays, and so do its sessions, except of people who are in none of its groups
#[utoipa::path(put, path = "/applications/{client_id}", tag = "applications", params(("client_id" = String, Path)), request_body = ApplicationSaid, responses((status = 200, body = Application), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<String>,
    Body(said): Body<ApplicationSaid>,
) -> Result<Json<Application>, Problem> {
    let before = found(&center, &who, &id).await?;
    if said.confidential != before.secret.is_some() {
        let title = "Whether an application has a secret stays as it was made";
        return Err(Problem::conflict("confidential", title));
    }
    let client = Client {
        name: said.name.0.clone(),
        details: details(&center, &who, said).await?,
        ..before
    };
    kept(&center, client.clone(), "application.change").await?;
    Ok(Json(client.into()))
}

/// Gives a confidential application a new secret; the one before is good no more
#[utoipa::path(post, path = "/applications/{client_id}/secret", tag = "applications", params(("client_id" = String, Path)), responses((status = 201, body = Registered), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn secret(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<String>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let before = found(&center, &who, &id).await?;
    if before.secret.is_none() {
        return Err(Problem::conflict(
            "public",
            "The application is public: it has no secret",
        ));
    }
    let (secret, digest) = issue();
    let client = Client {
        secret: Some(digest),
        ..before
    };
    kept(&center, client.clone(), "application.secret").await?;
    let registered = Registered {
        application: client.into(),
        client_secret: Some(secret.expose_secret().to_owned()),
    };
    Ok((StatusCode::CREATED, Json(registered)))
}

/// Removes an application, and ends what people had granted it
#[utoipa::path(delete, path = "/applications/{client_id}", tag = "applications", params(("client_id" = String, Path)), responses((status = 200, body = super::view::Ended), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<String>,
) -> Result<Json<super::view::Ended>, Problem> {
    found(&center, &who, &id).await?;
    let store = &center.store;
    let ended = store.remove_application(who.organization(), &id, center.now());
    let sessions = ended
        .await?
        .ok_or_else(|| Problem::nothing("application"))?;
    Ok(Json(super::view::Ended { sessions }))
}

async fn kept(center: &Center, client: Client, action: &'static str) -> Result<(), Problem> {
    let changed = center.store.change_client(client, action, center.now());
    match changed.await? {
        Some(_) => Ok(()),
        None => Err(Problem::nothing("application")),
    }
}
