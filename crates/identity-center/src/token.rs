//! Access and refresh tokens: each names its session and its place in it, authenticated with the service's key. Nothing of a
//! token is stored: the row of its session decides what it is worth (docs/decisions/0013). To a client they are opaque.
//!
//! ```text
//! kat_ / krt_   base64url( key number 1 · session 16 · rotation 4 · ends 8 · HMAC-SHA256 32 )
//! ```

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
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

/// The service's keys for tokens, by number: the newest issues, all verify.
pub struct TokenKeys {
    keys: Vec<(u8, hmac::Key)>,
}

impl TokenKeys {
    /// Oldest first. `None` without any.
    #[must_use]
    pub fn new(keys: &[(u8, [u8; 32])]) -> Option<TokenKeys> {
        let keys: Vec<_> = keys
            .iter()
            .map(|(number, key)| (*number, hmac::Key::new(hmac::HMAC_SHA256, key)))
            .collect();
        (!keys.is_empty()).then_some(TokenKeys { keys })
    }

    /// The token as a client gets it. The same token is the same text: a successor asked for twice is derived, not stored.
    #[must_use]
    pub fn issue(&self, kind: Kind, token: &Token) -> SecretString {
        let (number, key) = &self.keys[self.keys.len() - 1];
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
        let (_, key) = self.keys.iter().find(|(number, _)| *number == body[0])?;
        hmac::verify(key, &authenticated(kind, body), tag).ok()?;
        Some(Token {
            session: SessionId::try_from(&body[1..17]).ok()?,
            rotation: u32::from_be_bytes(body[17..21].try_into().ok()?),
            ends: Timestamp::from_second(i64::from_be_bytes(body[21..29].try_into().ok()?)).ok()?,
        })
    }
}

fn authenticated(kind: Kind, body: &[u8]) -> [u8; 4 + BODY] {
    let mut whole = [0; 4 + BODY];
    whole[..4].copy_from_slice(kind.prefix().as_bytes());
    whole[4..].copy_from_slice(body);
    whole
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
}
