//! A page that ends a sign-in: what is wrong, why, what to do, and a name by which the log's line is found.

mod upstream;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use maud::html;

use super::Language;
use super::layout::{Page, Standing};
use super::words::{Words, fill, shown};
use crate::center::Center;
use crate::oidc::parameters::Parameters;
use crate::secret::random;
use crate::store::StoreError;

pub use upstream::Upstream;

/// Why there is no way on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The sign-in was finished, has expired, or is another browser's.
    Over,
    /// The set-up link was used, replaced, or its time is up.
    LinkOver,
    /// The person may not sign in: they are not provisioned, deactivated, or another organisation's.
    Inactive {
        /// What their organisation is called.
        organization: String,
        /// Whom to ask; may be empty.
        contact: String,
    },
    /// No organisation has this start URL.
    NoOrganization,
    /// The person may not use this application.
    NotAssigned {
        /// The application.
        application: String,
        /// The person.
        name: String,
        /// Whom to ask; may be empty.
        contact: String,
    },
    /// The form was another site's.
    Forged,
    /// The form or the address cannot be read.
    Unreadable,
    /// An application asks for what it cannot have, and it is not known whether its address is its own: the person is told. What its
    /// developers have to know, in English.
    Request(&'static str),
    /// The application is not registered any more.
    ApplicationGone,
    /// The store gave no answer.
    Unavailable,
    /// Too many passwords are being checked.
    Busy,
    /// An identity provider was asked, and nobody is signed in.
    Upstream(Upstream),
}

/// What a page says.
struct Said {
    status: StatusCode,
    /// In the log, and for whoever helps.
    kind: &'static str,
    title: &'static str,
    why: String,
    todo: String,
    /// Words that are not ours, or not for the person: what they are, and they.
    detail: Option<(&'static str, String)>,
    /// Where it can be tried again.
    again: Option<String>,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        tracing::error!(%error, "the store gave no answer");
        Refusal::Unavailable
    }
}

/// The page that says so.
#[must_use]
pub fn refusal(language: Language, refusal: Refusal) -> Response {
    let words = language.words();
    let correlation: String = random::<8>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let Said {
        status,
        kind,
        title,
        why,
        todo,
        detail,
        again,
    } = said(words, &refusal);
    tracing::info!(%correlation, kind, "a sign-in was refused");
    let body = html! {
        div.news {
            div.tile {
                svg.i viewBox="0 0 20 20" aria-hidden="true" { circle cx="10" cy="10" r="6.5" {} path d="M10 6.8v3.7M10 13.1v.01" {} }
            }
            h1 { (title) }
        }
        section { h2 { (words.why) } p { (why) } }
        section { h2 { (words.what_to_do) } p { (todo) } }
        section {
            h2 { (words.details) }
            dl.facts {
                dt { "error" } dd { (kind) }
                @if let Some((what, detail)) = &detail { dt { (what) } dd { bdi { (shown(detail)) } } }
                dt { (words.correlation) } dd { (correlation) }
            }
        }
        @if let Some(again) = again { a.button.other href=(again) { (words.again) } }
    };
    let mut response = Page {
        language,
        standing: Standing::Attention,
        status,
        title: title.to_owned(),
        path: None,
        leads_to: None,
        body,
    }
    .respond();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// What an endpoint of the protocol answers, or the page that refuses it in the person's language.
pub(crate) fn or_refusal(
    center: &Center,
    headers: &HeaderMap,
    parameters: Option<&Parameters>,
    answered: Result<Response, Refusal>,
) -> Response {
    answered.unwrap_or_else(|why| {
        let wanted = parameters.map(|found| found.words("ui_locales"));
        let language = Language::of(&center.settings, headers, &wanted.unwrap_or_default());
        refusal(language, why)
    })
}

fn ask(with: &str, without: &str, contact: &str) -> String {
    match contact {
        "" => without.to_owned(),
        contact => fill(with, &[("contact", contact)]),
    }
}

fn said(words: &Words, refusal: &Refusal) -> Said {
    let owned = str::to_owned;
    let mut detail = None;
    let (status, kind, title, why, todo) = match refusal {
        Refusal::Upstream(refused) => return upstream::said(words, refused),
        Refusal::Over => (
            StatusCode::GONE,
            "over",
            words.over_title,
            owned(words.over_why),
            owned(words.over_do),
        ),
        Refusal::LinkOver => (
            StatusCode::GONE,
            "link_over",
            words.link_over_title,
            owned(words.link_over_why),
            owned(words.link_over_do),
        ),
        Refusal::Inactive {
            organization,
            contact,
        } => (
            StatusCode::FORBIDDEN,
            "inactive",
            words.inactive_title,
            fill(words.inactive_why, &[("organization", organization)]),
            ask(words.inactive_do, words.inactive_do_nobody, contact),
        ),
        Refusal::NotAssigned {
            application,
            name,
            contact,
        } => (
            StatusCode::FORBIDDEN,
            "not_assigned",
            words.unassigned_title,
            fill(
                words.unassigned_why,
                &[("app", application), ("name", name)],
            ),
            ask(words.unassigned_do, words.unassigned_do_nobody, contact),
        ),
        Refusal::NoOrganization => (
            StatusCode::NOT_FOUND,
            "no_organization",
            words.nowhere_title,
            owned(words.nowhere_why),
            owned(words.nowhere_do),
        ),
        Refusal::Forged => (
            StatusCode::FORBIDDEN,
            "forged",
            words.forged_title,
            owned(words.forged_why),
            owned(words.forged_do),
        ),
        Refusal::Unreadable => (
            StatusCode::BAD_REQUEST,
            "unreadable",
            words.unreadable_title,
            owned(words.unreadable_why),
            owned(words.unreadable_do),
        ),
        Refusal::Request(why) => {
            detail = Some(("error_description", owned(why)));
            (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                words.request_title,
                owned(words.request_why),
                owned(words.request_do),
            )
        }
        Refusal::ApplicationGone => (
            StatusCode::BAD_REQUEST,
            "application_gone",
            words.gone_title,
            owned(words.gone_why),
            owned(words.gone_do),
        ),
        Refusal::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            words.away_title,
            owned(words.away_why),
            owned(words.away_do),
        ),
        Refusal::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            words.busy_title,
            owned(words.busy_why),
            owned(words.busy_do),
        ),
    };
    Said {
        status,
        kind,
        title,
        why,
        todo,
        detail,
        again: None,
    }
}
