//! Sealing: XChaCha20-Poly1305 with a fresh random nonce and associated data.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::canonical;
use crate::key::{Key, KeyError, KeyId};

pub(crate) const ALG: &str = "XC20P";

/// A sealed text inside the credential file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) alg: String,
    pub(crate) nonce: String,
    pub(crate) ciphertext: String,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// A sealed text outside the credential file (`sign-ins/`, `registrations/`), with its key's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedBlob {
    /// The key it is sealed with.
    pub key: KeyId,
    /// Always `XC20P`.
    pub alg: String,
    /// 24 bytes, base64url without padding.
    pub nonce: String,
    /// Ciphertext and 16-byte tag, base64url without padding.
    pub ciphertext: String,
}

/// The seal does not open: edited, moved, or another key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Seals under a fresh nonce. [`KeyError::Failed`] without randomness.
pub(crate) fn seal(key: &Key, aad: &[u8], plain: &[u8]) -> Result<Sealed, KeyError> {
    let mut nonce = [0u8; 24];
    getrandom::fill(&mut nonce).map_err(|error| KeyError::Failed {
        why: error.to_string(),
    })?;
    let cipher = XChaCha20Poly1305::new(key.secret().into());
    let payload = Payload { msg: plain, aad };
    let ciphertext =
        cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| KeyError::Failed {
                why: "the text is too long to be sealed".to_owned(),
            })?;
    Ok(Sealed {
        alg: ALG.to_owned(),
        nonce: URL_SAFE_NO_PAD.encode(nonce),
        ciphertext: URL_SAFE_NO_PAD.encode(ciphertext),
        unknown: Map::new(),
    })
}

/// Opens what [`seal`] made under the same key and associated data.
pub(crate) fn unseal(
    key: &Key,
    aad: &[u8],
    alg: &str,
    nonce: &str,
    ciphertext: &str,
) -> Result<Zeroizing<Vec<u8>>, Broken> {
    if alg != ALG {
        return Err(Broken);
    }
    let nonce = URL_SAFE_NO_PAD.decode(nonce).map_err(|_| Broken)?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| Broken)?;
    let ciphertext = URL_SAFE_NO_PAD.decode(ciphertext).map_err(|_| Broken)?;
    let cipher = XChaCha20Poly1305::new(key.secret().into());
    let payload = Payload {
        msg: &ciphertext,
        aad,
    };
    cipher
        .decrypt(&XNonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| Broken)
}

/// The associated data of a blob outside the credential file.
pub(crate) fn blob_data(key: &KeyId, purpose: &str) -> Vec<u8> {
    canonical::canonical(
        &json!({"format": "kiro-sealed", "version": 1, "key": key.as_str(), "purpose": purpose}),
    )
}
