//! Who provisions people and groups by SCIM: connections, their tokens, what they did, and what is taken back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use kiro_scim::Manner;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::admitted::Who;
use super::audit::Entry;
use super::body::{Asked, Body, Line, Named, limit};
use super::problem::Problem;
use super::view::Page;
use super::{groups, users};
use crate::center::Center;
use crate::id::{GroupId, ScimTokenId, UserId};
use crate::provisioning::{self, ALERTED, ProvisioningRefusal, ScimToken, issue};
use crate::scim;

/// Refusals of so long are counted.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// A connection that provisions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Provisioner {
    pub(crate) name: String,
    pub(crate) manner: MannerWord,
    /// What the identity provider is told: Okta calls it base URL, Entra ID tenant URL.
    pub(crate) base_url: String,
    /// When something last changed through it, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_push_at: Option<Timestamp>,
    /// So many requests were refused in the last 24 hours.
    pub(crate) refused: u64,
    pub(crate) tokens: Vec<Token>,
    /// More people left through it within an hour than leave a company in one.
    pub(crate) alert: Option<Leaving>,
}

/// How a connection is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MannerWord {
    /// All that the RFCs have; what Okta and Entra ID send besides is understood.
    Rfc,
    /// Within the limits that AWS documents for its own endpoint.
    Aws,
}

impl From<MannerWord> for Manner {
    fn from(word: MannerWord) -> Manner {
        match word {
            MannerWord::Rfc => Manner::Rfc,
            MannerWord::Aws => Manner::Aws,
        }
    }
}

impl From<Manner> for MannerWord {
    fn from(manner: Manner) -> MannerWord {
        match manner {
            Manner::Rfc => MannerWord::Rfc,
            Manner::Aws => MannerWord::Aws,
        }
    }
}

/// A token, without the secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Token {
    /// 32 hexadecimal digits.
    pub(crate) id: ScimTokenId,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_used_at: Option<Timestamp>,
}

impl From<ScimToken> for Token {
    fn from(token: ScimToken) -> Token {
        Token {
            id: token.id,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A new token. It is told now and never again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NewToken {
    /// 32 hexadecimal digits.
    pub(crate) id: ScimTokenId,
    /// What the identity provider proves itself with.
    pub(crate) token: String,
    /// Where it sends people and groups.
    pub(crate) base_url: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// People who left through a connection within an hour.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Leaving {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) since: Timestamp,
    /// So many.
    pub(crate) people: u32,
    /// Of so many who could sign in before.
    pub(crate) of: u32,
}

/// What came of taking it back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Undone {
    /// So many may sign in again. What had ended stays ended.
    pub(crate) reactivated: u64,
    /// So many were removed, or have changed since.
    pub(crate) gone: u64,
}

/// What an owner says of a connection.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvisionerSaid {
    pub(crate) manner: MannerWord,
}

/// Which entries are meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The `number` of an entry: what came behind it, the oldest first. Without, the newest entries, the newest first.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// So many at most, 1 to 500; 100 without.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl From<ProvisioningRefusal> for Problem {
    fn from(refusal: ProvisioningRefusal) -> Problem {
        match refusal {
            ProvisioningRefusal::NoConnection => Problem::nothing("connection"),
            ProvisioningRefusal::NoToken => Problem::nothing("token"),
            ProvisioningRefusal::TwoTokens => {
                let title = "The connection has two tokens already";
                Problem::conflict("two-tokens", title).hint("Revoke the one that is not in use")
            }
            ProvisioningRefusal::NoEvent => {
                let title = "There is nothing to take back";
                Problem::conflict("no-event", title).because(refusal.to_string())
            }
            ProvisioningRefusal::Anothers => {
                let title = "Another connection provisions it";
                Problem::conflict("another-s", title)
            }
        }
    }
}

async fn found(
    center: &Center,
    who: &Who,
    name: &Line,
) -> Result<provisioning::Provisioner, Problem> {
    let found = center
        .store
        .provisioner(who.organization(), &name.0)
        .await?;
    found.ok_or_else(|| Problem::nothing("connection that provisions"))
}

async fn view(center: &Center, of: provisioning::Provisioner) -> Result<Provisioner, Problem> {
    let (store, now) = (&center.store, center.now());
    let tokens = store.scim_tokens(of.id).await?;
    let recent = |event: &provisioning::Leaving| now - ALERTED < event.since;
    let alert = of.leaving.filter(provisioning::Leaving::is_unusual);
    let alert = alert.filter(recent);
    Ok(Provisioner {
        base_url: scim::base(center.settings.issuer(), &of.organization),
        refused: store.provisioning_refusals(&of, now - RECENT).await?,
        tokens: tokens.into_iter().map(Token::from).collect(),
        alert: alert.map(|event| Leaving {
            since: event.since,
            people: event.count,
            of: event.of,
        }),
        manner: of.manner.into(),
        last_push_at: of.last_push_at,
        name: of.name,
    })
}

/// Every connection of an organisation that provisions, as it stands.
pub(super) async fn every(
    center: &Center,
    organization: &str,
) -> Result<Vec<Provisioner>, Problem> {
    let mut all = Vec::new();
    for of in center.store.provisioners(organization).await? {
        all.push(view(center, of).await?);
    }
    Ok(all)
}

/// Connections that provision, by name
#[utoipa::path(get, path = "/provisioning", tag = "provisioning", responses((status = 200, body = Page<Provisioner>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Page<Provisioner>>, Problem> {
    let all = every(&center, who.organization()).await?;
    Ok(Json(Page::whole(all)))
}

/// Lets a connection provision, or changes how it is spoken to. Where an identity provider's connection has the name, whom it provisions
/// may sign in there
#[utoipa::path(put, path = "/provisioning/{connection}", tag = "provisioning", params(("connection" = String, Path, description = "the connection's name")), request_body = ProvisionerSaid, responses((status = 200, body = Provisioner), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
    Body(said): Body<ProvisionerSaid>,
) -> Result<Json<Provisioner>, Problem> {
    let (store, manner) = (&center.store, said.manner.into());
    let kept = store.keep_provisioner(who.organization(), &name.0, manner, center.now());
    Ok(Json(view(&center, kept.await?).await?))
}

/// Stops a connection's provisioning: its tokens are good no more. Its people and groups stay. Where no identity provider's connection has
/// the name, they are the administrator's from now on, without `external_id`, and may be handed over to another connection
#[utoipa::path(delete, path = "/provisioning/{connection}", tag = "provisioning", params(("connection" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<StatusCode, Problem> {
    let of = found(&center, &who, &name).await?;
    center.store.remove_provisioner(&of, center.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a token, good for a year. A connection has two at most: the one in use, and the one that takes its place. An identity
/// provider's connection may provision from its first token on
#[utoipa::path(post, path = "/provisioning/{connection}/tokens", tag = "provisioning", params(("connection" = String, Path)), responses((status = 201, body = NewToken), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add_token(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let (store, organization, now) = (&center.store, who.organization(), center.now());
    let of = match store.provisioner(organization, &name.0).await? {
        Some(of) => of,
        None => {
            super::connections::found(&center, &who, &name).await?;
            store
                .keep_provisioner(organization, &name.0, Manner::Rfc, now)
                .await?
        }
    };
    let (token, digest) = issue();
    let made = store.add_scim_token(of.id, digest, now).await??;
    let made = NewToken {
        id: made.id,
        token: token.expose_secret().to_owned(),
        base_url: scim::base(center.settings.issuer(), organization),
        expires_at: made.expires_at,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// A token is good no more
#[utoipa::path(delete, path = "/provisioning/{connection}/tokens/{token}", tag = "provisioning", params(("connection" = String, Path), ("token" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke_token(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((name, token)): Named<(Line, ScimTokenId)>,
) -> Result<StatusCode, Problem> {
    let of = found(&center, &who, &name).await?;
    let revoked = center.store.revoke_scim_token(&of, token, center.now());
    revoked.await??;
    Ok(StatusCode::NO_CONTENT)
}

/// What was done and refused through a connection
#[utoipa::path(get, path = "/provisioning/{connection}/log", tag = "provisioning", params(("connection" = String, Path), Wanted), responses((status = 200, body = Page<Entry>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn log(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<Entry>>, Problem> {
    let most = limit(wanted.limit)?;
    if wanted.after.is_some_and(|after| after < 0) {
        let title = "The query cannot be used";
        let problem = Problem::new(StatusCode::BAD_REQUEST, "query", title);
        return Err(problem.because("`after` is 0 or more"));
    }
    let of = found(&center, &who, &name).await?;
    let store = &center.store;
    let log = store.provisioning_log(who.organization(), &of.name, wanted.after, most);
    let items = log.await?.into_iter().map(Entry::from).collect();
    Ok(Json(Page::whole(items)))
}

/// Hands a person whom no connection provisions over to one, which does from now on
#[utoipa::path(put, path = "/provisioning/{connection}/users/{user}", tag = "provisioning", params(("connection" = String, Path), ("user" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn hand_over_user(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((name, user)): Named<(Line, UserId)>,
) -> Result<StatusCode, Problem> {
    let of = found(&center, &who, &name).await?;
    users::found(&center, &who, user).await?;
    center
        .store
        .hand_over_user(&of, user, center.now())
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Hands a group that no connection provisions over to one, which does from now on
#[utoipa::path(put, path = "/provisioning/{connection}/groups/{group}", tag = "provisioning", params(("connection" = String, Path), ("group" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn hand_over_group(
    State(center): State<Arc<Center>>,
    who: Who,
    Named((name, group)): Named<(Line, GroupId)>,
) -> Result<StatusCode, Problem> {
    let of = found(&center, &who, &name).await?;
    groups::found(&center, &who, group).await?;
    center
        .store
        .hand_over_group(&of, group, center.now())
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back that people left through a connection within an hour of each other: who was deactivated may sign in again. What had ended
/// stays ended, and who was removed is gone
#[utoipa::path(post, path = "/provisioning/{connection}/undo", tag = "provisioning", params(("connection" = String, Path)), responses((status = 200, body = Undone), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn undo(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(name): Named<Line>,
) -> Result<Json<Undone>, Problem> {
    let of = found(&center, &who, &name).await?;
    let undone = center.store.undo_leaving(&of, center.now()).await??;
    Ok(Json(Undone {
        reactivated: undone.reactivated,
        gone: undone.gone,
    }))
}
