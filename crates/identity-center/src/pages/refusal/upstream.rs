//! What is said where an identity provider was asked and nobody is signed in.

use axum::http::StatusCode;

use super::{Said, ask};
use crate::federation::Fault;
use crate::federation::saml::Status;
use crate::pages::words::{Words, fill};

/// A sign-in at an identity provider that led to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What went wrong.
    pub fault: Fault,
    /// The provider's host.
    pub provider: String,
    /// What the organisation is called.
    pub organization: String,
    /// Whom to ask; may be empty.
    pub contact: String,
    /// The sign-in's page: it can be tried again from there.
    pub again: String,
}

pub(super) fn said(words: &Words, refused: &Upstream) -> Said {
    let Upstream {
        fault,
        provider,
        organization,
        contact,
        again,
    } = refused;
    let named = |sentence: &str| fill(sentence, &[("provider", provider)]);
    let (status, kind, title, why, todo, detail) = match fault {
        Fault::Unprovisioned(name) => (
            StatusCode::FORBIDDEN,
            "not_provisioned",
            words.unprovisioned_title,
            fill(
                words.unprovisioned_why,
                &[
                    ("provider", provider),
                    ("name", name),
                    ("organization", organization),
                ],
            ),
            ask(
                words.unprovisioned_do,
                words.unprovisioned_do_nobody,
                contact,
            ),
            None,
        ),
        Fault::Declined(_) | Fault::Told(_) => (
            StatusCode::FORBIDDEN,
            "upstream_declined",
            words.declined_title,
            named(words.declined_why),
            ask(words.declined_do, words.declined_do_nobody, contact),
            fault.said(),
        ),
        Fault::OtherTenant => (
            StatusCode::FORBIDDEN,
            "upstream_tenant",
            words.tenant_title,
            fill(words.tenant_why, &[("organization", organization)]),
            words.tenant_do.to_owned(),
            None,
        ),
        Fault::Away(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "upstream_unavailable",
            words.provider_away_title,
            named(words.provider_away_why),
            words.provider_away_do.to_owned(),
            fault.said(),
        ),
        Fault::Untrusted(_) => (
            StatusCode::BAD_GATEWAY,
            "upstream_untrusted",
            words.untrusted_title,
            named(words.untrusted_why),
            ask(words.untrusted_do, words.untrusted_do_nobody, contact),
            fault.said(),
        ),
        Fault::SetUp(_) => (
            StatusCode::BAD_GATEWAY,
            "upstream_set_up",
            words.set_up_title,
            named(words.set_up_why),
            ask(words.set_up_do, words.set_up_do_nobody, contact),
            fault.said(),
        ),
    };
    let status_said = fault.said().as_deref().and_then(Status::of);
    let why = match status_said {
        Some(status) => format!("{why}{}{}", between(&why), in_words(words, status)),
        None => why,
    };
    Said {
        status,
        kind,
        title,
        why,
        todo,
        detail: detail.map(|detail| (words.answer, detail)),
        again: Some(again.clone()),
    }
}

/// A space, where the sentence before is of a language that has one.
fn between(why: &str) -> &'static str {
    if why.ends_with('。') { "" } else { " " }
}

/// What a SAML provider said by its codes. They stand with the details, and in the audit log.
fn in_words(words: &Words, status: Status) -> &'static str {
    match status {
        Status::Unknown => words.saml_unknown,
        Status::Failed => words.saml_failed,
        Status::Denied => words.saml_denied,
        Status::Elsewhere => words.saml_elsewhere,
        Status::Own => words.saml_own,
        Status::Request => words.saml_request,
        Status::NameId => words.saml_name_id,
    }
}
