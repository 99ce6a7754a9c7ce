//! The device grant (RFC 8628): a device without a browser shows a short code, a person types it in at another place, and the device,
//! which asks again and again, gets its tokens.

mod begin;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::id::SessionId;
use crate::secret::Digest;

pub use begin::{From, begin};

/// `grant_type` (RFC 8628 §3.4).
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// A code lives so long.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// A device waits so many seconds between two questions, until it is told to wait longer.
pub const INTERVAL: u32 = 5;
/// It waits so many seconds more each time it was too fast (RFC 8628 §3.5).
pub const SLOWER: u32 = 5;
/// The way of two questions differs: one may come so much early.
const LEEWAY: SignedDuration = SignedDuration::from_millis(500);

/// What is decided about a device that asks (what else is kept of it: [`crate::store::DeviceCode`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The application that asked for the code.
    pub client: String,
    /// Where the code stands.
    pub state: State,
    /// The seconds between two questions.
    pub interval: u32,
    /// When the device last asked.
    pub asked_at: Option<Timestamp>,
    /// The code's end.
    pub expires_at: Timestamp,
}

/// Where a device code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Pending,
    /// The person allowed it: this session waits for the device.
    Approved(SessionId),
    /// The person refused, or may not sign in any more.
    Denied,
    /// The device has its tokens.
    Redeemed,
}

/// What a device that asks is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// This session is its own. It is told so once.
    Granted(SessionId),
    /// Nobody has decided.
    Pending,
    /// Nobody has decided, and it asked too soon: from now on the interval is longer.
    SlowDown,
    /// The person refused.
    Denied,
    /// The code's time is up.
    Expired,
    /// There is no such code, it is another application's, or it was redeemed.
    Unknown,
}

/// What `client`, which asks with this code, is told.
#[must_use]
pub fn poll(code: &Device, client: &str, now: Timestamp) -> Poll {
    if code.client != client {
        return Poll::Unknown;
    }
    let over = now >= code.expires_at;
    match code.state {
        State::Redeemed => Poll::Unknown,
        State::Denied => Poll::Denied,
        State::Approved(_) | State::Pending if over => Poll::Expired,
        State::Approved(session) => Poll::Granted(session),
        State::Pending => {
            let wait = SignedDuration::from_secs(code.interval.into()) - LEEWAY;
            match code.asked_at {
                Some(before) if now.duration_since(before) < wait => Poll::SlowDown,
                Some(_) | None => Poll::Pending,
            }
        }
    }
}

/// RFC 8628 §6.1: consonants that are neither taken for each other nor spell a word.
const ALPHABET: [char; 20] = [
    'B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X',
    'Z',
];
const LENGTH: usize = 8;

/// What the person types in: eight letters, shown as `XXXX-XXXX`. Whoever knows it may decide about the device while it lives, so it is
/// in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode([char; LENGTH]);

impl UserCode {
    /// A new one, at random.
    #[must_use]
    pub fn random() -> UserCode {
        UserCode::of(u128::from_le_bytes(crate::secret::random()))
    }

    /// The code of this number. Of evenly spread numbers each code is as likely: 20⁸ in 2¹²⁸ leaves nothing to see.
    fn of(mut number: u128) -> UserCode {
        UserCode([(); LENGTH].map(|()| {
            let letter = ALPHABET[(number % 20) as usize];
            number /= 20;
            letter
        }))
    }

    /// What somebody typed, in either case, with or without hyphen and spaces, full width or not.
    #[must_use]
    pub fn typed(text: &str) -> Option<UserCode> {
        let mut letters = ['\0'; LENGTH];
        let mut count = 0;
        let between = |character: &char| {
            character.is_whitespace() || matches!(character, '-' | '‐' | '–' | '−' | '－' | 'ー')
        };
        for character in text.chars().filter(|character| !between(character)) {
            let narrow = match character {
                'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(character) - 0xfee0)?,
                other => other,
            };
            let letter = narrow.to_ascii_uppercase();
            if count == LENGTH || !ALPHABET.contains(&letter) {
                return None;
            }
            letters[count] = letter;
            count += 1;
        }
        (count == LENGTH).then_some(UserCode(letters))
    }

    /// What the store keeps and looks up. It is short enough to be found by trying: that helps nobody who cannot sign in, and for ten
    /// minutes at most.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0.iter().collect::<String>())
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, letter) in self.0.iter().enumerate() {
            write!(f, "{}{letter}", if at == LENGTH / 2 { "-" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode(…)")
    }
}

#[cfg(test)]
mod tests;
