//! `cargo metadata`, cut down to what the rules read.

use serde_json::Value;

/// One package of the resolved graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: semver::Version,
    /// The SPDX expression, as the package states it.
    pub(crate) licence: Option<String>,
    /// Where it came from; absent for our own.
    pub(crate) source: Option<String>,
    /// Direct dependencies by name, of every kind and platform.
    pub(crate) dependencies: Vec<String>,
}

impl Package {
    /// Whether it is a member of this workspace.
    pub(crate) fn is_ours(&self) -> bool {
        self.source.is_none()
    }
}

/// The packages in an answer of `cargo metadata --format-version 1`.
pub(crate) fn parse(answer: &str) -> Vec<Package> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    answer["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).unwrap(),
            version: package["version"].as_str().unwrap().parse().unwrap(),
            licence: text(&package["license"]),
            source: text(&package["source"]),
            dependencies: package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

/// The graph of this checkout.
pub(crate) fn load() -> Vec<Package> {
    parse(&super::output(
        env!("CARGO"),
        &["metadata", "--format-version", "1", "--locked"],
    ))
}

/// A package for the examples of the rules.
pub(crate) fn example(name: &str, version: &str, licence: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.parse().unwrap(),
        licence: Some(licence.to_owned()),
        source: Some("registry+https://github.com/rust-lang/crates.io-index".to_owned()),
        dependencies: Vec::new(),
    }
}
