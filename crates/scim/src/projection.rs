//! Which attributes an answer has (RFC 7644 §3.9): `attributes` or `excludedAttributes`, and what the schema says is always, never or
//! on request only returned.

use serde_json::Value;

use crate::error::Refusal;
use crate::json::Object;
use crate::path::AttributePath;
use crate::schema::{Attribute, ResourceType, Returned, Schema};

/// Which attributes an answer has.
///
/// ```
/// use kiro_scim::{Projection, USER};
/// let names = Projection::new(Some("userName,name.givenName"), None)?;
/// assert!(names.wants(&USER, "userName") && !names.wants(&USER, "groups"));
/// # Ok::<(), kiro_scim::Refusal>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    asked: Asked,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Asked {
    #[default]
    Default,
    Only(Vec<AttributePath>),
    Without(Vec<AttributePath>),
}

impl Projection {
    /// What the two parameters say: names with commas between them. One that is no attribute's name is passed over.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`] where both are given.
    pub fn new(
        attributes: Option<&str>,
        excluded_attributes: Option<&str>,
    ) -> Result<Projection, Refusal> {
        let given = |text: Option<&str>| text.map(paths).filter(|paths| !paths.is_empty());
        let asked = match (given(attributes), given(excluded_attributes)) {
            (None, None) => Asked::Default,
            (Some(only), None) => Asked::Only(only),
            (None, Some(without)) => Asked::Without(without),
            (Some(_), Some(_)) => {
                return Err(Refusal::Unsupported(
                    "`attributes` together with `excludedAttributes`",
                ));
            }
        };
        Ok(Projection { asked })
    }

    /// Whether a top-level attribute of the core schema will be in an answer: what is dear to find need not be looked for.
    #[must_use]
    pub fn wants(&self, kind: &ResourceType, name: &str) -> bool {
        let place = kind.attribute(name);
        place.is_some_and(|attribute| self.share(kind, None, attribute) != Share::Nothing)
    }

    /// What of a resource, as [`present`](crate::present) gives it, is answered.
    #[must_use]
    pub fn apply(&self, kind: &ResourceType, mut document: Object) -> Object {
        let mut answer = Object::new();
        for schema in kind.extensions {
            if let Some(Value::Object(object)) = document.remove(schema.id) {
                let object = self.keep(kind, Some(schema), object);
                if !object.is_empty() {
                    answer.insert(schema.id.to_owned(), object.into());
                }
            }
        }
        answer.extend(self.keep(kind, None, document));
        answer
    }

    fn keep(&self, kind: &ResourceType, schema: Option<&Schema>, object: Object) -> Object {
        let mut kept = Object::new();
        for (name, value) in object {
            let attribute = match schema {
                Some(schema) => schema.attribute(&name),
                None => kind.attribute(&name),
            };
            let Some(attribute) = attribute else {
                continue;
            };
            match self.share(kind, schema, attribute) {
                Share::Nothing => {}
                Share::All => {
                    kept.insert(name, value);
                }
                Share::Parts(parts) => {
                    let value = cut(value, &|part| parts.contains(&part));
                    kept.insert(name, value);
                }
                Share::AllBut(parts) => {
                    let value = cut(value, &|part| !parts.contains(&part));
                    kept.insert(name, value);
                }
            }
        }
        kept
    }

    fn share(
        &self,
        kind: &ResourceType,
        schema: Option<&Schema>,
        attribute: &'static Attribute,
    ) -> Share {
        match attribute.returned {
            Returned::Never => return Share::Nothing,
            Returned::Always => return Share::All,
            Returned::Default | Returned::Request => {}
        }
        match &self.asked {
            Asked::Default => match attribute.returned {
                Returned::Request => Share::Nothing,
                Returned::Always | Returned::Never | Returned::Default => Share::All,
            },
            Asked::Only(paths) => match named(paths, kind, schema, attribute) {
                Named::Not => Share::Nothing,
                Named::Whole => Share::All,
                Named::Parts(parts) => Share::Parts(parts),
            },
            Asked::Without(paths) => match named(paths, kind, schema, attribute) {
                Named::Whole => Share::Nothing,
                _ if attribute.returned == Returned::Request => Share::Nothing,
                Named::Not => Share::All,
                Named::Parts(parts) => Share::AllBut(parts),
            },
        }
    }
}

fn paths(text: &str) -> Vec<AttributePath> {
    let names = text.split(',').map(str::trim);
    names.filter_map(AttributePath::parse).collect()
}

/// How much of an attribute is answered.
#[derive(PartialEq)]
enum Share {
    Nothing,
    All,
    Parts(Vec<&'static str>),
    AllBut(Vec<&'static str>),
}

/// How a list of paths names an attribute.
enum Named {
    Not,
    Whole,
    Parts(Vec<&'static str>),
}

fn named(
    paths: &[AttributePath],
    kind: &ResourceType,
    schema: Option<&Schema>,
    attribute: &'static Attribute,
) -> Named {
    let urn = schema.map(|schema| schema.id);
    let mut parts = Vec::new();
    for path in paths {
        // A schema's URN by itself names all that it has.
        let own = urn.unwrap_or(kind.schema.id);
        if path
            .as_urn()
            .is_some_and(|path| path.eq_ignore_ascii_case(own))
        {
            return Named::Whole;
        }
        let Some(place) = kind.place(path) else {
            continue;
        };
        let here = place.attribute.name == attribute.name
            && place.extension.map(|schema| schema.id) == urn;
        match place.sub {
            _ if !here => {}
            None => return Named::Whole,
            Some(part) => parts.push(part.name),
        }
    }
    match parts.is_empty() {
        true => Named::Not,
        false => Named::Parts(parts),
    }
}

/// Keeps some parts of a complex value, or of each value of a list.
fn cut(value: Value, keeps: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().filter(|(name, _)| keeps(name));
            Value::Object(kept.collect())
        }
        Value::Array(all) => all.into_iter().map(|value| cut(value, keeps)).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}
