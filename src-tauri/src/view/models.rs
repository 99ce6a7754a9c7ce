//! Regions and models, as the window shows them. The page has the sentences; here is what they are about.

use kiro_models::{
    Endpoint, Method, Reason, Region, Residency, Standing, Status, Who, Why, all, decide,
};
use kiro_sign_in::{Code, Grounds};
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
    /// What stands in the way of every model there, each once.
    #[ts(inline)]
    pub(crate) reasons: Vec<ReasonView>,
}

/// Why nobody can tell where the signed-in person may ask models.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct NoModelsView {
    #[ts(type = "string")]
    pub(crate) code: Code,
    /// The file concerned.
    pub(crate) path: Option<String>,
}

/// A model in a region.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
pub(crate) struct ModelView {
    pub(crate) title: String,
    pub(crate) experimental: bool,
    pub(crate) usable: bool,
    /// What stands in its way, and not in every other's there.
    #[ts(inline)]
    pub(crate) reasons: Vec<ReasonView>,
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

/// The regions of these grounds: first those where somebody can be asked, each in the catalogue's order, the asked one with
/// them though no model is offered there.
pub(crate) fn models(grounds: &Grounds) -> ModelsView {
    let Grounds {
        account,
        policy,
        catalogue,
        region,
        ..
    } = grounds;
    let offers = catalogue.models.iter().flat_map(|model| &model.offers);
    let mut names: Vec<&Region> = Vec::new();
    let asked = region.iter().filter(|_| !catalogue.models.is_empty());
    for name in offers.map(|offer| &offer.region).chain(asked) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let standings = all(account, policy, catalogue);
    let mut regions: Vec<RegionView> = names
        .into_iter()
        .map(|name| {
            let here = standings.iter().filter(|one| &one.offer.region == name);
            let mut models: Vec<ModelView> = here.map(ModelView::from).collect();
            let reasons = if models.is_empty() {
                let all = catalogue.models.iter();
                let mut nowhere: Vec<_> = all
                    .map(|model| reasons(&decide(account, policy, catalogue, &model.id, name)))
                    .collect();
                shared(&mut nowhere.iter_mut().collect::<Vec<_>>())
            } else {
                shared(
                    &mut models
                        .iter_mut()
                        .map(|model| &mut model.reasons)
                        .collect::<Vec<_>>(),
                )
            };
            RegionView {
                chosen: region.as_ref() == Some(name),
                name: name.to_string(),
                open: models.iter().any(|model| model.usable),
                models,
                reasons,
            }
        })
        .collect();
    regions.sort_by_key(|region| !region.open);
    ModelsView {
        residency: policy.residency.map(Residency::as_str).map(str::to_owned),
        managed: policy.managed,
        regions,
    }
}

impl From<&Standing<'_>> for ModelView {
    fn from(standing: &Standing<'_>) -> ModelView {
        ModelView {
            title: standing.model.title.clone(),
            experimental: standing.offer.status == Status::Experimental,
            usable: standing.decision.is_ok(),
            reasons: reasons(&standing.decision),
        }
    }
}

fn reasons(decision: &Result<Endpoint, Vec<Reason>>) -> Vec<ReasonView> {
    let mut views = Vec::new();
    for reason in decision.as_ref().err().into_iter().flatten() {
        let view = ReasonView {
            administrator: reason.who == Who::Administrator,
            ..about(&reason.why)
        };
        if !views.contains(&view) {
            views.push(view);
        }
    }
    views
}

/// Takes out what stands in every one's way.
fn shared(each: &mut [&mut Vec<ReasonView>]) -> Vec<ReasonView> {
    let first = each.first().map(|first| first.to_vec()).unwrap_or_default();
    let everywhere = |reason: &ReasonView| each.iter().all(|reasons| reasons.contains(reason));
    let shared: Vec<_> = first.into_iter().filter(everywhere).collect();
    for reasons in each {
        reasons.retain(|reason| !shared.contains(reason));
    }
    shared
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

    #[test]
    fn a_reason_of_one_model_is_told_of_that_one() {
        let mut both = grounds(Method::Okta, None, "us-east-1");
        let mut second = both.catalogue.models[0].clone();
        second.id = "second".to_owned();
        both.catalogue.models.push(second);
        both.policy.models = Some(["opus-4.6".to_owned()].into());
        let words = |reasons: &[ReasonView]| -> Vec<String> {
            reasons.iter().map(|one| one.reason.clone()).collect()
        };
        let regions = models(&both).regions;
        let seen: Vec<_> = regions
            .iter()
            .map(|region| {
                let each = region.models.iter().map(|model| words(&model.reasons));
                (
                    region.open,
                    words(&region.reasons),
                    each.collect::<Vec<_>>(),
                )
            })
            .collect();
        let none = Vec::new;
        let own = || vec!["not_approved".to_owned()];
        assert_eq!(
            seen,
            [
                (true, none(), vec![none(), own()]),
                (
                    false,
                    vec!["sign_in_method".to_owned()],
                    vec![none(), own()]
                ),
            ]
        );
    }

    #[test]
    fn the_asked_region_is_there_though_nothing_is_offered_in_it() {
        let mut elsewhere = grounds(Method::Okta, None, "eu-west-1");
        assert_eq!(
            lines(&elsewhere),
            [
                "us-east-1 open false",
                "eu-central-1 sign_in_method true",
                "*eu-west-1 not_in_region false"
            ]
        );
        elsewhere.catalogue = Catalogue::default();
        assert_eq!(lines(&elsewhere), [""; 0]);
    }
}
