//! What a signature may be made of (xmldsig-core1 §4, saml-core-2.0-os §5.4). Whoever checks one runs what it names: transforms that
//! are programs, references to elsewhere and digests that can be forged are refused before that.

use super::SIGNATURE;

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const METHODS: [&str; 3] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];
const DIGESTS: [&str; 3] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
/// What has no choice in it. A key that is named here is only compared: the connection's own are what counts.
const PARTS: [&str; 16] = [
    "SignedInfo",
    "Transforms",
    "DigestValue",
    "SignatureValue",
    "KeyInfo",
    "KeyName",
    "KeyValue",
    "RSAKeyValue",
    "Modulus",
    "Exponent",
    "X509Data",
    "X509Certificate",
    "X509SubjectName",
    "X509IssuerSerial",
    "X509IssuerName",
    "X509SerialNumber",
];
const ATTRIBUTES: [&str; 4] = ["Algorithm", "URI", "Id", "PrefixList"];

/// An element of a signature.
pub(super) struct Part<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) algorithm: Option<&'a str>,
    pub(super) uri: Option<&'a str>,
}

impl Part<'_> {
    /// Whether it is what the thing signed is referred to by.
    pub(super) fn is_reference(&self) -> bool {
        self.namespace == SIGNATURE && self.name == "Reference"
    }

    /// Whether it may stand in a signature of the element with this ID.
    pub(super) fn is_allowed(&self, signed: &str) -> bool {
        let one_of = |known: &[&str]| self.algorithm.is_some_and(|said| known.contains(&said));
        match (self.namespace, self.name) {
            (SIGNATURE, "CanonicalizationMethod") => one_of(&[EXCLUSIVE]),
            (SIGNATURE, "Transform") => one_of(&[EXCLUSIVE, ENVELOPED]),
            (SIGNATURE, "SignatureMethod") => one_of(&METHODS),
            (SIGNATURE, "DigestMethod") => one_of(&DIGESTS),
            (SIGNATURE, "Reference") => {
                let to = self.uri.and_then(|uri| uri.strip_prefix('#'));
                !signed.is_empty() && to == Some(signed)
            }
            (SIGNATURE, name) => PARTS.contains(&name),
            (EXCLUSIVE, name) => name == "InclusiveNamespaces",
            _ => false,
        }
    }
}

/// Whether a signature's elements may have this attribute.
pub(super) fn allows(attribute: &str) -> bool {
    let declares = attribute == "xmlns" || attribute.starts_with("xmlns:");
    declares || ATTRIBUTES.contains(&attribute)
}
