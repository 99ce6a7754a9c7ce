//! The fuzzers' inputs, replayed: fuzz/README.md.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../../fuzz/src/identity_center.rs"]
mod identity_center;
#[path = "../../../../fuzz/src/replay.rs"]
mod replay;
#[path = "../../../../fuzz/src/saml.rs"]
mod saml;

use replay::replay;

#[test]
fn authorization_requests() {
    replay("authorize", identity_center::authorize);
    for good in [
        &include_bytes!("../../../../fuzz/corpus/authorize/good")[..],
        include_bytes!("../../../../fuzz/corpus/authorize/loopback"),
        include_bytes!("../../../../fuzz/corpus/authorize/aws"),
    ] {
        assert!(
            identity_center::begun(good),
            "else the corpus proves nothing"
        );
    }
}

#[test]
fn saml_responses() {
    replay("saml_response", saml::response);
    let good = include_bytes!("../../../../fuzz/corpus/saml_response/good");
    assert!(saml::accepted(good), "else the corpus proves nothing");
    let corpus = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/../../fuzz/corpus/saml_response";
    let mut forged = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("forged_")
        {
            let accepted = saml::accepted(&std::fs::read(&path).unwrap());
            assert!(!accepted, "{}", path.display());
            forged += 1;
        }
    }
    assert_eq!(forged, 20);
}

#[test]
fn token_requests() {
    replay("token", identity_center::token);
}
