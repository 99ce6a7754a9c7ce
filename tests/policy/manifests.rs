//! Each member takes its lints, version and licence from the workspace, and its dependencies' versions too.

use toml::{Table, Value};

fn complaints(path: &str, manifest: &Table) -> Vec<String> {
    let inherits = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true))
    };
    let mut complaints = Vec::new();
    if !inherits(manifest.get("lints")) {
        complaints.push(format!("{path}: [lints] is not the workspace's"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !inherits(manifest["package"].get(key)) {
            complaints.push(format!("{path}: {key} is not the workspace's"));
        }
    }
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table))
        .chain([manifest]);
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in table
                .get(kind)
                .and_then(Value::as_table)
                .into_iter()
                .flatten()
            {
                if !inherits(Some(value)) {
                    complaints.push(format!(
                        "{path}: the version of {name} is not the workspace's"
                    ));
                }
            }
        }
    }
    complaints
}

#[test]
fn members_inherit() {
    let root: Table = super::read("Cargo.toml").parse().unwrap();
    let members = root["workspace"]["members"].as_array().unwrap();
    assert!(!members.is_empty());
    for member in members {
        let path = format!("{}/Cargo.toml", member.as_str().unwrap());
        super::none(&complaints(&path, &super::read(&path).parse().unwrap()));
    }
}

#[test]
fn a_member_with_rules_of_its_own_is_refused() {
    let check = |from: &str, to: &str, expected: &str| {
        let good = super::read("crates/cli/Cargo.toml");
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad);
        assert_eq!(complaints("x", &bad.parse().unwrap()), [expected]);
    };
    check(
        "[lints]\nworkspace = true\n",
        "",
        "x: [lints] is not the workspace's",
    );
    check(
        "license.workspace = true",
        "license = \"MIT\"",
        "x: license is not the workspace's",
    );
    check(
        "serde.workspace = true",
        "serde = \"1\"",
        "x: the version of serde is not the workspace's",
    );
}
