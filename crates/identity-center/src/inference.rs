//! What an organisation has decided about models for its people's computers: where its data stays, where and by which role models
//! are asked. The service asks none itself; it writes this into the clients' `organizations.toml`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{is_account_id, is_role_name};
use crate::plan::{MOST, is_model};

/// What an organisation has decided. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Inference {
    /// Where everything that people's computers send has to stay; anywhere without.
    pub residency: Option<Residency>,
    /// The AWS region that is asked when nobody names one.
    #[schema(pattern = "^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", max_length = 32)]
    pub region: Option<String>,
    /// No other region may be asked than that one.
    pub region_locked: bool,
    /// By which role models are asked.
    pub role: Option<AskedBy>,
    /// The models that are approved, by their names in the clients' catalogue; all without.
    #[schema(value_type = Option<Vec<String>>)]
    pub models: Option<BTreeSet<String>>,
}

/// A role in an AWS account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedBy {
    /// The account's twelve digits.
    #[schema(pattern = "^[0-9]{12}$")]
    pub account: String,
    /// The permission set's name.
    #[schema(pattern = "^[A-Za-z0-9+=,.@_-]{1,32}$")]
    pub name: String,
}

/// Where everything has to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Residency {
    /// In member states of the European Union.
    Eu,
    /// In the United States.
    Us,
}

/// AWS's regions in member states, as the clients have them (a policy test compares). London (`eu-west-2`) and Zurich
/// (`eu-central-2`) are in none.
const EU: [&str; 7] = [
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-3",
    "eusc-de-east-1",
];

/// What AWS's hosts end with, as the clients have it, too.
const SUFFIXES: [&str; 5] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.eu",
];

/// Why clients could not use it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is no region's name.
    #[error("that is no region")]
    Region,
    /// No region is named that could be the only one.
    #[error("the region that people cannot leave is not named")]
    NoRegion,
    /// The role cannot be one.
    #[error("an account’s id is twelve digits, a role’s name 1 to 32 letters, digits and +=,.@_-")]
    Role,
    /// It is no model's name, or there are too many.
    #[error("a model is called like opus-4.6, and 1 to {MOST} are approved")]
    Model,
    /// A client would refuse all of its settings.
    #[error("{0} is outside of where everything has to stay")]
    Outside(String),
    /// The same, because of where this service says that it is.
    #[error(
        "{0}, the `region` of this service’s settings, is outside of where everything has to stay"
    )]
    Home(String),
    /// The same, because of whom it sends people, or what it says of them, to.
    #[error(
        "{0}, an address in this service’s settings, is outside of where everything has to stay"
    )]
    Host(String),
}

impl Inference {
    /// Whether clients can use it, of an Identity Center that says it is in `home` and sends people, or what it says of them, to
    /// these hosts.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn usable(&self, home: &str, hosts: &[&str]) -> Result<(), Unusable> {
        let region = self.region.as_deref();
        if !region.is_none_or(is_region) {
            return Err(Unusable::Region);
        }
        if self.region_locked && region.is_none() {
            return Err(Unusable::NoRegion);
        }
        let role = self.role.as_ref();
        if !role.is_none_or(|role| is_account_id(&role.account) && is_role_name(&role.name)) {
            return Err(Unusable::Role);
        }
        let approved = self.models.as_ref();
        if !approved.is_none_or(|models| {
            (1..=MOST).contains(&models.len()) && models.iter().all(|model| is_model(model))
        }) {
            return Err(Unusable::Model);
        }
        let outside = |region: &&str| {
            let stays = |residency: Residency| residency.admits(region);
            !self.residency.is_none_or(stays)
        };
        if let Some(region) = region.filter(outside) {
            return Err(Unusable::Outside(region.to_owned()));
        }
        if outside(&home) {
            return Err(Unusable::Home(home.to_owned()));
        }
        match hosts.iter().find(|host| !self.keeps(host)) {
            Some(host) => Err(Unusable::Host((*host).to_owned())),
            None => Ok(()),
        }
    }

    /// Whether what is sent to this host stays where everything has to. An organisation's own is believed; AWS's say where they are,
    /// and one that does not may be anywhere.
    #[must_use]
    pub fn keeps(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let labels = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix));
        let (Some(residency), Some(labels)) = (self.residency, labels) else {
            return true;
        };
        let mut regions = labels
            .split('.')
            .filter(|label| is_region(label))
            .peekable();
        regions.peek().is_some() && regions.all(|region| residency.admits(region))
    }
}

impl Residency {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Residency::Eu => "eu",
            Residency::Us => "us",
        }
    }

    /// Whether the clients take this region for one inside.
    fn admits(self, region: &str) -> bool {
        match self {
            Residency::Eu => EU.contains(&region),
            Residency::Us => region.starts_with("us-"),
        }
    }
}

/// Words of a-z with hyphens between, then a number, as the clients want it.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [area, words @ .., last] => {
            text.len() <= 32
                && (2..=4).contains(&area.len())
                && word(area)
                && !words.is_empty()
                && words.iter().all(word)
                && !last.is_empty()
                && last.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_would_refuse_is_refused_here() {
        let check =
            |change: &dyn Fn(&mut Inference), home: &str, expected: Result<(), Unusable>| {
                let mut inference = Inference::default();
                change(&mut inference);
                assert_eq!(
                    inference.usable(home, &[]),
                    expected,
                    "{inference:?} {home}"
                );
            };
        let role = |account: &str, name: &str| {
            Some(AskedBy {
                account: account.to_owned(),
                name: name.to_owned(),
            })
        };
        let region = |name: &str| Some(name.to_owned());
        let outside = |region: &str| Err(Unusable::Outside(region.to_owned()));
        let elsewhere = |home: &str| Err(Unusable::Home(home.to_owned()));
        check(&|_| {}, "us-east-1", Ok(()));
        check(
            &|it| it.region = region("eu-central-1"),
            "us-east-1",
            Ok(()),
        );
        for bad in [
            "",
            "eu",
            "eu-1",
            "EU-CENTRAL-1",
            "eu-central-1.evil.test",
            "europe-west-1",
        ] {
            check(
                &|it| it.region = region(bad),
                "us-east-1",
                Err(Unusable::Region),
            );
        }
        check(
            &|it| it.region_locked = true,
            "us-east-1",
            Err(Unusable::NoRegion),
        );
        check(
            &|it| it.role = role("111122223333", "Kiro"),
            "us-east-1",
            Ok(()),
        );
        for (account, name) in [
            ("1111", "Kiro"),
            ("111122223333", "a/b"),
            ("111122223333", ""),
        ] {
            check(
                &|it| it.role = role(account, name),
                "us-east-1",
                Err(Unusable::Role),
            );
        }
        for models in [vec![], vec!["Opus"], vec!["opus 4"]] {
            let models: BTreeSet<String> = models.into_iter().map(str::to_owned).collect();
            check(
                &|it| it.models = Some(models.clone()),
                "us-east-1",
                Err(Unusable::Model),
            );
        }
        let eu = |it: &mut Inference| it.residency = Some(Residency::Eu);
        check(&eu, "eu-central-1", Ok(()));
        check(&eu, "us-east-1", elsewhere("us-east-1"));
        for foreign in ["eu-west-2", "eu-central-2", "eu-isoe-west-1"] {
            check(&eu, foreign, elsewhere(foreign));
        }
        let both = |it: &mut Inference| {
            eu(it);
            it.region = region("us-east-1");
        };
        check(&both, "eu-central-1", outside("us-east-1"));
        check(
            &|it| it.residency = Some(Residency::Us),
            "us-west-2",
            Ok(()),
        );
        check(
            &|it| it.residency = Some(Residency::Us),
            "eu-west-1",
            elsewhere("eu-west-1"),
        );
    }

    #[test]
    fn only_a_host_of_aws_s_contradicts_where_it_is_said_to_be() {
        let check = |residency, host: &str, expected| {
            let inference = Inference {
                residency,
                ..Inference::default()
            };
            assert_eq!(inference.keeps(host), expected, "{residency:?} {host}");
            let home = if residency == Some(Residency::Us) {
                "us-east-1"
            } else {
                "eu-central-1"
            };
            let usable = inference.usable(home, &["id.acme.example", host]);
            let outside = Err(Unusable::Host(host.to_owned()));
            assert_eq!(usable, if expected { Ok(()) } else { outside }, "{host}");
        };
        let (eu, us) = (Some(Residency::Eu), Some(Residency::Us));
        for own in ["id.acme.example", "127.0.0.1", "amazonaws.com.acme.example"] {
            check(eu, own, true);
        }
        for inside in [
            "sts.eu-central-1.amazonaws.com",
            "ic-1.eu-west-1.elb.amazonaws.com",
            "sts.eusc-de-east-1.amazonaws.eu",
            "sts.eu-north-1.api.aws",
            "sts.eu-central-1.amazonaws.com.",
        ] {
            check(eu, inside, true);
            check(us, inside, false);
        }
        for outside in [
            "sts.amazonaws.com",
            "sts.us-east-1.amazonaws.com",
            "ic-1.us-east-1.elb.amazonaws.com",
            "sts.eu-west-2.amazonaws.com",
            "eu-central-1.sts.us-east-1.amazonaws.com",
            "sts.us-east-1.amazonaws.com.",
            "sts.cn-north-1.amazonaws.com.cn",
        ] {
            check(eu, outside, false);
            check(None, outside, true);
        }
        check(us, "sts.us-east-1.amazonaws.com", true);
    }
}
