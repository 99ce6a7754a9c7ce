//! What may be linked: the licences, bans, version floors and sources of `deny.toml`, held against `cargo metadata`.

use crate::licence;
use crate::metadata::{self, Package};
use toml::{Table, Value};

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}

fn licence_complaints(packages: &[Package], rules: &Table) -> Vec<String> {
    let rules = &rules["licenses"];
    let allow = strings(&rules["allow"]);
    let exceptions = rules["exceptions"].as_array().unwrap();
    let accepts = |package: &Package, name: &str| {
        allow.contains(&name)
            || exceptions.iter().any(|exception| {
                exception["crate"].as_str() == Some(package.name.as_str())
                    && strings(&exception["allow"]).contains(&name)
            })
    };
    let mut complaints: Vec<String> = packages
        .iter()
        .filter(|package| {
            let stated = package.licence.as_deref().unwrap_or_default();
            !licence::satisfied(stated, &|name| accepts(package, name))
        })
        .map(|package| {
            let stated = package.licence.as_deref().unwrap_or("no licence");
            format!("{} {}: {stated}", package.name, package.version)
        })
        .collect();
    for exception in exceptions {
        let name = exception["crate"].as_str().unwrap();
        if !packages.iter().any(|package| package.name == name) {
            complaints.push(format!("{name}: the exception is no longer needed"));
        }
    }
    complaints
}

fn ban_complaints(packages: &[Package], rules: &Table) -> Vec<String> {
    let mut complaints = Vec::new();
    for ban in rules["bans"]["deny"].as_array().unwrap() {
        let spec = ban["crate"].as_str().unwrap();
        let (name, versions) = spec.split_once(':').unwrap_or((spec, "*"));
        let versions: semver::VersionReq = versions.parse().unwrap();
        for package in packages {
            if package.name == name && versions.matches(&package.version) {
                let reason = ban["reason"].as_str().unwrap();
                complaints.push(format!("{name} {}: {reason}", package.version));
            }
        }
    }
    complaints
}

fn source_complaints(packages: &[Package], rules: &Table) -> Vec<String> {
    let allow = strings(&rules["sources"]["allow-registry"]);
    packages
        .iter()
        .filter_map(|package| Some((package, package.source.as_deref()?)))
        .filter(|(_, source)| {
            !source
                .strip_prefix("registry+")
                .is_some_and(|registry| allow.contains(&registry))
        })
        .map(|(package, source)| format!("{}: from {source}", package.name))
        .collect()
}

fn rules() -> Table {
    super::read("deny.toml").parse().unwrap()
}

#[test]
fn licences_are_on_the_list() {
    super::none(&licence_complaints(&metadata::load(), &rules()));
}

#[test]
fn nothing_banned_is_linked() {
    super::none(&ban_complaints(&metadata::load(), &rules()));
}

#[test]
fn every_package_comes_from_the_registry() {
    super::none(&source_complaints(&metadata::load(), &rules()));
}

#[test]
fn the_rules_of_the_tree_refuse_bad_packages() {
    let rules = rules();
    let good = metadata::load();
    let check = |complaints: fn(&[Package], &Table) -> Vec<String>, bad: Package| {
        let mut packages = good.clone();
        packages.push(bad);
        assert_eq!(complaints(&packages, &rules).len(), 1);
    };
    let example = metadata::example;
    check(licence_complaints, example("strange", "1.0.0", "AGPL-3.0"));
    check(licence_complaints, example("serde", "9.0.0", "MPL-2.0"));
    let unlicensed = Package {
        licence: None,
        ..example("unlicensed", "1.0.0", "")
    };
    check(licence_complaints, unlicensed);
    check(ban_complaints, example("openssl", "0.10.1", "MIT"));
    check(ban_complaints, example("native-tls", "0.2.0", "MIT"));
    check(
        ban_complaints,
        example("tauri-plugin-shell", "2.2.0", "MIT"),
    );
    check(ban_complaints, example("tauri", "2.11.0", "MIT"));
    check(ban_complaints, example("jsonwebtoken", "10.2.9", "MIT"));
    check(ban_complaints, example("blocking", "1.7.0", "MIT"));
    check(
        ban_complaints,
        example("tracing-subscriber", "0.3.19", "MIT"),
    );
    let from_git = Package {
        source: Some("git+https://example.com/serde".to_owned()),
        ..example("serde", "9.0.0", "MIT")
    };
    check(source_complaints, from_git);
}

#[test]
fn an_exception_without_a_package_is_refused() {
    let packages: Vec<Package> = metadata::load()
        .into_iter()
        .filter(|package| package.name != "webdriver")
        .collect();
    assert_eq!(licence_complaints(&packages, &rules()).len(), 1);
}
