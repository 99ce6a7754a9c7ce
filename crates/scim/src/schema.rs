//! Schemas as data (RFC 7643 §7): what an attribute is called, holds, and who may change or see it. Everything else in this crate
//! reads these tables; none of it knows an attribute by itself.

mod attribute;
mod common;
pub mod described;
mod document;
mod enterprise;
mod group;
mod user;

use std::fmt;

pub use attribute::{Attribute, Mutability, Returned, Type, Uniqueness};
pub use document::{Features, resource_types, schemas, service_provider_config};

use crate::path::AttributePath;

/// The core schema of users (RFC 7643 §4.1).
pub const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// What enterprises add to users (RFC 7643 §4.3).
pub const ENTERPRISE_SCHEMA: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The core schema of groups (RFC 7643 §4.2).
pub const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A schema (RFC 7643 §7).
#[derive(Debug)]
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name, whatever its case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        Attribute::named(self.attributes, name)
    }
}

/// A type of resource (RFC 7643 §6).
#[derive(Debug)]
pub struct ResourceType {
    /// `User` or `Group`.
    pub name: &'static str,
    /// Where its resources are, below the base address.
    pub endpoint: &'static str,
    /// What it is.
    pub description: &'static str,
    /// The core schema.
    pub schema: &'static Schema,
    /// The schemas that may add to it. None of them is required.
    pub extensions: &'static [&'static Schema],
}

/// People.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "A person",
    schema: &user::SCHEMA,
    extensions: &[&enterprise::SCHEMA],
};

/// Groups of people.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "A group of people",
    schema: &group::SCHEMA,
    extensions: &[],
};

/// All of them.
pub(crate) static KINDS: [&ResourceType; 2] = [&USER, &GROUP];

impl PartialEq for ResourceType {
    fn eq(&self, other: &ResourceType) -> bool {
        self.schema.id == other.schema.id
    }
}

/// Where in a resource an attribute is.
#[derive(Clone, Copy)]
pub struct Place {
    /// The extension that it belongs to; `None` for the core schema and what all resources have.
    pub extension: Option<&'static Schema>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it that is meant.
    pub sub: Option<&'static Attribute>,
}

impl Place {
    /// What is meant in the end: the part, where there is one.
    #[must_use]
    pub fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Place) -> bool {
        self.to_string() == other.to_string()
    }
}

/// The canonical path: `name.givenName`, `urn:…:User:department`.
impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = self.extension {
            write!(out, "{}:", schema.id)?;
        }
        out.write_str(self.attribute.name)?;
        match self.sub {
            Some(sub) => write!(out, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl ResourceType {
    /// The extension of this URN, whatever its case.
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        let mut all = self.extensions.iter().copied();
        all.find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The top-level attribute of this name: the core schema's, or one that all resources have (RFC 7643 §3.1).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        let common = Attribute::named(&common::ATTRIBUTES, name);
        self.schema.attribute(name).or(common)
    }

    /// The attribute that a path names. A path without URN finds what only an extension has, too: AWS's clients filter by `manager`.
    #[must_use]
    pub fn place(&self, path: &AttributePath) -> Option<Place> {
        let (extension, attribute) = match path.schema() {
            None => self.attribute(path.name()).map_or_else(
                || {
                    let mut all = self.extensions.iter().copied();
                    all.find_map(|schema| Some((Some(schema), schema.attribute(path.name())?)))
                },
                |attribute| Some((None, attribute)),
            )?,
            Some(urn) if self.schema.id.eq_ignore_ascii_case(urn) => {
                (None, self.attribute(path.name())?)
            }
            Some(urn) => {
                let schema = self.extension(urn)?;
                (Some(schema), schema.attribute(path.name())?)
            }
        };
        let sub = match path.sub() {
            None => None,
            Some(name) => Some(Attribute::named(attribute.sub_attributes, name)?),
        };
        Some(Place {
            extension,
            attribute,
            sub,
        })
    }
}
