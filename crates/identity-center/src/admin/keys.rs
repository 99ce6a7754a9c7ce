//! The service's keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::problem::Problem;
use super::view::Page;
use crate::center::Center;
use crate::store::secrets::{Demand, SecretsError};

/// A set grows no longer by demand: each application reads all of it, and every organisation shares it.
const MOST: usize = 16;

/// A key that ID tokens are, were or will be signed with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Key {
    /// `kid`.
    pub(crate) id: String,
    pub(crate) algorithm: String,
    /// `published` (known, not used yet), `active`, or `retired` (kept as long as a token lives that it signed).
    pub(crate) state: String,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) published_at: Timestamp,
    /// When it is, was or will be used first.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) active_at: Timestamp,
}

/// The keys of ID tokens, the oldest first
#[utoipa::path(get, path = "/keys", tag = "keys", responses((status = 200, body = Page<Key>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    _: Who,
) -> Result<Json<Page<Key>>, Problem> {
    let keys = center.store.signing_keys().await?;
    let view = |key: crate::store::secrets::Described| Key {
        id: key.id,
        algorithm: key.algorithm,
        state: key.state,
        published_at: key.published_at,
        active_at: key.active_at,
    };
    Ok(Json(Page::whole(keys.into_iter().map(view).collect())))
}

/// Changes the keys of ID tokens and of access and refresh tokens: new ones are published now and used once every instance and client
/// knows them. Nobody is signed out
#[utoipa::path(post, path = "/keys/rotate", tag = "keys", responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn rotate(
    State(center): State<Arc<Center>>,
    _: Who,
) -> Result<StatusCode, Problem> {
    let keys = center.store.signing_keys().await?;
    if let Some(next) = keys.iter().find(|key| key.state == "published") {
        let title = "New keys are on their way already";
        let hint = format!("They are used from {} on: ask again then", next.active_at);
        return Err(Problem::conflict("keys-waiting", title).hint(hint));
    }
    if keys.len() >= MOST {
        let title = format!("There are {MOST} keys already");
        return Err(Problem::conflict("too-many-keys", title).hint(
            "Each is kept as long as tokens live that it signed: the oldest ends within 8 days",
        ));
    }
    let demand = Demand {
        signing_key: true,
        token_key: true,
    };
    match center.tend_keys(demand).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(SecretsError::Store(error)) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "the keys were not changed");
            let title = "The keys were not changed";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "keys", title))
        }
    }
}
