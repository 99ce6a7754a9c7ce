//! The organisation itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Body, Line, Note};
use super::problem::Problem;
use crate::center::Center;
use crate::directory;

/// The organisation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Organization {
    /// Its short name, part of addresses; it stays.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: String,
    /// Whom its people ask for help; may be empty.
    pub(crate) contact: String,
    /// Whether people with a password need a second factor. Administrators always do.
    pub(crate) second_factor: bool,
}

impl From<directory::Organization> for Organization {
    fn from(organization: directory::Organization) -> Organization {
        Organization {
            name: organization.name,
            title: organization.title,
            contact: organization.contact,
            second_factor: organization.second_factor,
        }
    }
}

/// What an owner says of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationSaid {
    pub(super) title: Line,
    #[serde(default)]
    pub(super) contact: Note,
    pub(super) second_factor: bool,
}

pub(super) async fn found(center: &Center, who: &Who) -> Result<directory::Organization, Problem> {
    let found = center.store.organization(who.organization()).await?;
    found.ok_or_else(|| Problem::nothing("organisation"))
}

/// The organisation
#[utoipa::path(get, path = "/organization", tag = "organisation", responses((status = 200, body = Organization), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Organization>, Problem> {
    Ok(Json(found(&center, &who).await?.into()))
}

/// Says something else of the organisation
#[utoipa::path(put, path = "/organization", tag = "organisation", request_body = OrganizationSaid, responses((status = 200, body = Organization), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    State(center): State<Arc<Center>>,
    who: Who,
    Body(said): Body<OrganizationSaid>,
) -> Result<Json<Organization>, Problem> {
    let organization = directory::Organization {
        name: who.organization().to_owned(),
        title: said.title.0,
        contact: said.contact.0,
        second_factor: said.second_factor,
    };
    let changed = center
        .store
        .change_organization(organization.clone(), center.now());
    changed.await??;
    Ok(Json(organization.into()))
}
