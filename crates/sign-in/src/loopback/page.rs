//! The pages a browser sees after the loopback redirect. They hold no code, no script and no foreign address.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};

const STYLE: &str = "html{color-scheme:light dark;background:#f6f8f7;color:#15201d}body{font:400 16px/1.6 system-ui,sans-serif;max-width:26rem;margin:18vh auto 0;padding:0 2rem}svg{width:56px;height:56px;margin-bottom:1rem}h1{font-size:24px;line-height:32px;margin:0 0 .5rem}p{margin:0;color:#4c5954}a{display:inline-block;margin-top:1.5rem;color:#0b6b61;font-weight:600}@media(prefers-color-scheme:dark){html{background:#141817;color:#eaf0ee}p{color:#abb7b2}a{color:#6ad0c0}}";
/// The style is inline and fixed; nothing on the page comes from outside.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const DOOR: &str = r##"<svg viewBox="24 24 464 464" aria-hidden="true"><rect x="24" y="24" width="464" height="464" rx="108" fill="#0b6b61"/><path fill="#fff" fill-rule="evenodd" d="M164 378V212a92 92 0 0 1 184 0v166ZM256 182a37 37 0 0 0-19 68.7L223 316h66l-14-65.3A37 37 0 0 0 256 182Z"/></svg>"##;

pub(super) fn signed_in(japanese: bool, attempt: &str) -> Response<Full<Bytes>> {
    let (title, text) = if japanese {
        (
            "サインインしました。",
            "このタブを閉じて Kiro に戻ってください。",
        )
    } else {
        (
            "You are signed in.",
            "You can close this tab and return to Kiro.",
        )
    };
    page(StatusCode::OK, japanese, title, text, attempt)
}

pub(super) fn failed(japanese: bool, cancelled: bool, attempt: &str) -> Response<Full<Bytes>> {
    let (title, text) = match (japanese, cancelled) {
        (true, true) => (
            "サインインが取り消されました。",
            "変更はありません。このタブを閉じて Kiro に戻ってください。",
        ),
        (true, false) => (
            "サインインできませんでした。",
            "理由と対処方法は Kiro に表示されています。このタブは閉じてかまいません。",
        ),
        (false, true) => (
            "Sign-in was cancelled.",
            "Nothing changed. You can close this tab and return to Kiro.",
        ),
        (false, false) => (
            "You are not signed in.",
            "Kiro shows the reason and what to do. You can close this tab.",
        ),
    };
    page(StatusCode::OK, japanese, title, text, attempt)
}

/// A status with nothing but its own words: for requests that are none of ours.
pub(super) fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    respond(
        status,
        "text/plain; charset=utf-8",
        status.canonical_reason().unwrap_or_default().to_owned(),
    )
}

fn page(
    status: StatusCode,
    japanese: bool,
    title: &str,
    text: &str,
    attempt: &str,
) -> Response<Full<Bytes>> {
    let (language, open) = if japanese {
        ("ja", "Kiro を開く")
    } else {
        ("en", "Open Kiro")
    };
    let body = format!(
        "<!doctype html><html lang=\"{language}\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><body>{DOOR}<h1>{title}</h1><p>{text}</p><a href=\"kiro://open?attempt={attempt}\">{open}</a></body></html>"
    );
    respond(status, "text/html; charset=utf-8", body)
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = [
        ("content-type", kind),
        ("content-security-policy", POLICY),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("connection", "close"),
    ];
    for (name, value) in fixed {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

/// Whether Japanese comes before English in `Accept-Language` (RFC 9110 §12.5.4), by order alone.
pub(super) fn prefers_japanese(accept_language: &str) -> bool {
    accept_language
        .split(',')
        .map(str::trim)
        .find(|tag| tag.starts_with("ja") || tag.starts_with("en"))
        .is_some_and(|tag| tag.starts_with("ja"))
}

#[cfg(test)]
mod tests {
    use super::prefers_japanese;

    #[test]
    fn the_page_speaks_the_browser_s_language() {
        let check = |header: &str, japanese: bool| {
            assert_eq!(prefers_japanese(header), japanese, "{header}");
        };
        check("ja", true);
        check("ja-JP,ja;q=0.9,en;q=0.8", true);
        check("en-GB,en;q=0.9,ja;q=0.8", false);
        check("", false);
    }
}
