//! Which certificates metadata gives a provider for signing, read once more: `saml-rs` goes by names without their namespaces, takes a
//! lone certificate for every use, and another role's for the provider's.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::MetadataRefusal;

/// Elements stand in each other at most so deep.
const DEEPEST: usize = 32;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The way to a certificate (saml-metadata-2.0-os §2.4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Entity,
    Provider,
    SigningKey,
    KeyInfo,
    Data,
    Certificate,
    Other,
}

/// The certificates that an `IDPSSODescriptor` has for signing, in base64 without blanks.
pub(super) fn signing(xml: &str) -> Result<BTreeSet<String>, MetadataRefusal> {
    let mut reader = NsReader::from_str(xml);
    let (mut open, mut found, mut text) = (Vec::new(), BTreeSet::new(), String::new());
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|_| MetadataRefusal::Unreadable)?;
        match event {
            Event::Start(start) => {
                text.clear();
                open.push(entered(&open, &namespace, &start));
                if open.len() > DEEPEST {
                    return Err(MetadataRefusal::Unreadable);
                }
            }
            Event::Text(more) if open.last() == Some(&Kind::Certificate) => {
                text.extend(more.split_ascii_whitespace());
            }
            Event::End(_) => {
                if open.pop() == Some(Kind::Certificate) {
                    found.insert(std::mem::take(&mut text));
                }
            }
            Event::DocType(_) => return Err(MetadataRefusal::Trickery),
            Event::GeneralRef(_) if open.last() == Some(&Kind::Certificate) => {
                return Err(MetadataRefusal::Trickery);
            }
            Event::Eof => return Ok(found),
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn entered(open: &[Kind], namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Kind {
    let of = match namespace {
        ResolveResult::Bound(namespace) => namespace.as_ref(),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
    };
    let name = start.local_name();
    match (open.last(), of, name.as_ref()) {
        (_, METADATA, "EntityDescriptor") => Kind::Entity,
        (Some(Kind::Entity), METADATA, "IDPSSODescriptor") => Kind::Provider,
        (Some(Kind::Provider), METADATA, "KeyDescriptor") => match signs(start) {
            true => Kind::SigningKey,
            false => Kind::Other,
        },
        (Some(Kind::SigningKey), SIGNATURE, "KeyInfo") => Kind::KeyInfo,
        (Some(Kind::KeyInfo), SIGNATURE, "X509Data") => Kind::Data,
        (Some(Kind::Data), SIGNATURE, "X509Certificate") => Kind::Certificate,
        _ => Kind::Other,
    }
}

/// A key without a use has every use.
fn signs(start: &BytesStart<'_>) -> bool {
    match start.try_get_attribute("use") {
        Ok(Some(said)) => &*said.value == "signing",
        Ok(None) => true,
        Err(_) => false,
    }
}
