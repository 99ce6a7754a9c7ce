//! Whether a form came from one of our own pages. The cookie is `SameSite=Lax` and the form's address has the sign-in's name: this is
//! the third lock. A program that is no browser sends neither header, and needs the cookie all the same.

use axum::http::HeaderMap;

use crate::center::Settings;

/// Whether nothing says that the form came from elsewhere.
pub(crate) fn is_own(settings: &Settings, headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap_or_default())
    };
    let own = settings.url.origin().ascii_serialization();
    text("sec-fetch-site").all(|site| site == "same-origin")
        && text("origin").all(|origin| origin == own)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_our_own_pages_send_forms() {
        let settings = Settings::new("https://id.acme.example/".parse().unwrap(), "us-east-1");
        let check = |sent: &[(&'static str, &str)], expected| {
            let mut headers = HeaderMap::new();
            for (name, value) in sent {
                headers.append(
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                );
            }
            assert_eq!(is_own(&settings, &headers), expected, "{sent:?}");
        };
        check(&[], true);
        check(&[("origin", "https://id.acme.example")], true);
        check(
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://id.acme.example"),
            ],
            true,
        );
        for site in ["cross-site", "same-site", "none", ""] {
            check(&[("sec-fetch-site", site)], false);
        }
        for origin in [
            "null",
            "http://id.acme.example",
            "https://id.acme.example:8443",
            "https://id.acme.example.evil.example",
            "https://acme.example",
            "",
        ] {
            check(&[("origin", origin)], false);
            check(
                &[("sec-fetch-site", "same-origin"), ("origin", origin)],
                false,
            );
        }
        check(
            &[
                ("origin", "https://id.acme.example"),
                ("origin", "https://evil.example"),
            ],
            false,
        );
    }
}
