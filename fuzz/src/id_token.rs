//! An ID token, a line feed, and the key set that its provider answers with.

use jiff::Timestamp;
use kiro_relying_party::{IdTokenExpectation, IssuerExpectation, Jwks, NonceExpectation};
use secrecy::SecretString;

use super::stranger::Stranger;

/// 2027-01-15: the tokens of the corpus were issued five seconds before.
const NOW: i64 = 1_800_000_000;

pub(crate) fn run(data: &[u8]) {
    verified(data);
}

/// Whether the token was accepted; then it is one that may be.
pub(crate) fn verified(data: &[u8]) -> bool {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let token = parts.next().unwrap_or_default();
    let Ok(token) = std::str::from_utf8(token) else {
        return false;
    };
    let stranger = Stranger(parts.next().unwrap_or_default().to_vec());
    let token = SecretString::from(token);
    let now = Timestamp::from_second(NOW).unwrap();
    let algorithms = ["RS256", "PS256", "ES256", "EdDSA"].map(str::to_owned);
    let expect = IdTokenExpectation {
        issuer: IssuerExpectation::Exact("https://idp.example"),
        client_id: "kiro",
        nonce: NonceExpectation::NotChecked,
        access_token: None,
        algorithms: &algorithms,
        subject: None,
        now,
    };
    let keys = Jwks::new("https://idp.example/keys".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    match runtime.block_on(keys.verify_id_token(&stranger, &token, &expect)) {
        Ok(claims) => {
            assert_eq!(claims.issuer, "https://idp.example");
            assert!(!claims.subject.is_empty());
            assert!(now.duration_since(claims.expires_at).as_secs() < 60);
            true
        }
        Err(error) => {
            let told = error.to_string();
            assert!(
                told.chars().all(|c| !c.is_control()) && told.len() < 1024,
                "{told}"
            );
            false
        }
    }
}
