//! The fuzz targets' corpora: see fuzz/README.md.

#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../../../fuzz/src/scim_filter.rs"]
mod scim_filter;
#[path = "../../../../fuzz/src/scim_patch.rs"]
mod scim_patch;
#[path = "../../../../fuzz/src/scim_path.rs"]
mod scim_path;

use replay::replay;

#[test]
fn filters() {
    replay("scim_filter", scim_filter::run);
}

#[test]
fn paths() {
    replay("scim_path", scim_path::run);
}

#[test]
fn patches() {
    replay("scim_patch", scim_patch::run);
    let good = include_bytes!("../../../../fuzz/corpus/scim_patch/entra");
    assert!(scim_patch::changed(good), "else the corpus proves nothing");
}
