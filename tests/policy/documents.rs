//! The documents name only what exists: the tree of `ARCHITECTURE.md`, the proofs of `SECURITY.md`, every relative link.

use std::collections::BTreeSet;

/// The first word of each line of the fenced `tree` block is a path; lines that begin with a space go on with the one above.
fn tree_complaints(document: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let block = document
        .split_once("```tree\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("a fenced block `tree`")
        .0;
    block
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|path| !exists(path))
        .map(|path| format!("ARCHITECTURE.md: {path} does not exist"))
        .collect()
}

/// The last threat's number.
const LAST: u32 = 29;

/// Each threat T1 to T29 has its row, and each row a proof, `path::test`, that exists, or says that there is none yet.
fn threat_complaints(document: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut missing: BTreeSet<u32> = (1..=LAST).collect();
    let mut complaints = Vec::new();
    for row in document.lines().filter(|line| line.starts_with("| T")) {
        let threat = row.split('|').nth(1).unwrap_or_default().trim();
        let number = threat.trim_start_matches('T').parse().unwrap_or_default();
        if !missing.remove(&number) {
            complaints.push(format!("SECURITY.md: {threat} twice, or not a threat"));
        }
        let mut proofs = 0;
        for span in row.split('`').skip(1).step_by(2) {
            let Some((path, test)) = span.split_once("::").filter(|(path, _)| path.contains('.'))
            else {
                continue;
            };
            proofs += 1;
            match read(path) {
                None => complaints.push(format!("SECURITY.md: {threat}: {path} does not exist")),
                Some(text) if !text.contains(test) => {
                    complaints.push(format!("SECURITY.md: {threat}: {path} has no {test}"));
                }
                Some(_) => {}
            }
        }
        if proofs == 0 && !row.contains("not built yet") && !row.contains("no test yet") {
            complaints.push(format!("SECURITY.md: {threat} has no proof"));
        }
    }
    for number in missing {
        complaints.push(format!("SECURITY.md: T{number} is missing"));
    }
    complaints
}

/// The relative targets of the links in a Markdown document lie beside it.
fn link_complaints(path: &str, document: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    document
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':'))
        .filter(|target| {
            let beside = format!("{folder}/{target}");
            !exists(beside.trim_start_matches('/'))
        })
        .map(|target| format!("{path}: the link to {target} leads nowhere"))
        .collect()
}

fn exists(path: &str) -> bool {
    super::root().join(path).exists()
}

#[test]
fn the_tree_of_the_architecture_exists() {
    super::none(&tree_complaints(&super::read("ARCHITECTURE.md"), &exists));
}

#[test]
fn each_threat_has_its_answer_and_proof() {
    let read = |path: &str| std::fs::read_to_string(super::root().join(path)).ok();
    super::none(&threat_complaints(&super::read("SECURITY.md"), &read));
}

#[test]
fn links_lead_somewhere() {
    let paths = super::files("*.md");
    assert!(paths.contains(&"README.md".to_owned()), "{paths:?}");
    let found: Vec<String> = paths
        .iter()
        .flat_map(|path| link_complaints(path, &super::read(path), &exists))
        .collect();
    super::none(&found);
}

#[test]
fn a_document_that_has_drifted_is_refused() {
    let is_there = |path: &str| ["a/", "docs/b.md"].contains(&path);
    let tree = "```tree\na/    here\n      more words\ngone/ not here\n```";
    assert_eq!(
        tree_complaints(tree, &is_there),
        ["ARCHITECTURE.md: gone/ does not exist"]
    );

    let read = |path: &str| (path == "a.rs").then(|| "fn attack() {}".to_owned());
    let check = |row: &str, expected: &[&str]| {
        let mut table: String = (2..=LAST)
            .map(|n| format!("| T{n} | `a.rs::attack` |\n"))
            .collect();
        table.push_str(row);
        assert_eq!(threat_complaints(&table, &read), expected, "{row}");
    };
    check("| T1 | `a.rs::attack` |", &[]);
    check("| T1 | with the service: not built yet |", &[]);
    check("| T1 | a word |", &["SECURITY.md: T1 has no proof"]);
    check(
        "| T1 | `a.rs::gone` |",
        &["SECURITY.md: T1: a.rs has no gone"],
    );
    check(
        "| T1 | `b.rs::attack` |",
        &["SECURITY.md: T1: b.rs does not exist"],
    );
    check("", &["SECURITY.md: T1 is missing"]);
    check(
        "| T2 | `a.rs::attack` |",
        &[
            "SECURITY.md: T2 twice, or not a threat",
            "SECURITY.md: T1 is missing",
        ],
    );

    let link = |target: &str| link_complaints("docs/x.md", &format!("[x]({target})"), &is_there);
    assert!(link("b.md#part").is_empty());
    assert!(link("https://example.com").is_empty());
    assert_eq!(link("c.md"), ["docs/x.md: the link to c.md leads nowhere"]);
}
