//! How things stand, at a glance.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::organization;
use super::problem::Problem;
use super::provisioning::{self, Provisioner};
use crate::center::Center;

/// How things stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Status {
    /// What the organisation is called.
    pub(crate) title: String,
    /// The service's address.
    pub(crate) issuer: String,
    /// The service's version.
    pub(crate) version: String,
    /// `sqlite` or `postgresql`.
    pub(crate) store: String,
    /// People who may sign in.
    pub(crate) users: u64,
    pub(crate) groups: u64,
    /// Sessions that live.
    pub(crate) sessions: u64,
    /// Owners who could sign in without an identity provider.
    pub(crate) local_owners: u64,
    /// When the service's store was last backed up by `backup`.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_back_up_at: Option<Timestamp>,
    pub(crate) connections: Vec<ConnectionStatus>,
    pub(crate) provisioning: Vec<Provisioner>,
}

/// How an identity provider stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ConnectionStatus {
    pub(crate) name: String,
    pub(crate) active: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_sign_in_at: Option<Timestamp>,
}

/// How things stand
#[utoipa::path(get, path = "/status", tag = "organisation", responses((status = 200, body = Status), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Status>, Problem> {
    let (store, of) = (&center.store, who.organization());
    let organization = organization::found(&center, &who).await?;
    let counts = store.counts(of, center.now()).await?;
    let last = store.last_sign_ins(of).await?;
    let connections = store.connections(Some(of)).await?.into_iter();
    let connections = connections.map(|connection| ConnectionStatus {
        last_sign_in_at: last.get(&connection.id).copied(),
        name: connection.name,
        active: connection.active,
    });
    let owners = store.administrators(of).await?.into_iter();
    let owners = owners.filter(|one| one.local && one.role == crate::administrator::Role::Owner);
    Ok(Json(Status {
        title: organization.title,
        issuer: center.settings.issuer().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: store.kind().to_owned(),
        users: counts.users,
        groups: counts.groups,
        sessions: counts.sessions,
        local_owners: owners.count() as u64,
        last_back_up_at: store.last_back_up().await?,
        connections: connections.collect(),
        provisioning: provisioning::every(&center, of).await?,
    }))
}
