//! Every combination, and the words that decisions rest on.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write;

use kiro_models::{
    Account, Catalogue, Endpoint, Method, Plan, Policy, Reason, Region, Residency, Role, Who, Why,
    all, decide, model, region,
};

fn at(name: &str) -> Region {
    name.parse().unwrap()
}

fn role() -> Role {
    Role {
        account: "111122223333".into(),
        name: "Kiro".into(),
    }
}

/// A decision on one line: the identifier, or each reason and who can change it.
fn words(decision: &Result<Endpoint, Vec<Reason>>) -> String {
    match decision {
        Ok(endpoint) => format!("{} ({:?})", endpoint.identifier, endpoint.status),
        Err(reasons) => {
            let words = reasons.iter().map(|Reason { why, who }| {
                let word = match why {
                    Why::UnknownModel => "unknown model".to_owned(),
                    Why::NotInRegion { regions } => format!("not in region, but in {regions:?}"),
                    Why::SignInMethod { methods } => format!("sign-in method: {methods:?}"),
                    Why::RegionFixed { region } => format!("fixed: {region}"),
                    Why::OutsideResidency { residency } => format!("outside {residency:?}"),
                    Why::AnswersOutside { residency } => format!("answers outside {residency:?}"),
                    Why::SignInOutside { residency, .. } => {
                        format!("sign-in outside {residency:?}")
                    }
                    Why::NotApproved => "not approved".to_owned(),
                    Why::NotInPlan => "not in plan".to_owned(),
                    Why::NoRole => "no role".to_owned(),
                };
                let who = match who {
                    Who::Person => "person",
                    Who::Administrator => "administrator",
                };
                format!("{word} [{who}]").replace("Region(", "(")
            });
            words.collect::<Vec<_>>().join(" + ")
        }
    }
}

const METHODS: [Method; 3] = [Method::Okta, Method::Entra, Method::IdentityCenter];
const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "eu-west-2"];
const RESIDENCIES: [Option<Residency>; 3] = [None, Some(Residency::Eu), Some(Residency::Us)];

fn plans() -> [(&'static str, Plan); 3] {
    let given = |id: &str| Plan::Models(BTreeSet::from([id.to_owned()]));
    [
        ("untold", Plan::Untold),
        ("given", given("opus-4.6")),
        ("another", given("haiku")),
    ]
}

#[test]
fn every_combination_of_method_region_residency_plan_and_role() {
    let catalogue = Catalogue::built_in();
    let mut seen = String::new();
    for method in METHODS {
        for region in REGIONS {
            for residency in RESIDENCIES {
                for (plan, given) in plans() {
                    for role in [Some(role()), None] {
                        let account = Account {
                            plan: given.clone(),
                            region: Some(at("eu-central-1")),
                            ..Account::of(method)
                        };
                        let policy = Policy {
                            residency,
                            managed: true,
                            role: role.clone(),
                            ..Policy::default()
                        };
                        let decision =
                            decide(&account, &policy, &catalogue, "opus-4.6", &at(region));
                        let stays = residency.map_or("-", Residency::as_str);
                        let by = if role.is_some() { "role" } else { "no role" };
                        writeln!(
                            seen,
                            "{method:?} · {region} · {stays} · {plan} · {by} → {}",
                            words(&decision)
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn what_has_to_stay_never_comes_out_as_a_profile_that_leaves() {
    let everything = "[[models]]\nid = \"m\"\ntitle = \"M\"\nvendor = \"V\"\n";
    let offers: String = [
        "us-east-1",
        "eu-central-1",
        "eu-central-2",
        "eu-west-2",
        "eu-west-3",
        "ap-northeast-1",
    ]
    .iter()
    .map(|region| {
        format!(
            "[[models.offers]]\nregion = \"{region}\"\nstatus = \"available\"\nmethods = [\"okta\"]\nidentifiers = [\"global.v.m\", \"us.v.m\", \"apac.v.m\", \"jp.v.m\", \"eu.v.m\", \"v.m\"]\n"
        )
    })
    .collect();
    let catalogue = Catalogue::parse(&format!("{everything}{offers}")).unwrap();
    let seen = |residency| {
        let policy = Policy {
            residency,
            role: Some(role()),
            ..Policy::default()
        };
        let standings = all(&Account::of(Method::Okta), &policy, &catalogue);
        let usable = standings.into_iter().filter_map(|one| one.decision.ok());
        usable
            .map(|endpoint| (endpoint.region.to_string(), endpoint.identifier))
            .collect::<Vec<_>>()
    };
    let inside = |region: &str, identifier: &str| (region.to_owned(), identifier.to_owned());
    assert_eq!(
        seen(Some(Residency::Eu)),
        [
            inside("eu-central-1", "eu.v.m"),
            inside("eu-west-3", "eu.v.m")
        ]
    );
    assert_eq!(seen(Some(Residency::Us)), [inside("us-east-1", "us.v.m")]);
    assert_eq!(seen(None).len(), 6);
    assert!(seen(None).iter().all(|(_, id)| id == "global.v.m"));
}

#[test]
fn an_identifier_stays_only_where_that_is_beyond_doubt() {
    let check = |identifier: &str, eu: bool, us: bool| {
        let stays =
            |residency: Residency, region| residency.admits_identifier(identifier, &at(region));
        assert_eq!(stays(Residency::Eu, "eu-central-1"), eu, "eu: {identifier}");
        assert_eq!(stays(Residency::Us, "us-east-1"), us, "us: {identifier}");
    };
    check("anthropic.claude-opus-4-6-v1", true, true);
    check("eu.anthropic.claude-opus-4-6-v1", true, false);
    check("us.anthropic.claude-opus-4-6-v1", false, true);
    check("us-gov.anthropic.claude-opus-4-6-v1", false, true);
    check("global.anthropic.claude-opus-4-6-v1", false, false);
    check("apac.anthropic.claude-opus-4-6-v1", false, false);
    check("moon.kimi-k2.5", false, false);
    check("nameless", false, false);
    let arn =
        |region: &str, resource: &str| format!("arn:aws:bedrock:{region}:111122223333:{resource}");
    check(
        &arn("eu-central-1", "inference-profile/eu.v.m"),
        true,
        false,
    );
    check(
        &arn("eu-central-1", "inference-profile/global.v.m"),
        false,
        false,
    );
    check(&arn("us-east-1", "inference-profile/eu.v.m"), false, false);
    check(
        &arn("eu-west-1", "foundation-model/moon.kimi-k2.5"),
        true,
        false,
    );
    check(&arn("us-west-2", "provisioned-model/abc"), false, true);
    check(
        &arn("eu-central-1", "application-inference-profile/abc"),
        false,
        false,
    );
    check("arn:aws:bedrock", false, false);
}

#[test]
fn a_host_stays_where_it_names_a_region_inside_or_is_this_computer() {
    let check = |host: &str, eu: bool, us: bool| {
        assert_eq!(Residency::Eu.admits_host(host), eu, "eu: {host}");
        assert_eq!(Residency::Us.admits_host(host), us, "us: {host}");
    };
    check("bedrock-runtime.eu-central-1.amazonaws.com", true, false);
    check("bedrock-runtime.us-east-1.amazonaws.com", false, true);
    check("bedrock-runtime-fips.us-east-1.amazonaws.com", false, true);
    check("bedrock-runtime.eu-west-3.api.aws", true, false);
    check("portal.sso.eusc-de-east-1.amazonaws.eu", true, false);
    check(
        "vpce-0a1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
        true,
        false,
    );
    check("oidc.eu-west-2.amazonaws.com", false, false);
    check("sts.amazonaws.com", false, false);
    check("eu-central-1.us-east-1.amazonaws.com", false, false);
    check(
        "bedrock-runtime.eu-central-1.amazonaws.com.evil.test",
        false,
        false,
    );
    check("eu-central-1amazonaws.com", false, false);
    check("id.acme.example", false, false);
    check("127.0.0.1", true, true);
    check("localhost", true, true);
    check("[::1]", true, true);
}

#[test]
fn an_organisation_s_own_host_is_believed_unless_it_says_itself_that_it_is_outside() {
    let check = |host: &str, eu: bool, us: bool| {
        assert_eq!(Residency::Eu.admits_own_host(host), eu, "eu: {host}");
        assert_eq!(Residency::Us.admits_own_host(host), us, "us: {host}");
    };
    check("id.acme.example", true, true);
    check("127.0.0.1", true, true);
    check("oidc.us-east-1.amazonaws.com", false, true);
    check("oidc.us-east-1.amazonaws.com.", false, true);
    check("oidc.eu-west-2.amazonaws.com", false, false);
    check("id.eu-central-1.elb.amazonaws.com", true, false);
    check("sts.amazonaws.com", false, false);
    check("amazonaws.com.acme.example", true, true);
}

#[test]
fn a_region_is_inside_of_one_residency_or_of_none() {
    for (name, expected) in [
        ("eu-central-1", Some(Residency::Eu)),
        ("eusc-de-east-1", Some(Residency::Eu)),
        ("us-gov-west-1", Some(Residency::Us)),
        ("eu-west-2", None),
        ("ap-northeast-1", None),
    ] {
        assert_eq!(Residency::of(&at(name)), expected, "{name}");
    }
}

#[test]
fn a_region_is_a_name_and_nothing_that_could_lead_elsewhere() {
    for good in [
        "us-east-1",
        "us-gov-west-1",
        "eusc-de-east-1",
        "ap-northeast-3",
        "cn-north-1",
    ] {
        assert_eq!(at(good).as_str(), good);
        assert_eq!(String::from(at(good)), good);
    }
    for bad in [
        "",
        "eu",
        "eu-central",
        "EU-CENTRAL-1",
        "eu-central-1.evil.test",
        "eu-evil.test-1",
        "e.u-central-1",
        "evil.test/",
        "eu-1",
        "-central-1",
        "eu-central-1 ",
        "eu--1",
        "eucentral-west-1",
        "eu-central-1#",
    ] {
        assert!(bad.parse::<Region>().is_err(), "{bad}");
    }
    let partitions = ["us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]
        .map(|name| at(name).partition());
    assert_eq!(partitions, ["aws", "aws-us-gov", "aws-cn", "aws-eusc"]);
}

#[test]
fn the_other_reasons_and_whose_they_are() {
    let catalogue = Catalogue::built_in();
    let check = |model: &str, place: &str, account: &Account, policy: &Policy, expected: &str| {
        let decision = decide(account, policy, &catalogue, model, &at(place));
        assert_eq!(words(&decision), expected, "{model} {place}");
    };
    let okta = Account::of(Method::Okta);
    let own = Policy {
        role: Some(role()),
        ..Policy::default()
    };
    let managed = Policy {
        managed: true,
        ..own.clone()
    };
    check("gpt", "us-east-1", &okta, &own, "unknown model [person]");
    let approved = Some(BTreeSet::from(["other".to_owned()]));
    let approving = |policy: &Policy| Policy {
        models: approved.clone(),
        ..policy.clone()
    };
    check(
        "opus-4.6",
        "us-east-1",
        &okta,
        &approving(&own),
        "not approved [person]",
    );
    check(
        "opus-4.6",
        "us-east-1",
        &okta,
        &approving(&managed),
        "not approved [administrator]",
    );
    let fixed = Policy {
        region: Some(at("eu-central-1")),
        region_fixed: true,
        ..managed.clone()
    };
    check(
        "opus-4.6",
        "us-east-1",
        &okta,
        &fixed,
        "fixed: eu-central-1 [administrator]",
    );
    let nowhere = Policy {
        region: Some(at("eu-west-1")),
        ..fixed.clone()
    };
    check(
        "opus-4.6",
        "eu-west-1",
        &okta,
        &nowhere,
        "not in region, but in [(\"us-east-1\"), (\"eu-central-1\")] [administrator]",
    );
    let free = Policy {
        region_fixed: false,
        ..fixed.clone()
    };
    check(
        "opus-4.6",
        "us-east-1",
        &okta,
        &free,
        "us.anthropic.claude-opus-4-6-v1 (Available)",
    );
    // Identity Center far away, or nobody knows where: its token calls would leave.
    let stays = Policy {
        residency: Some(Residency::Eu),
        ..managed
    };
    for place in [Some(at("us-east-1")), None] {
        let away = Account {
            region: place,
            ..Account::of(Method::IdentityCenter)
        };
        check(
            "opus-4.6",
            "eu-central-1",
            &away,
            &stays,
            "sign-in outside Eu [administrator]",
        );
    }
}

#[test]
fn the_region_is_the_fixed_one_the_preferred_one_the_organisations_or_the_first_inside() {
    let catalogue = Catalogue::built_in();
    let check = |policy: &Policy, preferred: Option<&str>, expected: &str| {
        let preferred = preferred.map(at);
        let seen = region(policy, preferred.as_ref(), &catalogue).map(|region| region.to_string());
        assert_eq!(seen.as_deref(), Some(expected), "{policy:?}");
    };
    let none = Policy::default();
    check(&none, None, "us-east-1");
    check(&none, Some("eu-central-1"), "eu-central-1");
    let eu = Policy {
        residency: Some(Residency::Eu),
        ..Policy::default()
    };
    check(&eu, None, "eu-central-1");
    check(&eu, Some("us-east-1"), "us-east-1"); // refused by the decision, and told
    let theirs = Policy {
        region: Some(at("eu-west-1")),
        ..Policy::default()
    };
    check(&theirs, None, "eu-west-1");
    check(&theirs, Some("us-east-1"), "us-east-1");
    let fixed = Policy {
        region_fixed: true,
        ..theirs
    };
    check(&fixed, Some("us-east-1"), "eu-west-1");
    assert_eq!(region(&none, None, &Catalogue::default()), None);
}

#[test]
fn who_names_no_model_asks_the_first_that_may_be_asked_there_else_one_of_that_region() {
    let offered = |id: &str, place: &str, method: &str| {
        format!(
            "[[models]]\nid = \"{id}\"\ntitle = \"M\"\nvendor = \"V\"\n[[models.offers]]\nregion = \"{place}\"\nstatus = \"available\"\nmethods = [\"{method}\"]\nidentifiers = [\"v.m\"]\n"
        )
    };
    let text = [
        offered("first", "us-east-1", "okta"),
        offered("not-mine", "eu-central-1", "entra"),
        offered("mine", "eu-central-1", "okta"),
        offered("nobody-s", "eu-west-1", "entra"),
    ];
    let catalogue = Catalogue::parse(&text.concat()).unwrap();
    let policy = Policy {
        role: Some(role()),
        ..Policy::default()
    };
    let of = |place: &str| {
        let okta = Account::of(Method::Okta);
        model(&okta, &policy, &catalogue, &at(place)).map(|model| model.id.as_str())
    };
    assert_eq!(of("us-east-1"), Some("first"));
    assert_eq!(of("eu-central-1"), Some("mine"), "another comes before it");
    assert_eq!(of("eu-west-1"), Some("nobody-s"), "refused, and told why");
    assert_eq!(of("ap-northeast-1"), Some("first"));
}

#[test]
fn a_catalogue_that_cannot_be_meant_is_refused_with_its_place() {
    let offer = |region: &str, methods: &str, identifiers: &str| {
        format!(
            "[[models.offers]]\nregion = \"{region}\"\nstatus = \"available\"\nmethods = {methods}\nidentifiers = {identifiers}\n"
        )
    };
    let model = |id: &str, offers: &str| {
        format!("[[models]]\nid = \"{id}\"\ntitle = \"M\"\nvendor = \"V\"\noffers = []\n{offers}")
            .replace(
                if offers.is_empty() {
                    "\u{0}"
                } else {
                    "offers = []\n"
                },
                "",
            )
    };
    let good = offer("us-east-1", "[\"okta\"]", "[\"v.m\"]");
    let check = |text: &str, expected: &str| {
        let error = Catalogue::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    };
    assert_eq!(Catalogue::parse(&model("m", "")).unwrap().models.len(), 1);
    assert_eq!(Catalogue::parse("").unwrap(), Catalogue::default());
    check("surprise = 1", "unknown field");
    for bad in ["M", "-m", ".m", "", &"m".repeat(65)] {
        check(&model(bad, &good), "an id has");
    }
    check(
        &format!("{}{}", model("m", &good), model("m", &good)),
        "stands twice",
    );
    check(
        &model("m", &format!("{good}{good}")),
        "us-east-1 stands twice",
    );
    check(
        &model("m", &offer("us-east-1", "[]", "[\"v.m\"]")),
        "for nobody",
    );
    check(
        &model("m", &offer("us-east-1", "[\"google\"]", "[\"v.m\"]")),
        "unknown variant",
    );
    check(
        &model("m", &offer("evil.test", "[\"okta\"]", "[\"v.m\"]")),
        "`evil.test` is no region; there are models in us-east-1, eu-central-1",
    );
    for bad in ["[]", "[\"\"]", "[\"a b\"]", "[\"a?b\"]"] {
        check(
            &model("m", &offer("us-east-1", "[\"okta\"]", bad)),
            "identifiers",
        );
    }
}
