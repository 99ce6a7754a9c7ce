//! What the endpoint can do (RFC 7643 §5–7, RFC 7644 §4).

use axum::http::StatusCode;
use kiro_scim::Refusal;
use kiro_scim::schema::{self, Features};
use serde_json::{Value, json};

use super::answer::{Answer, Content};
use super::{LIMIT, OPERATIONS, PAGES, base, openapi};
use crate::center::Center;
use crate::provisioning::Provisioner;

fn at(center: &Center, by: &Provisioner) -> String {
    base(center.settings.issuer(), &by.organization)
}

/// All of it, in OpenAPI.
pub(super) fn itself(center: &Center, by: &Provisioner) -> Answer {
    Answer {
        content: Content::Description(openapi::document(center, by)),
        ..Answer::nothing(StatusCode::OK)
    }
}

pub(super) fn service_provider_config(center: &Center, by: &Provisioner) -> Answer {
    let pages = PAGES.in_manner(by.manner);
    let base = at(center, by);
    let features = Features {
        base: &base,
        bulk_operations: OPERATIONS,
        body: LIMIT,
        page: pages.most,
        default_page: pages.default,
    };
    let document = schema::service_provider_config(&features, by.manner);
    Answer::of(StatusCode::OK, document)
}

pub(super) fn resource_types(center: &Center, by: &Provisioner) -> Answer {
    whole(schema::resource_types(&at(center, by)))
}

pub(super) fn resource_type(
    center: &Center,
    by: &Provisioner,
    name: &str,
) -> Result<Answer, Refusal> {
    one(
        schema::resource_types(&at(center, by)),
        name,
        "type of resource",
    )
}

pub(super) fn schemas(center: &Center, by: &Provisioner) -> Answer {
    whole(schema::schemas(&at(center, by)))
}

pub(super) fn schema(center: &Center, by: &Provisioner, urn: &str) -> Result<Answer, Refusal> {
    one(schema::schemas(&at(center, by)), urn, "schema")
}

type Named = Vec<(&'static str, Value)>;

fn whole(all: Named) -> Answer {
    let all: Vec<Value> = all.into_iter().map(|(_, document)| document).collect();
    let list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": all.len(),
        "startIndex": 1,
        "itemsPerPage": all.len(),
        "Resources": all,
    });
    Answer::of(StatusCode::OK, list)
}

fn one(all: Named, name: &str, what: &'static str) -> Result<Answer, Refusal> {
    let mut all = all.into_iter();
    let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, document) = found.ok_or(Refusal::NotFound(what))?;
    Ok(Answer::of(StatusCode::OK, document))
}
