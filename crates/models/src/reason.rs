//! Why a model cannot be used, and who can change that.

use serde::Serialize;

use crate::{Method, Region, Residency};

/// One reason, and whose it is to change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// What stands in the way.
    #[serde(flatten)]
    pub why: Why,
    /// Who can change it.
    pub who: Who,
}

/// What stands in the way. The words are stable.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Why {
    /// The catalogue has no model of this id.
    UnknownModel,
    /// The model is not offered in this region, but in these.
    NotInRegion {
        /// Where it is offered.
        regions: Vec<Region>,
    },
    /// In this region the model is for others.
    SignInMethod {
        /// For whom it is.
        methods: Vec<Method>,
    },
    /// The organisation asks in this region alone.
    RegionFixed {
        /// That region.
        region: Region,
    },
    /// The region is outside.
    OutsideResidency {
        /// Where everything has to stay.
        residency: Residency,
    },
    /// The region is inside, but the model would answer from elsewhere, too.
    AnswersOutside {
        /// Where everything has to stay.
        residency: Residency,
    },
    /// The sign-in's own token calls leave: Identity Center is outside, or nobody knows where it is.
    SignInOutside {
        /// Where everything has to stay.
        residency: Residency,
        /// Where Identity Center is.
        region: Option<Region>,
    },
    /// The organisation has not approved the model.
    NotApproved,
    /// None of the person's groups gives them the model.
    NotInPlan,
    /// The organisation names no role to ask by.
    NoRole,
}

/// Who can change what stands in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The person who asks.
    Person,
    /// The organisation's administrator.
    Administrator,
}
