//! Which language a page speaks.

use axum::http::{HeaderMap, header};

use super::words::{EN, JA, Words};
use crate::center::Settings;
use crate::cookie::Cookie;

/// A language that the pages have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 日本語
    Japanese,
}

impl Language {
    /// What was chosen on a page, else what the application asks for (`ui_locales`), else what the browser prefers, else English.
    #[must_use]
    pub fn of(settings: &Settings, headers: &HeaderMap, ui_locales: &[String]) -> Language {
        let chosen = Cookie::Language.sent(settings, headers);
        let accepted = headers
            .get_all(header::ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(accepted);
        chosen
            .into_iter()
            .chain(ui_locales.iter().map(String::as_str))
            .chain(accepted)
            .find_map(Language::read)
            .unwrap_or(Language::English)
    }

    /// A BCP 47 tag's language, if it is one of ours.
    #[must_use]
    pub fn read(tag: &str) -> Option<Language> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") {
            Some(Language::English)
        } else if primary.eq_ignore_ascii_case("ja") {
            Some(Language::Japanese)
        } else {
            None
        }
    }

    /// Its tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }

    pub(super) fn other(self) -> Language {
        match self {
            Language::English => Language::Japanese,
            Language::Japanese => Language::English,
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Language::English => &EN,
            Language::Japanese => &JA,
        }
    }
}

/// The tags of an `Accept-Language` header, most wanted first (RFC 9110 §12.5.4).
fn accepted(value: &str) -> Vec<&str> {
    let mut tags: Vec<(&str, f32)> = value
        .split(',')
        .take(32)
        .filter_map(|part| {
            let mut part = part.split(';');
            let tag = part.next()?.trim();
            let quality = part.find_map(|parameter| parameter.trim().strip_prefix("q="));
            let quality = quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
            (quality > 0.0).then_some((tag, quality))
        })
        .collect();
    tags.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_what_was_chosen_asked_for_or_preferred() {
        let settings = Settings::new("http://127.0.0.1".parse().unwrap(), "us-east-1");
        let check = |cookie: &str, ui_locales: &[&str], accept: &str, expected| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::COOKIE, cookie), (header::ACCEPT_LANGUAGE, accept)] {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
            let ui_locales: Vec<String> = ui_locales.iter().map(|tag| (*tag).to_owned()).collect();
            let found = Language::of(&settings, &headers, &ui_locales);
            assert_eq!(found, expected, "{cookie} {ui_locales:?} {accept}");
        };
        use Language::{English, Japanese};
        check("", &[], "", English);
        check("", &[], "ja", Japanese);
        check("", &[], "ja-JP, en;q=0.5", Japanese);
        check("", &[], "en;q=0.5, ja;q=0.9", Japanese);
        check("", &[], "ja;q=0, en", English);
        check("", &[], "de, fr;q=0.9, ja;q=0.1", Japanese);
        check("", &[], "ja;q=x", English);
        check("", &["fr-CA", "ja"], "en", Japanese);
        check("kiro-language=en", &["ja"], "ja", English);
        check("kiro-language=xx", &["ja"], "en", Japanese);
        check("", &[], "jav, de", English);
    }
}
