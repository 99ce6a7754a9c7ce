//! `credentials.json` as it lies on the disk: parsing, refusing, serialising.
//!
//! Public parts stay the JSON they were read as: what is authenticated is that JSON, not our
//! reading of it, and an older program must not lose what a newer one wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::canonical;
use crate::key::{Kdf, KeyId, KeySource};
use crate::profile::ProfileName;
use crate::seal::Sealed;
use crate::session::Public;

pub(crate) const FORMAT: &str = "kiro-credentials";
pub(crate) const VERSION: u64 = 1;
/// The largest number that every JSON reader holds exactly: 2^53 - 1.
pub(crate) const LARGEST: u64 = (1 << 53) - 1;
/// 1 MiB.
pub(crate) const LIMIT: usize = 1024 * 1024;

/// What the file says about one key. The key itself is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// Where it is kept.
    pub source: KeySource,
    /// How it is derived; only for `passphrase`.
    #[serde(default)]
    pub kdf: Option<Kdf>,
    /// What a newer program added.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) format: String,
    pub(crate) version: u64,
    pub(crate) min_reader: u64,
    pub(crate) generation: u64,
    pub(crate) written_by: String,
    pub(crate) keys: BTreeMap<KeyId, KeyEntry>,
    pub(crate) active: ProfileName,
    pub(crate) profiles: BTreeMap<ProfileName, Profile>,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) public: Value,
    pub(crate) sealed: Sealed,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// Why bytes are not a document.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Newer { min_reader: u64 },
    Damaged { why: String },
}

impl Document {
    pub(crate) fn empty() -> Document {
        Document {
            format: FORMAT.to_owned(),
            version: VERSION,
            min_reader: 1,
            generation: 0,
            written_by: String::new(),
            keys: BTreeMap::new(),
            active: ProfileName::default(),
            profiles: BTreeMap::new(),
            unknown: Map::new(),
        }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Document, Unreadable> {
        let damaged = |why: String| Unreadable::Damaged { why };
        let value = canonical::parse(bytes).map_err(|error| damaged(error.to_string()))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(damaged("`format` is not kiro-credentials".to_owned()));
        }
        // Before anything else is looked at: a newer file may mean other things by it.
        match value.get("min_reader").and_then(Value::as_u64) {
            Some(min_reader) if min_reader > VERSION => {
                return Err(Unreadable::Newer { min_reader });
            }
            Some(_) => {}
            None => return Err(damaged("`min_reader` is missing".to_owned())),
        }
        let document: Document =
            serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
        for profile in document.profiles.values() {
            profile
                .public()
                .map_err(|error| damaged(error.to_string()))?;
        }
        Ok(document)
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The associated data under which this profile is sealed.
    pub(crate) fn associated_data(&self, name: &ProfileName, public: &Value) -> Vec<u8> {
        canonical::canonical(&serde_json::json!({
            "format": self.format, "version": self.version, "profile": name.as_str(), "public": public,
        }))
    }

    /// Takes the profile out; `false` when it was not there.
    pub(crate) fn forget(&mut self, name: &ProfileName) -> bool {
        let removed = self.profiles.remove(name).is_some();
        if removed && self.active == *name {
            self.active = self.profiles.keys().next().cloned().unwrap_or_default();
        }
        removed
    }
}

impl Profile {
    pub(crate) fn public(&self) -> Result<Public, serde_json::Error> {
        Public::deserialize(&self.public)
    }
}
