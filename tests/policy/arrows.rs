//! Who may depend on whom: the fenced `arrows` block of `ARCHITECTURE.md` is the rule, `cargo metadata` the fact.
//!
//! `a → b, c` allows a's dependencies on b and c; a member without a line may have none of ours. `a ⊘ x, y` forbids a's
//! direct dependency on x and y, and `* ⊘ x` everybody's who has no arrow to x.

use crate::metadata::{self, Package};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default, PartialEq, Eq)]
struct Arrows {
    allowed: BTreeMap<String, BTreeSet<String>>,
    forbidden: BTreeMap<String, BTreeSet<String>>,
}

fn parse(document: &str) -> Arrows {
    let block = document
        .split_once("```arrows\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("a fenced block `arrows`")
        .0;
    let mut arrows = Arrows::default();
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        let (table, from, to) = if let Some((from, to)) = line.split_once('→') {
            (&mut arrows.allowed, from, to)
        } else if let Some((from, to)) = line.split_once('⊘') {
            (&mut arrows.forbidden, from, to)
        } else {
            panic!("neither → nor ⊘: {line}")
        };
        let to = to.split(',').map(|name| name.trim().to_owned());
        table.entry(from.trim().to_owned()).or_default().extend(to);
    }
    arrows
}

fn complaints(packages: &[Package], arrows: &Arrows) -> Vec<String> {
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package.is_ours())
        .map(|package| package.name.as_str())
        .collect();
    let mut complaints = Vec::new();
    for name in arrows.allowed.keys().chain(arrows.forbidden.keys()) {
        if name != "*" && !ours.contains(name.as_str()) {
            complaints.push(format!("{name} has arrows but is no member"));
        }
    }
    let holds = |table: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str| {
        table.get(from).is_some_and(|set| set.contains(to))
    };
    for package in packages.iter().filter(|package| package.is_ours()) {
        for to in &package.dependencies {
            let allowed = holds(&arrows.allowed, &package.name, to);
            if ours.contains(to.as_str()) && !allowed {
                complaints.push(format!("{} → {to} is not an arrow", package.name));
            }
            let forbidden = holds(&arrows.forbidden, &package.name, to)
                || (holds(&arrows.forbidden, "*", to) && !allowed);
            if forbidden {
                complaints.push(format!("{} ⊘ {to}, yet it depends on it", package.name));
            }
        }
    }
    complaints
}

#[test]
fn dependencies_follow_the_arrows() {
    let arrows = parse(&super::read("ARCHITECTURE.md"));
    super::none(&complaints(&metadata::load(), &arrows));
}

#[test]
fn any_other_arrow_fails() {
    let arrows =
        parse("```arrows\nshell → flow\nflow → file\nflow ⊘ tauri\n* ⊘ gtk\nshell → gtk\n```");
    let member = |name: &str, dependencies: &[&str]| Package {
        source: None,
        dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
        ..metadata::example(name, "1.0.0", "MIT")
    };
    let check = |shell: &[&str], flow: &[&str], file: &[&str], expected: &[&str]| {
        let packages = [
            member("shell", shell),
            member("flow", flow),
            member("file", file),
        ];
        assert_eq!(complaints(&packages, &arrows), expected);
    };
    check(&["flow", "gtk", "serde"], &["file"], &[], &[]);
    check(&["file"], &[], &[], &["shell → file is not an arrow"]);
    check(&[], &["shell"], &[], &["flow → shell is not an arrow"]);
    check(
        &[],
        &["tauri"],
        &[],
        &["flow ⊘ tauri, yet it depends on it"],
    );
    check(&[], &[], &["gtk"], &["file ⊘ gtk, yet it depends on it"]);
    let gone = [member("shell", &[])];
    assert_eq!(
        complaints(&gone, &arrows),
        [
            "flow has arrows but is no member",
            "flow has arrows but is no member"
        ]
    );
}
