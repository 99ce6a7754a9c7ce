//! A server in the hands of whoever sends the input.

use async_trait::async_trait;
use kiro_relying_party::{HttpClient, HttpError};

/// Answers everything with the same bytes.
pub(crate) struct Stranger(pub(crate) Vec<u8>);

#[async_trait]
impl HttpClient for Stranger {
    async fn send(
        &self,
        _request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        Ok(http::Response::new(self.0.clone()))
    }
}
