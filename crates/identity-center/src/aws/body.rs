//! A request's body: a JSON object, whatever its content type says (AWS's clients say `application/json`, some say nothing).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::exception::{Exception, Kind};

/// The body, read.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Exception;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Exception> {
        let malformed = |why: &'static str| Exception::new(Kind::InvalidRequest, why);
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| malformed("the body cannot be read or is too large"))?;
        serde_json::from_slice(&bytes)
            .map(Body)
            .map_err(|_| malformed("the body is not the JSON object that this call takes"))
    }
}
