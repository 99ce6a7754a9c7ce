//! The fuzzers' inputs, replayed: fuzz/README.md.

use std::path::Path;

#[path = "../../../../fuzz/src/loopback.rs"]
mod loopback;
#[path = "../../../../fuzz/src/organizations.rs"]
mod organizations;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../fuzz/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join(target)).unwrap() {
        run(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "{target}: {count} inputs");
}

#[test]
fn strangers_at_the_listener() {
    replay("loopback", loopback::run);
}

#[test]
fn organisation_files() {
    replay("organizations", organizations::run);
}
