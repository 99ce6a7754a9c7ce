//! Who asks: what of a session the decision needs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Region;

/// How somebody is signed in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Okta, directly.
    Okta,
    /// Microsoft Entra ID, directly.
    Entra,
    /// AWS IAM Identity Center, whatever is behind it.
    IdentityCenter,
}

/// Which models a person's groups give them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Plan {
    /// Nobody says: AWS does not, nor do Okta and Entra ID.
    #[default]
    Untold,
    /// These, by their ids in the catalogue.
    Models(BTreeSet<String>),
}

/// A signed-in account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// How it is signed in.
    pub method: Method,
    /// The region of Identity Center, which its token calls go to.
    pub region: Option<Region>,
    /// What its groups give it.
    pub plan: Plan,
}

impl Account {
    /// An account that is signed in so, of which nothing else is known.
    pub fn of(method: Method) -> Account {
        Account {
            method,
            region: None,
            plan: Plan::Untold,
        }
    }
}
