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
use crate::inference::Inference;
use crate::start_url;

/// The managed `organizations.toml` for people's computers. Refused where they could not use it: the service's settings have changed
/// since it was decided
#[utoipa::path(get, path = "/client-settings", tag = "organisation", responses((status = 200, content_type = "application/toml", body = String), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(State(center): State<Arc<Center>>, who: Who) -> Result<Response, Problem> {
    let organization = organization::found(&center, &who).await?;
    let inference = center.store.inference(&organization.name).await?;
    let settings = &center.settings;
    let usable = inference.usable(&settings.region, &settings.hosts());
    usable.map_err(|why| {
        let title = "People’s computers could not use what is decided";
        Problem::conflict("inference", title)
            .because(why.to_string())
            .hint("Change it, or this service’s region, address or STS")
    })?;
    let text = organizations(&center.settings, &organization, inference);
    Ok(([(header::CONTENT_TYPE, "application/toml")], text).into_response())
}

fn organizations(settings: &Settings, organization: &Organization, inference: Inference) -> String {
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
    if let Some(residency) = inference.residency {
        set("residency", residency.word().to_owned());
    }
    let locks = locks(&inference);
    let inference = table(inference);
    if !inference.is_empty() {
        entry.insert("inference".to_owned(), inference.into());
    }
    let mut organizations = toml::Table::new();
    organizations.insert(organization.name.clone(), entry.into());
    let mut file = toml::Table::new();
    if !locks.is_empty() {
        file.insert("locks".to_owned(), locks.into());
    }
    file.insert("default".to_owned(), organization.name.clone().into());
    file.insert("organizations".to_owned(), organizations.into());
    toml::to_string_pretty(&file).unwrap_or_default()
}

/// `[locks]`: what has to stay, or to be asked in one region, does not by an entry that a person makes beside this one.
fn locks(inference: &Inference) -> toml::Table {
    let region = inference.region_locked;
    let own_organizations = inference.residency.is_some() || region;
    let all = [("region", region), ("own_organizations", own_organizations)];
    let locked = all.into_iter().filter(|(_, locked)| *locked);
    locked
        .map(|(name, locked)| (name.to_owned(), locked.into()))
        .collect()
}

/// `[organizations.NAME.inference]`
fn table(inference: Inference) -> toml::Table {
    let mut table = toml::Table::new();
    let mut set = |name: &str, value: Option<toml::Value>| {
        if let Some(value) = value {
            table.insert(name.to_owned(), value);
        }
    };
    set("region", inference.region.map(toml::Value::from));
    let role = inference.role.map(|role| (role.account, role.name)).unzip();
    set("account", role.0.map(toml::Value::from));
    set("role", role.1.map(toml::Value::from));
    let models = inference.models.map(Vec::from_iter);
    set("models", models.map(toml::Value::from));
    table
}
