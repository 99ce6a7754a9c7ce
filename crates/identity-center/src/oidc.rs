//! OpenID Connect, for applications that an administrator has made known. One file per endpoint, named by its word.
//!
//! ```text
//! /.well-known/openid-configuration  discovery        /oauth2/userinfo      userinfo
//! /oauth2/jwks                       jwks             /oauth2/introspect    introspection (RFC 7662)
//! /oauth2/authorize                  authorize        /oauth2/revoke        revocation (RFC 7009)
//! /oauth2/par                        par (RFC 9126)   /oauth2/end_session   end_session
//! /oauth2/token                      token            /oauth2/device_authorization   device_authorization (RFC 8628)
//! ```

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::center::Center;

pub mod authorize;
pub mod backchannel_logout;
mod bearer;
mod client_authentication;
mod device_authorization;
pub mod discovery;
pub mod dpop;
mod end_session;
mod hint;
mod id_token;
mod introspection;
mod jwks;
mod par;
pub(crate) mod parameters;
mod refusal;
mod revocation;
mod token;
mod userinfo;

/// The paths, below the issuer.
mod path {
    pub(super) const AUTHORIZE: &str = "/oauth2/authorize";
    pub(super) const PAR: &str = "/oauth2/par";
    pub(super) const DEVICE_AUTHORIZATION: &str = "/oauth2/device_authorization";
    pub(super) const TOKEN: &str = "/oauth2/token";
    pub(super) const JWKS: &str = "/oauth2/jwks";
    pub(super) const USERINFO: &str = "/oauth2/userinfo";
    pub(super) const INTROSPECTION: &str = "/oauth2/introspect";
    pub(super) const REVOCATION: &str = "/oauth2/revoke";
    pub(super) const END_SESSION: &str = "/oauth2/end_session";
}

/// OpenID Connect's endpoints.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::get))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::get),
        )
        .route(path::JWKS, get(jwks::get))
        .route(path::AUTHORIZE, get(authorize::get).post(authorize::post))
        .route(path::PAR, post(par::post))
        .route(path::DEVICE_AUTHORIZATION, post(device_authorization::post))
        .route(path::TOKEN, post(token::post))
        .route(path::USERINFO, get(userinfo::get).post(userinfo::post))
        .route(path::INTROSPECTION, post(introspection::post))
        .route(path::REVOCATION, post(revocation::post))
        .route(
            path::END_SESSION,
            get(end_session::get).post(end_session::post),
        )
        .layer(DefaultBodyLimit::max(parameters::LIMIT))
}

#[cfg(test)]
pub(crate) mod tests;
