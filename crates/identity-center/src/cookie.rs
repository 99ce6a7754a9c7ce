//! The browser's cookies: secrets whose digests the store has. On https their names begin with `__Host-`, so that no neighbour under
//! the same domain can plant one.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;

use crate::center::Settings;
use crate::secret::Digest;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Proves that this browser began the sign-in.
    SignIn,
    /// Somebody is signed in in this browser.
    Browser,
    /// The language that was chosen: no secret.
    Language,
}

impl Cookie {
    fn bare(self) -> &'static str {
        match self {
            Cookie::SignIn => "kiro-sign-in",
            Cookie::Browser => "kiro-browser",
            Cookie::Language => "kiro-language",
        }
    }

    /// Its name at this service's address.
    #[must_use]
    pub fn name(self, settings: &Settings) -> String {
        let prefix = if secure(settings) { "__Host-" } else { "" };
        format!("{prefix}{}", self.bare())
    }

    /// `Set-Cookie`.
    #[must_use]
    pub fn set(
        self,
        settings: &Settings,
        value: &str,
        life: SignedDuration,
    ) -> Option<HeaderValue> {
        let (name, life) = (self.name(settings), life.as_secs());
        let secure = if secure(settings) { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={life}{secure}");
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `Set-Cookie` that takes it away.
    #[must_use]
    pub fn forget(self, settings: &Settings) -> Option<HeaderValue> {
        self.set(settings, "", SignedDuration::ZERO)
    }

    /// What the browser sent.
    #[must_use]
    pub fn sent<'a>(self, settings: &Settings, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(settings);
        let sent = headers.get_all(header::COOKIE).iter();
        sent.filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(of, _)| *of == name)
            .map(|(_, value)| value)
    }

    /// The digest of what the browser sent.
    #[must_use]
    pub fn digest(self, settings: &Settings, headers: &HeaderMap) -> Option<Digest> {
        self.sent(settings, headers).map(Digest::of)
    }
}

fn secure(settings: &Settings) -> bool {
    settings.url.scheme() == "https"
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_the_hosts_alone_where_it_can_be() {
        let check = |url: &str, expected: &str| {
            let settings = Settings::new(url.parse().unwrap(), "us-east-1");
            let set = Cookie::SignIn
                .set(&settings, "v", SignedDuration::from_secs(600))
                .unwrap();
            assert_eq!(set.to_str().unwrap(), expected);
            assert!(set.is_sensitive(), "no log shows it");
            let mut headers = HeaderMap::new();
            let pair = expected.split(';').next().unwrap();
            let sent = format!("other=1; x-kiro-sign-in=no; {pair}; kiro-browser=no");
            headers.insert(header::COOKIE, HeaderValue::try_from(sent).unwrap());
            assert_eq!(Cookie::SignIn.sent(&settings, &headers), Some("v"));
        };
        check(
            "https://id.acme.example",
            "__Host-kiro-sign-in=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600; Secure",
        );
        check(
            "http://127.0.0.1:9000",
            "kiro-sign-in=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600",
        );
        let settings = Settings::new("https://id.acme.example".parse().unwrap(), "us-east-1");
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("kiro-browser=planted"),
        );
        assert_eq!(
            Cookie::Browser.sent(&settings, &headers),
            None,
            "without its prefix"
        );
    }
}
