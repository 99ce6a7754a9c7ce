//! The corpora, replayed on a stable compiler: see fuzz/README.md. The tests of the crates include this file.

use std::path::Path;

/// Runs a target with every input of its corpus.
pub(crate) fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../fuzz/corpus");
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join(target)).unwrap() {
        run(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "{target}: {count} inputs");
}
