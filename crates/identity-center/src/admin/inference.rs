//! What is decided about models for people's computers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::admitted::Who;
use super::body::Body;
use super::problem::Problem;
use crate::center::Center;
use crate::inference::{Inference, Unusable};

/// Where people's data stays, and where and by which role their computers ask models
#[utoipa::path(get, path = "/inference", tag = "models", responses((status = 200, body = Inference), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Inference>, Problem> {
    Ok(Json(center.store.inference(who.organization()).await?))
}

/// Decides something else; `client-settings` has it from now on
#[utoipa::path(put, path = "/inference", tag = "models", request_body = Inference, responses((status = 200, body = Inference), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(
    State(center): State<Arc<Center>>,
    who: Who,
    Body(said): Body<Inference>,
) -> Result<Json<Inference>, Problem> {
    let settings = &center.settings;
    let usable = said.usable(&settings.region, &settings.hosts());
    usable.map_err(|why| {
        let title = "People’s computers could not use that";
        let problem = Problem::unfit("inference", title).because(why.to_string());
        match why {
            Unusable::Region => problem.hint("Name a region where there are models, such as eu-central-1 or us-east-1: `kiro models` shows them"),
            Unusable::NoRegion
            | Unusable::Role
            | Unusable::Model
            | Unusable::Outside(_)
            | Unusable::Home(_)
            | Unusable::Host(_) => problem,
        }
    })?;
    let (store, now) = (&center.store, center.now());
    let set = store.set_inference(who.organization(), said.clone(), now);
    set.await??;
    Ok(Json(said))
}
