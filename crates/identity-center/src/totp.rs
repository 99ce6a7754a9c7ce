//! The second factor of the directory's own people: one-time codes by time (RFC 6238: SHA-1, six digits, 30 s, as every authenticator
//! app has them) and recovery codes. A code is good once.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::secret::{Digest, random};

/// A code's time, in seconds.
pub const STEP: i64 = 30;
/// Codes of so many steps before and after now are good: clocks differ.
const LEEWAY: i64 = 1;
/// RFC 4226 §4 R6: 160 bits.
pub const SEED: usize = 20;
/// So many recovery codes are given out.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of chance in a recovery code: its digest is kept like a token's, and needs no slow hash.
const RECOVERY: usize = 10;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new seed.
#[must_use]
pub fn seed() -> Zeroizing<[u8; SEED]> {
    Zeroizing::new(random())
}

/// The code of a step (RFC 4226 §5.3).
#[must_use]
pub fn code(seed: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let four = [tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]];
    u32::from_be_bytes(four) % 1_000_000
}

/// The step of a time.
#[must_use]
pub fn step(now: Timestamp) -> i64 {
    now.as_second().div_euclid(STEP)
}

/// The step whose code was typed, if it is one of now and later than `last`, the step that was used before (RFC 6238 §5.2).
#[must_use]
pub fn matching(seed: &[u8], typed: &str, last: i64, now: Timestamp) -> Option<i64> {
    let typed = digits(typed)?;
    let now = step(now);
    // All are compared, so that the time tells nothing.
    (now - LEEWAY..=now + LEEWAY).fold(None, |found, step| {
        let fits = (code(seed, step) == typed) & (step > last);
        if fits { Some(step) } else { found }
    })
}

/// Six digits, however they are grouped; those of Japanese keyboards too.
fn digits(typed: &str) -> Option<u32> {
    let mut digits = String::new();
    for character in typed.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '０'..='９' => digits.push(char::from_digit(
                u32::from(character) - u32::from('０'),
                10,
            )?),
            ' ' | '\u{a0}' | '\u{3000}' | '-' | '\t' => {}
            _ => return None,
        }
    }
    (digits.len() == 6).then(|| digits.parse().ok()).flatten()
}

/// The address that an authenticator app reads from a picture (Key Uri Format).
#[must_use]
pub fn uri(issuer: &str, account: &str, seed: &[u8]) -> SecretString {
    let (issuer, account) = (percent(issuer), percent(account));
    let secret = Zeroizing::new(base32(seed));
    SecretString::from(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        *secret
    ))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
        encoded
    })
}

/// RFC 4648 §6, without padding.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// New recovery codes as they are shown, once: `XXXX-XXXX-XXXX-XXXX`.
#[must_use]
pub fn recovery_codes() -> Vec<SecretString> {
    let code = || {
        let letters = base32(&random::<RECOVERY>());
        let groups: Vec<&str> = (0..letters.len())
            .step_by(4)
            .filter_map(|at| letters.get(at..at + 4))
            .collect();
        SecretString::from(groups.join("-"))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is kept of a recovery code, if this could be one.
#[must_use]
pub fn recovery_digest(typed: &str) -> Option<Digest> {
    let letters: String = typed
        .chars()
        .filter(|character| !matches!(character, ' ' | '\u{3000}' | '-' | '\t'))
        .map(|character| match character.to_ascii_uppercase() {
            // What the alphabet does not have is one of these, misread.
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            other => other,
        })
        .collect();
    let ours = letters.len() == 16 && letters.bytes().all(|letter| ALPHABET.contains(&letter));
    ours.then(|| Digest::of(&letters))
}

/// What is kept of recovery codes.
#[must_use]
pub fn recovery_digests(codes: &[SecretString]) -> Vec<Digest> {
    codes
        .iter()
        .filter_map(|code| recovery_digest(code.expose_secret()))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const RFC: &[u8] = b"12345678901234567890";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B has eight digits: the last six are ours.
        for (second, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(RFC, step(at(second))), expected, "{second}");
        }
    }

    #[test]
    fn a_code_is_good_around_its_time_and_once() {
        let check = |typed: &str, last: i64, second: i64, expected: Option<i64>| {
            assert_eq!(
                matching(RFC, typed, last, at(second)),
                expected,
                "{typed} {last} {second}"
            );
        };
        // 287082 is the code of step 1: from 30 s to 59 s.
        for second in [0, 29, 30, 59, 60, 89] {
            check("287082", -1, second, Some(1));
        }
        check("287082", -1, 90, None);
        check("287082", 0, 59, Some(1));
        check("287082", 1, 59, None);
        check("287082", 2, 59, None);
        check(" 287 082 ", 0, 59, Some(1));
        check("287-082", 0, 59, Some(1));
        check("２８７０８２", 0, 59, Some(1));
        for other in [
            "287083", "28708", "2870820", "", "28708a", "+287082", "0x4616a",
        ] {
            check(other, 0, 59, None);
        }
        check("5924", 0, 1_234_567_890, None); // its zeros were typed, or it is another code
        check("005924", 0, 1_234_567_890, Some(41_152_263));
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (plain, expected) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), expected);
        }
    }

    #[test]
    fn the_address_for_apps_is_escaped() {
        let uri = uri("Acme & Söhne", "aiko:1@acme.example", RFC);
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Acme%20%26%20S%C3%B6hne:aiko%3A1%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_written() {
        let codes = recovery_codes();
        let digests = recovery_digests(&codes);
        assert_eq!(digests.len(), RECOVERY_CODES);
        let shown = codes[0].expose_secret();
        assert_eq!(shown.len(), 19, "{shown}");
        let check = |typed: &str| assert_eq!(recovery_digest(typed), Some(digests[0]), "{typed}");
        check(shown);
        check(&shown.to_lowercase());
        check(&shown.replace('-', ""));
        check(&shown.replace('-', " "));
        check(&shown.replace('O', "0").replace('I', "1").replace('B', "8"));
        for other in [
            "",
            "AAAA",
            "AAAA-AAAA-AAAA-AAA9",
            "AAAA-AAAA-AAAA-AAAAA",
            "ああああ",
        ] {
            assert_eq!(recovery_digest(other), None, "{other}");
        }
    }
}
