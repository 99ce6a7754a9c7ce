//! The browser's cookies: secrets whose digests the store has. On https their names begin with `__Host-`, so that no neighbour under
//! the same domain can plant one.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;

use crate::center::Settings;
use crate::id::AuthorizationId;
use crate::secret::Digest;

/// A browser is in the middle of so many sign-ins at once.
pub const AT_ONCE: usize = 8;
const SIGN_IN: &str = "kiro-sign-in-";

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Proves that this browser began the sign-in. Each has its own: one that begins in another tab leaves it as it is.
    SignIn(AuthorizationId),
    /// Somebody is signed in in this browser.
    Browser,
    /// The language that was chosen: no secret.
    Language,
}

impl Cookie {
    fn bare(self) -> Cow<'static, str> {
        match self {
            Cookie::SignIn(id) => format!("{SIGN_IN}{id}").into(),
            Cookie::Browser => "kiro-browser".into(),
            Cookie::Language => "kiro-language".into(),
        }
    }

    /// Its name at this service's address.
    #[must_use]
    pub fn name(self, settings: &Settings) -> String {
        format!("{}{}", prefix(settings), self.bare())
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
        pairs(headers)
            .find(|(of, _)| *of == name)
            .map(|(_, value)| value)
    }

    /// The digest of what the browser sent.
    #[must_use]
    pub fn digest(self, settings: &Settings, headers: &HeaderMap) -> Option<Digest> {
        self.sent(settings, headers).map(Digest::of)
    }
}

/// `Set-Cookie`s that take the eldest sign-ins' away, so that with one more there are [`AT_ONCE`]. A browser sends the eldest first
/// (RFC 6265 §5.4).
pub fn room(settings: &Settings, headers: &HeaderMap) -> impl Iterator<Item = HeaderValue> {
    let sent = sign_ins(settings, headers);
    let superfluous = (sent.len() + 1).saturating_sub(AT_ONCE);
    let eldest = sent.into_iter().take(superfluous);
    eldest.filter_map(|id| Cookie::SignIn(id).forget(settings))
}

/// `Set-Cookie`s that take every sign-in's away but this one's.
pub fn others(
    settings: &Settings,
    headers: &HeaderMap,
    but: AuthorizationId,
) -> impl Iterator<Item = HeaderValue> {
    let others = sign_ins(settings, headers).into_iter();
    others
        .filter(move |id| *id != but)
        .filter_map(|id| Cookie::SignIn(id).forget(settings))
}

/// The sign-ins that this browser has begun.
fn sign_ins(settings: &Settings, headers: &HeaderMap) -> Vec<AuthorizationId> {
    let name = format!("{}{SIGN_IN}", prefix(settings));
    pairs(headers)
        .filter_map(|(of, _)| of.strip_prefix(&name)?.parse().ok())
        .collect()
}

/// The names and values of the cookies that were sent.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let sent = headers.get_all(header::COOKIE).iter();
    sent.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn prefix(settings: &Settings) -> &'static str {
    if secure(settings) { "__Host-" } else { "" }
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
        let ours = Cookie::SignIn(AuthorizationId::from([0; 16]));
        let check = |url: &str, expected: &str| {
            let settings = Settings::new(url.parse().unwrap(), "us-east-1");
            let set = ours
                .set(&settings, "v", SignedDuration::from_secs(600))
                .unwrap();
            assert_eq!(set.to_str().unwrap(), expected);
            assert!(set.is_sensitive(), "no log shows it");
            let mut headers = HeaderMap::new();
            let pair = expected.split(';').next().unwrap();
            let sent = format!(
                "other=1; x-kiro-sign-in=no; kiro-sign-in-01010101010101010101010101010101=no; {pair}; kiro-browser=no"
            );
            headers.insert(header::COOKIE, HeaderValue::try_from(sent).unwrap());
            assert_eq!(ours.sent(&settings, &headers), Some("v"));
        };
        check(
            "https://id.acme.example",
            "__Host-kiro-sign-in-00000000000000000000000000000000=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600; Secure",
        );
        check(
            "http://127.0.0.1:9000",
            "kiro-sign-in-00000000000000000000000000000000=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600",
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
    #[test]
    fn one_sign_in_stays_where_the_others_are_taken_away() {
        let settings = Settings::new("https://id.acme.example".parse().unwrap(), "us-east-1");
        let id = |number: u8| AuthorizationId::from([number; 16]);
        let sent =
            [1, 2, 3].map(|number| format!("{}=v", Cookie::SignIn(id(number)).name(&settings)));
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, sent.join("; ").parse().unwrap());
        let gone: Vec<HeaderValue> = others(&settings, &headers, id(2)).collect();
        let expected = [1, 3].map(|number| Cookie::SignIn(id(number)).forget(&settings).unwrap());
        assert_eq!(gone, expected);
    }

    #[test]
    fn the_eldest_sign_in_makes_room_for_a_ninth() {
        let settings = Settings::new("https://id.acme.example".parse().unwrap(), "us-east-1");
        let name = |number: u8| Cookie::SignIn(AuthorizationId::from([number; 16])).name(&settings);
        let check = |sent: &[u8], gone: &[u8]| {
            let mut pairs = vec![
                "kiro-sign-in-x=1".to_owned(),
                "__Host-kiro-sign-in-no=1".to_owned(),
            ];
            pairs.extend(sent.iter().map(|number| format!("{}=v", name(*number))));
            pairs.push("__Host-kiro-browser=v".to_owned());
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, pairs.join("; ").parse().unwrap());
            let found: Vec<String> = room(&settings, &headers)
                .map(|set| set.to_str().unwrap().to_owned())
                .collect();
            let expected: Vec<String> = gone
                .iter()
                .map(|number| {
                    format!(
                        "{}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Secure",
                        name(*number)
                    )
                })
                .collect();
            assert_eq!(found, expected, "{sent:?}");
        };
        check(&[], &[]);
        check(&[1, 2, 3, 4, 5, 6, 7], &[]);
        check(&[9, 2, 3, 4, 5, 6, 7, 8], &[9]);
        check(&[9, 2, 3, 4, 5, 6, 7, 8, 1, 10], &[9, 2, 3]);
    }
}
