//! Secrets that are handed out once and kept as a digest: codes, device codes, client secrets, cookies, SCIM tokens.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

/// This many random bytes, from the operating system.
///
/// # Panics
/// When the operating system gives none: nothing safe could follow.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without random numbers no secret can be made"
)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}

/// SHA-256 of a secret with 256 bits of its own: what the store keeps and looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of what somebody presented.
    #[must_use]
    pub fn of(presented: &str) -> Digest {
        Digest::from(digest::digest(&digest::SHA256, presented.as_bytes()))
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }
}

impl From<digest::Digest> for Digest {
    fn from(sha256: digest::Digest) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(sha256.as_ref());
        Digest(bytes)
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Digest, Self::Error> {
        bytes.try_into().map(Digest)
    }
}

/// A new secret of 32 random bytes, base64url, with the digest to keep.
///
/// ```
/// use kiro_identity_center::secret::{Digest, issue};
/// use secrecy::ExposeSecret;
/// let (secret, digest) = issue();
/// assert_eq!(secret.expose_secret().len(), 43);
/// assert_eq!(Digest::of(secret.expose_secret()), digest);
/// ```
#[must_use]
pub fn issue() -> (SecretString, Digest) {
    let text = URL_SAFE_NO_PAD.encode(random::<32>());
    let digest = Digest::of(&text);
    (SecretString::from(text), digest)
}
