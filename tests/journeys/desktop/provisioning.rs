//! A colleague comes and leaves by SCIM, as an identity provider sends them: nobody makes an account by hand.

use std::time::{Duration, Instant};

use kiro_tests::{Keyring, Peer, Tray, Window, World};
use serde_json::{Value, json};

use crate::aws::{DEVELOPER, boto3_by_command};
use crate::paste::said;

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

    let at = format!("/Users/{maya}");
    let left = Instant::now();
    let (status, answer) = peer.provision("PATCH", &at, &active(json!("False"))).await;
    assert_eq!(
        (status, &answer["active"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(peer.portal(&token).await.0, 401, "with the answer");
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

    // Back at the organisation: nothing of it is revived.
    let (status, _) = peer.provision("PATCH", &at, &active(json!(true))).await;
    assert_eq!(status, 200);
    assert_eq!(peer.portal(&token).await.0, 401, "nothing of it is revived");
    assert_eq!(world.kiro(&["auth", "token"]).status.code(), Some(3));
}
