//! Access and refresh tokens: each names its session and its place in it, authenticated with the service's key. Nothing of a
//! token is stored: the row of its session decides what it is worth (docs/decisions/0014). To a client they are opaque.
//!
//! ```text
//! kat_ / krt_   base64url( key number 1 · session 16 · rotation 4 · ends 8 · HMAC-SHA256 32 )
//! ```

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::id::SessionId;

const BODY: usize = 1 + 16 + 4 + 8;
const WHOLE: usize = BODY + 32;

/// What a token is for. A token of one kind is never taken for the other: the kind is authenticated too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Presented to the portal, userinfo, introspection.
    Access,
    /// Presented to the token endpoint.
    Refresh,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Access => "kat_",
            Kind::Refresh => "krt_",
        }
    }
}

/// What a genuine token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub session: SessionId,
    /// How often the session had been renewed when it was issued.
    pub rotation: u32,
    /// An access token's end. A refresh token has the session's.
    pub ends: Timestamp,
}

/// The service's keys for tokens, by number: one issues, all verify. Another instance may have changed them in the store; what it
/// wrote comes here by [`TokenKeys::replace`].
pub struct TokenKeys(RwLock<Arc<Keys>>);

struct Keys {
    keys: Vec<(u8, hmac::Key)>,
    /// The place of the one that issues.
    issuing: usize,
}

impl TokenKeys {
    /// Oldest first; the newest issues. `None` without any.
    #[must_use]
    pub fn new(keys: &[(u8, [u8; 32])]) -> Option<TokenKeys> {
        let newest = keys.last()?.0;
        TokenKeys::issuing_with(keys, newest)
    }

    /// The key of this number issues. `None` if there is none of it.
    #[must_use]
    pub fn issuing_with(keys: &[(u8, [u8; 32])], number: u8) -> Option<TokenKeys> {
        let issuing = keys.iter().position(|(of, _)| *of == number)?;
        let keys = keys
            .iter()
            .map(|(number, key)| (*number, hmac::Key::new(hmac::HMAC_SHA256, key)))
            .collect();
        Some(TokenKeys(RwLock::new(Arc::new(Keys { keys, issuing }))))
    }

    /// Those keys from now on.
    pub fn replace(&self, by: &TokenKeys) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = by.now();
    }

    fn now(&self) -> Arc<Keys> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A tag that only the service could make, for a text that comes back to it (a server nonce).
    #[must_use]
    pub fn tag(&self, purpose: &str, text: &str) -> String {
        let keys = self.now();
        let tag = hmac::sign(&keys.keys[keys.issuing].1, tagged(purpose, text).as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    }

    /// Whether `tag` is [`TokenKeys::tag`]'s for this text.
    #[must_use]
    pub fn has_tagged(&self, purpose: &str, text: &str, tag: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else {
            return false;
        };
        let message = tagged(purpose, text);
        let keys = self.now();
        keys.keys
            .iter()
            .any(|(_, key)| hmac::verify(key, message.as_bytes(), &tag).is_ok())
    }

    /// The token as a client gets it. The same token is the same text: a successor asked for twice is derived, not stored.
    #[must_use]
    pub fn issue(&self, kind: Kind, token: &Token) -> SecretString {
        let keys = self.now();
        let (number, key) = &keys.keys[keys.issuing];
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.push(*number);
        bytes.extend_from_slice(token.session.bytes());
        bytes.extend_from_slice(&token.rotation.to_be_bytes());
        bytes.extend_from_slice(&token.ends.as_second().to_be_bytes());
        let tag = hmac::sign(key, &authenticated(kind, &bytes));
        bytes.extend_from_slice(tag.as_ref());
        SecretString::from(format!(
            "{}{}",
            kind.prefix(),
            URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// What a presented token says, if it is one of ours and of this kind.
    #[must_use]
    pub fn read(&self, kind: Kind, presented: &str) -> Option<Token> {
        let text = presented.strip_prefix(kind.prefix())?;
        let mut bytes = [0; WHOLE];
        if URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()? != WHOLE {
            return None;
        }
        let (body, tag) = bytes.split_at(BODY);
        let keys = self.now();
        let (_, key) = keys.keys.iter().find(|(number, _)| *number == body[0])?;
        hmac::verify(key, &authenticated(kind, body), tag).ok()?;
        Some(Token {
            session: SessionId::try_from(&body[1..17]).ok()?,
            rotation: u32::from_be_bytes(body[17..21].try_into().ok()?),
            ends: Timestamp::from_second(i64::from_be_bytes(body[21..29].try_into().ok()?)).ok()?,
        })
    }
}

/// Begins with no [`Kind`]'s prefix, so that no tag is a token's.
fn tagged(purpose: &str, text: &str) -> String {
    format!("tag/{purpose}/{text}")
}

fn authenticated(kind: Kind, body: &[u8]) -> [u8; 4 + BODY] {
    let mut whole = [0; 4 + BODY];
    whole[..4].copy_from_slice(kind.prefix().as_bytes());
    whole[4..].copy_from_slice(body);
    whole
}

/// A key's life so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its number.
    pub number: u8,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What happens to the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of this number is made.
    Make(u8),
    /// The key of this number is destroyed.
    Forget(u8),
}

/// A new key verifies for so long before it issues: by then every instance has read it.
pub const LEAD: SignedDuration = SignedDuration::from_mins(10);
/// A key issues for so long.
pub const ACTIVE: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What is due for these keys (oldest first). A key that was followed by another is kept as long as a session may live that began
/// under it. `demanded`: an administrator wants a new key now.
#[must_use]
pub fn plan(keys: &[Life], session: SignedDuration, demanded: bool, now: Timestamp) -> Vec<Step> {
    let Some(newest) = keys.last() else {
        return vec![Step::Make(1)];
    };
    let forgotten = keys.windows(2).filter_map(|pair| {
        let over = pair[1].created_at + LEAD + session;
        (now >= over).then_some(Step::Forget(pair[0].number))
    });
    let mut steps: Vec<Step> = forgotten.collect();
    let waits = keys.len() > 1 && now < newest.created_at + LEAD;
    if !waits && (demanded || now >= newest.created_at + ACTIVE) {
        let free = (newest.number..=u8::MAX)
            .chain(1..newest.number)
            .find(|number| keys.iter().all(|key| key.number != *number));
        steps.extend(free.map(Step::Make));
    }
    steps
}

/// The number of the key that issues: the newest that every instance knows, or the first.
#[must_use]
pub fn issuing(keys: &[Life], now: Timestamp) -> Option<u8> {
    let known = keys.iter().rev().find(|key| now >= key.created_at + LEAD);
    known.or(keys.first()).map(|key| key.number)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn token() -> Token {
        Token {
            session: SessionId::random(),
            rotation: 7,
            ends: Timestamp::from_second(2_000_000_000).unwrap(),
        }
    }

    #[test]
    fn a_token_says_what_it_was_issued_for_to_its_own_kind_and_key_alone() {
        let (old, new) = (
            TokenKeys::new(&[(1, [1; 32])]).unwrap(),
            TokenKeys::new(&[(1, [1; 32]), (2, [2; 32])]).unwrap(),
        );
        let stranger = TokenKeys::new(&[(1, [3; 32])]).unwrap();
        let token = token();
        let text = old.issue(Kind::Access, &token);
        let text = text.expose_secret();
        assert_eq!(
            new.read(Kind::Access, text),
            Some(token),
            "an older key still verifies"
        );
        assert_eq!(stranger.read(Kind::Access, text), None);
        assert_eq!(old.read(Kind::Refresh, text), None);
        assert_eq!(
            old.read(Kind::Refresh, &text.replace("kat_", "krt_")),
            None,
            "the kind is authenticated"
        );
        assert_eq!(
            old.read(
                Kind::Access,
                new.issue(Kind::Access, &token).expose_secret()
            ),
            None
        );
    }

    #[test]
    fn no_changed_token_is_genuine() {
        let keys = TokenKeys::new(&[(1, [1; 32])]).unwrap();
        let text = keys.issue(Kind::Refresh, &token());
        let text = text.expose_secret();
        for at in 0..text.len() {
            for other in [b'A', b'z', b'_', b'='] {
                let mut changed = text.as_bytes().to_vec();
                if changed[at] == other {
                    continue;
                }
                changed[at] = other;
                assert_eq!(
                    keys.read(Kind::Refresh, std::str::from_utf8(&changed).unwrap()),
                    None,
                    "{at}"
                );
            }
            assert_eq!(keys.read(Kind::Refresh, &text[..at]), None, "cut at {at}");
        }
        assert_eq!(keys.read(Kind::Refresh, &format!("{text}A")), None);
    }

    #[test]
    fn a_key_issues_once_every_instance_knows_it_and_is_kept_for_the_sessions_begun_under_it() {
        let at = |second| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let (day, session) = (86_400, SignedDuration::from_hours(24 * 7));
        let keys = |keys: &[(u8, i64)]| -> Vec<Life> {
            let life = |&(number, created)| Life {
                number,
                created_at: at(created),
            };
            keys.iter().map(life).collect()
        };
        let check = |of: &[(u8, i64)], demanded, now, steps: &[Step], issues: Option<u8>| {
            let of = keys(of);
            assert_eq!(plan(&of, session, demanded, at(now)), steps, "{of:?} {now}");
            assert_eq!(issuing(&of, at(now)), issues, "{of:?} {now}");
        };
        use Step::{Forget, Make};
        check(&[], false, 0, &[Make(1)], None);
        check(&[(1, 0)], false, 0, &[], Some(1)); // the first issues at once
        check(&[(1, 0)], true, 5, &[Make(2)], Some(1));
        check(&[(1, 0)], false, 90 * day, &[Make(2)], Some(1));
        check(&[(1, 0), (2, 100)], true, 699, &[], Some(1));
        check(&[(1, 0), (2, 100)], false, 700, &[], Some(2));
        check(&[(1, 0), (2, 100)], false, 699 + 7 * day, &[], Some(2));
        check(
            &[(1, 0), (2, 100)],
            false,
            700 + 7 * day,
            &[Forget(1)],
            Some(2),
        );
        check(&[(255, 0)], true, 5, &[Make(1)], Some(255));
        check(&[(1, 0), (255, 5)], true, 900, &[Make(2)], Some(255));
    }

    #[test]
    fn a_tag_is_of_one_purpose_and_no_token() {
        let keys = TokenKeys::new(&[(1, [1; 32])]).unwrap();
        let tag = keys.tag("nonce", "7");
        assert!(keys.has_tagged("nonce", "7", &tag));
        for (purpose, text, tag) in [
            ("nonce", "8", tag.as_str()),
            ("other", "7", &tag),
            ("nonce", "7", ""),
            ("nonce", "7", "!"),
        ] {
            assert!(
                !keys.has_tagged(purpose, text, tag),
                "{purpose} {text} {tag}"
            );
        }
        let newer = TokenKeys::new(&[(1, [1; 32]), (2, [2; 32])]).unwrap();
        assert!(
            newer.has_tagged("nonce", "7", &tag),
            "an older key's tag is still ours"
        );
        keys.replace(&newer);
        assert!(!TokenKeys::new(&[(1, [1; 32])]).unwrap().has_tagged(
            "nonce",
            "7",
            &keys.tag("nonce", "7")
        ));
    }
}
