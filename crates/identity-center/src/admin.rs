//! `/admin/v1`: an organisation is looked after by its administrators, in JSON, as `openapi.json` beside it describes.
//!
//! ```text
//! admitted     an access token with the scope `admin`, of somebody who proved a second factor and has a role now
//! reading      read-only and above     everything that is there; no secret
//! operating    operator and above      people, groups and their models, who may take which role in AWS, sessions
//! owning       owners                  identity providers, applications, accounts, keys, models at all, other administrators
//! ```
//!
//! Every request concerns the administrator's own organisation: there is no way to name another. What is changed is in the audit log
//! under the administrator's name (the store writes it in the same transaction). Refusals are problem details (RFC 9457, [`problem`]).

mod accounts;
mod administrators;
mod admitted;
mod applications;
mod audit;
mod body;
mod client_settings;
mod connections;
mod groups;
mod inference;
mod keys;
mod openapi;
mod organization;
mod plans;
pub mod problem;
mod provisioning;
mod sessions;
mod status;
mod users;
mod view;

pub(crate) use connections::ProviderKind;
pub(crate) use provisioning::MannerWord;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::administrator::Role;
use crate::center::Center;

/// Where everything of it is.
pub const BASE: &str = "/admin/v1";
/// A request's body is no longer.
const LIMIT: usize = 256 * 1024;

type Part = OpenApiRouter<Arc<Center>>;

/// The administration.
pub fn router(center: &Arc<Center>) -> Router<Arc<Center>> {
    let (router, document) = parts(Some(center)).split_for_parts();
    // Shared: whatever a handler has is cloned with the router.
    let document = Arc::new(document);
    let describe = move || std::future::ready(Json(&*document).into_response());
    router
        .route(&format!("{BASE}/openapi.json"), get(describe))
        .layer(DefaultBodyLimit::max(LIMIT))
        .layer(map_response(unkept))
}

/// Secrets are among the answers: links, tokens, applications' own.
async fn unkept(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// What the administration offers, as OpenAPI 3.1.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    parts(None).into_openapi()
}

fn parts(center: Option<&Arc<Center>>) -> Part {
    let within = |part: Part, role: Role| match center {
        Some(center) => {
            let gate = (Arc::clone(center), role);
            part.route_layer(from_fn_with_state(gate, admitted::admit))
        }
        None => part,
    };
    let whole = within(reading(), Role::ReadOnly)
        .merge(within(operating(), Role::Operator))
        .merge(within(owning(), Role::Owner));
    let mut whole = OpenApiRouter::with_openapi(openapi::document()).nest(BASE, whole);
    openapi::complete(whole.get_openapi_mut());
    whole
}

fn reading() -> Part {
    Part::new()
        .routes(routes!(status::get))
        .routes(routes!(administrators::me))
        .routes(routes!(administrators::list))
        .routes(routes!(organization::get))
        .routes(routes!(users::list))
        .routes(routes!(users::get))
        .routes(routes!(sessions::list))
        .routes(routes!(groups::list))
        .routes(routes!(groups::get))
        .routes(routes!(groups::members))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::permission_sets))
        .routes(routes!(accounts::assignments))
        .routes(routes!(connections::list))
        .routes(routes!(connections::trial))
        .routes(routes!(applications::list))
        .routes(routes!(keys::list))
        .routes(routes!(audit::list))
        .routes(routes!(provisioning::list))
        .routes(routes!(provisioning::log))
        .routes(routes!(plans::list))
        .routes(routes!(inference::get))
        .routes(routes!(client_settings::get))
}

fn operating() -> Part {
    Part::new()
        .routes(routes!(users::create))
        .routes(routes!(users::change))
        .routes(routes!(users::delete))
        .routes(routes!(users::deactivate))
        .routes(routes!(users::reactivate))
        .routes(routes!(users::setup_link))
        .routes(routes!(users::forget_second_factor))
        .routes(routes!(users::unlink))
        .routes(routes!(sessions::end_all))
        .routes(routes!(sessions::end))
        .routes(routes!(groups::create))
        .routes(routes!(groups::delete))
        .routes(routes!(groups::add))
        .routes(routes!(groups::remove))
        .routes(routes!(accounts::assign_group))
        .routes(routes!(accounts::assign_user))
        .routes(routes!(accounts::unassign_group))
        .routes(routes!(accounts::unassign_user))
        .routes(routes!(plans::set))
        .routes(routes!(plans::remove))
}

fn owning() -> Part {
    Part::new()
        .routes(routes!(organization::change))
        .routes(routes!(administrators::set))
        .routes(routes!(administrators::remove))
        .routes(routes!(accounts::set))
        .routes(routes!(accounts::remove))
        .routes(routes!(accounts::set_permission_set))
        .routes(routes!(accounts::remove_permission_set))
        .routes(routes!(connections::connect))
        .routes(routes!(connections::remove))
        .routes(routes!(connections::offer_trial))
        .routes(routes!(connections::activate))
        .routes(routes!(connections::deactivate))
        .routes(routes!(connections::end_sessions))
        .routes(routes!(applications::create))
        .routes(routes!(applications::change))
        .routes(routes!(applications::secret))
        .routes(routes!(applications::remove))
        .routes(routes!(provisioning::set))
        .routes(routes!(provisioning::remove))
        .routes(routes!(provisioning::add_token))
        .routes(routes!(provisioning::revoke_token))
        .routes(routes!(provisioning::hand_over_user))
        .routes(routes!(provisioning::hand_over_group))
        .routes(routes!(provisioning::undo))
        .routes(routes!(plans::end))
        .routes(routes!(inference::set))
        .routes(routes!(keys::rotate))
}

#[cfg(test)]
mod tests;
