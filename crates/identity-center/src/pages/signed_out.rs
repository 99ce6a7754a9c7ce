//! `/signed-out`: where a browser comes after a sign-out that no application waits for.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;

use super::Language;
use super::entry::chosen_language;
use super::layout::{Page, Standing};
use crate::center::Center;

/// `GET /signed-out`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), "/signed-out") {
        return chosen;
    }
    let language = Language::of(&center.settings, &headers, &[]);
    let words = language.words();
    let body = html! {
        h1 { (words.out_title) }
        p.lead { (words.out_lead) }
        p.foot { a.plain href="/sessions" { (words.out_again) } }
    };
    Page {
        language,
        standing: Standing::SignedOut,
        status: StatusCode::OK,
        title: words.out_title.to_owned(),
        path: Some("/signed-out".to_owned()),
        leads_to: None,
        body,
    }
    .respond()
}
