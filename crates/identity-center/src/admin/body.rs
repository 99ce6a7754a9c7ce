//! What comes in: a JSON body, a name in the path, a place in a list. Whatever is wrong with it is said as a problem.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::directory::{NotAName, is_invisible, is_too_long, name};
use crate::id::{GroupId, SessionId, UserId};

/// A body in JSON.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let title = "The body is not application/json";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media-type",
                title,
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            let title = "The body is too large, or was cut off";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title)
        })?;
        // Serde would read a list as a structure's fields, one by one.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            let why = "it is not a JSON object".to_owned();
            let problem = Problem::new(StatusCode::BAD_REQUEST, "body", "The body cannot be used");
            return Err(problem.because(why));
        }
        // What was sent is not repeated: it may be a secret.
        serde_json::from_slice(&bytes).map(Body).map_err(|error| {
            let place = format!("at line {}, column {}", error.line(), error.column());
            let why = if error.is_data() {
                error.to_string()
            } else {
                format!("it is not JSON {place}")
            };
            Problem::new(StatusCode::BAD_REQUEST, "body", "The body cannot be used").because(why)
        })
    }
}

/// What the path names: one thing (`GroupId`), or several, the outer first (`(GroupId, UserId)`). What cannot be a name is not there.
pub(super) struct Named<T>(pub(super) T);

/// What names things in a path.
pub(super) trait Names: Sized {
    fn read(parts: &[String]) -> Option<Self>;
}

macro_rules! names {
    ($($kind:ty),*) => {$(
        impl Names for $kind {
            fn read(parts: &[String]) -> Option<$kind> {
                let [one] = parts else { return None };
                one.parse().ok()
            }
        }
    )*};
}
names!(String, Line, GroupId, SessionId, UserId);

impl<A: FromStr, B: FromStr> Names for (A, B) {
    fn read(parts: &[String]) -> Option<(A, B)> {
        let [a, b] = parts else { return None };
        Some((a.parse().ok()?, b.parse().ok()?))
    }
}

impl<A: FromStr, B: FromStr, C: FromStr> Names for (A, B, C) {
    fn read(parts: &[String]) -> Option<(A, B, C)> {
        let [a, b, c] = parts else { return None };
        Some((a.parse().ok()?, b.parse().ok()?, c.parse().ok()?))
    }
}

impl<S: Send + Sync, T: Names> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Problem> {
        let named = RawPathParams::from_request_parts(parts, state).await;
        let named: Vec<String> = named
            .iter()
            .flat_map(RawPathParams::iter)
            .map(|(_, value)| value.to_owned())
            .collect();
        let named = T::read(&named);
        named.map(Named).ok_or_else(|| Problem::nothing("thing"))
    }
}

/// Where a page of a list begins, and how long it is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The `next` of the page before; without, the first page.
    #[param(inline)]
    pub(super) after: Option<Note>,
    /// So many at most, 1 to 500; 100 without.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
}

impl Paging {
    pub(super) fn after(&self) -> &str {
        self.after.as_ref().map_or("", |after| &after.0)
    }

    pub(super) fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }
}

/// How many of a list are meant.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(100);
    if (1..=500).contains(&limit) {
        return Ok(limit);
    }
    let title = "The query cannot be used";
    Err(Problem::new(StatusCode::BAD_REQUEST, "query", title).because("`limit` is 1 to 500"))
}

/// The query of a request.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Asked(query)).map_err(|_| {
            let title = "The query cannot be used";
            Problem::new(StatusCode::BAD_REQUEST, "query", title)
        })
    }
}

/// A whole number, as JSON Schema has them: `1008` or `1008.0`.
pub(super) fn whole<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let fraction = || {
        number
            .as_f64()
            .filter(|found| found.fract() == 0.0 && found.abs() < 9e15)
    };
    let found = number.as_i64().or_else(|| Some(fraction()? as i64));
    found.ok_or_else(|| serde::de::Error::custom("a number is not whole, or too large"))
}

/// A line of text: something visible, at most 320 characters, without controls and other invisible characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, min_length = 1, max_length = 320, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF\\uFFF9-\\uFFFB\u{E0000}-\u{E007F}]*[^\\s\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF\\uFFF9-\\uFFFB\u{E0000}-\u{E007F}][^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF\\uFFF9-\\uFFFB\u{E0000}-\u{E007F}]*$")]
pub(super) struct Line(pub(super) String);

impl TryFrom<String> for Line {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Line, NotAName> {
        name(&text).map(|name| Line(name.to_owned()))
    }
}

impl FromStr for Line {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Line, NotAName> {
        Line::try_from(text.to_owned())
    }
}

/// The same, which may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, max_length = 320, pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u061C\\u180E\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF\\uFFF9-\\uFFFB\u{E0000}-\u{E007F}]*$")]
pub(super) struct Note(pub(super) String);

impl TryFrom<String> for Note {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Note, NotAName> {
        if is_too_long(&text) {
            Err(NotAName::TooLong)
        } else if text.chars().any(is_invisible) {
            Err(NotAName::Invisible)
        } else {
            Ok(Note(text.trim().to_owned()))
        }
    }
}
