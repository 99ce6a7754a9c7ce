//! Which model is offered where: data, built in or the administrator's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Method, Region};

const BUILT_IN: &str = include_str!("catalogue.toml");

/// All models that are known here, in the order in which they are shown.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The models.
    #[serde(default)]
    pub models: Vec<Model>,
}

/// A model.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in commands and files: `[a-z0-9][a-z0-9.-]{0,63}`.
    pub id: String,
    /// Its name in sentences.
    pub title: String,
    /// Who makes it.
    pub vendor: String,
    /// Where it can be asked.
    pub offers: Vec<Offer>,
}

/// A model in a region.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The region.
    pub region: Region,
    /// How far it is.
    pub status: Status,
    /// For whom.
    pub methods: Vec<Method>,
    /// What the inference API calls it; the first that may be used is.
    pub identifiers: Vec<String>,
}

/// How far a model is in a region.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// For work.
    Available,
    /// To be tried, and shown as such.
    Experimental,
}

/// The text is no catalogue.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BadCatalogue(String);

impl Catalogue {
    /// The catalogue that the programs come with.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn built_in() -> Catalogue {
        #[expect(clippy::expect_used, reason = "a constant; a test reads it")]
        Catalogue::parse(BUILT_IN).expect("a catalogue")
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// With the place and the reason.
    pub fn parse(text: &str) -> Result<Catalogue, BadCatalogue> {
        let catalogue: Catalogue =
            toml::from_str(text).map_err(|error| BadCatalogue(error.to_string()))?;
        let mut ids = BTreeSet::new();
        for model in &catalogue.models {
            check(model).map_err(|why| BadCatalogue(format!("model `{}`: {why}", model.id)))?;
            if !ids.insert(&model.id) {
                return Err(BadCatalogue(format!("model `{}` stands twice", model.id)));
            }
        }
        Ok(catalogue)
    }

    /// The model of this id.
    pub fn find(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }
}

/// Whether a model can be called so in commands and files: `[a-z0-9][a-z0-9.-]{0,63}`.
pub fn is_model_id(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn check(model: &Model) -> Result<(), String> {
    if !is_model_id(&model.id) {
        return Err("an id has 1 to 64 of a-z, 0-9, `.` and `-`".to_owned());
    }
    let mut regions = BTreeSet::new();
    for offer in &model.offers {
        let region = &offer.region;
        if !regions.insert(region) {
            return Err(format!("{region} stands twice"));
        }
        if offer.methods.is_empty() {
            return Err(format!("{region} is for nobody: `methods` is empty"));
        }
        // They become part of a path; ARNs have `:` and `/`.
        let fits = |identifier: &String| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:/".contains(&b);
            (1..=2048).contains(&identifier.len()) && identifier.bytes().all(allowed)
        };
        if offer.identifiers.is_empty() || !offer.identifiers.iter().all(fits) {
            return Err(format!("{region} needs `identifiers` as Bedrock has them"));
        }
    }
    Ok(())
}
