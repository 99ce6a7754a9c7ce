//! Metadata (saml-metadata-2.0-os): the provider's, which an administrator pastes, and ours.

mod keys;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use quick_xml::escape::escape;
use saml_rs::constants::{Binding, CertUse};
use saml_rs::{IdpDescriptor, MetadataTrustPolicy};
use url::Url;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::UintRef;

use super::Ourselves;

/// Metadata has at most so many bytes: a certificate has two thousand.
const LONGEST: usize = 256 * 1024;
/// RSA keys have at least so many bits.
const SHORTEST_KEY: usize = 2048;
const RSA: &str = "1.2.840.113549.1.1.1";

/// Why a provider's metadata cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataRefusal {
    /// It is no XML that we read.
    #[error("it is not a provider's SAML metadata (an EntityDescriptor with an IDPSSODescriptor)")]
    Unreadable,
    /// A document type or an entity.
    #[error("it has a document type or an entity")]
    Trickery,
    /// Without a certificate every answer would be as good as any other; one for encryption, or of another role, is none.
    #[error("it has no signing certificate")]
    NoKey,
    /// A certificate is none, or its key is not RSA of 2048 bits or more.
    #[error("a signing certificate is not RSA of 2048 bits or more")]
    WeakKey,
    /// It has no place that browsers can be sent to by HTTP-Redirect.
    #[error("it has no https address for HTTP-Redirect sign-ins")]
    NoSignIn,
}

/// What metadata says of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) entity_id: String,
    pub(super) sign_in: Url,
    /// When each signing certificate ends.
    pub(super) certificates: Vec<Timestamp>,
}

/// Reads a provider's metadata.
pub(super) fn read(xml: &str) -> Result<Described, MetadataRefusal> {
    if xml.len() > LONGEST {
        return Err(MetadataRefusal::Unreadable);
    }
    if xml.contains("<!DOCTYPE") || xml.contains("<!ENTITY") {
        return Err(MetadataRefusal::Trickery);
    }
    let descriptor = descriptor(xml).ok_or(MetadataRefusal::Unreadable)?;
    let metadata = descriptor.metadata();
    let certificates = metadata.x509_certificates(CertUse::Signing);
    // What answers will be checked by is what is for that, and nothing else.
    let known = keys::signing(xml)?;
    let bare = |text: &String| text.split_ascii_whitespace().collect::<String>();
    if certificates.is_empty() || certificates.iter().any(|text| !known.contains(&bare(text))) {
        return Err(MetadataRefusal::NoKey);
    }
    let certificates = certificates.iter().map(|text| certificate(text));
    let certificates = certificates
        .collect::<Option<Vec<_>>>()
        .ok_or(MetadataRefusal::WeakKey)?;
    let sign_in = metadata.get_single_sign_on_service(Binding::Redirect);
    let sign_in = sign_in.and_then(|address| kiro_relying_party::secure_url(&address).ok());
    Ok(Described {
        entity_id: descriptor.entity_id().as_str().to_owned(),
        sign_in: sign_in.ok_or(MetadataRefusal::NoSignIn)?,
        certificates,
    })
}

/// The provider as `saml-rs` knows it. Its metadata is the administrator's word, whatever signature it has.
pub(super) fn descriptor(xml: &str) -> Option<IdpDescriptor> {
    IdpDescriptor::from_metadata_xml(xml, MetadataTrustPolicy::UnsignedForCompatibility).ok()
}

/// When a certificate ends, if its key is one that we take.
fn certificate(text: &str) -> Option<Timestamp> {
    let bare: String = text
        .split_whitespace()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(bare).ok()?;
    let certificate = x509_cert::Certificate::from_der(&der).ok()?.tbs_certificate;
    let key = certificate.subject_public_key_info;
    if key.algorithm.oid.to_string() != RSA {
        return None;
    }
    let bits = bits(key.subject_public_key.as_bytes()?)?;
    let end = certificate.validity.not_after.to_unix_duration().as_secs();
    let end = Timestamp::from_second(i64::try_from(end).ok()?).ok()?;
    (bits >= SHORTEST_KEY).then_some(end)
}

/// How long the modulus of an RSA public key is: SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1).
fn bits(key: &[u8]) -> Option<usize> {
    let parts: Vec<UintRef<'_>> = Vec::from_der(key).ok()?;
    let [modulus, _] = parts.as_slice() else {
        return None;
    };
    let (first, rest) = modulus.as_bytes().split_first()?;
    Some(rest.len() * 8 + usize::try_from(8 - first.leading_zeros()).ok()?)
}

/// Our metadata, for the provider.
#[must_use]
pub fn ours(ourselves: &Ourselves) -> String {
    let (entity_id, acs) = (escape(&ourselves.entity_id), escape(&ourselves.acs));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity_id}\">\n\
         \x20 <md:SPSSODescriptor AuthnRequestsSigned=\"false\" WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n\
         \x20   <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\n\
         \x20   <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{acs}\" index=\"0\" isDefault=\"true\"/>\n\
         \x20 </md:SPSSODescriptor>\n\
         </md:EntityDescriptor>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OKTA: &str = include_str!("../../../../../fuzz/src/saml_metadata.xml");

    #[test]
    fn a_provider_s_own_signing_keys_count_and_no_others() {
        let check = |name: &str, xml: &str, expected: Result<usize, MetadataRefusal>| {
            let found = read(xml).map(|described| described.certificates.len());
            assert_eq!(found, expected, "{name}");
        };
        check("as it is", OKTA, Ok(1));
        let key = OKTA.find("<ns0:KeyDescriptor").unwrap_or_default();
        let end = "</ns0:KeyDescriptor>";
        let key = &OKTA[key..OKTA.find(end).unwrap_or_default() + end.len()];
        check(
            "for every use",
            &OKTA.replace(" use=\"signing\"", ""),
            Ok(1),
        );
        check("two", &OKTA.replace(key, &key.repeat(2)), Ok(2));
        let encrypts = key.replace("signing", "encryption");
        let both = format!("{encrypts}{key}");
        check("one more for encryption", &OKTA.replace(key, &both), Ok(1));
        let none = Err(MetadataRefusal::NoKey);
        check(
            "encryption alone",
            &OKTA.replace(key, &encrypts),
            none.clone(),
        );
        check("none", &OKTA.replace(key, ""), none.clone());
        let role = |inner: &str| {
            format!(
                "<ns0:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{inner}</ns0:SPSSODescriptor>"
            )
        };
        let provider = "<ns0:IDPSSODescriptor";
        let moved = OKTA
            .replace(key, "")
            .replace(provider, &format!("{}{provider}", role(key)));
        check("another role's", &moved, none.clone());
        let foreign = key.replace(
            "ns0:KeyDescriptor use",
            "x:KeyDescriptor xmlns:x=\"urn:x\" use",
        );
        let foreign = foreign.replace("</ns0:KeyDescriptor>", "</x:KeyDescriptor>");
        check("of another namespace", &OKTA.replace(key, &foreign), none);
        let deep = format!("{}{}", "<ns0:x>".repeat(40), "</ns0:x>".repeat(40));
        let deep = OKTA.replace(provider, &format!("{deep}{provider}"));
        check("deep", &deep, Err(MetadataRefusal::Unreadable));
    }

    #[test]
    fn entra_id_s_file_has_other_roles_and_its_own_signature() {
        let key = OKTA.find("<ns0:KeyDescriptor").unwrap_or_default();
        let end = "</ns0:KeyDescriptor>";
        let key = &OKTA[key..OKTA.find(end).unwrap_or_default() + end.len()];
        let role = |kind: &str| {
            format!(
                "<ns0:RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:{kind}\" \
                 protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">{key}<fed:ClaimTypesOffered/></ns0:RoleDescriptor>"
            )
        };
        let roles = format!(
            "<ns1:Signature><ns1:SignedInfo/></ns1:Signature>{}{}<ns0:IDPSSODescriptor",
            role("SecurityTokenServiceType"),
            role("ApplicationServiceType")
        );
        let entra = OKTA
            .replace("http://www.okta.com/exk1", "https://sts.windows.net/t/")
            .replace("<ns0:IDPSSODescriptor", &roles);
        let found =
            read(&entra).map(|described| (described.entity_id, described.certificates.len()));
        assert_eq!(found, Ok(("https://sts.windows.net/t/".to_owned(), 1)));
    }

    #[test]
    fn a_long_exponent_makes_no_key_strong() {
        let integer = |first: u8, bytes: usize| {
            let mut value = vec![first];
            value.resize(bytes, 1);
            if first >= 0x80 {
                value.insert(0, 0);
            }
            let [high, low] = u16::try_from(value.len()).unwrap_or_default().to_be_bytes();
            [vec![2, 0x82, high, low], value].concat()
        };
        let key = |modulus: Vec<u8>, exponent: Vec<u8>| {
            let both = [modulus, exponent].concat();
            let [high, low] = u16::try_from(both.len()).unwrap_or_default().to_be_bytes();
            [vec![0x30, 0x82, high, low], both].concat()
        };
        let check = |modulus: Vec<u8>, exponent: &[u8], expected: Option<usize>| {
            assert_eq!(bits(&key(modulus, exponent.to_vec())), expected);
        };
        let usual = [2, 3, 1, 0, 1];
        check(integer(0x80, 256), &usual, Some(2048));
        check(integer(0x7f, 256), &usual, Some(2047));
        check(integer(0x80, 512), &usual, Some(4096));
        // As many bytes as a strong one.
        let long = [vec![2, 0x81, 0x80], vec![1; 128]].concat();
        check(integer(0x80, 256 - 1), &usual, Some(2040));
        let mut weak = vec![2, 0x81, 0x81, 0];
        weak.extend([0x80; 128]);
        check(weak.clone(), &long, Some(1024));
        check(weak, &[], None);
        assert_eq!(bits(b""), None);
    }
}
