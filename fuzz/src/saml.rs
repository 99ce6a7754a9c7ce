//! An answer of a SAML provider, before its own key, request and time: the one of the corpus was made by pysaml2.

use kiro_identity_center::federation::saml::{Ourselves, Saml, examine};

const METADATA: &str = include_str!("saml_metadata.xml");
/// When the genuine answer was made, and for which request.
const NOW: &str = "2026-11-25T20:41:57Z";
const REQUEST: &str = "_request";
const PERSON: &str = "aiko@saml.acme.example";

/// Whoever is accepted is the one whom the provider signed for.
pub(crate) fn response(data: &[u8]) {
    let _ = accepted(data);
}

/// The same; whether it is accepted.
pub(crate) fn accepted(data: &[u8]) -> bool {
    let Ok(xml) = std::str::from_utf8(data) else {
        return false;
    };
    let ours = "http://127.0.0.1:8400/federation/saml/acme/saml";
    let ourselves = Ourselves {
        entity_id: format!("{ours}/metadata"),
        acs: format!("{ours}/acs"),
    };
    let saml = Saml {
        entity_id: "http://www.okta.com/exk1".to_owned(),
        metadata: METADATA.to_owned(),
        sign_in: "http://127.0.0.1/sso".parse().unwrap(),
        idp_initiated: false,
    };
    let now = NOW.parse().unwrap();
    let found = examine(&ourselves, &saml, REQUEST, xml, now);
    if let Ok(person) = &found {
        assert_eq!(person, PERSON);
    }
    found.is_ok()
}
