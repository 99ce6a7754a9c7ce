//! An authenticator app (RFC 6238: SHA-1, six digits, 30 s), as people have it on their phone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use jiff::Timestamp;

use crate::until;

const STEP: i64 = 30;

/// The step whose code was typed last, for each secret: a code is taken once, whichever browser it is typed into.
static TYPED: Mutex<BTreeMap<String, i64>> = Mutex::new(BTreeMap::new());

/// The code of this secret (base32) to type next. Two can be had at once, the present one and the one to come: no test needs a third.
pub(crate) async fn code(secret: &str) -> String {
    let step = until("a code that was not typed before", async || next(secret)).await;
    let seed = unbase32(secret);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let four = [tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]];
    format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
}

/// The step, once its time is near enough for the service.
fn next(secret: &str) -> Option<i64> {
    let mut typed = TYPED.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Timestamp::now().as_second().div_euclid(STEP);
    let step = typed.get(secret).map_or(now, |last| now.max(last + 1));
    (step <= now + 1).then(|| {
        typed.insert(secret.to_owned(), step);
        step
    })
}

/// RFC 4648 §6, however it is grouped.
fn unbase32(text: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter);
        held = held << 5 | u32::try_from(value.expect("base32")).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    bytes
}
