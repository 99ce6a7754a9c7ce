//! The authorization request, its single-use values, and their silence (THREATS.md T1, T2, T14).

use kiro_relying_party::{
    AuthorizationRequest, Code, CodeVerifier, Metadata, Nonce, State, authorization_url,
    end_session_url,
};
use secrecy::SecretString;
use std::collections::{BTreeMap, HashSet};

pub(crate) fn metadata(base: &str) -> Metadata {
    let at = |path: &str| format!("{base}{path}").parse().unwrap();
    Metadata {
        issuer: base.to_owned(),
        authorization_endpoint: at("/authorize?tenant=a"),
        token_endpoint: at("/token"),
        jwks_uri: at("/keys"),
        introspection_endpoint: None,
        revocation_endpoint: Some(at("/revoke")),
        end_session_endpoint: Some(at("/logout")),
        device_authorization_endpoint: Some(at("/device")),
        iss_parameter: false,
        id_token_algorithms: Vec::new(),
        token_endpoint_auth_methods: None,
        pkce_s256: None,
        scopes: Vec::new(),
        clock_skew: None,
    }
}

#[test]
fn the_url_carries_everything_once() {
    let state = State::from_secret("the-state".to_owned());
    let nonce = Nonce::from_secret("the-nonce".to_owned());
    // RFC 7636 appendix B.
    let verifier =
        CodeVerifier::from_secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(verifier.challenge(), challenge);
    for redirect in [
        "kiro://kiro.oauth/callback",
        "http://127.0.0.1:49152/oauth/callback",
        "http://[::1]:1/oauth/callback",
    ] {
        let url = authorization_url(&AuthorizationRequest {
            metadata: &metadata("https://idp.example"),
            client_id: "0oa&client",
            redirect_uri: redirect,
            scopes: &["openid".to_owned(), "offline_access".to_owned()],
            state: &state,
            nonce: &nonce,
            verifier: &verifier,
            extra: &[
                ("prompt".to_owned(), "login".to_owned()),
                ("claims".to_owned(), r#"{"a":"&="}"#.to_owned()),
            ],
        });
        assert!(url.as_str().starts_with("https://idp.example/authorize?"));
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let told: BTreeMap<&str, &str> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let expected = BTreeMap::from([
            ("tenant", "a"),
            ("response_type", "code"),
            ("client_id", "0oa&client"),
            ("redirect_uri", redirect),
            ("scope", "openid offline_access"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "login"),
            ("claims", r#"{"a":"&="}"#),
        ]);
        assert_eq!(told, expected);
        assert_eq!(pairs.len(), expected.len(), "each once");
        assert!(!url.as_str().contains(verifier.secret()));
    }
}

#[test]
fn what_is_generated_is_long_and_never_the_same() {
    let mut seen = HashSet::new();
    for _ in 0..100 {
        for value in [
            State::generate().secret().to_owned(),
            Nonce::generate().secret().to_owned(),
            CodeVerifier::generate().secret().to_owned(),
        ] {
            assert_eq!(value.len(), 43);
            assert!(
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{value}"
            );
            assert!(seen.insert(value));
        }
    }
}

#[test]
fn a_states_file_is_named_by_its_hash() {
    let state = State::from_secret("abc".to_owned());
    assert_eq!(
        state.file_id(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn secrets_are_silent() {
    let canary = || "CANARY".to_owned();
    let (state, nonce, verifier) = (
        State::from_secret(canary()),
        Nonce::from_secret(canary()),
        CodeVerifier::from_secret(canary()),
    );
    let request = AuthorizationRequest {
        metadata: &metadata("https://idp.example"),
        client_id: "c",
        redirect_uri: "kiro://kiro.oauth/callback",
        scopes: &[],
        state: &state,
        nonce: &nonce,
        verifier: &verifier,
        extra: &[],
    };
    let callback =
        kiro_relying_party::parse_callback("kiro://kiro.oauth/callback?code=CANARY&state=CANARY")
            .unwrap();
    let said = [
        format!("{request:?}"),
        format!("{callback:?}"),
        format!("{:?}", Code::from_secret(canary())),
    ];
    for text in said {
        assert!(
            text.contains("[redacted]") && !text.contains("CANARY"),
            "{text}"
        );
    }
    for refused in [
        "kiro://kiro.oauth/callback?code=CANARY",
        "kiro://kiro.oauth/callback?code=CANARY&code=CANARY&state=s",
        "kiro://CANARY",
    ] {
        let error = kiro_relying_party::parse_callback(refused).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }
}

#[test]
fn the_end_of_the_session() {
    let endpoint = "https://idp.example/logout?x=1".parse().unwrap();
    let token = SecretString::from("a.b.c");
    for (token, redirect, expected) in [
        (None, None, "https://idp.example/logout?x=1&client_id=c%26"),
        (
            Some(&token),
            None,
            "https://idp.example/logout?x=1&id_token_hint=a.b.c&client_id=c%26",
        ),
        (
            Some(&token),
            Some("kiro://kiro.oauth/signed-out"),
            "https://idp.example/logout?x=1&id_token_hint=a.b.c&client_id=c%26&post_logout_redirect_uri=kiro%3A%2F%2Fkiro.oauth%2Fsigned-out",
        ),
    ] {
        assert_eq!(
            end_session_url(&endpoint, token, "c&", redirect).as_str(),
            expected
        );
    }
}
