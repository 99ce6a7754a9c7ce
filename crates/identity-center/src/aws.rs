//! AWS IAM Identity Center's wire, for its unmodified clients: `sso-oidc` (2019-06-10) and the access portal `sso` (2019-06-10), at the
//! paths that their SDKs ask for. JSON bodies in camelCase, no ID token.
//!
//! ```text
//! /client/register   register_client        /token    token          /logout   logout
//! /authorize         authorize
//! ```
//!
//! Device codes, accounts, roles and their credentials are to come.
//!
//! A client registers itself, and only a loopback address can be its redirect URI: custom schemes belong to OpenID Connect.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::center::Center;

pub mod authorize;
mod body;
mod exception;
mod logout;
mod register_client;
mod token;

/// A request's body is no larger.
const LIMIT: usize = 64 * 1024;
/// RFC 8628 §3.4, as AWS's clients name it.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// AWS's endpoints.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/client/register", post(register_client::post))
        .route("/authorize", get(authorize::get))
        .route("/token", post(token::post))
        .route("/logout", post(logout::post))
        .layer(DefaultBodyLimit::max(LIMIT))
}

#[cfg(test)]
mod tests;
