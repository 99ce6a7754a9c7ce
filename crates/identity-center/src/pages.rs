//! The sign-in pages: who somebody is, asked in plain forms that need no script.
//!
//! ```text
//! /sign-in/{id}                 the step that the sign-in has come to (entry)
//! /sign-in/{id}/name            who?            name          /sign-in/{id}/enrolment   second factor, first time   enrolment
//! /sign-in/{id}/account         the one here    name          /sign-in/{id}/continue    recovery codes are kept     enrolment
//! /sign-in/{id}/password        password        password      /sign-in/{id}/consent     may it?                     consent
//! /sign-in/{id}/code            second factor   second_factor /sign-in/{id}/back        somebody else               name
//! /federation/oidc/{organization}/{connection}/callback                  back from a provider        upstream
//! /federation/saml/{organization}/{connection}/acs, metadata, /sign-in/{id}/answered         saml
//! /test/{token}, /sign-in/{id}/trial     a connection is tried                              trial
//! /setup/{token}                a password is set by a link                                 setup
//! /device  device               /sessions  sessions           /signed-out  signed_out
//! /sessions/password            another password              change_password (anew)
//! /sessions/recovery-codes      other recovery codes          recovery_codes  (anew)
//! /start/{organization}  start
//! ```
//!
//! A sign-in belongs to the browser that has its cookie; each step is taken from the version that was seen, or the page is shown
//! anew. Forms are taken from our own pages alone ([`origin`]). What ends it all is [`finish`].
//!
//! Field names are stable: `user_name`, `password`, `code`, `user_code`, `decision` (`allow` or `deny`), `session`, `current`, `again`.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::center::Center;
use crate::federation;
use crate::secret::Digest;

mod anew;
mod change_password;
mod consent;
pub mod device;
mod enrolment;
mod entry;
pub mod finish;
pub mod language;
mod layout;
mod name;
pub(crate) mod origin;
mod password;
mod plain;
mod recovery_codes;
mod refusal;
pub mod route;
mod saml;
mod second_factor;
mod sessions;
mod setup;
mod signed_out;
mod start;
mod trial;
mod upstream;
mod words;

pub use language::Language;
pub(crate) use plain::ask_sign_out;
pub(crate) use refusal::or_refusal;
pub use refusal::{Refusal, Upstream, refusal};

/// A form is no longer.
const LIMIT: usize = 16 * 1024;
const STYLE: &str = include_str!("pages/style.css");
const ICON: &str = include_str!("../../../icons/app-icon-small.svg");

/// The style's address: it changes with the style, so that a browser may keep it.
static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = Digest::of(STYLE);
    let name: String = digest.bytes()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("/style.css?{name}")
});

/// The pages.
pub fn router() -> Router<Arc<Center>> {
    Router::new()
        .route("/sign-in/{id}", get(entry::get))
        .route("/sign-in/{id}/name", get(entry::back).post(name::post))
        .route(
            "/sign-in/{id}/account",
            get(entry::back).post(name::account),
        )
        .route("/sign-in/{id}/back", get(entry::back).post(name::back))
        .route("/sign-in/{id}/cancel", get(entry::back).post(name::cancel))
        .route(
            "/sign-in/{id}/password",
            get(entry::back).post(password::post),
        )
        .route(
            "/sign-in/{id}/code",
            get(entry::back).post(second_factor::post),
        )
        .route(
            "/sign-in/{id}/enrolment",
            get(entry::back).post(enrolment::post),
        )
        .route(
            "/sign-in/{id}/continue",
            get(entry::back).post(enrolment::go_on),
        )
        .route(
            "/sign-in/{id}/consent",
            get(entry::back).post(consent::post),
        )
        .route("/test/{token}", get(trial::get))
        .route("/sign-in/{id}/trial", get(entry::back).post(trial::post))
        .route(
            &federation::callback("{organization}", "{connection}"),
            get(upstream::callback),
        )
        .route(
            "/federation/saml/{organization}/{connection}/metadata",
            get(saml::metadata),
        )
        .route("/sign-in/{id}/answered", get(saml::get))
        .route("/setup/{token}", get(setup::get).post(setup::post))
        .route("/device", get(device::get).post(device::post))
        .route("/sessions", get(sessions::get))
        .route("/sessions/end", get(sessions::back).post(sessions::post))
        .route(
            "/sessions/password",
            get(change_password::get).post(change_password::post),
        )
        .route(
            "/sessions/recovery-codes",
            get(recovery_codes::get).post(recovery_codes::post),
        )
        .route("/signed-out", get(signed_out::get))
        .route("/start/{organization}", get(start::get).post(start::post))
        .route("/start/{organization}/", get(start::get))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .layer(DefaultBodyLimit::max(LIMIT))
        .merge(
            Router::new()
                .route(
                    "/federation/saml/{organization}/{connection}/acs",
                    post(saml::acs),
                )
                .layer(DefaultBodyLimit::max(saml::LIMIT)),
        )
}

async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

async fn icon() -> Response {
    kept("image/svg+xml", ICON)
}

fn kept(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=86400"),
        ),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
pub(crate) mod tests;
