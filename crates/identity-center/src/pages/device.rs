//! `/device`: a code that a device shows is typed (RFC 8628 §3.3). Whether any device waits for it is told only to somebody who has
//! signed in, and their guesses are counted; the device is shown before it gets anything.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;

use super::entry::{chosen_language, form};
use super::layout::{Page, Standing, alert};
use super::{Language, Refusal, refusal};
use crate::authorization::{self, Purpose};
use crate::center::Center;
use crate::device::UserCode;
use crate::secret::Digest;

/// Where somebody comes whose code no device waits for.
pub(super) const UNKNOWN: &str = "/device?unknown";

/// What is kept of a code, however it was typed: `bcdf ghjk` is `BCDF-GHJK`. `None` for what cannot be one.
///
/// ```
/// use kiro_identity_center::pages::device::user_code_digest;
/// assert_eq!(user_code_digest("bcdf ghjk"), user_code_digest("BCDF-GHJK"));
/// ```
#[must_use]
pub fn user_code_digest(typed: &str) -> Option<Digest> {
    UserCode::typed(typed).map(|code| code.digest())
}

/// `GET /device`. A code in the address is not taken: somebody else may have made the link (RFC 8628 §5.4).
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(chosen) = chosen_language(&center, query.as_deref(), "/device") {
        return chosen;
    }
    let language = Language::of(&center.settings, &headers, &[]);
    let is_unknown = query.is_some_and(|query| UNKNOWN.ends_with(&format!("?{query}")));
    page(
        language,
        is_unknown.then(|| language.words().device_unknown),
    )
}

pub(super) fn page(language: Language, wrong: Option<&str>) -> Response {
    let words = language.words();
    let body = html! {
        h1 { (words.device_title) }
        p.lead { (words.device_lead) }
        form method="post" action="/device" {
            (alert(wrong))
            label.field {
                span.label { (words.device_label) }
                input.code type="text" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="32"
                    autofocus aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "wrong")];
            }
            button.button.first { (words.next) }
        }
    };
    Page {
        language,
        standing: Standing::SigningIn,
        status: match wrong {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        },
        title: words.device_title.to_owned(),
        path: Some("/device".to_owned()),
        leads_to: None,
        body,
    }
    .respond()
}

/// `POST /device`: the sign-in begins; what was typed is looked up at its end.
pub(super) async fn post(State(center): State<Arc<Center>>, request: Request) -> Response {
    let (language, headers, parameters) = match form(&center, request).await {
        Ok((language, (headers, parameters))) => (language, headers, parameters),
        Err(refused) => return refused,
    };
    let typed = parameters.get("user_code").unwrap_or_default();
    let Some(typed) = user_code_digest(typed) else {
        return page(language, Some(language.words().device_wrong));
    };
    let request = authorization::Request::of_person(Purpose::Device(typed));
    let begun = authorization::begin(&center, &headers, request).await;
    begun.unwrap_or_else(|error| refusal(language, Refusal::from(error)))
}

/// The device goes on by itself.
pub(super) fn approved(language: Language) -> Response {
    let words = language.words();
    over(
        language,
        Standing::SignedIn,
        words.device_done_title,
        words.device_done_lead,
    )
}

/// The device gets nothing.
pub(super) fn denied(language: Language) -> Response {
    let words = language.words();
    over(
        language,
        Standing::SignedIn,
        words.device_denied_title,
        words.device_denied_lead,
    )
}

fn over(language: Language, standing: Standing, title: &str, lead: &str) -> Response {
    let body = html! {
        h1 { (title) }
        p.lead { (lead) }
    };
    Page {
        language,
        standing,
        status: StatusCode::OK,
        title: title.to_owned(),
        path: None,
        leads_to: None,
        body,
    }
    .respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let ours = Some(Digest::of("BCDFGHJK"));
        let check = |typed: &str, expected: Option<Digest>| {
            assert_eq!(user_code_digest(typed), expected, "{typed}");
        };
        for typed in [
            "BCDF-GHJK",
            "bcdfghjk",
            " bcdf ghjk ",
            "ＢＣＤＦ－ＧＨＪＫ",
            "ｂｃｄｆｇｈｊｋ",
        ] {
            check(typed, ours);
        }
        for other in [
            "",
            "BCDF-GHJ",
            "BCDF-GHJKL",
            "ABCD-FGHJ",
            "BCDF-GH1K",
            "BCDF_GHJK",
            "ｂｃｄｆｇｈｊあ",
        ] {
            check(other, None);
        }
    }
}
