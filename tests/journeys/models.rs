//! Which models a person may use: what their groups give them at our own Identity Center, and what its administrator decides.

use kiro_tests::{Keyring, Peer, Person, World, namespaces};
use serde_json::{Value, json};

use crate::aws::at_identity_center;
use crate::paste::{LOGIN, paste_by, said};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What stands in the way of this model in this region.
fn reasons(world: &World, region: &str) -> Vec<String> {
    let output = world.kiro(&["models", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut regions = told["models"][0]["regions"].as_array().unwrap().iter();
    let region = regions.find(|one| one["region"] == region).unwrap();
    let reasons = region["reasons"].as_array().into_iter().flatten();
    let word = |reason: &Value| reason["reason"].as_str().unwrap().to_owned();
    reasons.map(word).collect()
}

/// The session is renewed: its token has ended.
async fn renewed(world: &World) {
    world.token_ended().await;
    let token = world.kiro(&["auth", "token"]);
    assert_eq!(token.status.code(), Some(0), "{}", said(&token));
}

fn member(op: &str, person: &Value) -> Value {
    let member = match op {
        "add" => json!({ "op": op, "path": "members", "value": [{ "value": person }] }),
        _ => json!({ "op": op, "path": format!("members[value eq {person}]") }),
    };
    json!({ "schemas": [PATCH], "Operations": [member] })
}

#[tokio::test]
async fn who_joins_a_group_by_scim_has_its_models_from_the_next_renewal_on_and_who_leaves_has_not()
{
    let peer = Peer::identity_center_for(1);
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let aiko = paste_by(world.start_kiro(&LOGIN), &mut Person::of(&peer, "aiko")).await;
    assert_eq!(aiko.status.code(), Some(0), "{}", said(&aiko));
    let in_plan = |world: &World| !reasons(world, "us-east-1").contains(&"not_in_plan".to_owned());
    assert!(in_plan(&world), "nobody has given anybody anything");
    let end = world.status()["account"]["session_expires_at"].clone();
    assert!(end.is_string(), "a service of ours tells it: {end}");

    // The provider's group, without her; the administrator gives it a model.
    let group = json!({ "schemas": [GROUP], "displayName": "Authors" });
    let (status, made) = peer.provision("POST", "/Groups", &group).await;
    assert_eq!(status, 201, "{made}");
    let given = peer.admin(&["plan", "set", "authors", "opus-4.6"]);
    assert!(
        said(&given).contains("the models of their groups alone"),
        "{}",
        said(&given)
    );
    assert!(in_plan(&world), "not before she is asked again");
    renewed(&world).await;
    assert!(!in_plan(&world));
    let why = world.kiro(&["models", "--why", "opus-4.6"]);
    assert_eq!(why.status.code(), Some(4));
    let why = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(
        why.contains("plan: Acme gives it to none of your groups. Ask "),
        "{why}"
    );
    let asked = world.kiro(&["ask", "--model", "opus-4.6", "What is a monad?"]);
    assert_eq!(asked.status.code(), Some(4), "{}", said(&asked));

    let path = format!("/Groups/{}", made["id"].as_str().unwrap());
    let found = "/Users?filter=userName%20eq%20%22aiko%22";
    let (_, found) = peer.provision("GET", found, &Value::Null).await;
    let person = &found["Resources"][0]["id"];
    let joins = member("add", person);
    assert_eq!(peer.provision("PATCH", &path, &joins).await.0, 204);
    renewed(&world).await;
    assert!(in_plan(&world));
    let leaves = member("remove", person);
    assert_eq!(peer.provision("PATCH", &path, &leaves).await.0, 204);
    renewed(&world).await;
    assert!(!in_plan(&world));

    // A provider that removes the group gives nobody anything; the administrator ends it for everybody.
    let gone = peer.provision("DELETE", &path, &Value::Null).await;
    assert_eq!(gone.0, 204);
    renewed(&world).await;
    assert!(!in_plan(&world));
    let ended = peer.admin(&["plan", "end"]);
    assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
    renewed(&world).await;
    assert!(in_plan(&world));
}

/// AWS's own has no such thing, and nothing is different for it.
#[tokio::test]
async fn at_aws_nobody_says_which_models_a_group_has() {
    let (peer, world) = at_identity_center().await;
    assert_eq!(reasons(&world, "us-east-1"), ["no_role"]);
    let file: Value = serde_json::from_slice(&world.credentials().unwrap()).unwrap();
    assert_eq!(file["profiles"]["default"]["public"].get("models"), None);
    assert_eq!(world.status()["account"]["session_expires_at"], json!(null));
    let seen = peer.control(json!({})).await;
    assert_eq!(
        seen["malformed"],
        json!([]),
        "nothing was asked that AWS does not know"
    );
}

#[tokio::test]
async fn what_the_administrator_decides_about_models_nobody_changes_on_their_own_computer() {
    if !namespaces() {
        return;
    }
    let peer = Peer::identity_center();
    let world = World::new(Keyring::Absent);
    world.add_identity_center(&peer);
    let aiko = paste_by(world.start_kiro(&LOGIN), &mut Person::of(&peer, "aiko")).await;
    assert_eq!(aiko.status.code(), Some(0), "{}", said(&aiko));
    let decided = peer.admin(&[
        "client-settings",
        "--residency=us",
        "--inference-region=us-east-1",
        "--lock-region=true",
        "--inference-account=111122223333",
        "--inference-role=Developer",
    ]);
    assert_eq!(decided.status.code(), Some(0), "{}", said(&decided));
    let file = String::from_utf8(decided.stdout).unwrap();
    let kiro = |words: &[&str]| world.kiro_managed(&file, words);
    let told: Value = serde_json::from_slice(&kiro(&["models", "--json"]).stdout).unwrap();
    let of = |name: &str| told[name].clone();
    let found = json!([
        of("managed"),
        of("region"),
        of("region_fixed"),
        of("residency")
    ]);
    assert_eq!(found, json!([true, "us-east-1", true, "us"]));
    let elsewhere = kiro(&["models", "use", "eu-central-1"]);
    assert_eq!(elsewhere.status.code(), Some(4), "{}", said(&elsewhere));
    for reason in [
        "region: Acme asks models in us-east-1 alone.",
        "stays in the USA; eu-central-1 is outside.",
    ] {
        assert!(said(&elsewhere).contains(reason), "{}", said(&elsewhere));
    }
    let fixed = kiro(&["models", "use", "us-east-1"]);
    assert_eq!(fixed.status.code(), Some(7), "{}", said(&fixed));
    let checked = kiro(&["org", "check", world.path("managed.toml").to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
}
