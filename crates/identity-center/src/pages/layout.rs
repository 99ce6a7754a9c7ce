//! What every page has: its head, its first line, the headers that keep it apart from other sites.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::words::{Words, fill};
use super::{Language, STYLE_ADDRESS};

/// Where the person stands: the first line says it, in a shape and in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    SigningIn,
    SignedIn,
    SignedOut,
    Attention,
}

impl Standing {
    fn class(self) -> &'static str {
        match self {
            Standing::SigningIn | Standing::SignedOut => "state",
            Standing::SignedIn => "state in",
            Standing::Attention => "state warn",
        }
    }

    fn says(self, words: &Words) -> &'static str {
        match self {
            Standing::SigningIn => words.state_signing_in,
            Standing::SignedIn => words.state_signed_in,
            Standing::SignedOut => words.state_signed_out,
            Standing::Attention => words.state_attention,
        }
    }

    fn glyph(self) -> Markup {
        const GROUND: &str = "M1.75 14.25h12.5";
        let (lines, shape) = match self {
            Standing::SigningIn => (
                "M3.25 5.25A4.75 4.75 0 0 1 12.75 6.5v7.75M1.75 9h6.5M6 6.5 8.5 9 6 11.5",
                "",
            ),
            Standing::SignedIn => (
                "",
                "M2.5 14.25V6.5a5.5 5.5 0 0 1 11 0v7.75ZM8 4.5a2 2 0 0 0-1 3.73L6.35 11.75h3.3L9 8.23A2 2 0 0 0 8 4.5Z",
            ),
            Standing::SignedOut => (
                "M3.25 14.25V6.5a4.75 4.75 0 0 1 9.5 0v7.75",
                "M10.25 8a1 1 0 1 1 0 2a1 1 0 1 1 0-2Z",
            ),
            Standing::Attention => (
                "M3.25 14.25V6.5a4.75 4.75 0 0 1 9.5 0v7.75",
                "M7 5.25a1 1 0 0 1 2 0V8a1 1 0 0 1-2 0ZM8 9.85a1.15 1.15 0 1 1 0 2.3a1.15 1.15 0 1 1 0-2.3Z",
            ),
        };
        html! {
            svg viewBox="0 0 16 16" aria-hidden="true" {
                path d={ (GROUND) (lines) } fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" {}
                path d=(shape) fill-rule="evenodd" {}
            }
        }
    }
}

/// A page.
pub(super) struct Page {
    pub(super) language: Language,
    pub(super) standing: Standing,
    pub(super) status: StatusCode,
    /// Its `h1`.
    pub(super) title: String,
    /// Where it is shown in the other language.
    pub(super) path: Option<String>,
    /// Where its forms may lead besides our own pages (sources of CSP): browsers hold a form's redirects to it.
    pub(super) leads_to: Option<String>,
    /// What stands below the first line, with the `h1`.
    pub(super) body: Markup,
}

impl Page {
    pub(super) fn respond(self) -> Response {
        let words = self.language.words();
        let other = self.language.other();
        let html = html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    title { (self.title) }
                    link rel="stylesheet" href=(STYLE_ADDRESS.as_str());
                    link rel="icon" href="/icon.svg" type="image/svg+xml";
                }
                body {
                    main {
                        div class=(self.standing.class()) {
                            (self.standing.glyph())
                            span { (self.standing.says(words)) }
                            @if let Some(path) = &self.path {
                                a.tongue href={ (path) "?lang=" (other.tag()) } lang=(other.tag()) { (other.words().tongue) }
                            }
                        }
                        (self.body)
                    }
                }
            }
        };
        let form_action = self.leads_to.map(|to| format!(" {to}")).unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{form_action}; base-uri 'none'; frame-ancestors 'none'"
        );
        let mut response = (self.status, html.into_string()).into_response();
        guard(response.headers_mut(), &policy);
        response
    }
}

fn guard(headers: &mut HeaderMap, policy: &str) {
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        // Not `no-referrer`: with it a browser calls the origin of our own forms `null`, which is a stranger's too (Fetch §3.2).
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// A sentence that says what is wrong with the field beneath it.
pub(super) fn alert(wrong: Option<&str>) -> Markup {
    html! {
        @if let Some(wrong) = wrong {
            p.alert #wrong role="alert" { (wrong) }
        }
    }
}

/// A row of facts: what, and its value.
pub(super) fn fact(what: &str, value: &Markup) -> Markup {
    html! {
        div.row {
            dt.why { (what) }
            dd.what { (value) }
        }
    }
}

/// `25 Nov 2026, 12:34 UTC`: the service does not know the browser's time zone.
pub(super) fn time(language: Language, at: Timestamp) -> String {
    let format = match language {
        Language::English => "%-d %b %Y, %H:%M UTC",
        Language::Japanese => "%Y年%-m月%-d日 %-H:%M (UTC)",
    };
    at.strftime(format).to_string()
}

/// A wait, rounded up.
pub(super) fn wait(words: &Words, seconds: i64) -> String {
    match seconds.max(1) {
        ..=1 => words.one_second.to_owned(),
        seconds @ ..=90 => fill(words.seconds, &[("n", &seconds.to_string())]),
        seconds => {
            let minutes = (seconds + 59) / 60;
            fill(words.minutes, &[("n", &minutes.to_string())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_waits_are_said_in_words() {
        let at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_800_000_000);
        assert_eq!(time(Language::English, at), "15 Jan 2027, 08:00 UTC");
        assert_eq!(time(Language::Japanese, at), "2027年1月15日 8:00 (UTC)");
        let check = |seconds: i64, expected: &str| {
            let said = wait(Language::English.words(), seconds);
            assert_eq!(said.replace(['\u{2068}', '\u{2069}'], ""), expected);
        };
        check(0, "1 second");
        check(2, "2 seconds");
        check(30, "30 seconds");
        check(91, "2 minutes");
        check(900, "15 minutes");
    }
}
