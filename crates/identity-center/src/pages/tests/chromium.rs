//! A real browser on the pages: its cookies, its `Origin`, and what it makes of our policy.

use serde_json::{Value, json};
use tokio::process::Command;
use url::Url;

use super::browser::{PASSWORD, application, code, started};
use super::federation::{AIKO, Provider};
use crate::oidc::tests::running::{
    Running, VERIFIER, ask, challenge, encode, last_word, peers, query,
};

/// What Chromium saw on its walk to an application's sign-in, about which our policy had no complaint.
async fn walked(
    service: &Running,
    script: &str,
    application: &str,
    who: impl FnOnce(&mut Command) -> &mut Command,
) -> Value {
    let challenge = challenge(VERIFIER);
    let request = encode(&ask(application, "openid profile", &challenge));
    let address = format!("{}/oauth2/authorize?{request}", service.issuer());
    let mut node = Command::new("node");
    node.args(["--single-threaded", "--no-wasm-async-compilation"]);
    node.arg(format!("scripts/{script}"))
        .current_dir(peers().join("../../ui"))
        .env("ADDRESS", address);
    let said = last_word(who(&mut node)).await;
    assert_eq!(said["said"], json!([]), "no complaint about the policy");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_in_without_scripts_and_another_sites_form_is_refused() {
    let service = started().await;
    application(&service.center.store, "asking", "Acme Builds", true, vec![]).await;
    let said = walked(&service, "sign-in-walk.mjs", "asking", |node| {
        node.env("USER_NAME", "aiko")
            .env("PASSWORD", PASSWORD)
            .env("CODE", code(&service, 1))
    });
    let said = said.await;
    let back: Url = said["back"].as_str().unwrap().parse().unwrap();
    assert!(query(&back, "code").is_some(), "{said}");
    assert_eq!(said["forged"], 403, "{said}");
    assert_eq!(said["color"], "rgb(11, 107, 97)", "the style is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_signs_in_at_a_provider_and_is_sent_straight_through_the_next_time() {
    let (service, _okta) = Provider::okta_with_aiko().await;
    let said = walked(&service, "upstream-walk.mjs", "native", |node| {
        node.env("USER_NAME", AIKO).env("PASSWORD", "demo")
    });
    let said = said.await;
    let back = said["back"].as_array().unwrap();
    assert_eq!(back.len(), 2, "{said}");
    for back in back {
        let back: Url = back.as_str().unwrap().parse().unwrap();
        assert!(query(&back, "code").is_some(), "{said}");
    }
    assert_eq!(said["hinted"], AIKO);
    assert_eq!(said["referrer"], "", "the provider learns no address");
}
