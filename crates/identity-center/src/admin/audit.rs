//! The organisation's part of the audit log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::admitted::Who;
use super::body::{Asked, limit};
use super::problem::Problem;
use super::view::Page;
use crate::audit;
use crate::center::Center;

/// An entry.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Entry {
    /// Its place in the whole log.
    pub(crate) number: i64,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// Who.
    pub(crate) actor: String,
    /// What, such as `user.deactivate`.
    pub(crate) action: String,
    /// To whom, or to what.
    pub(crate) subject: String,
    /// `done` or `refused`.
    pub(crate) outcome: String,
    /// From where.
    pub(crate) address: Option<String>,
    /// By which program, as it says itself.
    pub(crate) user_agent: Option<String>,
    /// More.
    #[schema(value_type = Object)]
    pub(crate) detail: serde_json::Value,
}

impl From<audit::Entry> for Entry {
    fn from(entry: audit::Entry) -> Entry {
        Entry {
            number: entry.number,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            outcome: entry.outcome,
            address: entry.address,
            user_agent: entry.user_agent,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        }
    }
}

/// A page has so many bytes of details, or one entry: lists of people are long.
const ENOUGH: usize = 256 * 1024;

/// How many of the first of these, at most `most`, a page has.
fn fitting(entries: &[audit::Entry], most: u32) -> u32 {
    let mut bytes = 0;
    let fit = entries.iter().take_while(|entry| {
        let is_first = bytes == 0;
        bytes += entry.detail.len();
        is_first || bytes <= ENOUGH
    });
    u32::try_from(fit.count()).map_or(most, |fit| fit.min(most))
}

/// Which entries are meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The `next` of the page before; without, the newest entries.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// So many at most, 1 to 500; 100 without. Fewer where they list many people.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Who did what, the newest first. Only the whole log can be verified (`kiro-identity-center audit verify`)
#[utoipa::path(get, path = "/audit", tag = "audit", params(Wanted), responses((status = 200, body = Page<Entry>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<Entry>>, Problem> {
    let limit = limit(wanted.limit)?;
    let before = wanted.before.unwrap_or(i64::MAX);
    if before < 1 {
        let title = "The query cannot be used";
        return Err(
            Problem::new(StatusCode::BAD_REQUEST, "query", title).because("`before` is 1 or more")
        );
    }
    let found = center.store.audit_of(who.organization(), before, limit + 1);
    let found = found.await?;
    let fitting = fitting(&found, limit);
    let entries = found.into_iter().map(Entry::from).collect();
    Ok(Json(Page::of(entries, fitting, |last: &Entry| {
        last.number.to_string()
    })))
}
