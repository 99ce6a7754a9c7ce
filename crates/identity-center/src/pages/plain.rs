//! The question before a sign-out that nobody has proved to want.

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::Language;
use super::entry::source;
use super::layout::{Page, Standing};

/// Asks whether to sign out. `fields` come back with the answer, which may lead to `after`.
pub(crate) fn ask_sign_out(
    language: Language,
    action: &str,
    fields: &[(&str, &str)],
    after: Option<&str>,
) -> Response {
    let words = language.words();
    let body = html! {
        h1 { (words.sign_out_title) }
        p.lead { (words.sign_out_lead) }
        form method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="confirm" value="yes";
            button.button.first { (words.sessions_end) }
        }
    };
    Page {
        language,
        standing: Standing::SignedIn,
        status: StatusCode::OK,
        title: words.sign_out_title.to_owned(),
        path: None,
        leads_to: after.and_then(source),
        body,
    }
    .respond()
}
