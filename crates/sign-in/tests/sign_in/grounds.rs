//! Which models a session may ask: whose decisions count, and what is not passed over.

use std::os::unix::fs::PermissionsExt;

use kiro_models::{Region, Why, decide};
use kiro_sign_in::{Code, Preference, add, grounds, prefer, remove};

use crate::flow::sign_in_with;
use crate::world::{World, okta};

/// The administrator's file of this name.
fn managed(world: &mut World, name: &str, text: &str) {
    let folder = world.folder.path().join("managed");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.context.managed_organizations = folder.join("organizations.toml");
}

const ACME: &str = "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://login.acme.test/oauth2/default\"\nclient_id = \"kiro-desktop\"\n";
const INFERENCE: &str = "[organizations.acme.inference]\nregion = \"us-east-1\"\naccount = \"111122223333\"\nrole = \"Kiro\"\n";

fn at(name: &str) -> Region {
    name.parse().unwrap()
}

async fn signed_in() -> World {
    let world = World::new();
    add(&world.context, &okta()).unwrap();
    sign_in_with(&world, "code=c1").await.unwrap();
    world
}

#[tokio::test]
async fn the_administrator_decides_and_the_person_chooses_a_region_where_it_is_not_fixed() {
    let mut world = signed_in().await;
    let requests = world.provider.asked.lock().unwrap().len();
    let chosen = |world: &World| grounds(&world.context, None).unwrap().1.region;
    assert_eq!(
        chosen(&world),
        Some(at("us-east-1")),
        "the catalogue's first"
    );
    let prefers = Preference::Region(Some(at("eu-central-1")));
    prefer(&world.context, &prefers).unwrap();
    assert_eq!(chosen(&world), Some(at("eu-central-1")));

    managed(
        &mut world,
        "organizations.toml",
        &format!("{ACME}{INFERENCE}"),
    );
    assert_eq!(chosen(&world), Some(at("eu-central-1")), "still theirs");
    let locked = format!("[locks]\nregion = true\n{ACME}{INFERENCE}");
    managed(&mut world, "organizations.toml", &locked);
    assert_eq!(chosen(&world), Some(at("us-east-1")));
    let refused = prefer(&world.context, &prefers).unwrap_err();
    assert_eq!(refused.code, Code::ManagedByOrganization);

    let (who, grounds) = grounds(&world.context, None).unwrap();
    assert_eq!(
        (who.organization.as_str(), grounds.policy.managed),
        ("acme", true)
    );
    let ask = |region| {
        let (account, policy) = (&grounds.account, &grounds.policy);
        decide(account, policy, &grounds.catalogue, "opus-4.6", &at(region))
    };
    assert!(ask("us-east-1").is_ok());
    let reasons = ask("eu-central-1").unwrap_err();
    assert!(
        matches!(reasons[0].why, Why::SignInMethod { .. }),
        "{reasons:?}"
    );
    assert!(
        matches!(reasons[1].why, Why::RegionFixed { .. }),
        "{reasons:?}"
    );
    assert_eq!(
        world.provider.asked.lock().unwrap().len(),
        requests,
        "from files alone"
    );
}

#[tokio::test]
async fn an_organisation_that_is_gone_and_a_catalogue_that_is_damaged_decide_nothing_away() {
    let mut world = signed_in().await;
    managed(&mut world, "models.toml", "");
    let (_, nothing) = grounds(&world.context, None).unwrap();
    assert_eq!(
        nothing.catalogue.models,
        [],
        "the administrator's takes the built-in one's place"
    );
    managed(&mut world, "models.toml", "[[models]]\nid = 1");
    let refused = grounds(&world.context, None).unwrap_err();
    assert_eq!(refused.code, Code::OrganizationsInvalid);
    assert!(refused.facts.path.unwrap().ends_with("models.toml"));
    std::fs::remove_file(world.folder.path().join("managed/models.toml")).unwrap();
    remove(&world.context, "acme").unwrap();
    let refused = grounds(&world.context, None).unwrap_err();
    assert_eq!(refused.code, Code::UnknownOrganization);
    let nobody = World::new();
    let refused = grounds(&nobody.context, None).unwrap_err();
    assert_eq!(refused.code, Code::NotSignedIn);
}
