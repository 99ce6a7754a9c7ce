//! The fuzzers' inputs, replayed: fuzz/README.md.

#[path = "../../../../fuzz/src/callback.rs"]
mod callback;
#[path = "../../../../fuzz/src/discovery.rs"]
mod discovery;
#[path = "../../../../fuzz/src/id_token.rs"]
mod id_token;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../../../fuzz/src/stranger.rs"]
mod stranger;

use replay::replay;

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
