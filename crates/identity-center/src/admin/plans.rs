//! Plans: which models a group's members may use.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admitted::Who;
use super::body::{Body, Named};
use super::groups::found;
use super::problem::Problem;
use crate::center::Center;
use crate::id::GroupId;
use crate::plan::{self, MOST, is_model};

/// Every plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Plans {
    /// Whether people's models depend on their groups: whoever is in none of these groups has no model then.
    pub(crate) in_force: bool,
    /// By the groups' names.
    pub(crate) items: Vec<Plan>,
}

/// What a group's members have.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Plan {
    /// The group's id.
    pub(crate) group: GroupId,
    /// The models, by their names in the clients' catalogue.
    #[schema(value_type = Vec<String>)]
    pub(crate) models: BTreeSet<String>,
}

/// What an operator says of a group's models.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanSaid {
    /// The models, by their names in the clients' catalogue.
    #[schema(min_items = 1, max_items = 100)]
    pub(super) models: Vec<Model>,
}

/// A model's name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9.-]{0,63}$")]
pub(crate) struct Model(String);

impl TryFrom<String> for Model {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Model, &'static str> {
        let named = Some(text).filter(|text| is_model(text));
        named.map(Model).ok_or("a model is called like opus-4.6")
    }
}

/// Which groups have which models, by the groups' names
#[utoipa::path(get, path = "/plans", tag = "models", responses((status = 200, body = Plans), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<Json<Plans>, Problem> {
    let plans = center.store.plans(who.organization()).await?;
    let view = |plan: plan::Plan| Plan {
        group: plan.group,
        models: plan.models,
    };
    Ok(Json(Plans {
        in_force: plans.is_some(),
        items: plans.into_iter().flatten().map(view).collect(),
    }))
}

/// Gives a group's members these models and no others. From the first plan on, people have the models of their groups alone
#[utoipa::path(put, path = "/groups/{group}/models", tag = "models", params(("group" = String, Path)), request_body = PlanSaid, responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<GroupId>,
    Body(said): Body<PlanSaid>,
) -> Result<StatusCode, Problem> {
    found(&center, &who, id).await?;
    if !(1..=MOST).contains(&said.models.len()) {
        let title = format!("A group is given 1 to {MOST} models");
        return Err(Problem::unfit("models", title));
    }
    let plan = plan::Plan {
        group: id,
        models: said.models.into_iter().map(|model| model.0).collect(),
    };
    center.store.set_plan(plan, center.now()).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group's models from its members
#[utoipa::path(delete, path = "/groups/{group}/models", tag = "models", params(("group" = String, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    State(center): State<Arc<Center>>,
    who: Who,
    Named(id): Named<GroupId>,
) -> Result<StatusCode, Problem> {
    found(&center, &who, id).await?;
    match center.store.remove_plan(id, center.now()).await?? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::nothing("plan")),
    }
}

/// Ends every plan: people's models depend on their groups no more
#[utoipa::path(delete, path = "/plans", tag = "models", responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn end(
    State(center): State<Arc<Center>>,
    who: Who,
) -> Result<StatusCode, Problem> {
    let ended = center.store.end_plans(who.organization(), center.now());
    match ended.await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::nothing("plan")),
    }
}
