//! A resource: what is said of a person or a group, in canonical form. Names are spelled as the schema spells them, values are of
//! their attribute's type, what is unassigned is not there (RFC 7643 §2.5), and nothing is in it that the service itself says
//! (`id`, `meta`, `groups`), nor a password, nor a group's members, which are rows of their own.

mod columns;
pub(crate) mod normal;
mod present;
mod received;

use serde_json::Value;

pub use columns::{GroupColumns, UserColumns};
pub use present::{Facts, Reference, answer, present};
pub use received::{Change, Received};

use crate::error::Refusal;
use crate::filter::is_nothing;
use crate::json::Object;
use crate::manner::Limits;
use crate::schema::{Place, ResourceType, Schema};

/// What is said of a person or a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    kind: &'static ResourceType,
    attributes: Object,
}

impl Resource {
    pub(crate) fn new(kind: &'static ResourceType) -> Resource {
        Resource {
            kind,
            attributes: Object::new(),
        }
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &'static ResourceType {
        self.kind
    }

    /// All that is said; an extension's attributes are an object under its URN.
    #[must_use]
    pub fn attributes(&self) -> &Object {
        &self.attributes
    }

    /// The text of a top-level attribute.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// Whether the person may sign in: unless it is said that they may not (RFC 7643 §4.1.1).
    #[must_use]
    pub fn active(&self) -> bool {
        let said = self.attributes.get("active");
        said.and_then(Value::as_bool).unwrap_or(true)
    }

    /// Sets or, by `None`, unassigns what is at a place that is no part of a list.
    pub(crate) fn set(&mut self, place: Place, value: Option<Value>) {
        match place.extension {
            None => assign(&mut self.attributes, place, value),
            Some(schema) => {
                let mut object = take(&mut self.attributes, schema.id);
                assign(&mut object, place, value);
                put(&mut self.attributes, schema.id, Some(object.into()));
            }
        }
    }

    /// Takes out what is at a place of the core schema that is no part of anything: every list is.
    pub(crate) fn take(&mut self, list: Place) -> Option<Value> {
        self.attributes.remove(list.attribute.name)
    }

    /// Takes what an extension says out.
    pub(crate) fn remove_extension(&mut self, schema: &Schema) {
        self.attributes.remove(schema.id);
    }

    /// What holds of every resource (RFC 7643 §2.2, §2.4): what is required is there, a list has at most one primary value, no value
    /// twice, and none that says nothing.
    pub(crate) fn finished(mut self, limits: &Limits) -> Result<Resource, Refusal> {
        let required = self.kind.schema.attributes.iter();
        for attribute in required.filter(|attribute| attribute.required) {
            if !self.attributes.contains_key(attribute.name) {
                return Err(Refusal::Missing(attribute.name.to_owned()));
            }
        }
        let lists = self.kind.schema.attributes.iter();
        for attribute in lists.filter(|attribute| attribute.multi_valued) {
            if let Some(Value::Array(values)) = self.attributes.remove(attribute.name) {
                let values = normal::tidied(attribute, values, limits)?;
                put(&mut self.attributes, attribute.name, Some(values.into()));
            }
        }
        Ok(self)
    }
}

fn assign(object: &mut Object, place: Place, value: Option<Value>) {
    let Some(sub) = place.sub else {
        return put(object, place.attribute.name, value);
    };
    let mut whole = take(object, place.attribute.name);
    put(&mut whole, sub.name, value);
    put(object, place.attribute.name, Some(whole.into()));
}

fn take(object: &mut Object, name: &str) -> Object {
    match object.remove(name) {
        Some(Value::Object(whole)) => whole,
        Some(_) | None => Object::new(),
    }
}

/// Puts a member in, or takes it out where there is nothing to say.
pub(crate) fn put(object: &mut Object, name: &str, value: Option<Value>) {
    match value.filter(|value| !is_nothing(value)) {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
}
