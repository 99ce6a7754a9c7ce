//! Every reason in both languages, as a person reads it.

use super::*;

fn at(name: &str) -> Region {
    name.parse().unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn every_reason_reads_well_in_both_languages() {
    let whose = Whose {
        organization: "Acme".to_owned(),
        contact: Some("it-help@acme.com".to_owned()),
        method: Method::Okta,
        residency: Some(Residency::Eu),
        managed: true,
    };
    let own = Whose {
        contact: None,
        residency: None,
        managed: false,
        organization: "Acme".to_owned(),
        method: Method::IdentityCenter,
    };
    let (residency, us) = (Residency::Eu, Residency::Us);
    let whys = [
        Why::UnknownModel,
        Why::NotInRegion {
            regions: vec![at("us-east-1"), at("eu-central-1")],
        },
        Why::SignInMethod {
            methods: vec![Method::IdentityCenter],
        },
        Why::RegionFixed {
            region: at("eu-west-1"),
        },
        Why::OutsideResidency { residency },
        Why::OutsideResidency { residency: us },
        Why::AnswersOutside { residency },
        Why::SignInOutside {
            residency,
            region: Some(at("us-east-1")),
        },
        Why::SignInOutside {
            residency,
            region: None,
        },
        Why::NotApproved,
        Why::NotInPlan,
        Why::NoRole,
    ];
    let mut seen = String::new();
    for language in [Language::English, Language::Japanese] {
        for (whose, who) in [(&whose, Who::Administrator), (&own, Who::Person)] {
            let reasons: Vec<_> = whys
                .iter()
                .map(|why| Reason {
                    why: why.clone(),
                    who,
                })
                .collect();
            for reason in &reasons {
                seen.push_str(&language.reason(reason, whose, &at("us-west-2")));
                seen.push('\n');
            }
            seen.push_str(&language.not_usable(&reasons));
            seen.push('\n');
            seen.push_str(&language.asked_in(whose, Some(&at("eu-west-1"))));
            seen.push('\n');
        }
    }
    insta::assert_snapshot!(seen);
}
