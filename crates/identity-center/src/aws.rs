//! AWS IAM Identity Center's wire, for its unmodified clients: `sso-oidc` (2019-06-10) and the access portal `sso` (2019-06-10), at the
//! paths that their SDKs ask for. JSON bodies in camelCase, no ID token.
//!
//! ```text
//! /client/register        register_client        /assignment/accounts      accounts
//! /authorize              authorize              /assignment/roles         roles
//! /device_authorization   device_authorization   /federation/credentials   role_credentials
//! /token                  token                  /logout                   logout
//! ```
//!
//! A client registers itself, and only a loopback address can be its redirect URI: custom schemes belong to OpenID Connect.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::center::Center;

mod accounts;
mod authorize;
mod bearer;
mod body;
mod device_authorization;
mod exception;
mod logout;
mod paging;
mod register_client;
mod role_credentials;
mod roles;
mod token;

pub(crate) use bearer::SCOPE;

/// A request's body is no larger.
const LIMIT: usize = 64 * 1024;

/// AWS's endpoints.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/client/register", post(register_client::post))
        .route("/authorize", get(authorize::get))
        .route("/device_authorization", post(device_authorization::post))
        .route("/token", post(token::post))
        .route("/assignment/accounts", get(accounts::get))
        .route("/assignment/roles", get(roles::get))
        .route("/federation/credentials", get(role_credentials::get))
        .route("/logout", post(logout::post))
        .layer(DefaultBodyLimit::max(LIMIT))
}

#[cfg(test)]
pub(crate) mod tests;
