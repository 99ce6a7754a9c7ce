//! The way to the provider: an AuthnRequest (saml-core-2.0-os §3.4.1) by HTTP-Redirect (saml-bindings-2.0-os §3.4), with what the
//! application asked of us. It is not signed: it carries nothing that is believed.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use quick_xml::escape::escape;
use serde_json::Value;
use url::Url;

use super::{Ourselves, Saml};
use crate::authorization::{Authorization, Request};
use crate::center::Center;
use crate::federation::begin::Expected;
use crate::federation::{Connection, Fault};
use crate::secret::random;

/// The address that the browser is sent to, and what its answer is compared with.
///
/// # Errors
/// [`Fault::SetUp`].
pub(crate) fn begin(
    center: &Center,
    connection: &Connection,
    saml: &Saml,
    seen: &Authorization,
) -> Result<(Url, Value), Fault> {
    let now = center.now();
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    // An ID begins with no digit (xs:ID).
    let id = format!("_{}", hex(&random::<20>()));
    // RelayState has 80 bytes at most: the sign-in's name, and what nobody else knows.
    let state = format!("{}.{}", seen.id, hex(&random::<20>()));
    let ourselves = Ourselves::of(&center.settings, connection);
    let xml = message(&ourselves, saml, &id, &seen.request, now);
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = deflated
        .write_all(xml.as_bytes())
        .and_then(|()| deflated.finish())
        .map_err(|error| Fault::SetUp(error.to_string()))?;
    let mut address = saml.sign_in.clone();
    address
        .query_pairs_mut()
        .append_pair("SAMLRequest", &STANDARD.encode(deflated))
        .append_pair("RelayState", &state);
    let expected = Expected {
        state,
        nonce: id,
        verifier: String::new(),
        began: now.as_second(),
    };
    Ok((address, expected.seal(center, seen.id)))
}

/// Whether the person authenticates anew there, whoever is signed in. SAML has no word for how old an authentication may be: where that
/// is asked for, so is this, or somebody whose session there is older would never get further.
pub(super) fn asks_anew(request: &Request) -> bool {
    request.max_age.is_some() || request.prompt.iter().any(|prompt| prompt == "login")
}

fn message(
    ourselves: &Ourselves,
    saml: &Saml,
    id: &str,
    request: &Request,
    now: Timestamp,
) -> String {
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let force = if asks_anew(request) {
        " ForceAuthn=\"true\""
    } else {
        ""
    };
    let classes: String = request
        .acr_values
        .iter()
        .map(|class| {
            format!(
                "<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef>",
                escape(class)
            )
        })
        .collect();
    let context = match classes.is_empty() {
        true => String::new(),
        false => format!(
            "<samlp:RequestedAuthnContext Comparison=\"exact\">{classes}</samlp:RequestedAuthnContext>"
        ),
    };
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{at}\" Destination=\"{}\" AssertionConsumerServiceURL=\"{}\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"{force}><saml:Issuer>{}</saml:Issuer>{context}</samlp:AuthnRequest>",
        escape(saml.sign_in.as_str()),
        escape(&ourselves.acs),
        escape(&ourselves.entity_id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::Purpose;

    #[test]
    fn what_the_application_asked_for_stands_in_the_request() {
        let ourselves = Ourselves {
            entity_id: "https://id.example/m".to_owned(),
            acs: "https://id.example/a?x&y".to_owned(),
        };
        let saml = Saml {
            entity_id: "idp".to_owned(),
            metadata: String::new(),
            sign_in: "https://idp.example/sso?a=1&b=2"
                .parse()
                .unwrap_or_else(|_| unreachable!()),
            idp_initiated: false,
        };
        let mut request = Request::of_person(Purpose::OwnSessions);
        let plain = message(&ourselves, &saml, "_1", &request, Timestamp::UNIX_EPOCH);
        assert!(
            plain.contains("IssueInstant=\"1970-01-01T00:00:00Z\""),
            "{plain}"
        );
        assert!(
            plain.contains("Destination=\"https://idp.example/sso?a=1&amp;b=2\""),
            "{plain}"
        );
        assert!(
            plain.contains("AssertionConsumerServiceURL=\"https://id.example/a?x&amp;y\""),
            "{plain}"
        );
        assert!(
            !plain.contains("ForceAuthn") && !plain.contains("RequestedAuthnContext"),
            "{plain}"
        );
        request.acr_values = vec!["urn:a".to_owned(), "b</saml:X>".to_owned()];
        let asked = message(&ourselves, &saml, "_1", &request, Timestamp::UNIX_EPOCH);
        assert!(!asked.contains("ForceAuthn"), "{asked}");
        let classes = "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef><saml:AuthnContextClassRef>b&lt;/saml:X&gt;</saml:AuthnContextClassRef>";
        assert!(asked.contains(classes), "{asked}");
        let anew = |change: fn(&mut Request)| {
            let mut request = Request::of_person(Purpose::OwnSessions);
            change(&mut request);
            message(&ourselves, &saml, "_1", &request, Timestamp::UNIX_EPOCH)
                .contains(" ForceAuthn=\"true\">")
        };
        assert!(anew(|request| request.prompt = vec!["login".to_owned()]));
        assert!(anew(|request| request.max_age = Some(0)));
        assert!(anew(|request| request.max_age = Some(300)));
        assert!(!anew(|request| request.prompt = vec!["consent".to_owned()]));
    }
}
