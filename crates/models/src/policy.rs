//! What an organisation has decided.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Region, Residency};

/// The role in an AWS account by which models are asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Role {
    /// The account's twelve digits.
    pub account: String,
    /// The role's name; in Identity Center, the permission set's.
    pub name: String,
}

/// What an organisation has decided. The default is an organisation that has decided nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// Where everything has to stay.
    pub residency: Option<Residency>,
    /// The region to ask in when nobody names one.
    pub region: Option<Region>,
    /// No other region may be asked than that one.
    pub region_fixed: bool,
    /// The models that are approved, by their ids; `None` approves all.
    pub models: Option<BTreeSet<String>>,
    /// The role.
    pub role: Option<Role>,
    /// The administrator's, and not the person's own settings.
    pub managed: bool,
}
