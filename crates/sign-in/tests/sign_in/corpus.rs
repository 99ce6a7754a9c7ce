//! The fuzzers' inputs, replayed: fuzz/README.md.

#[path = "../../../../fuzz/src/loopback.rs"]
mod loopback;
#[path = "../../../../fuzz/src/organizations.rs"]
mod organizations;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn strangers_at_the_listener() {
    replay("loopback", loopback::run);
}

#[test]
fn organisation_files() {
    replay("organizations", organizations::run);
}
