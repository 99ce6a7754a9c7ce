//! The name of an AWS region.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Catalogue;

/// A region's name, such as `eu-central-1`: words of a-z with hyphens between, then a number. It becomes part of a host's
/// name, so nothing else is taken.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

/// The text cannot be a region's name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no region; there are models in {known}", known = known())]
pub struct BadRegion(String);

impl Region {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that it is in, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        match self.0.split('-').collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["eusc", ..] => "aws-eusc",
            ["us", "gov", ..] => "aws-us-gov",
            _ => "aws",
        }
    }
}

/// The built-in catalogue's regions, in its order.
fn known() -> String {
    let mut known: Vec<String> = Vec::new();
    for model in Catalogue::built_in().models {
        for offer in model.offers {
            let name = offer.region.0;
            if !known.contains(&name) {
                known.push(name);
            }
        }
    }
    known.join(", ")
}

impl FromStr for Region {
    type Err = BadRegion;

    fn from_str(text: &str) -> Result<Region, BadRegion> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        match parts.as_slice() {
            [area, words @ .., last]
                if text.len() <= 32
                    && (2..=4).contains(&area.len())
                    && word(area)
                    && !words.is_empty()
                    && words.iter().all(word)
                    && number(last) =>
            {
                Ok(Region(text.to_owned()))
            }
            _ => Err(BadRegion(text.chars().take(64).collect())),
        }
    }
}

impl TryFrom<String> for Region {
    type Error = BadRegion;

    fn try_from(text: String) -> Result<Region, BadRegion> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
