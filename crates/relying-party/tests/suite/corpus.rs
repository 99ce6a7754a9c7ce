//! The fuzzers' inputs, replayed: fuzz/README.md.

use std::path::Path;

#[path = "../../../../fuzz/src/callback.rs"]
mod callback;
#[path = "../../../../fuzz/src/discovery.rs"]
mod discovery;
#[path = "../../../../fuzz/src/id_token.rs"]
mod id_token;

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
fn callbacks() {
    replay("callback", callback::run);
}

#[test]
fn discovery_documents() {
    replay("discovery", discovery::run);
}

#[test]
fn id_tokens_with_their_keys() {
    replay("id_token", id_token::run);
    let good = include_bytes!("../../../../fuzz/corpus/id_token/good");
    assert!(id_token::verified(good), "else the corpus proves nothing");
}
