//! Where an organisation's data has to stay, and what may be asked then.

use serde::{Deserialize, Serialize};

use crate::Region;

/// Where everything that is sent has to stay.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Residency {
    /// In member states of the European Union.
    Eu,
    /// In the United States.
    Us,
}

/// AWS's regions in member states. London (`eu-west-2`) and Zurich (`eu-central-2`) are in none.
const EU: [&str; 7] = [
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-3",
    "eusc-de-east-1",
];
/// What AWS's hosts end with; which one depends on the partition and on IPv6.
const SUFFIXES: [&str; 5] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.eu",
];

impl Residency {
    /// The word in files and JSON: `eu`, `us`.
    pub fn as_str(self) -> &'static str {
        match self {
            Residency::Eu => "eu",
            Residency::Us => "us",
        }
    }

    /// The residency that this region is inside of, if it is of one.
    pub fn of(region: &Region) -> Option<Residency> {
        let mut all = [Residency::Eu, Residency::Us].into_iter();
        all.find(|residency| residency.admits(region))
    }

    /// Whether what is sent to this region stays.
    pub fn admits(self, region: &Region) -> bool {
        match self {
            Residency::Eu => EU.contains(&region.as_str()),
            Residency::Us => region.as_str().starts_with("us-"),
        }
    }

    /// Whether a model by this identifier answers from inside, when it is asked in this region.
    ///
    /// A plain model answers from the region itself. An inference profile may answer from any region of the area that it
    /// begins with, and `global.` from everywhere. What cannot be told (an application's profile names no area, and a first
    /// word may be one that is not known yet) is not admitted; the ARN of a `foundation-model` says it beyond doubt.
    pub fn admits_identifier(self, identifier: &str, region: &Region) -> bool {
        if !self.admits(region) {
            return false;
        }
        let Some(arn) = identifier.strip_prefix("arn:") else {
            return self.admits_name(identifier);
        };
        let [_partition, _bedrock, place, _account, resource] =
            arn.splitn(5, ':').collect::<Vec<_>>()[..]
        else {
            return false;
        };
        let inside = place.parse().is_ok_and(|place| self.admits(&place));
        inside
            && match resource.split_once('/') {
                Some(("inference-profile", name)) => self.admits_name(name),
                Some(("foundation-model" | "provisioned-model", _)) => true,
                Some(_) | None => false,
            }
    }

    fn admits_name(self, name: &str) -> bool {
        match name.split('.').collect::<Vec<_>>()[..] {
            [_vendor, _model] => true,
            [area, _, _, ..] => match self {
                Residency::Eu => area == "eu",
                Residency::Us => matches!(area, "us" | "us-gov"),
            },
            _ => false,
        }
    }

    /// Whether what is sent to this host stays: this computer itself, and AWS's hosts that name a region inside. A host
    /// that names none (`sts.amazonaws.com`) may be anywhere.
    pub fn admits_host(self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = match host.parse::<std::net::IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost",
        };
        if loopback {
            return true;
        }
        let Some(labels) = aws_labels(host) else {
            return false;
        };
        let mut regions = labels
            .split('.')
            .filter_map(|label| label.parse::<Region>().ok())
            .peekable();
        regions.peek().is_some() && regions.all(|region| self.admits(&region))
    }

    /// Whether an organisation may have an Identity Center of its own at this host, and be believed about where that is.
    /// Only what AWS's hosts say of themselves contradicts it.
    pub fn admits_own_host(self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        aws_labels(host).is_none() || self.admits_host(host)
    }
}

/// What stands before the end of a host of AWS's; `None` for anybody else's.
fn aws_labels(host: &str) -> Option<&str> {
    SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix))
}
