//! What a person sees where no application can be told: an error before the redirect URI was found right, and the question before
//! a sign-out that nobody has proved to want.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A page that says what is wrong.
pub(crate) fn problem(status: StatusCode, text: &str) -> Response {
    let body = format!("<h1>This sign-in cannot go on</h1><p>{}</p>", escaped(text));
    page(status, "This sign-in cannot go on", &body)
}

/// Asks whether to sign out. `fields` come back with the answer.
pub(super) fn confirm_sign_out(action: &str, fields: &[(&str, &str)]) -> Response {
    let hidden: String = fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escaped(name), escaped(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let action = escaped(action);
    let body = format!(
        "<h1>Sign out?</h1><form method=\"post\" action=\"{action}\">{hidden}\
         <input type=\"hidden\" name=\"confirm\" value=\"yes\"><button>Sign out</button></form>"
    );
    page(StatusCode::OK, "Sign out?", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><main>{body}</main></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            // No `form-action`: Chromium holds a form's redirects to it, and a sign-out ends at the application.
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, html).into_response()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}
