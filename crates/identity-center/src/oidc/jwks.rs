//! The key set (RFC 7517 §5): what ID tokens are verified with, the next key among them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::discovery::cached;
use crate::center::Center;

/// `GET /oauth2/jwks`
pub(super) async fn get(State(center): State<Arc<Center>>) -> Response {
    cached(center.signing.ring().set())
}
