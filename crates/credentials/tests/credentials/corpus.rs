//! The fuzzers' inputs, replayed: fuzz/README.md.

#[path = "../../../../fuzz/src/credentials.rs"]
mod credentials;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;

#[test]
fn credential_files() {
    replay::replay("credentials", credentials::run);
}
