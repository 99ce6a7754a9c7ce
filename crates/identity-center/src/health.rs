//! `/healthz`: the process answers. `/readyz`: it can do its work, or what it lacks.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::center::Center;

/// A store that has not answered by then is not there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Both.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
}

async fn alive() -> Response {
    answer(StatusCode::OK, json!({ "status": "alive" }))
}

async fn ready(State(center): State<Arc<Center>>) -> Response {
    let missing = match timeout(PATIENCE, center.store.has_keys()).await {
        Ok(Ok(true)) => return answer(StatusCode::OK, json!({ "status": "ready" })),
        Ok(Ok(false)) => json!({ "keys": "the store has no key to sign or to make tokens with" }),
        Ok(Err(error)) => {
            // Why is for the log: whoever asks here may be anybody.
            tracing::error!(%error, "not ready");
            json!({ "store": "the store gives no answer" })
        }
        Err(_) => json!({ "store": "the store has not answered for two seconds" }),
    };
    let said = json!({ "status": "not ready", "missing": missing });
    answer(StatusCode::SERVICE_UNAVAILABLE, said)
}

fn answer(status: StatusCode, said: Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(said)).into_response()
}
