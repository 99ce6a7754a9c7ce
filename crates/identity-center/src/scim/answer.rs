//! What is answered: a resource, a list, or a refusal (RFC 7644 §3.12), each as `application/scim+json`.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use kiro_scim::{EntityTag, Manner, Refusal};
use serde_json::Value;

use super::pieces::Pieces;
use crate::id::AuthorizationId;
use crate::store::StoreError;

const FORM: &str = "application/scim+json; charset=utf-8";

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The resource's address.
    pub(super) location: Option<String>,
    /// The resource's version.
    pub(super) version: Option<EntityTag>,
    pub(super) content: Content,
}

/// What is said.
pub(super) enum Content {
    Nothing,
    Whole(Value),
    /// Of the endpoint itself: no message of SCIM's.
    Description(Value),
    Pieces(Pieces),
}

impl Answer {
    pub(super) fn of(status: StatusCode, body: Value) -> Answer {
        Answer {
            status,
            location: None,
            version: None,
            content: Content::Whole(body),
        }
    }

    pub(super) fn nothing(status: StatusCode) -> Answer {
        Answer {
            status,
            location: None,
            version: None,
            content: Content::Nothing,
        }
    }

    pub(super) fn pieces(status: StatusCode, pieces: Pieces) -> Answer {
        Answer {
            content: Content::Pieces(pieces),
            ..Answer::nothing(status)
        }
    }

    /// The response, once something of what is said is there.
    pub(super) async fn response(self) -> Result<Response, Fault> {
        let mut response = match self.content {
            Content::Nothing => ().into_response(),
            Content::Whole(body) => (form(), body.to_string()).into_response(),
            Content::Description(document) => Json(document).into_response(),
            Content::Pieces(pieces) => (form(), pieces.body().await?).into_response(),
        };
        *response.status_mut() = self.status;
        let version = self.version.map(|version| version.to_string());
        for (name, value) in [(header::LOCATION, self.location), (header::ETAG, version)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }
}

/// Why there is no such answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The client's doing.
    Refused(Refusal),
    /// Ours.
    Store(StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        Fault::Refused(refusal)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        match error {
            StoreError::Refused(refusal) => Fault::Refused(*refusal),
            // Two instances gave the same name in the same moment; this one lost.
            StoreError::Taken => Fault::Refused(Refusal::Taken {
                attribute: "name",
                by: "somebody who came in the same moment".to_owned(),
            }),
            other @ (StoreError::Unavailable(_)
            | StoreError::Address(_)
            | StoreError::Corrupt(_)
            | StoreError::InUse
            | StoreError::Newer { .. }) => Fault::Store(other),
        }
    }
}

impl Fault {
    /// What the client is told.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Fault::Refused(refusal) => refusal,
            Fault::Store(error) => {
                tracing::error!(%error, "provisioning: the store gave no answer");
                Refusal::Unavailable
            }
        }
    }
}

/// The refusal as it is answered.
pub(super) fn refused(
    refusal: &Refusal,
    manner: Manner,
    now: Timestamp,
    allowed: &[Method],
) -> Response {
    let request = AuthorizationId::random().to_string();
    let body = refusal.body(manner, &request, now);
    let mut response = (form(), body.to_string()).into_response();
    let status = StatusCode::from_u16(refusal.status());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    if *refusal == Refusal::Unauthorized {
        put(header::WWW_AUTHENTICATE, "Bearer realm=\"SCIM\"");
    }
    if !allowed.is_empty() && matches!(refusal, Refusal::Method(_)) {
        let words: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        put(header::ALLOW, &words.join(", "));
    }
    if matches!(refusal, Refusal::Unavailable | Refusal::TooOften) {
        put(header::RETRY_AFTER, "5");
    }
    response
}

fn form() -> [(HeaderName, &'static str); 2] {
    [
        (header::CONTENT_TYPE, FORM),
        (header::CACHE_CONTROL, "no-store"),
    ]
}
