//! What the desktop app and the `kiro` command are told of this service: the administrator's `organizations.toml`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::admitted::Who;
use super::organization;
use super::problem::Problem;
use crate::center::Center;
use crate::center::Settings;
use crate::directory::Organization;
use crate::start_url;

/// The managed `organizations.toml` for people's computers
#[utoipa::path(get, path = "/client-settings", tag = "organisation", responses((status = 200, content_type = "application/toml", body = String), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(center): State<Arc<Center>>, who: Who) -> Result<Response, Problem> {
    let organization = organization::found(&center, &who).await?;
    let text = organizations(&center.settings, &organization);
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

fn organizations(settings: &Settings, organization: &Organization) -> String {
    let mut entry = toml::Table::new();
    let mut set = |name: &str, value: String| entry.insert(name.to_owned(), value.into());
    set("title", organization.title.clone());
    set("provider", "identity-center".to_owned());
    set("start_url", start_url::of(settings, &organization.name));
    set("region", settings.region.clone());
    set("endpoint", settings.issuer().to_owned());
    if !organization.contact.is_empty() {
        set("contact", organization.contact.clone());
    }
    let mut organizations = toml::Table::new();
    organizations.insert(organization.name.clone(), entry.into());
    let mut file = toml::Table::new();
    file.insert("default".to_owned(), organization.name.clone().into());
    file.insert("organizations".to_owned(), organizations.into());
    toml::to_string_pretty(&file).unwrap_or_default()
}
