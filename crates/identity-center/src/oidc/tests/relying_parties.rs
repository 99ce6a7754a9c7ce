//! Others' software against ours: npm's `openid-client`, and our own relying party.

use kiro_relying_party::{
    HttpSettings, IdTokenExpectation, IssuerExpectation, IssuerRule, Jwks, Nonce, NonceExpectation,
    WebClient, discover,
};
use secrecy::SecretString;
use serde_json::Value;

use super::running::{Running, SECRET, last_word, peers};

/// Runs one flow of `tests/peers/relying_party.mjs`, and returns what it says.
async fn openid_client(service: &Running, flow: &str) -> Value {
    let mut node = tokio::process::Command::new("node");
    node.args(["--single-threaded", "--no-wasm-async-compilation"]);
    node.arg("relying_party.mjs")
        .arg(flow)
        .current_dir(peers())
        .env("ISSUER", service.issuer())
        .env("CLIENT_SECRET", SECRET);
    last_word(&mut node).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_signs_in_refreshes_asks_and_signs_out() {
    let service = Running::start().await;
    for flow in ["public", "confidential", "pushed"] {
        let said = openid_client(&service, flow).await;
        assert_eq!(said["sub"], service.user.to_string(), "{flow}");
        assert_eq!(said["email"], "aiko@acme.example", "{flow}");
        assert_eq!(said["active_before"], true, "{flow}");
        assert_eq!(said["active_after"], false, "{flow}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_proves_its_key_and_a_stolen_token_is_refused() {
    let service = Running::start().await;
    let said = openid_client(&service, "dpop").await;
    assert_eq!(said["token_type"], "dpop", "{said}");
    assert_eq!(said["sub"], service.user.to_string());
    for (attack, expected) in [
        ("stolen_as_bearer", "401 DPoP error=\"invalid_token\""),
        (
            "stolen_with_another_key",
            "OAUTH_WWW_AUTHENTICATE_CHALLENGE",
        ),
        (
            "stolen_proof_replayed",
            "401 DPoP error=\"invalid_dpop_proof\", error_description=\"the proof was used before\"",
        ),
        ("refresh_without_proof", "invalid_dpop_proof"),
        ("refresh_with_another_key", "invalid_grant"),
        ("code_with_another_key", "invalid_grant"),
    ] {
        let found = said[attack].as_str().unwrap();
        assert!(found.starts_with(expected), "{attack}: {found}");
    }
    assert_eq!(said["thumbprint_told"], true);
    assert_eq!(said["good_after_the_attacks"], true);
}

#[tokio::test]
async fn our_own_relying_party_takes_discovery_keys_and_id_tokens() {
    let service = Running::start().await;
    let http = WebClient::new(&HttpSettings::default()).unwrap();
    let now = service.center.now();
    let issuer = service.issuer().parse().unwrap();
    let metadata = discover(&http, &issuer, IssuerRule::Exact, now)
        .await
        .unwrap();
    assert_eq!(metadata.issuer, service.issuer());
    assert!(metadata.iss_parameter && metadata.pkce_s256 == Some(true));
    assert!(metadata.revocation_endpoint.is_some() && metadata.end_session_endpoint.is_some());
    let tokens = service.tokens("openid profile email").await;
    let text = |name: &str| SecretString::from(tokens[name].as_str().unwrap().to_owned());
    let (id_token, access_token) = (text("id_token"), text("access_token"));
    let nonce = Nonce::from_secret("n-1".to_owned());
    let issuer = service.issuer();
    let mut expected = IdTokenExpectation {
        issuer: IssuerExpectation::Exact(&issuer),
        client_id: "native",
        nonce: NonceExpectation::Exactly(&nonce),
        access_token: Some(&access_token),
        algorithms: &metadata.id_token_algorithms,
        subject: None,
        now,
    };
    let keys = Jwks::new(metadata.jwks_uri.clone());
    let claims = keys
        .verify_id_token(&http, &id_token, &expected)
        .await
        .unwrap();
    assert_eq!(claims.subject, service.user.to_string());
    assert_eq!(claims.email.as_deref(), Some("aiko@acme.example"));
    expected.client_id = "other";
    assert!(
        keys.verify_id_token(&http, &id_token, &expected)
            .await
            .is_err()
    );
}
