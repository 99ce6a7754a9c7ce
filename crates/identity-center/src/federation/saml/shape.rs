//! What an answer may look like (saml-core-2.0-os §2, §3.2.2; THREATS.md T23). A signature protects an element, not a document: whoever
//! wraps a signed assertion into another document has one reader check this and another read that. An answer that leaves room for it is
//! refused before its signature is looked at.

mod signature;

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::reader::NsReader;

use signature::Part;

/// An answer has at most so many bytes.
pub const LONGEST: usize = 256 * 1024;
/// Elements stand in each other at most so deep.
const DEEPEST: usize = 32;

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// Why an answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misshapen {
    /// More than [`LONGEST`].
    #[error("it is too long")]
    TooLong,
    /// It is not XML, not UTF-8, or nested too deep.
    #[error("it is not well-formed XML")]
    NotXml,
    /// A document type, an entity, a comment or a processing instruction.
    #[error("it has a document type, an entity, a comment or a processing instruction")]
    Trickery,
    /// Its outermost element is not a `Response`.
    #[error("it is not a SAML response")]
    NotAResponse,
    /// There are several assertions, or one that is not the response's child.
    #[error("it has more than one assertion, or one in an unexpected place")]
    Assertions,
    /// The assertion is encrypted.
    #[error("its assertion is encrypted: switch encryption off at the provider")]
    Encrypted,
    /// The assertion has no signature of its own, or there is one in an unexpected place.
    #[error(
        "its assertion has no signature of its own, or there is a signature in an unexpected place"
    )]
    Signatures,
    /// A signature is made of something else than it may be ([`signature`]).
    #[error(
        "its signature has an algorithm, a transform or a reference that is not taken: sign the assertion by RSA with SHA-256"
    )]
    Algorithms,
    /// Two elements have one ID, or the same attribute is there twice.
    #[error("two of its elements have the same ID")]
    SameId,
}

/// What is known of an answer by its shape alone; nothing of it is proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Whether there is an assertion; a refusal has none.
    pub assertion: bool,
    /// `Destination`. Proved where the response is signed, too.
    pub destination: Option<String>,
    /// The status codes, the outer first. Unproved: to tell why nobody was signed in.
    pub status: Vec<String>,
    /// The first `AuthnContextClassRef` of the assertion's statements: as good as the assertion's signature.
    pub context: Option<String>,
}

/// Where the reader stands.
struct Walk {
    open: Vec<Kind>,
    ids: BTreeSet<String>,
    /// The IDs of what may be signed: the response's, then the assertion's.
    named: Vec<String>,
    /// Whether the signature that is open, or was last, refers to what it signs.
    refers: bool,
    assertions: usize,
    response_signatures: usize,
    assertion_signatures: usize,
    shape: Shape,
}

/// What an open element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Response,
    Assertion,
    Signature,
    Statement,
    Context,
    Class,
    Other,
}

/// Looks an answer over.
///
/// # Errors
/// See [`Misshapen`].
pub fn check(xml: &str) -> Result<Shape, Misshapen> {
    if xml.len() > LONGEST {
        return Err(Misshapen::TooLong);
    }
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().check_end_names = true;
    reader.config_mut().check_comments = true;
    let mut walk = Walk {
        open: Vec::new(),
        ids: BTreeSet::new(),
        named: Vec::new(),
        refers: false,
        assertions: 0,
        response_signatures: 0,
        assertion_signatures: 0,
        shape: Shape::default(),
    };
    let mut done = false;
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|_| Misshapen::NotXml)?;
        match event {
            Event::Start(start) => {
                if done {
                    return Err(Misshapen::NotXml);
                }
                let kind = walk.enter(&namespace, &start)?;
                walk.open.push(kind);
                if walk.open.len() > DEEPEST {
                    return Err(Misshapen::NotXml);
                }
            }
            Event::Empty(start) => {
                if done {
                    return Err(Misshapen::NotXml);
                }
                let kind = walk.enter(&namespace, &start)?;
                walk.leave(Some(kind))?;
                done = walk.open.is_empty();
            }
            Event::End(_) => {
                let kind = walk.open.pop();
                walk.leave(kind)?;
                done = walk.open.is_empty();
            }
            Event::Text(text) => {
                let blank = text
                    .chars()
                    .all(|character| character.is_ascii_whitespace());
                if walk.open.is_empty() && !blank {
                    return Err(Misshapen::NotXml);
                }
                if walk.open.last() == Some(&Kind::Class) && walk.shape.context.is_none() {
                    walk.shape.context = Some(text.trim().chars().take(200).collect());
                }
            }
            Event::GeneralRef(reference) => {
                // XML's own five, and characters by their number; what else there is would have to be declared.
                let known = ["amp", "lt", "gt", "quot", "apos"];
                if !known.contains(&&*reference) && !reference.starts_with('#') {
                    return Err(Misshapen::Trickery);
                }
            }
            Event::Decl(_) if walk.open.is_empty() && !done => {}
            Event::Decl(_)
            | Event::DocType(_)
            | Event::Comment(_)
            | Event::PI(_)
            | Event::CData(_) => {
                return Err(Misshapen::Trickery);
            }
            Event::Eof if done && walk.open.is_empty() => break,
            Event::Eof => return Err(Misshapen::NotXml),
        }
    }
    walk.ended()
}

impl Walk {
    fn enter(
        &mut self,
        namespace: &ResolveResult<'_>,
        start: &BytesStart<'_>,
    ) -> Result<Kind, Misshapen> {
        let of = match namespace {
            ResolveResult::Bound(namespace) => namespace.as_ref(),
            ResolveResult::Unbound => "",
            ResolveResult::Unknown(_) => return Err(Misshapen::NotXml),
        };
        let name = start.local_name();
        let is = |wanted: &str, local: &str| of == wanted && name.as_ref() == local;
        self.attributes(start, is(PROTOCOL, "StatusCode"))?;
        if self.open.is_empty() {
            if !is(PROTOCOL, "Response") {
                return Err(Misshapen::NotAResponse);
            }
            self.named.push(said(start, "ID").unwrap_or_default());
            self.shape.destination = said(start, "Destination");
            return Ok(Kind::Response);
        }
        if is(PROTOCOL, "Response") || is(PROTOCOL, "LogoutResponse") {
            return Err(Misshapen::NotAResponse);
        }
        if is(ASSERTION, "EncryptedAssertion") || is(ASSERTION, "EncryptedID") {
            return Err(Misshapen::Encrypted);
        }
        if name.as_ref() == "Assertion" {
            self.assertions += 1;
            if !is(ASSERTION, "Assertion") || self.open != [Kind::Response] || self.assertions > 1 {
                return Err(Misshapen::Assertions);
            }
            self.named.push(said(start, "ID").unwrap_or_default());
            return Ok(Kind::Assertion);
        }
        if name.as_ref() == "Signature" {
            self.refers = false;
            return match self.open.as_slice() {
                [Kind::Response] if is(SIGNATURE, "Signature") && self.assertions == 0 => {
                    self.response_signatures += 1;
                    Ok(Kind::Signature)
                }
                [Kind::Response, Kind::Assertion] if is(SIGNATURE, "Signature") => {
                    self.assertion_signatures += 1;
                    Ok(Kind::Signature)
                }
                _ => Err(Misshapen::Signatures),
            };
        }
        if self.open.contains(&Kind::Signature) {
            let (algorithm, uri) = (said(start, "Algorithm"), said(start, "URI"));
            let part = Part {
                namespace: of,
                name: name.as_ref(),
                algorithm: algorithm.as_deref(),
                uri: uri.as_deref(),
            };
            let signed = self.named.last().map_or("", String::as_str);
            if !part.is_allowed(signed) || part.is_reference() && self.refers {
                return Err(Misshapen::Algorithms);
            }
            self.refers |= part.is_reference();
            return Ok(Kind::Other);
        }
        Ok(match self.open.last() {
            Some(Kind::Assertion) if is(ASSERTION, "AuthnStatement") => Kind::Statement,
            Some(Kind::Statement) if is(ASSERTION, "AuthnContext") => Kind::Context,
            Some(Kind::Context) if is(ASSERTION, "AuthnContextClassRef") => Kind::Class,
            _ => Kind::Other,
        })
    }

    /// An element ends. A signature has referred to what it signs by then, once.
    fn leave(&self, kind: Option<Kind>) -> Result<(), Misshapen> {
        match kind {
            Some(Kind::Signature) if !self.refers => Err(Misshapen::Algorithms),
            _ => Ok(()),
        }
    }

    fn attributes(&mut self, start: &BytesStart<'_>, is_status: bool) -> Result<(), Misshapen> {
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Misshapen::NotXml)?;
            let QName(name) = attribute.key;
            let local = attribute.key.local_name();
            if self.open.contains(&Kind::Signature) && !signature::allows(name) {
                return Err(Misshapen::Algorithms);
            }
            if name.eq_ignore_ascii_case("ID") || local.as_ref().eq_ignore_ascii_case("id") {
                if !self.ids.insert(attribute.value.to_string()) {
                    return Err(Misshapen::SameId);
                }
            } else if is_status && name == "Value" {
                self.shape
                    .status
                    .push(attribute.value.chars().take(200).collect());
            }
        }
        Ok(())
    }

    fn ended(mut self) -> Result<Shape, Misshapen> {
        self.shape.assertion = self.assertions == 1;
        let signatures = (self.response_signatures, self.assertion_signatures);
        match (self.shape.assertion, signatures) {
            (true, (0 | 1, 1)) | (false, (0 | 1, 0)) => Ok(self.shape),
            _ => Err(Misshapen::Signatures),
        }
    }
}

/// An attribute's value as it is written: what is written otherwise than usual is not what is looked for.
fn said(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).ok()??;
    Some(attribute.value.into_owned())
}

#[cfg(test)]
mod tests;
