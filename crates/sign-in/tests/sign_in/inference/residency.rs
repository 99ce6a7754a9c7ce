//! What has to stay in the EU stays: a proxy writes down every host that anybody tries to reach.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use kiro_relying_party::Proxy;
use kiro_sign_in::{
    AwsEndpoints, Code, Inference, Organization, Organizations, Question, Request, Revoked, Via,
    access_token, ask, begin_device, check, grounds, health, sign_out,
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::aws::{Aws, CENTER, ROLE, Way, signed_in, web};
use super::{at, question};
use crate::world::World;

/// The way out of this computer: it writes down whom it is asked for, and lets nobody out.
async fn way_out(world: &mut World) -> Arc<Mutex<Vec<String>>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let line = head.lines().next().unwrap_or_default().to_owned();
            seen.lock().unwrap().push(line);
            let _ = stream.write_all(b"HTTP/1.1 502 No\r\n\r\n").await;
        }
    });
    world.context.http = Arc::new(web(address.parse::<Proxy>().unwrap()));
    asked
}

/// Identity Center as a person's environment may have it: in the USA.
fn away() -> AwsEndpoints {
    let at = |service: &str| {
        let address = format!("https://{service}.us-east-1.amazonaws.com/");
        Some(address.parse().unwrap())
    };
    AwsEndpoints {
        oidc: at("oidc"),
        portal: at("portal.sso"),
        ..AwsEndpoints::default()
    }
}

fn taken(asked: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut asked.lock().unwrap())
}

#[tokio::test]
async fn only_hosts_of_the_eu_are_reached_for_and_only_after_the_decision() {
    let aws = Aws::start();
    aws.control(json!({ "region": "eu-central-1" })).await;
    let mut world = signed_in(Way::IdentityCenter, &aws, "residency = \"eu\"\n").await;
    let asked = way_out(&mut world).await;
    let overrides = world.context.aws.clone();

    // Blocked: nothing at all leaves, not even for credentials.
    let elsewhere = Question {
        region: Some(at("us-east-1")),
        ..question()
    };
    let failure = ask(&world.context, None, &elsewhere).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::ModelBlocked);
    assert_eq!(taken(&asked), [""; 0]);
    assert_eq!(aws.control(json!({})).await["given"], 0);

    // Allowed: Identity Center's portal in the EU is asked for credentials, and then the model, there.
    world.context.aws = AwsEndpoints::default();
    let failure = ask(&world.context, None, &question()).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::Unreachable);
    assert_eq!(
        taken(&asked),
        ["CONNECT portal.sso.eu-central-1.amazonaws.com:443 HTTP/1.1"]
    );
    world.context.aws.portal = overrides.portal.clone();
    let failure = ask(&world.context, None, &question()).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::Unreachable);
    assert_eq!(
        taken(&asked),
        ["CONNECT bedrock-runtime.eu-central-1.amazonaws.com:443 HTTP/1.1"]
    );

    // Whatever the environment says, a host that is not known to be inside is not reached for.
    for host in [
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-runtime.eu-west-2.amazonaws.com",
        "gateway.acme.test",
    ] {
        let url = format!("https://{host}/").parse().unwrap();
        world.context.aws.inference = Some(url);
        let failure = ask(&world.context, None, &question()).await.map(drop);
        let failure = failure.unwrap_err();
        assert_eq!(
            (failure.code, failure.host.as_deref()),
            (Code::OutsideResidency, Some(host))
        );
    }
    // Nor are the token calls of the session itself: credentials, renewal, sign-out.
    world.context.aws = away();
    world.clock.advance(SignedDuration::from_hours(2));
    for _ in ["refused", "adopted"] {
        let failure = access_token(&world.context, None).await.unwrap_err();
        let refused = Some("oidc.us-east-1.amazonaws.com");
        assert_eq!(
            (failure.code, failure.host.as_deref()),
            (Code::OutsideResidency, refused)
        );
    }
    let failure = ask(&world.context, None, &question()).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::OutsideResidency);
    sign_out(&world.context, None).await.unwrap();
    assert_eq!(taken(&asked), [""; 0]);
}

#[tokio::test]
async fn a_session_that_began_elsewhere_is_not_used_from_the_moment_that_data_has_to_stay() {
    let aws = Aws::start();
    let mut world = signed_in(Way::IdentityCenter, &aws, "").await;
    // The organisation has moved to the USA, and its Identity Center too; this session is renewed in the region where it began.
    let decided = "residency = \"us\"\n";
    let file = world.folder.path().join("home/organizations.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("eu-central-1", "us-east-2");
    let text = text.replace(
        "[organizations.acme.inf",
        &format!("{decided}[organizations.acme.inf"),
    );
    std::fs::write(&file, text).unwrap();
    let asked = way_out(&mut world).await;
    world.context.aws = AwsEndpoints::default();
    let here = Question {
        region: Some(at("us-east-1")),
        ..question()
    };
    let failure = ask(&world.context, None, &here).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::ModelBlocked);
    world.clock.advance(SignedDuration::from_hours(2));
    let failure = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::OutsideResidency, "{failure:?}");
    assert_eq!(taken(&asked), [""; 0]);
}

/// The administrator's file, and what the person has in theirs.
fn files(world: &mut World, managed: &str, own: &str) {
    let folder = world.folder.path();
    std::fs::write(folder.join("home/organizations.toml"), own).unwrap();
    let path = folder.join("managed.toml");
    std::fs::write(&path, managed).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.context.managed_organizations = path;
}

#[tokio::test]
async fn what_nobody_can_read_any_more_lets_nothing_leave() {
    let aws = Aws::start();
    let stays = format!("{CENTER}residency = \"eu\"\n");
    let broken = "organizations = [";
    let rows = [
        (
            "the person's file is broken",
            stays.as_str(),
            broken,
            Code::OutsideResidency,
        ),
        ("and the only one", "", broken, Code::OrganizationsInvalid),
        (
            "the administrator's is",
            "[organizations",
            CENTER,
            Code::OrganizationsInvalid,
        ),
        ("the organisation is gone", "", "", Code::OutsideResidency),
    ];
    for (row, managed, own, expected) in rows {
        let mut world = signed_in(Way::IdentityCenter, &aws, "").await;
        let asked = way_out(&mut world).await;
        files(&mut world, managed, own);
        world.context.aws = away();
        drop(health(&world.context, None).await);
        world.clock.advance(SignedDuration::from_hours(2));
        let failure = access_token(&world.context, None).await.unwrap_err();
        assert_eq!(failure.code, expected, "{row}: {failure:?}");
        let receipt = sign_out(&world.context, None).await.unwrap();
        assert_eq!(receipt.revoked, Revoked::Failed, "{row}");
        assert_eq!(taken(&asked), [""; 0], "{row}");
    }
}

#[tokio::test]
async fn a_second_entry_for_the_same_identity_center_leads_nowhere_else() {
    let aws = Aws::start();
    let mut world = signed_in(Way::IdentityCenter, &aws, "").await;
    let asked = way_out(&mut world).await;
    let theirs = CENTER.replace(".acme]", ".theirs]");
    let decided = "[organizations.theirs.inference]\nregion = \"eu-central-1\"\n";
    let managed = format!("[locks]\nregion = true\n{theirs}residency = \"eu\"\n{decided}");
    files(&mut world, &managed, &format!("{CENTER}{ROLE}"));
    world.context.aws = away();
    for region in ["us-east-1", "eu-west-1"] {
        let elsewhere = Question {
            region: Some(at(region)),
            ..question()
        };
        let failure = ask(&world.context, None, &elsewhere).await.map(drop);
        assert_eq!(failure.unwrap_err().code, Code::ModelBlocked, "{region}");
    }
    let (_, grounds) = grounds(&world.context, None).unwrap();
    let policy = &grounds.policy;
    assert!(policy.managed && policy.region_fixed, "{policy:?}");
    world.clock.advance(SignedDuration::from_hours(2));
    let failure = access_token(&world.context, None).await.unwrap_err();
    assert_eq!(failure.code, Code::OutsideResidency, "{failure:?}");

    world.context.aws = AwsEndpoints::default();
    let outside = CENTER.replace("eu-central-1", "us-east-1");
    let endpoint = format!("{CENTER}endpoint = \"https://oidc.us-east-1.amazonaws.com\"\n");
    for own in [outside, endpoint] {
        files(&mut world, &managed, &own);
        let all = Organizations::load(&world.context).unwrap();
        let acme = all.find("acme", &world.context).unwrap().clone();
        let unknown = Organization {
            inference: Inference::default(),
            ..acme.clone()
        };
        let failure = check(&world.context, &unknown).await.unwrap_err();
        assert_eq!(failure.code, Code::OutsideResidency, "{own}");
        let request = Request::new(acme, Via::Loopback);
        let failure = begin_device(&world.context, request).await.map(drop);
        let failure = failure.unwrap_err();
        assert_eq!(failure.code, Code::OutsideResidency, "{own}");
    }
    assert_eq!(taken(&asked), [""; 0]);
}

/// What it may have had to stay in is where its Identity Center is, and there its sessions can be renewed and ended.
#[tokio::test]
async fn a_session_of_an_organisation_that_is_gone_ends_where_it_began() {
    let aws = Aws::start();
    let mut world = signed_in(Way::IdentityCenter, &aws, "").await;
    let asked = way_out(&mut world).await;
    files(&mut world, "", "");
    world.context.aws = AwsEndpoints::default();
    sign_out(&world.context, None).await.unwrap();
    assert_eq!(
        taken(&asked),
        ["CONNECT portal.sso.eu-central-1.amazonaws.com:443 HTTP/1.1"]
    );
}

#[tokio::test]
async fn sts_is_asked_in_the_region_and_never_at_its_global_address() {
    let aws = Aws::start();
    let mut world = signed_in(Way::Okta, &aws, "residency = \"us\"\n").await;
    let asked = way_out(&mut world).await;
    world.context.aws = AwsEndpoints::default();
    let failure = ask(&world.context, None, &question()).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::Unreachable);
    assert_eq!(
        taken(&asked),
        ["CONNECT sts.us-east-1.amazonaws.com:443 HTTP/1.1"]
    );
    world.context.aws.sts = Some("https://sts.amazonaws.com/".parse().unwrap());
    let failure = ask(&world.context, None, &question()).await.map(drop);
    assert_eq!(failure.unwrap_err().code, Code::OutsideResidency);
    assert_eq!(taken(&asked), [""; 0]);
}
