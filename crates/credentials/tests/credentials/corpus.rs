//! The fuzzers' inputs, replayed: fuzz/README.md.

use std::path::Path;

#[path = "../../../../fuzz/src/credentials.rs"]
mod credentials;

#[test]
fn credential_files() {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap())
        .join("../../fuzz/corpus/credentials");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        credentials::run(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "{count} inputs");
}
