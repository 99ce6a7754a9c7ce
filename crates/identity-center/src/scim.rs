//! `/{organisation}/scim/v2`: SCIM 2.0 (RFC 7643, 7644, 9865), by which an identity provider sends people and groups.
//!
//! ```text
//! admitted   a connection's token, at its organisation's address: nothing tells a wrong tenant from a wrong token
//! route      which method of which endpoint it is; whatever is none of them is refused in SCIM's words
//! resources  one person or group: made, read, replaced, patched, deleted        words and decisions: `kiro-scim`
//! list       many of them: filtered, sorted, by pages or cursor                 rows: `store::provisioned`
//! bulk       several requests in one
//! describe   what the endpoint can do, its schemas and types; the whole of it as OpenAPI ([`openapi`])
//! written    what is answered of many, piece by piece, as it is read                pieces: the body
//! ```
//!
//! A connection sees and changes what it has provisioned ([`crate::provisioning`]). Refusals are RFC 7644's, with a sentence for whoever
//! looks after the identity provider, and are in the audit log.

mod admitted;
mod answer;
mod bulk;
mod describe;
mod list;
mod openapi;
mod pieces;
mod resources;
mod route;
mod written;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use kiro_scim::PageLimits;

use crate::center::Center;

/// A body is no longer.
const LIMIT: usize = 4 * 1024 * 1024;
/// A bulk request has no more operations.
const OPERATIONS: usize = 1000;
/// How long a page of a list is.
const PAGES: PageLimits = PageLimits {
    default: 100,
    most: 1000,
};

/// The endpoint of every organisation.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/{organization}/scim/v2", any(route::answer))
        .route("/{organization}/scim/v2/", any(route::answer))
        .route("/{organization}/scim/v2/{*path}", any(route::answer))
        .layer(DefaultBodyLimit::max(LIMIT + 1))
}

/// Where an organisation's endpoint is.
#[must_use]
pub fn base(issuer: &str, organization: &str) -> String {
    format!("{issuer}/{organization}/scim/v2")
}

#[cfg(test)]
mod tests;
