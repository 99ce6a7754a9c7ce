//! A real browser on the pages: its cookies, its `Origin`, and what it makes of our policy.

use std::process::Stdio;

use serde_json::Value;
use url::Url;

use super::browser::{PASSWORD, application, code, person, started};
use super::federation::Provider;
use crate::oidc::tests::running::{VERIFIER, ask, challenge, encode, peers, query};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_in_without_scripts_and_another_sites_form_is_refused() {
    let service = started().await;
    application(&service.center.store, "asking", "Acme Builds", true, vec![]).await;
    let challenge = challenge(VERIFIER);
    let request = encode(&ask("asking", "openid profile", &challenge));
    let output = tokio::process::Command::new("node")
        .arg("scripts/sign-in-walk.mjs")
        .current_dir(peers().join("../../ui"))
        .env(
            "ADDRESS",
            format!("{}/oauth2/authorize?{request}", service.issuer()),
        )
        .env("USER_NAME", "aiko")
        .env("PASSWORD", PASSWORD)
        .env("CODE", code(&service, 1))
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let back: Url = said["back"].as_str().unwrap().parse().unwrap();
    assert!(query(&back, "code").is_some(), "{said}");
    assert_eq!(said["forged"], 403, "{said}");
    assert_eq!(
        said["said"],
        serde_json::json!([]),
        "no complaint about the policy"
    );
    assert_eq!(said["color"], "rgb(11, 107, 97)", "the style is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_in_at_a_provider_and_is_sent_straight_through_the_next_time() {
    let service = started().await;
    let okta = Provider::okta().await;
    okta.connected(&service).await;
    person(&service, "aiko@okta.acme.example", "Aiko").await;
    let challenge = challenge(VERIFIER);
    let request = encode(&ask("native", "openid profile", &challenge));
    let output = tokio::process::Command::new("node")
        .arg("scripts/upstream-walk.mjs")
        .current_dir(peers().join("../../ui"))
        .env(
            "ADDRESS",
            format!("{}/oauth2/authorize?{request}", service.issuer()),
        )
        .env("USER_NAME", "aiko@okta.acme.example")
        .env("PASSWORD", "demo")
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let back = said["back"].as_array().unwrap();
    assert_eq!(back.len(), 2, "{said}");
    for back in back {
        let back: Url = back.as_str().unwrap().parse().unwrap();
        assert!(query(&back, "code").is_some(), "{said}");
    }
    assert_eq!(said["hinted"], "aiko@okta.acme.example");
    assert_eq!(said["referrer"], "", "the provider learns no address");
    assert_eq!(
        said["said"],
        serde_json::json!([]),
        "no complaint about the policy"
    );
}
