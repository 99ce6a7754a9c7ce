//! The decision: an endpoint, or every reason why not.

use serde::Serialize;

use crate::{
    Account, Catalogue, Method, Model, Offer, Plan, Policy, Reason, Region, Residency, Role,
    Status, Who, Why,
};

/// Where and how a model is asked.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Endpoint {
    /// The model's id in the catalogue.
    pub model: String,
    /// What the inference API calls it.
    pub identifier: String,
    /// The region that is asked, and no other.
    pub region: Region,
    /// How far the model is there.
    pub status: Status,
    /// The role to ask by.
    pub role: Role,
}

/// How somebody stands to a model in a region.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its offer in the region.
    pub offer: &'a Offer,
    /// The decision.
    pub decision: Result<Endpoint, Vec<Reason>>,
}

/// Whether this account may ask this model in this region: the endpoint, or the full list of what stands in the way, in the
/// order model, region, sign-in method, residency, approval, plan, role.
///
/// # Errors
/// The reasons, at least one.
pub fn decide(
    account: &Account,
    policy: &Policy,
    catalogue: &Catalogue,
    model: &str,
    region: &Region,
) -> Result<Endpoint, Vec<Reason>> {
    let mut reasons = Vec::new();
    // What an organisation has decided, the person has where the settings are their own.
    let decided = if policy.managed {
        Who::Administrator
    } else {
        Who::Person
    };
    let fixed = policy.region.as_ref().filter(|_| policy.region_fixed);
    let mut reason = |why, who| reasons.push(Reason { why, who });
    let known = catalogue.find(model);
    let offer = known.and_then(|known| known.offers.iter().find(|offer| &offer.region == region));
    match (known, offer) {
        (None, _) => reason(Why::UnknownModel, Who::Person),
        (Some(known), None) => {
            let regions = known.offers.iter().map(|offer| offer.region.clone());
            let regions = regions.collect();
            // A person names another where one is left to them.
            let left = |offer: &Offer| {
                let admits = |residency: Residency| residency.admits(&offer.region);
                offer.methods.contains(&account.method) && policy.residency.is_none_or(admits)
            };
            let who = if fixed.is_none() && known.offers.iter().any(left) {
                Who::Person
            } else {
                Who::Administrator
            };
            reason(Why::NotInRegion { regions }, who);
        }
        (Some(_), Some(offer)) if !offer.methods.contains(&account.method) => {
            let methods = offer.methods.clone();
            reason(Why::SignInMethod { methods }, Who::Administrator);
        }
        (Some(_), Some(_)) => {}
    }
    if let Some(fixed) = fixed.filter(|fixed| *fixed != region) {
        let region = fixed.clone();
        reason(Why::RegionFixed { region }, Who::Administrator);
    }
    let identifier = offer.and_then(|offer| {
        let mut identifiers = offer.identifiers.iter();
        identifiers.find(|identifier| match policy.residency {
            Some(residency) => residency.admits_identifier(identifier, region),
            None => true,
        })
    });
    if let Some(residency) = policy.residency {
        if !residency.admits(region) {
            reason(Why::OutsideResidency { residency }, decided);
        } else if offer.is_some() && identifier.is_none() {
            reason(Why::AnswersOutside { residency }, Who::Administrator);
        }
        let inside = |region: &Region| residency.admits(region);
        if account.method == Method::IdentityCenter && !account.region.as_ref().is_some_and(inside)
        {
            let region = account.region.clone();
            reason(Why::SignInOutside { residency, region }, decided);
        }
    }
    if known.is_some() {
        if policy
            .models
            .as_ref()
            .is_some_and(|approved| !approved.contains(model))
        {
            reason(Why::NotApproved, decided);
        }
        match &account.plan {
            Plan::Models(given) if !given.contains(model) => {
                reason(Why::NotInPlan, Who::Administrator);
            }
            Plan::Models(_) | Plan::Untold => {}
        }
    }
    if policy.role.is_none() {
        reason(Why::NoRole, decided);
    }
    match (offer, identifier, &policy.role) {
        (Some(offer), Some(identifier), Some(role)) if reasons.is_empty() => Ok(Endpoint {
            model: model.to_owned(),
            identifier: identifier.clone(),
            region: region.clone(),
            status: offer.status,
            role: role.clone(),
        }),
        _ => Err(reasons),
    }
}

/// How this account stands to every model in every region where it is offered.
pub fn all<'a>(account: &Account, policy: &Policy, catalogue: &'a Catalogue) -> Vec<Standing<'a>> {
    let models = catalogue.models.iter();
    let offers = models.flat_map(|model| model.offers.iter().map(move |offer| (model, offer)));
    offers
        .map(|(model, offer)| Standing {
            model,
            offer,
            decision: decide(account, policy, catalogue, &model.id, &offer.region),
        })
        .collect()
}

/// The model to ask when nobody names one: the first that may be asked in this region, else the first that is offered there,
/// else the catalogue's first.
pub fn model<'a>(
    account: &Account,
    policy: &Policy,
    catalogue: &'a Catalogue,
    region: &Region,
) -> Option<&'a Model> {
    let standings = all(account, policy, catalogue);
    let mut here: Vec<_> = standings
        .iter()
        .filter(|one| &one.offer.region == region)
        .collect();
    here.sort_by_key(|one| one.decision.is_err());
    let first = here.first().map(|one| one.model);
    first.or(catalogue.models.first())
}

/// The region to ask in: the organisation's where it is fixed, else the one that the person prefers, else the
/// organisation's, else the catalogue's first that the residency admits. `None` where there is none of them.
pub fn region(
    policy: &Policy,
    preferred: Option<&Region>,
    catalogue: &Catalogue,
) -> Option<Region> {
    let fixed = policy.region.as_ref().filter(|_| policy.region_fixed);
    let offers = catalogue.models.iter().flat_map(|model| &model.offers);
    let mut offered = offers.map(|offer| &offer.region);
    let first = || {
        offered.find(|region| {
            let admits = |residency: crate::Residency| residency.admits(region);
            policy.residency.is_none_or(admits)
        })
    };
    fixed
        .or(preferred)
        .or(policy.region.as_ref())
        .or_else(first)
        .cloned()
}
