//! Keys that are made for one test run, and tokens signed with them, well-formed or not.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as algorithms, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, rsa::KeySize};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

pub(crate) static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static OTHER_RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static P256: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&algorithms::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static P384: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&algorithms::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap());
static ED25519: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

/// How a token is signed, whatever its header says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signature {
    Rs256,
    OtherRs256,
    Rs512,
    Ps256,
    Es256,
    Es384,
    EdDsa,
    /// HS256 with the RSA public key as its secret: the classical confusion.
    HmacOfPublicKey,
    /// An empty signature.
    None,
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Any two texts as a token.
pub(crate) fn token(header: &str, payload: &str, signature: Signature) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signed = sign(message.as_bytes(), signature);
    format!("{message}.{}", encode(signed))
}

fn sign(message: &[u8], signature: Signature) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |key: &RsaKeyPair, padding: &'static dyn algorithms::RsaEncoding| {
        let mut signed = vec![0; 256];
        key.sign(padding, &random, message, &mut signed).unwrap();
        signed
    };
    match signature {
        Signature::Rs256 => rsa(&RSA, &algorithms::RSA_PKCS1_SHA256),
        Signature::OtherRs256 => rsa(&OTHER_RSA, &algorithms::RSA_PKCS1_SHA256),
        Signature::Rs512 => rsa(&RSA, &algorithms::RSA_PKCS1_SHA512),
        Signature::Ps256 => rsa(&RSA, &algorithms::RSA_PSS_SHA256),
        Signature::Es256 => P256.sign(&random, message).unwrap().as_ref().to_vec(),
        Signature::Es384 => P384.sign(&random, message).unwrap().as_ref().to_vec(),
        Signature::EdDsa => ED25519.sign(message).as_ref().to_vec(),
        Signature::HmacOfPublicKey => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, RSA.public_key().as_ref());
            hmac::sign(&key, message).as_ref().to_vec()
        }
        Signature::None => Vec::new(),
    }
}

/// The public half, as a key set tells it.
pub(crate) fn jwk(signature: Signature, kid: &str) -> Value {
    let rsa = |key: &RsaKeyPair| {
        // RFC 8017 RSAPublicKey: a sequence of two integers, the first of 257 bytes with its leading zero.
        let der = key.public_key().as_ref();
        json!({"kty": "RSA", "use": "sig", "kid": kid, "n": encode(&der[9..265]), "e": "AQAB"})
    };
    let ec = |key: &EcdsaKeyPair, crv: &str| {
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({"kty": "EC", "use": "sig", "kid": kid, "crv": crv, "x": encode(x), "y": encode(y)})
    };
    match signature {
        Signature::Rs256
        | Signature::Rs512
        | Signature::Ps256
        | Signature::HmacOfPublicKey
        | Signature::None => rsa(&RSA),
        Signature::OtherRs256 => rsa(&OTHER_RSA),
        Signature::Es256 => ec(&P256, "P-256"),
        Signature::Es384 => ec(&P384, "P-384"),
        Signature::EdDsa => {
            json!({"kty": "OKP", "use": "sig", "kid": kid, "crv": "Ed25519", "x": encode(ED25519.public_key())})
        }
    }
}
