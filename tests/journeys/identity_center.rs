//! Our own Identity Center, where the session itself lives: many refreshes at once, an end that it decided, AWS's own clients.

use kiro_tests::{Keyring, Peer, Person, Running, World, python};
use serde_json::{Value, json};

use crate::aws::{DEVELOPER, boto3_by_command};
use crate::paste::{LOGIN, paste_by, said};

/// A world where somebody of the demonstration is signed in at this service.
async fn signed_in(peer: &Peer, person: &mut Person) -> World {
    let world = World::new(Keyring::Absent);
    world.add_identity_center(peer);
    let output = paste_by(world.start_kiro(&LOGIN), person).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    world
}

#[tokio::test]
async fn twenty_processes_with_an_ended_token_make_one_rotation_and_nobody_is_signed_out() {
    let peer = Peer::identity_center_for(1);
    let world = signed_in(&peer, &mut Person::of(&peer, "aiko")).await;
    world.token_ended().await;
    // What it has granted is on its disk.
    let peer = peer.again_for(3600);
    let running: Vec<_> = (0..20)
        .map(|_| world.start_kiro(&["auth", "token"]))
        .collect();
    let outputs: Vec<_> = running.into_iter().map(Running::end).collect();
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
        assert_eq!(output.stdout, outputs[0].stdout, "one token for all");
    }
    let rotations = "SELECT MAX(rotation) || ' of ' || COUNT(*) || ', ' || MIN(state) FROM sessions WHERE client_id <> 'admin-acme'";
    assert_eq!(peer.stored(rotations), "1 of 1, live");
    let token = String::from_utf8_lossy(&outputs[0].stdout);
    assert_eq!(peer.portal(token.trim()).await.0, 200);
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

#[tokio::test]
async fn people_of_okta_and_of_entra_sign_in_there_and_the_session_is_the_service_s() {
    let (okta, entra) = (Peer::okta(30), Peer::entra(None));
    let peer = Peer::identity_center_before(&[&okta, &entra]);
    for (provider, name) in [
        (&okta, "aiko@okta.acme.example"),
        (&entra, "maya@entra.acme.example"),
    ] {
        let mut person = Person::from(provider, name);
        let world = signed_in(&peer, &mut person).await;
        assert_eq!(person.passwords(), 1, "{name}: the provider's alone");
        let token = world.kiro(&["auth", "token"]);
        let token = String::from_utf8_lossy(&token.stdout).into_owned();
        assert_eq!(peer.portal(token.trim()).await.0, 200, "{name}");
        let seen = provider.control(json!({})).await;
        assert_eq!(seen["grants"], json!({ "authorization_code": 1 }), "{name}");
        let logout = world.kiro(&["auth", "logout"]);
        assert_eq!(logout.status.code(), Some(0), "{}", said(&logout));
        assert_eq!(peer.portal(token.trim()).await.0, 401, "{name}");
    }
}

#[tokio::test]
async fn credentials_for_a_role_come_from_an_sts_that_verifies_who_asks() {
    let sts = Peer::sts();
    let peer = Peer::identity_center_with(&sts);
    let world = signed_in(&peer, &mut Person::of(&peer, "aiko")).await;
    let refused = world.kiro(&DEVELOPER);
    assert_eq!(
        (refused.status.code(), &refused.stdout[..]),
        (Some(7), &b""[..]),
        "the account knows no such provider: {}",
        said(&refused)
    );
    assert!(
        said(&refused).contains("AWS STS does not give this role"),
        "{}",
        said(&refused)
    );
    sts.control(json!({ "provider": peer.word("issuer") }))
        .await;
    let given = world.kiro(&DEVELOPER);
    assert_eq!(given.status.code(), Some(0), "{}", said(&given));
    let given: Value = serde_json::from_slice(&given.stdout).unwrap();
    assert!(given["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    let seen = sts.control(json!({})).await;
    let taken = seen["taken"].as_array().unwrap();
    assert_eq!(taken.len(), 1, "{seen}");
    assert_eq!(
        (&taken[0]["RoleArn"], &taken[0]["RoleSessionName"]),
        (
            &json!("arn:aws:iam::111122223333:role/Developer"),
            &json!("aiko")
        )
    );
    let got = boto3_by_command(&world);
    let names = ["AccessKeyId", "SecretAccessKey", "SessionToken"];
    let parts = &got.as_array().unwrap()[1..];
    assert_eq!(json!(parts), json!(names.map(|name| &given[name])));
}

#[tokio::test]
async fn a_session_that_the_person_ended_at_the_service_needs_attention_and_a_new_sign_in_heals_it()
{
    let peer = Peer::identity_center_for(1);
    let mut maya = Person::of(&peer, "maya");
    let world = signed_in(&peer, &mut maya).await;
    maya.sign_out_everywhere(&peer).await;
    world.token_ended().await;
    let output = world.kiro(&["auth", "token"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert_eq!(output.stdout, b"");
    let sentence = "error: Your sign-in has ended. IAM Identity Center stopped accepting it";
    assert!(said(&output).contains(sentence), "{}", said(&output));
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["reason"]),
        (&json!("needs_attention"), &json!("session_ended"))
    );
    let again = paste_by(world.start_kiro(&LOGIN), &mut maya).await;
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert_eq!(maya.passwords(), 2, "the browser was signed out as well");
    assert_eq!(world.status()["account"]["state"], "signed_in");
}

/// Signs in by a code of its own, lists the accounts, and signs out.
const BOTO3: &str = "import boto3, sys
from botocore import UNSIGNED
from botocore.config import Config
start_url, = sys.argv[1:]
options = {'region_name': 'us-east-1', 'config': Config(signature_version=UNSIGNED, proxies={})}
oidc, portal = boto3.client('sso-oidc', **options), boto3.client('sso', **options)
made = oidc.register_client(clientName='boto3', clientType='public', scopes=['sso:account:access'])
who = {name: made[name] for name in ('clientId', 'clientSecret')}
device = oidc.start_device_authorization(startUrl=start_url, **who)
print(device['verificationUri'], device['userCode'], file=sys.stderr, sep='\\n', flush=True)
sys.stdin.readline()
token = oidc.create_token(grantType='urn:ietf:params:oauth:grant-type:device_code', deviceCode=device['deviceCode'], **who)['accessToken']
print(*[account['accountName'] for account in portal.list_accounts(accessToken=token)['accountList']])
portal.logout(accessToken=token)";

/// boto3, which runs this script, with a session of this person's of its own.
pub(crate) async fn boto3_signed_in(
    script: &str,
    world: &World,
    peer: &Peer,
    person: &mut Person,
) -> Running {
    let endpoint = peer.word("endpoint");
    let variables = [
        ("AWS_ENDPOINT_URL_SSO_OIDC", endpoint),
        ("AWS_ENDPOINT_URL_SSO", endpoint),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let words = ["-c", script, peer.word("start_url")];
    let mut boto3 = world.start_program(python().to_str().unwrap(), &words, &variables);
    let address = boto3.address();
    let code = boto3.line().unwrap().trim().to_owned();
    let page = person.enter_code(&address, &code).await;
    assert!(page.contains("The device is connected"), "{page}");
    boto3.type_line("");
    boto3
}

#[tokio::test]
async fn boto3_signs_in_by_itself_and_uses_the_session_that_the_command_made() {
    let peer = Peer::identity_center();
    let mut aiko = Person::of(&peer, "aiko");
    let world = signed_in(&peer, &mut aiko).await;
    let boto3 = boto3_signed_in(BOTO3, &world, &peer, &mut aiko).await;
    let output = boto3.end();
    assert_eq!(
        output.stdout,
        b"Development Production\n",
        "{}",
        said(&output)
    );
    assert_eq!(aiko.passwords(), 1, "the browser knows her");
    let states = "SELECT group_concat(state) FROM (SELECT state FROM sessions WHERE client_id <> 'admin-acme' ORDER BY created_at)";
    assert_eq!(peer.stored(states), "live,ended");

    let written = world.kiro(&["auth", "aws-token-cache"]);
    assert_eq!(written.status.code(), Some(0), "{}", said(&written));
    let config = world.kiro(&["org", "export", "--aws-config"]);
    let config = String::from_utf8_lossy(&config.stdout);
    for role in [
        "111122223333-Developer",
        "111122223333-ReadOnly",
        "444455556666-ReadOnly",
    ] {
        assert!(
            config.contains(&format!("[profile acme-{role}]")),
            "{config}"
        );
    }
    // Without STS there are no credentials, and none are invented.
    let words = [
        "auth",
        "aws-credentials",
        "--account",
        "111122223333",
        "--role",
        "Developer",
    ];
    let refused = world.kiro(&words);
    assert_eq!(refused.status.code(), Some(7), "{}", said(&refused));
    assert!(refused.stdout.is_empty());
    let talk = said(&refused);
    assert!(talk.contains("STS is not configured"), "{talk}");
    assert!(talk.contains("to set up STS"), "{talk}");
    assert!(!talk.contains("You may not use"), "{talk}");
}
