//! The fuzzers' inputs, replayed: fuzz/README.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../../../fuzz/src/service.rs"]
mod service;

use replay::replay;

#[test]
fn authorization_requests() {
    replay("authorize", service::authorize);
    for good in [
        &include_bytes!("../../../../fuzz/corpus/authorize/good")[..],
        include_bytes!("../../../../fuzz/corpus/authorize/loopback"),
        include_bytes!("../../../../fuzz/corpus/authorize/aws"),
    ] {
        assert!(service::begun(good), "else the corpus proves nothing");
    }
}

#[test]
fn token_requests() {
    replay("token", service::token);
}
