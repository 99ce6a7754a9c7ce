//! The discovery document (OpenID Connect Discovery 1.0 §3, RFC 8414). It follows from the settings alone: written once.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{dpop, path};
use crate::center::{Center, Settings};
use crate::device::GRANT as DEVICE_CODE;

/// `GET /.well-known/openid-configuration`
pub(super) async fn get(State(center): State<Arc<Center>>) -> Response {
    cached(center.discovery.clone())
}

/// JSON that may be cached for five minutes.
pub(super) fn cached(body: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body).into_response()
}

/// The document of these settings.
#[must_use]
pub fn document(settings: &Settings) -> Bytes {
    let at = |path| settings.at(path);
    let document = json!({
        "issuer": settings.issuer(),
        "authorization_endpoint": at(path::AUTHORIZE),
        "device_authorization_endpoint": at(path::DEVICE_AUTHORIZATION),
        "token_endpoint": at(path::TOKEN),
        "jwks_uri": at(path::JWKS),
        "userinfo_endpoint": at(path::USERINFO),
        "introspection_endpoint": at(path::INTROSPECTION),
        "revocation_endpoint": at(path::REVOCATION),
        "end_session_endpoint": at(path::END_SESSION),
        "pushed_authorization_request_endpoint": at(path::PAR),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": [dpop::ALGORITHM],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "acr", "sid", "azp",
            "name", "given_name", "family_name", "preferred_username", "updated_at", "email"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "ja"],
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "require_request_uri_registration": false,
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    });
    Bytes::from(document.to_string())
}
