//! A colleague comes and leaves by SCIM, as an identity provider sends them: nobody makes an account by hand.

use std::time::{Duration, Instant};

use kiro_tests::{Keyring, Peer, Person, Running, Tray, Window, World};
use serde_json::{Value, json};

use crate::aws::{DEVELOPER, boto3, boto3_by_command};
use crate::identity_center::boto3_signed_in;
use crate::paste::{LOGIN, paste_by, said};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What Okta looks up before it creates somebody.
async fn is_there(peer: &Peer, name: &str) -> bool {
    let path = format!("/Users?filter=userName%20eq%20%22{name}%22&startIndex=1&count=100");
    let (status, found) = peer.provision("GET", &path, &Value::Null).await;
    assert_eq!(status, 200, "{found}");
    found["totalResults"] != 0
}

async fn made(peer: &Peer, endpoint: &str, said: Value) -> String {
    let (status, made) = peer.provision("POST", endpoint, &said).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// Whom the group may act as where: what an administrator has said once.
async fn assigned(peer: &Peer, group: &str) {
    let path = format!("/accounts/111122223333/roles/Developer/groups/{group}");
    let (status, answer) = peer.administer("PUT", &path).await;
    assert_eq!(status, 204, "{answer}");
}

/// Signs in by a code of its own, as `aws sso login` does; then asks for keys and renews the session each time that it is told to.
const BOTO3: &str = "import boto3, sys
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
start_url, = sys.argv[1:]
options = {'region_name': 'us-east-1', 'config': Config(signature_version=UNSIGNED, proxies={}, retries={'total_max_attempts': 1})}
oidc, portal = boto3.client('sso-oidc', **options), boto3.client('sso', **options)
made = oidc.register_client(clientName='boto3', clientType='public', scopes=['sso:account:access'])
who = {name: made[name] for name in ('clientId', 'clientSecret')}
device = oidc.start_device_authorization(startUrl=start_url, **who)
print(device['verificationUri'], device['userCode'], file=sys.stderr, sep='\\n', flush=True)
sys.stdin.readline()
kept = oidc.create_token(grantType='urn:ietf:params:oauth:grant-type:device_code', deviceCode=device['deviceCode'], **who)
def keys():
    given = portal.get_role_credentials(accountId='111122223333', roleName='Developer', accessToken=kept['accessToken'])
    return given['roleCredentials']['accessKeyId'][:4]
def renewed():
    kept.update(oidc.create_token(grantType='refresh_token', refreshToken=kept['refreshToken'], **who))
    return kept['tokenType']
def answer(asked):
    try:
        return asked()
    except ClientError as error:
        return type(error).__name__
for _ in sys.stdin:
    print(answer(keys), answer(renewed), file=sys.stderr, flush=True)";

/// What boto3 got when it asked for keys, and when it renewed its session.
fn answers(boto3: &mut Running) -> String {
    boto3.type_line("");
    boto3.line().unwrap().trim().to_owned()
}

fn active(value: Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [{ "op": "Replace", "path": "active", "value": value }] })
}

#[tokio::test]
async fn a_colleague_who_is_pushed_signs_in_uses_a_role_and_is_out_everywhere_when_they_leave() {
    let (okta, sts) = (Peer::okta(30), Peer::sts());
    let peer = Peer::identity_center_between(&[&okta], &sts);
    sts.control(json!({ "provider": peer.word("issuer") }))
        .await;
    let name = "maya@okta.acme.example";
    assert!(!is_there(&peer, name).await);
    let person = json!({
        "schemas": [USER], "userName": name, "externalId": "maya", "active": true,
        "name": { "givenName": "Maya", "familyName": "Okafor" }, "displayName": "Maya Okafor",
        "emails": [{ "value": "maya@acme.example", "type": "work", "primary": true }],
    });
    let maya = made(&peer, "/Users", person).await;
    assert!(is_there(&peer, &name.to_uppercase()).await);
    let group = made(
        &peer,
        "/Groups",
        json!({ "schemas": [GROUP], "displayName": "kiro-developers" }),
    )
    .await;
    assigned(&peer, &group).await;
    let joins = json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "members", "value": [{ "value": maya }] }] });
    let path = format!("/Groups/{group}");
    assert_eq!(peer.provision("PATCH", &path, &joins).await.0, 204);

    let world = World::new(Keyring::Unlocked);
    world.add_identity_center(&peer);
    let mut tray = Tray::new(&world);
    let window = Window::open(&world).await;
    window.press("Sign in with SSO").await;
    window.says("This window moves on by itself").await;
    let browser = world.browser().await;
    browser.tab("/sign-in/").await;
    browser.type_into("user_name", name).await;
    browser.sign_in("maya").await;
    browser.allow_program().await;
    browser.says("You are signed in.").await;
    window.says("Sign out of this computer").await;
    let given = world.kiro(&DEVELOPER);
    assert_eq!(given.status.code(), Some(0), "{}", said(&given));
    assert!(
        boto3_by_command(&world)[1]
            .as_str()
            .unwrap()
            .starts_with("ASIA")
    );
    let token = world.kiro(&["auth", "token"]);
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    assert_eq!(peer.portal(&token).await, (200, json!(["111122223333"])));

    // Without the group, without the role: the session lives.
    let leaves = json!({ "schemas": [PATCH], "Operations": [{ "op": "remove", "path": format!("members[value eq \"{maya}\"]") }] });
    assert_eq!(peer.provision("PATCH", &path, &leaves).await.0, 204);
    assert_eq!(peer.portal(&token).await, (200, json!([])));
    assert_eq!(peer.provision("PATCH", &path, &joins).await.0, 204);
    assert_eq!(peer.portal(&token).await, (200, json!(["111122223333"])));

    let mut of_aws = boto3_signed_in(BOTO3, &world, &peer, &mut Person::from(&okta, name)).await;
    assert_eq!(answers(&mut of_aws), "ASIA Bearer");

    let at = format!("/Users/{maya}");
    let left = Instant::now();
    let (status, answer) = peer.provision("PATCH", &at, &active(json!("False"))).await;
    assert_eq!(
        (status, &answer["active"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(peer.portal(&token).await.0, 401, "with the answer");
    let refused = "UnauthorizedException InvalidGrantException";
    assert_eq!(answers(&mut of_aws), refused, "keys and the session");
    assert!(left.elapsed() < Duration::from_secs(2));
    // The window asks by itself while it can be seen, whether or not anybody looks at it.
    let patience = Duration::from_secs(32).saturating_sub(left.elapsed());
    window.says_within(patience, "Your sign-in has ended").await;
    tray.says("Your session ended").await;
    // AWS's tools get nothing any more, not even what was kept for them.
    for words in [&["auth", "token"][..], &DEVELOPER] {
        let refused = world.kiro(words);
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        assert!(refused.stdout.is_empty());
        assert!(said(&refused).contains("has ended"), "{}", said(&refused));
    }
    let without = boto3(&world);
    assert!(!without.status.success() && without.stdout.is_empty());
    assert!(said(&without).contains("has ended"), "{}", said(&without));

    // Back at the organisation: nothing of it is revived.
    let (status, _) = peer.provision("PATCH", &at, &active(json!(true))).await;
    assert_eq!(status, 200);
    assert_eq!(peer.portal(&token).await.0, 401, "nothing of it is revived");
    assert_eq!(answers(&mut of_aws), refused);
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(3));
}

/// Without a window or a tray, and with a token that looks good for an hour, only what is asked with it can tell.
#[tokio::test]
async fn what_a_command_hears_of_an_end_by_the_portal_every_other_one_knows() {
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let mut aiko = Person::of(&peer, "aiko");
    let output = paste_by(world.start_kiro(&LOGIN), &mut aiko).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    gone(&peer, "aiko").await;
    let refused = world.kiro(&DEVELOPER);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let sentence = "error: Your sign-in has ended. IAM Identity Center stopped accepting it";
    assert!(said(&refused).contains(sentence), "{}", said(&refused));
    over(&world);
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(3));
}

/// The provider says that the person has left.
async fn gone(peer: &Peer, name: &str) {
    let path = format!("/Users?filter=userName%20eq%20%22{name}%22");
    let (_, found) = peer.provision("GET", &path, &Value::Null).await;
    let at = format!("/Users/{}", found["Resources"][0]["id"].as_str().unwrap());
    let (status, answer) = peer.provision("PATCH", &at, &active(json!(false))).await;
    assert_eq!(status, 200, "{answer}");
}

/// Everybody is told that the session has ended.
fn over(world: &World) {
    let account = world.status()["account"].clone();
    assert_eq!(
        (&account["state"], &account["reason"]),
        (&json!("needs_attention"), &json!("session_ended"))
    );
    let told = world.kiro(&["auth", "status"]).stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with("Needs attention\n"), "{told}");
    assert!(
        !told.contains("Session "),
        "nothing is said to go on: {told}"
    );
}

/// No window and no tray has told the command: the service does, as soon as it asks for anything.
#[tokio::test]
async fn a_command_alone_hears_at_its_next_contact_that_its_person_has_left() {
    let peer = Peer::identity_center_for(1);
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let mut aiko = Person::of(&peer, "aiko");
    let output = paste_by(world.start_kiro(&LOGIN), &mut aiko).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    world.token_ended().await;
    let renewed = world.kiro(&["auth", "token"]);
    assert_eq!(renewed.status.code(), Some(0), "{}", said(&renewed));
    world.token_ended().await;

    let left = Instant::now();
    gone(&peer, "aiko").await;
    let refused = world.kiro(&["auth", "token"]);
    assert!(left.elapsed() < Duration::from_secs(2));
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(refused.stdout.is_empty());
    let sentence = "error: Your sign-in has ended. IAM Identity Center stopped accepting it";
    assert!(said(&refused).contains(sentence), "{}", said(&refused));
    over(&world);
}
