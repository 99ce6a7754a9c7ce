//! A discovery document, by whoever answers at the issuer's address.

use kiro_relying_party::{IssuerRule, discover};

use super::stranger::Stranger;

pub(crate) fn run(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let stranger = Stranger(data.to_vec());
    let now = jiff::Timestamp::UNIX_EPOCH;
    for (issuer, rule) in [
        ("https://idp.example/oauth2/default", IssuerRule::Exact),
        (
            "https://idp.example/organizations/v2.0",
            IssuerRule::Template,
        ),
    ] {
        let address = issuer.parse().unwrap();
        let asked = discover(&stranger, &address, rule, now);
        match runtime.block_on(asked) {
            Ok(found) => {
                assert!(rule == IssuerRule::Template || found.issuer == issuer);
                assert!(found.issuer.starts_with("https://idp.example/"));
                let further = [
                    &found.revocation_endpoint,
                    &found.end_session_endpoint,
                    &found.device_authorization_endpoint,
                ];
                let endpoints = [
                    &found.authorization_endpoint,
                    &found.token_endpoint,
                    &found.jwks_uri,
                ];
                for endpoint in endpoints.into_iter().chain(further.into_iter().flatten()) {
                    assert_eq!(endpoint.scheme(), "https");
                    assert!(endpoint.username().is_empty() && endpoint.fragment().is_none());
                }
            }
            Err(error) => {
                let told = error.to_string();
                assert!(
                    told.chars().all(|c| !c.is_control()) && told.len() < 2048,
                    "{told}"
                );
            }
        }
    }
}
