//! A refusal, as problem details (RFC 9457): `type` names it for programs, `title` says it, `detail` why, `hint` what to do.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::{DirectoryRefusal, NotAName};
use crate::store::StoreError;

/// What `type` begins with.
pub const TYPE: &str = "urn:kiro:problem:";

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:kiro:problem:` and a word.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is the matter.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, word: &str, title: impl Into<String>) -> Problem {
        Problem {
            kind: format!("{TYPE}{word}"),
            title: title.into(),
            status: status.as_u16(),
            detail: None,
            hint: None,
        }
    }

    pub(super) fn because(self, detail: impl Into<String>) -> Problem {
        Problem {
            detail: Some(detail.into()),
            ..self
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Problem {
        Problem {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// There is no such thing in the administrator's organisation.
    pub(super) fn nothing(what: &str) -> Problem {
        let title = format!("There is no such {what}");
        Problem::new(StatusCode::NOT_FOUND, "not-found", title)
    }

    /// It contradicts what is there.
    pub(super) fn conflict(word: &str, title: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, word, title)
    }

    /// It can be read, and cannot be so.
    pub(super) fn unfit(word: &str, title: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, word, title)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer scope=\"admin\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "the store gave no answer");
        let title = "The store gave no answer";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title)
            .hint("Try again: nothing was changed, and the service's log says more")
    }
}

impl From<DirectoryRefusal> for Problem {
    fn from(refusal: DirectoryRefusal) -> Problem {
        match refusal {
            DirectoryRefusal::NoOrganization => Problem::nothing("organisation"),
            DirectoryRefusal::NoUser => Problem::nothing("person"),
            DirectoryRefusal::NoGroup => Problem::nothing("group"),
            DirectoryRefusal::Taken => Problem::conflict("taken", "The name is taken"),
            DirectoryRefusal::LastOwner => {
                let title = "This is the last owner who can sign in without an identity provider";
                Problem::conflict("last-owner", title).hint(
                    "Make somebody else an owner first, with a password of their own: else nobody could repair a broken connection",
                )
            }
            DirectoryRefusal::NotAName(wrong) => wrong.into(),
        }
    }
}

impl From<NotAName> for Problem {
    fn from(wrong: NotAName) -> Problem {
        Problem::unfit("not-a-name", "That is no name").because(wrong.to_string())
    }
}
