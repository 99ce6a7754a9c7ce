//! What a person gets when a sign-in fails: the exit code, the sentence, the old session as it was, and no secret anywhere.

use std::process::Output;

use kiro_tests::{Keyring, Peer, World, namespaces, program};
use serde_json::{Value, json};

use crate::paste::{LOGIN, paste, said, signed_in};
use crate::residency::kept;

/// What is different at the peer, who signs in, the exit code, and how the sentence begins.
type Row = (Value, &'static str, i32, &'static str);

const UNTRUSTED: &str = "error: The answer from 127.0.0.1";
const OKTA_FAILED: &str = "error: Okta had an error of its own: ";

/// Secrets that a page of output shows; the address is there to be shown.
pub(crate) fn shown(output: &Output, secrets: &Value) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &said(output);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().starts_with("http"))
        .collect();
    let found = secrets
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| secret.as_str().unwrap());
    found
        .filter(|secret| lines.iter().any(|line| line.contains(secret)))
        .map(str::to_owned)
        .collect()
}

async fn check(world: &World, peer: &Peer, rows: Vec<Row>) {
    let before = world.credentials().expect("somebody is signed in");
    let mut wrong = Vec::new();
    for (different, person, code, sentence) in rows {
        peer.control(different.clone()).await;
        let output = paste(world.start_kiro(&LOGIN), person).await;
        let mut undone = different.clone();
        for value in undone.as_object_mut().unwrap().values_mut() {
            *value = if value.is_array() {
                json!([])
            } else {
                Value::Null
            };
        }
        let seen = peer.control(undone).await;
        let text = said(&output);
        let says = text.lines().any(|line| line.starts_with(sentence));
        let remedy = text.lines().any(|line| line.starts_with("hint: "));
        let shown = shown(&output, &seen["secrets"]);
        let kept = world.credentials().as_ref() == Some(&before);
        if output.status.code() != Some(code)
            || !says
            || !remedy
            || !shown.is_empty()
            || !kept
            || !output.stdout.is_empty()
        {
            wrong.push(format!(
                "{different} {person}: exit {:?} not {code}, says {says}, remedy {remedy}, kept {kept}, shows {shown:?}\n{text}",
                output.status.code()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["reason"], &account["name"]),
        (&json!("signed_in"), &Value::Null, &json!("Aiko Tanaka"))
    );
}

fn answers(error: &str) -> Value {
    json!({ "authorize_error": { "error": error } })
}

fn tampered(what: &str) -> Value {
    json!({ "tamper": what })
}

fn token(status: u16, error: &str) -> Value {
    let answer = json!({ "status": status, "body": { "error": error } });
    json!({ "next_token": vec![answer; 8] })
}

/// Okta's rate limit speaks no OAuth.
fn limited() -> Value {
    let body = json!({ "errorCode": "E0000047", "errorSummary": "API call exceeded rate limit due to too many requests." });
    json!({ "next_token": vec![json!({ "status": 429, "body": body }); 8] })
}

#[tokio::test]
async fn at_okta_every_failure_has_its_sentence_and_the_old_session_stays() {
    let peer = Peer::okta(30);
    let world = signed_in(&peer).await;
    let claims = json!({ "authorize_error": { "error": "interaction_required", "claims": "{\"id_token\":{\"acr\":{\"essential\":true}}}" } });
    let rows = vec![
        (
            json!({}),
            "ben",
            4,
            "error: You do not have access yet. Okta signed you in, but Kiro is not assigned to ",
        ),
        (
            answers("access_denied"),
            "aiko",
            4,
            "error: Sign-in was cancelled in the browser.",
        ),
        (
            answers("login_required"),
            "aiko",
            4,
            "error: Okta wants you to sign in anew.",
        ),
        (claims, "aiko", 4, "error: One more check is needed."),
        (answers("server_error"), "aiko", 5, OKTA_FAILED),
        (answers("temporarily_unavailable"), "aiko", 5, OKTA_FAILED),
        (
            answers("invalid_scope"),
            "aiko",
            7,
            "error: Kiro is not set up correctly at Okta.",
        ),
        (token(500, "server_error"), "aiko", 5, OKTA_FAILED),
        (limited(), "aiko", 5, OKTA_FAILED),
        (
            token(401, "invalid_client"),
            "aiko",
            7,
            "error: Kiro is not set up correctly at Okta.",
        ),
        (tampered("issuer"), "aiko", 4, UNTRUSTED),
        (tampered("nonce"), "aiko", 4, UNTRUSTED),
        (tampered("aud"), "aiko", 4, UNTRUSTED),
        (tampered("expired"), "aiko", 4, UNTRUSTED),
        (tampered("signature"), "aiko", 4, UNTRUSTED),
        (
            tampered("discovery_issuer"),
            "aiko",
            7,
            "error: The sign-in server at 127.0.0.1",
        ),
        (json!({ "discovery_status": 503 }), "aiko", 5, OKTA_FAILED),
    ];
    check(&world, &peer, rows).await;
}

#[tokio::test]
async fn at_entra_the_number_chooses_the_sentence() {
    let peer = Peer::entra(None);
    let world = World::new(Keyring::Absent);
    world.add_entra(&peer);
    let output = paste(world.start_kiro(&LOGIN), "aiko").await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let described = |text: &str| json!({ "authorize_error": { "error": "access_denied", "error_description": text } });
    let rows = vec![
        (
            json!({}),
            "ben",
            4,
            "error: You do not have access yet. Microsoft Entra ID signed you in, but Kiro is not assigned to ",
        ),
        (
            described("AADSTS53000: Device is not in required device state: non-compliant."),
            "aiko",
            4,
            "error: This computer does not meet your company's rules. Microsoft Entra ID requires a registered, compliant device (53000).",
        ),
        (
            described("AADSTS65004: User declined to consent to access the app."),
            "aiko",
            4,
            "error: Sign-in was cancelled in the browser.",
        ),
        (
            described("AADSTS53003: Access has been blocked by Conditional Access policies."),
            "aiko",
            4,
            "error: This sign-in was refused.",
        ),
        (
            described(
                "AADSTS65001: The user or administrator has not consented to use the application.",
            ),
            "aiko",
            4,
            "error: An administrator must approve Kiro first.",
        ),
        (tampered("tenant"), "aiko", 4, UNTRUSTED),
        (tampered("signature"), "aiko", 4, UNTRUSTED),
    ];
    check(&world, &peer, rows).await;
}

#[test]
fn a_name_that_cannot_be_looked_up_is_told_apart_from_a_host_that_does_not_answer() {
    if !namespaces() {
        return;
    }
    let world = World::new(Keyring::Absent);
    // A computer without a network: no name server, no host.
    let told = |issuer: &str| {
        let organization = format!(
            "[organizations.acme]\nprovider = \"okta\"\nissuer = \"{issuer}\"\nclient_id = \"0oakiro\"\n"
        );
        kept(&world, "kiro/organizations.toml", &organization);
        let mut kiro = world.unshared(&["--net"]);
        let output = kiro.arg(program("kiro")).args(LOGIN).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", said(&output));
        said(&output)
    };
    let unresolved = told("https://acme.okta.com");
    let sentence = "error: The name acme.okta.com could not be looked up.";
    assert!(unresolved.starts_with(sentence), "{unresolved}");
    let silent = told("http://127.0.0.1:1");
    let sentence = "error: 127.0.0.1:1 cannot be reached";
    assert!(silent.starts_with(sentence), "{silent}");
}
