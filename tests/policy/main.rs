//! The rules of the house, checked: who may depend on whom, what may be linked, how source is written, and that the
//! documents name only what exists.
//!
//! Each rule is a pure function from parsed facts to a list of complaints. Beside the test that holds the tree to it stands
//! one that shows it complaining.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod arrows;
mod deny;
mod documents;
mod licence;
mod manifests;
mod metadata;
mod residency;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout whose tests run: another one may share the target folder, and with it this binary.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo or nextest starts the test");
    Path::new(&package)
        .parent()
        .expect("tests/ lies in the checkout")
        .to_owned()
}

/// The text of a file, named from the checkout's root.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// What a program prints, run in the checkout's root.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|why| panic!("{program}: {why}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The files of the checkout that git tracks or would track, deleted ones left out.
fn files(pattern: &str) -> Vec<String> {
    output(
        "git",
        &[
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            pattern,
        ],
    )
    .lines()
    .filter(|path| root().join(path).is_file())
    .map(str::to_owned)
    .collect()
}

/// Fails with every complaint, one a line.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
