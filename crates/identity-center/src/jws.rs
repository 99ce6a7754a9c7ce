//! Signed tokens of JOSE in the compact form (RFC 7515 §3.1), ES256 alone: what the service signs and what it verifies.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::secret;

/// A token is at most so long.
const LIMIT: usize = 16 * 1024;

/// The public half of an ES256 key, as a JWK (RFC 7518 §6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

impl PublicKey {
    /// The key of a JWK's text; `None` unless it is a public EC key on P-256.
    #[must_use]
    pub fn read(jwk: &Value) -> Option<PublicKey> {
        if jwk.get("d").is_some() {
            return None; // a private key is nothing to send (RFC 9449 §4.3)
        }
        let key = PublicKey::deserialize(jwk).ok()?;
        (key.kty == "EC" && key.crv == "P-256" && key.point().is_some()).then_some(key)
    }

    fn of_point(point: &[u8]) -> Option<PublicKey> {
        let (tag, coordinates) = point.split_first()?;
        if *tag != 4 || coordinates.len() != 64 {
            return None;
        }
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Some(PublicKey {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: coordinate(&coordinates[..32]),
            y: coordinate(&coordinates[32..]),
        })
    }

    fn point(&self) -> Option<[u8; 65]> {
        let mut point = [4; 65];
        let mut put = |text: &str, at: usize| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            point
                .get_mut(at..at + 32)?
                .copy_from_slice(<&[u8; 32]>::try_from(bytes.as_slice()).ok()?);
            Some(())
        };
        put(&self.x, 1)?;
        put(&self.y, 33)?;
        Some(point)
    }

    /// The SHA-256 thumbprint (RFC 7638): a key's name.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let (x, y) = (&self.x, &self.y);
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(secret::Digest::of(&canonical).bytes())
    }

    /// As a key set shows it.
    #[must_use]
    pub fn published(&self, id: &str) -> Value {
        serde_json::json!({
            "kty": self.kty, "crv": self.crv, "x": self.x, "y": self.y, "kid": id, "use": "sig", "alg": "ES256",
        })
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.point().is_some_and(|point| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok()
        })
    }
}

/// A key that signs.
pub struct PrivateKey {
    pair: EcdsaKeyPair,
    /// Its public half.
    pub public: PublicKey,
}

/// A key could not be made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ES256 key")]
pub struct NotAKey;

impl PrivateKey {
    /// A new key, as PKCS #8.
    ///
    /// # Errors
    /// [`NotAKey`] where the operating system gives no random numbers.
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, NotAKey> {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| NotAKey)?;
        Ok(Zeroizing::new(pkcs8.as_ref().to_vec()))
    }

    /// The key of this PKCS #8 document.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn read(pkcs8: &[u8]) -> Result<PrivateKey, NotAKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| NotAKey)?;
        let public = PublicKey::of_point(pair.public_key().as_ref()).ok_or(NotAKey)?;
        Ok(PrivateKey { pair, public })
    }

    /// Signs these claims. `typ` is the token's type, `kid` the key's name in the published set.
    ///
    /// # Errors
    /// [`NotAKey`] where the operating system gives no random numbers.
    pub fn sign(&self, typ: &str, kid: &str, claims: &impl Serialize) -> Result<String, NotAKey> {
        let header = serde_json::json!({"alg": "ES256", "kid": kid, "typ": typ});
        self.sign_with(&header, claims)
    }

    /// Signs these claims under a header of the caller's.
    pub(crate) fn sign_with(
        &self,
        header: &Value,
        claims: &impl Serialize,
    ) -> Result<String, NotAKey> {
        let mut token = URL_SAFE_NO_PAD.encode(header.to_string());
        token.push('.');
        let claims = serde_json::to_vec(claims).map_err(|_| NotAKey)?;
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .map_err(|_| NotAKey)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A token taken apart; nothing of it is believed yet.
pub struct Unverified<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Value,
    claims: Value,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. `None` unless it has the form of one, ES256 and no `crit`.
    #[must_use]
    pub fn read(token: &'a str) -> Option<Unverified<'a>> {
        if token.len() > LIMIT {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| -> Option<Value> {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let value: Value = serde_json::from_slice(&bytes).ok()?;
            value.is_object().then_some(value)
        };
        let (header, claims) = (part(header)?, part(claims)?);
        if header.get("alg")? != "ES256" || header.get("crit").is_some() {
            return None;
        }
        Some(Unverified {
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            header,
            claims,
        })
    }

    /// What the header says.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// The claims, if `key` signed them.
    #[must_use]
    pub fn verify(self, key: &PublicKey) -> Option<Value> {
        key.verifies(self.signed.as_bytes(), &self.signature)
            .then_some(self.claims)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::read(&PrivateKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn what_was_signed_is_verified_under_its_key_and_unchanged_alone() {
        let (key, another) = (key(), key());
        let token = key.sign("JWT", "k", &json!({"sub": "aiko"})).unwrap();
        let verify = |token: &str, key: &PublicKey| Unverified::read(token)?.verify(key);
        assert_eq!(verify(&token, &key.public), Some(json!({"sub": "aiko"})));
        assert_eq!(verify(&token, &another.public), None);
        let parts: Vec<&str> = token.split('.').collect();
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let (header, claims) = (parts[0], parts[1]);
        for (what, forged) in [
            (
                "other claims",
                format!("{header}.{}.{}", part(json!({"sub": "eve"})), parts[2]),
            ),
            ("no signature", format!("{header}.{claims}.")),
            (
                "alg none",
                format!("{}.{claims}.", part(json!({"alg": "none"}))),
            ),
            (
                "alg HS256",
                format!("{}.{claims}.{}", part(json!({"alg": "HS256"})), parts[2]),
            ),
            (
                "crit",
                format!(
                    "{}.{claims}.{}",
                    part(json!({"alg": "ES256", "crit": ["x"]})),
                    parts[2]
                ),
            ),
            ("two parts", format!("{header}.{claims}")),
            ("four parts", format!("{token}.x")),
            ("padding", format!("{token}=")),
            ("empty", String::new()),
        ] {
            assert_eq!(verify(&forged, &key.public), None, "{what}");
        }
    }

    #[test]
    fn a_thumbprint_is_that_of_rfc_7638() {
        // The key of RFC 9449 §4.1 and its thumbprint, from §6.1.
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"});
        let key = PublicKey::read(&jwk).unwrap();
        assert_eq!(
            key.thumbprint(),
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
        for (member, value) in [
            ("kty", "RSA"),
            ("crv", "P-384"),
            ("x", "AA"),
            ("y", "!"),
            ("d", "secret"),
        ] {
            let mut wrong = jwk.clone();
            wrong[member] = value.into();
            assert_eq!(PublicKey::read(&wrong), None, "{member}");
        }
    }
}
