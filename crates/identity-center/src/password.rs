//! Passwords: argon2id (RFC 9106), at most two at a time, in the same time for a name that nobody has.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::apart::{Apart, Busy};
use crate::directory::fold;
use crate::secret::random;

/// Characters that a password has at least.
pub const SHORTEST: usize = 12;
/// Bytes that one has at most: hashing more is work for nothing.
pub const LONGEST: usize = 1024;
/// Hashing takes memory: so many run at once.
const AT_ONCE: usize = 2;
/// So many more may wait; the next are told to come again.
const WAITING: usize = 62;

/// OWASP's second choice of parameters: 19 MiB, two passes.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH: usize = 32;
const SALT: usize = 16;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`SHORTEST`] characters.
    #[error("the password has fewer than 12 characters")]
    TooShort,
    /// More than [`LONGEST`] bytes.
    #[error("the password is too long")]
    TooLong,
    /// The person's own name, or one character again and again.
    #[error("the password is too easy to guess")]
    Guessable,
}

/// Whether a password may be chosen by the person of this name.
///
/// # Errors
/// See [`Weak`].
pub fn acceptable(password: &SecretString, user_name: &str) -> Result<(), Weak> {
    let text = password.expose_secret();
    let mut characters = text.chars();
    if text.chars().count() < SHORTEST {
        return Err(Weak::TooShort);
    }
    if text.len() > LONGEST {
        return Err(Weak::TooLong);
    }
    let first = characters.next();
    if fold(text) == fold(user_name) || characters.all(|character| Some(character) == first) {
        return Err(Weak::Guessable);
    }
    Ok(())
}

/// Where passwords are hashed: on threads beside the others, at most two at a time. What is [`Busy`] is told to come again.
#[derive(Clone)]
pub struct Hashing(Apart);

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing(Apart::of(AT_ONCE, WAITING))
    }
}

impl Hashing {
    /// The text to keep of a password.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: SecretString) -> Result<String, Busy> {
        self.0.compute(move || hash(&password)).await
    }

    /// Whether this is the password of which `kept` was kept. Without one (nobody has the name, or they have no password) it takes
    /// as long, and is `false`.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: SecretString, kept: Option<String>) -> Result<bool, Busy> {
        self.0
            .compute(move || {
                let (kept, there) = match &kept {
                    Some(kept) => (kept.as_str(), true),
                    None => (NOBODYS.as_str(), false),
                };
                verify(&password, kept) && there
            })
            .await
    }

    /// How many are checked or wait for it.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.0.busy()
    }
}

/// Compared with where there is nothing to compare with.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| encode(&random::<SALT>(), &random::<HASH>(), MEMORY, PASSES, LANES));

/// The text to keep of a password; it takes some 20 ms and 19 MiB.
#[must_use]
pub fn hash(password: &SecretString) -> String {
    let salt = random::<SALT>();
    let hash = derive(password, &salt, MEMORY, PASSES, LANES);
    // With our own parameters it does not fail; an empty hash fits no password.
    let hash = hash.as_deref().map_or(&[][..], |hash| &hash[..]);
    encode(&salt, hash, MEMORY, PASSES, LANES)
}

/// Whether this is the password of which `kept` was kept. What we did not write fits nothing.
#[must_use]
pub fn verify(password: &SecretString, kept: &str) -> bool {
    let Some((salt, expected, [memory, passes, lanes])) = decode(kept) else {
        return false;
    };
    if password.expose_secret().len() > LONGEST {
        return false;
    }
    let found = derive(password, &salt, memory, passes, lanes);
    found.is_some_and(|found| verify_slices_are_equal(&found[..], &expected).is_ok())
}

fn derive(
    password: &SecretString,
    salt: &[u8],
    memory: u32,
    passes: u32,
    lanes: u32,
) -> Option<Zeroizing<[u8; HASH]>> {
    // Two keyboards may write one letter in two ways (RFC 8265 §4.2.2).
    let text = Zeroizing::new(password.expose_secret().nfc().collect::<String>());
    let params = Params::new(memory, passes, lanes, Some(HASH)).ok()?;
    let mut found = Zeroizing::new([0; HASH]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(text.as_bytes(), salt, &mut found[..])
        .ok()?;
    Some(found)
}

/// The PHC string format, so that a directory that is imported or exported is understood.
fn encode(salt: &[u8], hash: &[u8], memory: u32, passes: u32, lanes: u32) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
}

type Kept = (Vec<u8>, Vec<u8>, [u32; 3]);

fn decode(kept: &str) -> Option<Kept> {
    let mut parts = kept.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut parameters = parts.next()?.split(',');
    let mut parameter =
        |name: &str| -> Option<u32> { parameters.next()?.strip_prefix(name)?.parse().ok() };
    let parameters = [parameter("m=")?, parameter("t=")?, parameter("p=")?];
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    (parts.next().is_none() && hash.len() == HASH && parameters[0] <= 1024 * 1024)
        .then_some((salt, hash, parameters))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_password_fits_what_was_kept_of_it_alone() {
        let kept = hash(&secret("correct horse José"));
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        let check = |text: &str, expected: bool| {
            assert_eq!(verify(&secret(text), &kept), expected, "{text}");
        };
        check("correct horse José", true);
        check("correct horse Jose\u{301}", true);
        check("correct horse Jose", false);
        check("Correct horse José", false);
        check("", false);
        assert_ne!(hash(&secret("correct horse José")), kept, "a salt each");
        for broken in [
            "",
            "x",
            "$argon2id$v=19$m=19456,t=2,p=1$",
            "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAA",
        ] {
            assert!(!verify(&secret("x"), broken), "{broken}");
        }
        let endless = kept.replace("m=19456", "m=4000000000");
        assert!(!verify(&secret("correct horse José"), &endless));
    }

    #[test]
    fn an_independent_implementation_made_this_hash() {
        // argon2-cffi 25.1.
        let kept = "$argon2id$v=19$m=19456,t=2,p=1$xhcsgCpusFlFI1T1M0yHLg$h5gyirFC2rRCll+rtm/HAlTj8IvDDVvtJEaHjWgiLJk";
        assert!(verify(&secret("correct horse battery"), kept));
    }

    #[test]
    fn a_password_is_long_and_not_the_name() {
        let check = |text: &str, expected| {
            assert_eq!(
                acceptable(&secret(text), "aiko@acme.example"),
                expected,
                "{text}"
            );
        };
        check("twelve chars", Ok(()));
        check("十二文字の合言葉です。はい", Ok(()));
        check("eleven char", Err(Weak::TooShort));
        check("", Err(Weak::TooShort));
        check("AIKO@acme.example", Err(Weak::Guessable));
        check("aaaaaaaaaaaaaaaa", Err(Weak::Guessable));
        check(&"ab".repeat(513), Err(Weak::TooLong));
    }

    #[tokio::test]
    async fn two_are_hashed_at_once_and_no_line_grows_without_end() {
        let hashing = Hashing::default();
        let held = hashing.0.running.acquire_many(2).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE + WAITING {
            let hashing = hashing.clone();
            waiting.spawn(async move { hashing.0.compute(|| ()).await });
        }
        while hashing.0.is_open() {
            tokio::task::yield_now().await;
        }
        assert_eq!(hashing.0.compute(|| ()).await, Err(Busy));
        drop(held);
        assert!(waiting.join_all().await.iter().all(Result::is_ok));
        assert_eq!(hashing.verify(secret("x"), None).await, Ok(false));
    }
}
