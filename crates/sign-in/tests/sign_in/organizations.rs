//! The organisations' file: what is read, what wins, what is refused, what survives a write.

use std::collections::BTreeSet;

use crate::world::{World, okta};
use kiro_models::{Region, Residency, Role};
use kiro_sign_in::{
    Code, Organization, Organizations, Provider, add, remove, set_default, use_last,
};

const ADMINISTRATOR: &str = r#"
default = "fjordlys"
support_contact = "it@fjordlys.example"
[locks]
own_organizations = false
insecure_storage = true
[organizations.fjordlys]
provider = "identity-center"
display_name = "Fjordlys"
start_url = "https://d-0000000000.awsapps.com/start#/"
region = "eu-central-1"
[organizations.acme]
provider = "okta"
issuer = "https://managed.acme.test"
client_id = "managed"
"#;

fn managed(world: &mut World, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = world.folder.path().join("managed.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.context.managed_organizations = path;
}

#[tokio::test]
async fn the_administrator_s_file_wins_and_is_shown_as_managed() {
    let mut world = World::new();
    add(&world.context, &okta()).unwrap();
    add(
        &world.context,
        &Organization {
            name: "own".into(),
            ..okta()
        },
    )
    .unwrap();
    managed(&mut world, ADMINISTRATOR);
    let all = Organizations::load(&world.context).unwrap();
    let seen: Vec<_> = all
        .list
        .iter()
        .map(|organization| (organization.name.as_str(), organization.managed))
        .collect();
    assert_eq!(seen, [("acme", true), ("fjordlys", true), ("own", false)]);
    assert_eq!(all.choose(None, &world.context).unwrap().name, "fjordlys");
    assert_eq!(
        all.find("acme", &world.context).unwrap().sign_in_host(),
        "managed.acme.test"
    );
    assert_eq!(
        all.find("acme", &world.context)
            .unwrap()
            .support_contact
            .as_deref(),
        Some("it@fjordlys.example")
    );
    assert!(all.locks.insecure_storage);
    assert_eq!(
        remove(&world.context, "acme").unwrap_err().code,
        Code::ManagedByOrganization
    );

    managed(
        &mut world,
        &ADMINISTRATOR.replace("own_organizations = false", "own_organizations = true"),
    );
    assert_eq!(
        Organizations::load(&world.context).unwrap().list.len(),
        2,
        "the person's own do not count"
    );
    assert_eq!(
        add(
            &world.context,
            &Organization {
                name: "third".into(),
                ..okta()
            }
        )
        .unwrap_err()
        .code,
        Code::ManagedByOrganization
    );
}

#[tokio::test]
async fn a_managed_file_that_others_may_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mut world = World::new();
    managed(&mut world, ADMINISTRATOR);
    std::fs::set_permissions(
        &world.context.managed_organizations,
        std::fs::Permissions::from_mode(0o666),
    )
    .unwrap();
    assert_eq!(
        Organizations::load(&world.context).unwrap_err().code,
        Code::OrganizationsInvalid
    );
}

#[tokio::test]
async fn what_cannot_work_is_refused_with_its_reason() {
    let world = World::new();
    let rows = [
        (
            "[organizations.a]\nprovider = \"okta\"\nissuer = \"http://evil.test\"\nclient_id = \"c\"",
            "must be https",
        ),
        (
            "[organizations.a]\nprovider = \"okta\"\nissuer = \"https://u:p@acme.test\"\nclient_id = \"c\"",
            "must be https",
        ),
        (
            "[organizations.a]\nprovider = \"okta\"\nissuer = \"https://acme.test\"\nclient_id = \"\"",
            "client_id is empty",
        ),
        (
            "[organizations.a]\nprovider = \"google\"",
            "unknown variant",
        ),
        (
            "[organizations.\"A B\"]\nprovider = \"okta\"\nissuer = \"https://acme.test\"\nclient_id = \"c\"",
            "no name for an organisation",
        ),
        (
            "[organizations.a]\nprovider = \"entra\"\ntenant = \"organizations\"\nclient_id = \"c\"",
            "allowed_tenants",
        ),
        (
            "[organizations.a]\nprovider = \"entra\"\ntenant = \"a/../b\"\nclient_id = \"c\"",
            "without `/`",
        ),
        (
            "[organizations.a]\nprovider = \"identity-center\"\nstart_url = \"https://x.test/start\"\nregion = \"EU WEST\"",
            "region",
        ),
        ("surprise = 1", "unknown field"),
        (
            "[organizations.a]\nprovider = \"okta\"\nissuer = \"https://acme.test\"\nclient_id = \"c\"\nresidence = \"eu\"",
            "[organizations.a] unknown field `residence`",
        ),
        ("[locks]\nsurprise = true", "unknown field"),
        ("[network]\nproxy = \"::\"", "proxy"),
    ];
    for (text, reason) in rows {
        let failure = Organizations::parse(text, &world.context).unwrap_err();
        assert_eq!(failure.code, Code::OrganizationsInvalid, "{text}");
        assert!(
            failure
                .detail
                .description
                .as_deref()
                .unwrap()
                .contains(reason),
            "{text}: {:?}",
            failure.detail.description
        );
    }
}

const ACME: &str = "[organizations.acme]\nprovider = \"okta\"\nissuer = \"https://acme.test\"\nclient_id = \"c\"\n";
const CENTER: &str = "[organizations.acme]\nprovider = \"identity-center\"\nstart_url = \"https://acme.test/start\"\nregion = \"us-east-1\"\n";

#[tokio::test]
async fn what_is_decided_about_models_is_read_and_what_could_not_stay_is_refused() {
    let world = World::new();
    let parse = |text: &str| Organizations::parse(text, &world.context);
    let text = format!(
        "{ACME}title = \"Acme GmbH\"\ncontact = \"it@acme.test\"\nresidency = \"eu\"\n[organizations.acme.inference]\nregion = \"eu-west-1\"\naccount = \"111122223333\"\nrole = \"sso/Kiro\"\nmodels = [\"opus-4.6\"]\n"
    );
    let all = parse(&text).unwrap();
    let acme = &all.list[0];
    assert_eq!(
        (acme.display_name.as_str(), acme.support_contact.as_deref()),
        ("Acme GmbH", Some("it@acme.test")),
        "by the names that our own service has for them"
    );
    let decided = &acme.inference;
    assert_eq!(decided.residency, Some(Residency::Eu));
    assert_eq!(
        decided.region.as_ref().map(Region::as_str),
        Some("eu-west-1")
    );
    assert_eq!(
        decided.role,
        Some(Role {
            account: "111122223333".into(),
            name: "sso/Kiro".into()
        })
    );
    assert_eq!(decided.models, Some(BTreeSet::from(["opus-4.6".into()])));
    let again = parse(&all.export()).unwrap();
    assert_eq!(again.list, all.list, "{}", all.export());
    let rows = [
        (ACME, "residency = \"mars\"", "unknown variant"),
        (
            ACME,
            "residency = \"eu\"\n[organizations.acme.inference]\nregion = \"us-east-1\"",
            "region us-east-1 is outside: residency is `eu`",
        ),
        (
            ACME,
            "residency = \"eu\"\n[organizations.acme.inference]\nregion = \"eu-west-2\"",
            "eu-west-2 is outside",
        ),
        (
            CENTER,
            "residency = \"eu\"",
            "region us-east-1 is outside: residency is `eu`",
        ),
        (
            CENTER,
            "residency = \"us\"\nendpoint = \"https://oidc.eu-central-1.amazonaws.com\"",
            "endpoint oidc.eu-central-1.amazonaws.com is outside: residency is `us`",
        ),
        (
            ACME,
            "[organizations.acme.inference]\nregion = \"evil.test\"",
            "no region",
        ),
        (
            ACME,
            "[organizations.acme.inference]\naccount = \"111122223333\"",
            "belong together",
        ),
        (
            ACME,
            "[organizations.acme.inference]\naccount = \"1\"\nrole = \"Kiro\"",
            "twelve digits",
        ),
        (
            ACME,
            "[organizations.acme.inference]\naccount = \"111122223333\"\nrole = \"a b\"",
            "a role's name",
        ),
        (
            ACME,
            "[organizations.acme.inference]\nsurprise = 1",
            "unknown field",
        ),
    ];
    for (organization, decided, reason) in rows {
        let failure = parse(&format!("{organization}{decided}")).unwrap_err();
        let why = failure.detail.description.unwrap();
        assert!(why.contains(reason), "{decided}: {why}");
    }
    let stays = format!("{CENTER}residency = \"us\"\n");
    parse(&stays).unwrap();
    parse(&format!("{stays}endpoint = \"https://id.acme.test\"")).unwrap();
}

/// Whatever the second entry is called and however its address is written.
#[tokio::test]
async fn a_second_entry_for_the_same_people_is_bound_by_what_the_administrator_has_decided() {
    const DECIDED: &str = "residency = \"us\"\n[organizations.acme.inference]\nregion = \"us-east-1\"\naccount = \"111122223333\"\nrole = \"Kiro\"\n";
    const OWN: &str = "[organizations.own.inference]\naccount = \"999999999999\"\nrole = \"Own\"\nmodels = [\"opus-4.6\"]\n";
    let okta = |name: &str, issuer: &str| {
        format!(
            "[organizations.{name}]\nprovider = \"okta\"\nissuer = \"{issuer}\"\nclient_id = \"c\"\n"
        )
    };
    let entra = |name: &str, tenant: &str| {
        format!(
            "[organizations.{name}]\nprovider = \"entra\"\ntenant = \"{tenant}\"\nclient_id = \"c\"\n"
        )
    };
    let center = |name: &str, start: &str| {
        format!(
            "[organizations.{name}]\nprovider = \"identity-center\"\nstart_url = \"{start}\"\nregion = \"us-east-1\"\n"
        )
    };
    let start = "https://acme.test/start";
    let rows = [
        (
            center("acme", start),
            center("own", "https://ACME.test/start/#/"),
            true,
        ),
        (
            center("acme", start),
            center("own", "https://acme.test:443/Start?a=b"),
            true,
        ),
        (
            center("acme", start),
            center("own", "https://acme.test/start/other"),
            false,
        ),
        (
            okta("acme", "https://acme.test"),
            okta("own", "https://acme.test/oauth2/own"),
            true,
        ),
        (
            okta("acme", "https://acme.test"),
            okta("own", "https://own.test"),
            false,
        ),
        (entra("acme", "acme.test"), entra("own", "ACME.test"), true),
        (entra("acme", "acme.test"), entra("own", "own.test"), false),
    ];
    for (theirs, own, bound) in rows {
        let mut world = World::new();
        let file = world.folder.path().join("home/organizations.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        kiro_credentials::replace(&file, format!("{own}{OWN}").as_bytes()).unwrap();
        managed(&mut world, &format!("{theirs}{DECIDED}"));
        let all = Organizations::load(&world.context).unwrap();
        let seen = &all.find("own", &world.context).unwrap().inference;
        let role = seen.role.as_ref().unwrap().name.as_str();
        let expected = if bound {
            (Some(Residency::Us), true, "Kiro")
        } else {
            (None, false, "Own")
        };
        assert_eq!((seen.residency, seen.managed, role), expected, "{own}");
        assert_eq!(seen.region.is_some(), bound, "{own}");
        let approved = Some(BTreeSet::from(["opus-4.6".to_owned()]));
        assert_eq!(seen.models, approved, "of which nothing is decided");
    }
}

#[tokio::test]
async fn comments_survive_a_write_and_an_export_is_a_file_that_can_be_read() {
    let world = World::new();
    add(&world.context, &okta()).unwrap();
    let path = world.folder.path().join("home/organizations.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("# mine\n{text}")).unwrap();
    add(
        &world.context,
        &Organization {
            name: "second".into(),
            ..okta()
        },
    )
    .unwrap();
    use_last(&world.context, "second").unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("# mine"));
    let all = Organizations::load(&world.context).unwrap();
    assert_eq!(all.choose(None, &world.context).unwrap().name, "second");
    set_default(&world.context, "acme").unwrap();
    let all = Organizations::load(&world.context).unwrap();
    assert_eq!(all.choose(None, &world.context).unwrap().name, "acme");
    let again = Organizations::parse(&all.export(), &world.context).unwrap();
    assert_eq!(again.list, all.list);
    assert_eq!(
        add(&world.context, &okta()).unwrap_err().code,
        Code::OrganizationExists
    );
    remove(&world.context, "acme").unwrap();
    assert_eq!(
        Organizations::load(&world.context)
            .unwrap()
            .choose(None, &world.context)
            .unwrap()
            .name,
        "second"
    );
}

#[tokio::test]
async fn the_redirect_uris_to_register_are_those_of_real_installations() {
    let world = World::new();
    let uris = okta().redirect_uris();
    assert_eq!(
        (uris.len(), uris[0].as_str(), uris[1].as_str()),
        (
            11,
            "kiro://kiro.oauth/callback",
            "http://localhost:3128/oauth/callback"
        )
    );
    let entra = Organizations::parse(
        "[organizations.a]\nprovider = \"entra\"\ntenant = \"t\"\nclient_id = \"c\"",
        &world.context,
    )
    .unwrap();
    assert_eq!(
        entra.list[0].redirect_uris(),
        [
            "kiro://kiro.oauth/callback",
            "http://localhost/oauth/callback"
        ]
    );
    assert_eq!(
        (
            entra.list[0].provider(),
            entra.list[0].sign_in_host().as_str()
        ),
        (Provider::Entra, "login.microsoftonline.com")
    );
}
