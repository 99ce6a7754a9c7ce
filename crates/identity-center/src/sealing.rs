//! Sealing: XChaCha20-Poly1305 under a 32-byte key. What is sealed names its purpose (what it is, and the row that it belongs to),
//! so that it opens nowhere else.
//!
//! ```text
//! version 1 · key id 8 · nonce 24 · ciphertext and tag
//! ```

use std::fmt;

use aws_lc_rs::digest;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::secret::random;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 1 + 8;

/// One key to seal and open with.
#[derive(Clone)]
pub struct Sealing {
    cipher: XChaCha20Poly1305,
    id: [u8; 8],
}

impl Sealing {
    /// With this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Sealing {
        let key = Zeroizing::new(key);
        let mut of = digest::Context::new(&digest::SHA256);
        of.update(b"kiro master key");
        of.update(&*key);
        let mut id = [0; 8];
        id.copy_from_slice(&of.finish().as_ref()[..8]);
        Sealing {
            cipher: XChaCha20Poly1305::new((&*key).into()),
            id,
        }
    }

    /// The key's name, derived from it: 16 hexadecimal digits that tell nothing about it.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals `plain` for `purpose`, under a fresh nonce.
    ///
    /// # Panics
    /// When `plain` is longer than 256 GiB.
    #[must_use]
    #[expect(clippy::expect_used, reason = "it fails for 256 GiB alone")]
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE>();
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.id);
        let aad = associated(&sealed, purpose);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("short enough to be sealed");
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// What was sealed for this purpose under this key; `None` for anything else.
    #[must_use]
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (header, rest) = sealed.split_at_checked(HEADER)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
        if header[0] != VERSION || header[1..] != self.id {
            return None;
        }
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let aad = associated(header, purpose);
        let payload = Payload {
            msg: ciphertext,
            aad: &aad,
        };
        self.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }
}

fn associated(header: &[u8], purpose: &str) -> Vec<u8> {
    [header, b"kiro-identity-center/", purpose.as_bytes()].concat()
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealing({})", self.key_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_for_its_purpose_under_its_key_and_unchanged_alone() {
        let (ours, another) = (Sealing::new([1; 32]), Sealing::new([2; 32]));
        let sealed = ours.seal("totp/1", b"seed");
        let open = |key: &Sealing, purpose: &str, sealed: &[u8]| {
            key.open(purpose, sealed).map(|plain| plain.to_vec())
        };
        assert_eq!(open(&ours, "totp/1", &sealed), Some(b"seed".to_vec()));
        assert_eq!(open(&ours, "totp/2", &sealed), None);
        assert_eq!(open(&another, "totp/1", &sealed), None);
        assert_ne!(ours.seal("totp/1", b"seed"), sealed, "a nonce each");
        assert_ne!(ours.key_id(), another.key_id());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(open(&ours, "totp/1", &changed), None, "byte {at}");
            assert_eq!(open(&ours, "totp/1", &sealed[..at]), None, "cut at {at}");
        }
    }
}
