//! A refusal as AWS's clients know it: the header `x-amzn-ErrorType` names the exception (without it they do not recognise even
//! `authorization_pending`), the body has OAuth's words beside it.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::client::Wire;
use crate::figures;
use crate::id::AuthorizationId;
use crate::store::StoreError;

const KIND: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Which exception. The names and statuses are those of AWS's service models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    InvalidRequest,
    InvalidClient,
    InvalidClientMetadata,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidScope,
    UnauthorizedClient,
    UnsupportedGrantType,
    AuthorizationPending,
    SlowDown,
    AccessDenied,
    ExpiredToken,
    InternalServer,
    /// The portal's from here on: its bodies have `message`.
    PortalRequest,
    Unauthorized,
    Forbidden,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::InvalidRequest => "InvalidRequestException",
            Kind::InvalidClient => "InvalidClientException",
            Kind::InvalidClientMetadata => "InvalidClientMetadataException",
            Kind::InvalidGrant => "InvalidGrantException",
            Kind::InvalidRedirectUri => "InvalidRedirectUriException",
            Kind::InvalidScope => "InvalidScopeException",
            Kind::UnauthorizedClient => "UnauthorizedClientException",
            Kind::UnsupportedGrantType => "UnsupportedGrantTypeException",
            Kind::AuthorizationPending => "AuthorizationPendingException",
            Kind::SlowDown => "SlowDownException",
            Kind::AccessDenied => "AccessDeniedException",
            Kind::ExpiredToken => "ExpiredTokenException",
            Kind::InternalServer => "InternalServerException",
            Kind::PortalRequest => "InvalidRequestException",
            Kind::Unauthorized => "UnauthorizedException",
            Kind::Forbidden => "ForbiddenException",
        }
    }

    fn error(self) -> &'static str {
        match self {
            Kind::InvalidRequest => "invalid_request",
            Kind::InvalidClient => "invalid_client",
            Kind::InvalidClientMetadata => "invalid_client_metadata",
            Kind::InvalidGrant => "invalid_grant",
            Kind::InvalidRedirectUri => "invalid_redirect_uri",
            Kind::InvalidScope => "invalid_scope",
            Kind::UnauthorizedClient => "unauthorized_client",
            Kind::UnsupportedGrantType => "unsupported_grant_type",
            Kind::AuthorizationPending => "authorization_pending",
            Kind::SlowDown => "slow_down",
            Kind::AccessDenied | Kind::Forbidden => "access_denied",
            Kind::ExpiredToken => "expired_token",
            Kind::InternalServer => "server_error",
            Kind::PortalRequest => "invalid_request",
            Kind::Unauthorized => "invalid_token",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Kind::InvalidClient | Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::InternalServer => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::InvalidRequest
            | Kind::InvalidClientMetadata
            | Kind::InvalidGrant
            | Kind::InvalidRedirectUri
            | Kind::InvalidScope
            | Kind::UnauthorizedClient
            | Kind::UnsupportedGrantType
            | Kind::AuthorizationPending
            | Kind::SlowDown
            | Kind::AccessDenied
            | Kind::ExpiredToken
            | Kind::PortalRequest => StatusCode::BAD_REQUEST,
        }
    }
}

/// A refusal. Its description is for developers and repeats no secret.
#[derive(Debug)]
pub(super) struct Exception {
    kind: Kind,
    description: Cow<'static, str>,
}

impl Exception {
    pub(super) fn new(kind: Kind, description: impl Into<Cow<'static, str>>) -> Exception {
        Exception {
            kind,
            description: description.into(),
        }
    }
}

impl From<StoreError> for Exception {
    fn from(error: StoreError) -> Exception {
        tracing::error!(%error, "the store gave no answer");
        Exception::new(Kind::InternalServer, "try again later")
    }
}

impl IntoResponse for Exception {
    fn into_response(self) -> Response {
        // Either wire's clients find their own words: both have errors of the store.
        let (error, description) = (self.kind.error(), &self.description);
        figures::refused(Wire::Aws, error);
        let body = match self.kind {
            Kind::PortalRequest | Kind::Unauthorized | Kind::Forbidden => {
                json!({ "message": description })
            }
            Kind::InternalServer => {
                json!({ "error": error, "error_description": description, "message": description })
            }
            Kind::InvalidRequest
            | Kind::InvalidClient
            | Kind::InvalidClientMetadata
            | Kind::InvalidGrant
            | Kind::InvalidRedirectUri
            | Kind::InvalidScope
            | Kind::UnauthorizedClient
            | Kind::UnsupportedGrantType
            | Kind::AuthorizationPending
            | Kind::SlowDown
            | Kind::AccessDenied
            | Kind::ExpiredToken => json!({ "error": error, "error_description": description }),
        };
        let mut response = answer(&body);
        *response.status_mut() = self.kind.status();
        let kind = HeaderValue::from_static(self.kind.name());
        response.headers_mut().insert(KIND, kind);
        response
    }
}

/// An answer in JSON, with a name of its own and kept by no cache.
pub(super) fn answer(body: &impl serde::Serialize) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(AuthorizationId::random().to_string()) {
        headers.insert(REQUEST, name);
    }
    response
}
