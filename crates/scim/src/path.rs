//! Paths: which attribute (RFC 7644 §3.10), and in a PATCH which of its values (§3.5.2).

use std::fmt;

use crate::error::Refusal;
use crate::filter::parser::{Fault, FilterFault, Parser};
use crate::filter::{Element, Node};
use crate::schema::Attribute;

/// The longest path that a refusal repeats as a whole, in bytes.
const LONGEST_TOLD: usize = 200;

/// An attribute's name as it was written: `name.givenName`, `urn:…:2.0:User:userName`. Which attribute it is, a
/// [`ResourceType`](crate::schema::ResourceType) says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePath {
    schema: Option<String>,
    name: String,
    sub: Option<String>,
}

impl AttributePath {
    /// Reads one. A URN ends at the last colon; dots before it are its own.
    pub(crate) fn parse(text: &str) -> Option<AttributePath> {
        let is_urn = text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        let (schema, attribute) = match text.rsplit_once(':') {
            Some((urn, rest)) if is_urn && urn.len() > 3 => (Some(urn.to_owned()), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, sub) = match attribute.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (attribute, None),
        };
        let names = [Some(name), sub];
        if !names.into_iter().flatten().all(is_name) {
            return None;
        }
        Some(AttributePath {
            schema,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// A name by itself.
    pub(crate) fn of(name: String) -> AttributePath {
        AttributePath {
            schema: None,
            name,
            sub: None,
        }
    }

    /// The URN before it.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The attribute.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part of it.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    pub(crate) fn with_sub(mut self, sub: Option<String>) -> AttributePath {
        self.sub = sub;
        self
    }

    /// This read as a schema's URN, which it is where a path is one and nothing more.
    pub(crate) fn as_urn(&self) -> Option<String> {
        let schema = self.schema.as_ref()?;
        self.sub
            .is_none()
            .then(|| format!("{schema}:{}", self.name))
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(out, "{schema}:")?;
        }
        out.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(out, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// `ATTRNAME` (RFC 7643 §2.1), and `$ref`.
fn is_name(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The `path` of a PATCH operation: `members`, `name.familyName`, `emails[type eq "work"].value`.
///
/// ```
/// let path = kiro_scim::Path::parse(r#"emails[type  EQ "work"].value"#)?;
/// assert_eq!(path.to_string(), r#"emails[type eq "work"].value"#);
/// # Ok::<(), kiro_scim::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub(crate) attribute: AttributePath,
    pub(crate) filter: Option<Box<Node>>,
}

impl Path {
    /// Reads one, of at most 8 KiB and 32 levels.
    ///
    /// # Errors
    /// [`Refusal::Path`].
    pub fn parse(text: &str) -> Result<Path, Refusal> {
        let path = |parser: &mut Parser<'_>| {
            let mut attribute = parser.attribute()?;
            let filter = parser.brackets()?;
            if filter.is_some() {
                if attribute.sub().is_some() {
                    return Err(parser.fault(FilterFault::Brackets));
                }
                attribute = attribute.with_sub(parser.sub_attribute()?);
            }
            parser.end()?;
            Ok(Path {
                attribute,
                filter: filter.map(Box::new),
            })
        };
        Parser::over(text, path).map_err(|Fault { at, fault }| Refusal::Path { at, fault })
    }
}

impl Path {
    /// The path as a refusal tells it. A filter is repeated where it has no other text in it than the list's own words, as
    /// `work`: what else a client compares with may be anything.
    pub(crate) fn told(&self, list: &Attribute) -> String {
        let printed = self.to_string();
        match &self.filter {
            Some(filter) if printed.len() > LONGEST_TOLD || !filter.is_plain(list) => {
                let sub = self.attribute.sub();
                let sub = sub.map(|sub| format!(".{sub}")).unwrap_or_default();
                format!("{}[…]{sub}", self.attribute.clone().with_sub(None))
            }
            Some(_) | None => printed,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(filter) = &self.filter else {
            return self.attribute.fmt(out);
        };
        let list = self.attribute.clone().with_sub(None);
        Element {
            list: &list,
            filter,
        }
        .fmt(out)?;
        match self.attribute.sub() {
            Some(sub) => write!(out, ".{sub}"),
            None => Ok(()),
        }
    }
}
