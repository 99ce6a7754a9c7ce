//! Regions and models, as the window shows them. The page has the sentences; here is what they are about.

use kiro_models::{Method, Residency, Standing, Status, Who, Why, all};
use kiro_sign_in::Grounds;
use serde::Serialize;
use ts_rs::TS;

use super::ProviderId;

/// The regions in which models are asked.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ModelsView {
    /// Where everything has to stay: `eu`, `us`.
    pub(crate) residency: Option<String>,
    /// The organisation's decisions are its administrator's.
    pub(crate) managed: bool,
    #[ts(inline)]
    pub(crate) regions: Vec<RegionView>,
}

/// One region.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct RegionView {
    pub(crate) name: String,
    /// It is the one that is asked.
    pub(crate) chosen: bool,
    /// A model can be asked there.
    pub(crate) open: bool,
    #[ts(inline)]
    pub(crate) models: Vec<ModelView>,
    /// What stands in the way there, each once.
    #[ts(inline)]
    pub(crate) reasons: Vec<ReasonView>,
}

/// A model in a region.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ModelView {
    pub(crate) title: String,
    pub(crate) experimental: bool,
    pub(crate) usable: bool,
}

/// What stands in the way of a model.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ReasonView {
    /// Its word, such as `sign_in_method`.
    pub(crate) reason: String,
    /// An administrator can change it; else the person.
    pub(crate) administrator: bool,
    /// For whom the model is.
    pub(crate) methods: Vec<ProviderId>,
    /// The region that it is about.
    pub(crate) region: Option<String>,
}

/// The regions of these grounds: first those where somebody can be asked, each in the catalogue's order.
pub(crate) fn models(grounds: &Grounds) -> ModelsView {
    let mut regions: Vec<RegionView> = Vec::new();
    for standing in all(&grounds.account, &grounds.policy, &grounds.catalogue) {
        let name = standing.offer.region.to_string();
        let at = regions.iter().position(|region| region.name == name);
        let at = at.unwrap_or_else(|| {
            regions.push(RegionView {
                chosen: grounds.region.as_ref() == Some(&standing.offer.region),
                name,
                open: false,
                models: Vec::new(),
                reasons: Vec::new(),
            });
            regions.len() - 1
        });
        if let Some(region) = regions.get_mut(at) {
            region.add(&standing);
        }
    }
    regions.sort_by_key(|region| !region.open);
    ModelsView {
        residency: grounds
            .policy
            .residency
            .map(Residency::as_str)
            .map(str::to_owned),
        managed: grounds.policy.managed,
        regions,
    }
}

impl RegionView {
    fn add(&mut self, standing: &Standing<'_>) {
        let usable = standing.decision.is_ok();
        self.open |= usable;
        self.models.push(ModelView {
            title: standing.model.title.clone(),
            experimental: standing.offer.status == Status::Experimental,
            usable,
        });
        for reason in standing.decision.as_ref().err().into_iter().flatten() {
            let view = ReasonView {
                administrator: reason.who == Who::Administrator,
                ..about(&reason.why)
            };
            if !self.reasons.contains(&view) {
                self.reasons.push(view);
            }
        }
    }
}

fn about(why: &Why) -> ReasonView {
    let view = |reason: &str| ReasonView {
        reason: reason.to_owned(),
        administrator: false,
        methods: Vec::new(),
        region: None,
    };
    match why {
        Why::UnknownModel => view("unknown_model"),
        Why::NotInRegion { .. } => view("not_in_region"),
        Why::SignInMethod { methods } => ReasonView {
            methods: methods.iter().copied().map(ProviderId::from).collect(),
            ..view("sign_in_method")
        },
        Why::RegionFixed { region } => ReasonView {
            region: Some(region.to_string()),
            ..view("region_fixed")
        },
        Why::OutsideResidency { .. } => view("outside_residency"),
        Why::AnswersOutside { .. } => view("answers_outside"),
        Why::SignInOutside { region, .. } => ReasonView {
            region: region.as_ref().map(ToString::to_string),
            ..view("sign_in_outside")
        },
        Why::NotApproved => view("not_approved"),
        Why::NotInPlan => view("not_in_plan"),
        Why::NoRole => view("no_role"),
    }
}

impl From<Method> for ProviderId {
    fn from(method: Method) -> ProviderId {
        match method {
            Method::Okta => ProviderId::Okta,
            Method::Entra => ProviderId::Entra,
            Method::IdentityCenter => ProviderId::IdentityCenter,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use kiro_models::{Account, Catalogue, Policy, Role};

    use super::*;

    fn grounds(method: Method, residency: Option<Residency>, region: &str) -> Grounds {
        let role = Role {
            account: "111122223333".to_owned(),
            name: "Kiro".to_owned(),
        };
        Grounds {
            account: Account {
                region: Some("eu-central-1".parse().unwrap()),
                ..Account::of(method)
            },
            policy: Policy {
                residency,
                role: Some(role),
                managed: true,
                ..Policy::default()
            },
            catalogue: Catalogue::built_in(),
            region: Some(region.parse().unwrap()),
            contact: None,
        }
    }

    /// Each region on one line: `*` chosen, `open` or the words of what stands in the way.
    fn lines(grounds: &Grounds) -> Vec<String> {
        let regions = models(grounds).regions.into_iter().map(|region| {
            let mark = if region.chosen { "*" } else { "" };
            let reasons: Vec<_> = region.reasons.into_iter().map(|one| one.reason).collect();
            let standing = if region.open {
                "open".to_owned()
            } else {
                reasons.join("+")
            };
            let experimental = region.models.iter().any(|model| model.experimental);
            format!("{mark}{} {standing} {experimental}", region.name)
        });
        regions.collect()
    }

    #[test]
    fn each_region_is_open_or_says_what_stands_in_the_way() {
        assert_eq!(
            lines(&grounds(Method::Okta, None, "us-east-1")),
            ["*us-east-1 open false", "eu-central-1 sign_in_method true"]
        );
        let stays = grounds(Method::IdentityCenter, Some(Residency::Eu), "eu-central-1");
        assert_eq!(
            lines(&stays),
            [
                "*eu-central-1 open true",
                "us-east-1 outside_residency false"
            ]
        );
        let view = models(&stays);
        assert_eq!(
            (view.residency.as_deref(), view.managed),
            (Some("eu"), true)
        );
    }

    #[test]
    fn a_reason_that_two_models_share_is_told_once() {
        let mut both = grounds(Method::Okta, None, "us-east-1");
        let mut second = both.catalogue.models[0].clone();
        second.id = "second".to_owned();
        both.catalogue.models.push(second);
        both.policy.role = None;
        let regions = models(&both).regions;
        assert_eq!(regions.len(), 2);
        assert_eq!((regions[0].models.len(), regions[0].reasons.len()), (2, 1));
    }
}
