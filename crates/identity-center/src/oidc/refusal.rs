//! A refusal as a program is told it: JSON with `error` and `error_description` (RFC 6749 §5.2).

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::dpop;
use crate::client::Wire;
use crate::figures;
use crate::store::StoreError;

/// A refusal. Its description is for developers; it repeats no secret.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) error: &'static str,
    pub(super) description: Cow<'static, str>,
    status: StatusCode,
    challenge: Option<String>,
    nonce: Option<String>,
}

impl Refusal {
    /// A refusal of this kind, 400.
    pub(super) fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            error,
            description: description.into(),
            status: StatusCode::BAD_REQUEST,
            challenge: None,
            nonce: None,
        }
    }

    pub(super) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new("invalid_request", description)
    }

    pub(super) fn invalid_grant(description: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new("invalid_grant", description)
    }

    /// 401 with the challenge that RFC 6749 §5.2 asks for.
    pub(super) fn invalid_client(description: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Basic realm=\"kiro-identity-center\", charset=\"UTF-8\"".to_owned()),
            ..Refusal::new("invalid_client", description)
        }
    }

    /// A resource's refusal: the challenge says what is wrong (RFC 6750 §3, RFC 9449 §7.1).
    pub(super) fn of_token(
        scheme: &str,
        error: &'static str,
        description: &'static str,
    ) -> Refusal {
        let status = match error {
            "insufficient_scope" => StatusCode::FORBIDDEN,
            "invalid_request" => StatusCode::BAD_REQUEST,
            _ => StatusCode::UNAUTHORIZED,
        };
        let algorithms = if scheme == "DPoP" {
            format!(", algs=\"{}\"", dpop::ALGORITHM)
        } else {
            String::new()
        };
        Refusal {
            status,
            challenge: Some(format!(
                "{scheme} error=\"{error}\", error_description=\"{description}\"{algorithms}"
            )),
            ..Refusal::new(error, description)
        }
    }

    /// Neither scheme was used (RFC 6750 §3.1: no error code then).
    pub(super) fn no_token() -> Refusal {
        Refusal {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some(format!("Bearer, DPoP algs=\"{}\"", dpop::ALGORITHM)),
            ..Refusal::new("invalid_token", "no access token was sent")
        }
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Refusal {
        self.status = status;
        self
    }

    /// With the nonce that the next proof must have (RFC 9449 §8).
    pub(super) fn with_nonce(mut self, nonce: String) -> Refusal {
        self.nonce = Some(nonce);
        self
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        tracing::error!(%error, "the store gave no answer");
        Refusal::new("temporarily_unavailable", "try again later")
            .with_status(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        figures::refused(Wire::Oidc, self.error);
        let body = serde_json::json!({"error": self.error, "error_description": self.description});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        unstored(headers);
        let mut put = |name, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        };
        put(header::WWW_AUTHENTICATE, self.challenge);
        put(dpop::NONCE, self.nonce);
        response
    }
}

/// RFC 6749 §5.1: no cache keeps the answer.
pub(super) fn unstored(headers: &mut axum::http::HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
}

/// An answer in JSON that no cache keeps.
pub(super) fn json(value: &impl serde::Serialize) -> Response {
    let mut response = Json(value).into_response();
    unstored(response.headers_mut());
    response
}
