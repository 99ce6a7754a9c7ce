//! Which attributes an answer has (RFC 7644 §3.9): `attributes` or `excludedAttributes`, and what the schema says is always, never or
//! on request only returned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::Refusal;
use crate::filter::is_nothing;
use crate::json::Object;
use crate::path::AttributePath;
use crate::resource::put;
use crate::schema::{Attribute, KINDS, ResourceType, Returned, Schema};

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
    Only(Names),
    Without(Names),
}

/// How much of each attribute is named.
type Names = BTreeMap<Key, Named>;

/// An attribute's type of resource, extension, and name.
type Key = (&'static str, Option<&'static str>, &'static str);

#[derive(Clone, Debug, PartialEq)]
enum Named {
    Whole,
    Parts(BTreeSet<&'static str>),
}

impl Projection {
    /// What the two parameters say: names with commas between them. One that names no attribute here is passed over.
    ///
    /// # Errors
    /// [`Refusal::Unsupported`] where both are given, [`Refusal::Value`] for what cannot be a name (RFC 7644 §3.10).
    pub fn new(
        attributes: Option<&str>,
        excluded_attributes: Option<&str>,
    ) -> Result<Projection, Refusal> {
        let read = |parameter, text: Option<&str>| match text {
            Some(text) => names(parameter, text),
            None => Ok(None),
        };
        let asked = match (
            read("attributes", attributes)?,
            read("excludedAttributes", excluded_attributes)?,
        ) {
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
                Share::All => put(&mut kept, &name, Some(value)),
                Share::Parts(parts) => {
                    let value = cut(value, &|part| parts.contains(part));
                    put(&mut kept, &name, Some(value));
                }
                Share::AllBut(parts) => {
                    let value = cut(value, &|part| !parts.contains(part));
                    put(&mut kept, &name, Some(value));
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
    ) -> Share<'_> {
        let key = (kind.name, schema.map(|schema| schema.id), attribute.name);
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
            Asked::Only(names) => match names.get(&key) {
                None => Share::Nothing,
                Some(Named::Whole) => Share::All,
                Some(Named::Parts(parts)) => Share::Parts(parts),
            },
            Asked::Without(names) => match names.get(&key) {
                Some(Named::Whole) => Share::Nothing,
                _ if attribute.returned == Returned::Request => Share::Nothing,
                None => Share::All,
                Some(Named::Parts(parts)) => Share::AllBut(parts),
            },
        }
    }
}

/// How much of an attribute is answered.
#[derive(PartialEq)]
enum Share<'a> {
    Nothing,
    All,
    Parts(&'a BTreeSet<&'static str>),
    AllBut(&'a BTreeSet<&'static str>),
}

/// What a list of names says; nothing where there is no name in it.
fn names(parameter: &str, text: &str) -> Result<Option<Names>, Refusal> {
    let paths = text.split(',').map(str::trim);
    let mut paths = paths.filter(|path| !path.is_empty()).peekable();
    if paths.peek().is_none() {
        return Ok(None);
    }
    let mut names = Names::new();
    for path in paths {
        let expected = "names of attributes, with commas between them";
        let path = AttributePath::parse(path).ok_or(Refusal::value(parameter, expected))?;
        for kind in KINDS {
            name(&mut names, kind, &path);
        }
    }
    Ok(Some(names))
}

fn name(names: &mut Names, kind: &ResourceType, path: &AttributePath) {
    // A schema's URN by itself names all that it has.
    if let Some(urn) = path.as_urn() {
        let core = [(None, kind.schema)].into_iter();
        let extensions = kind.extensions.iter().map(|it| (Some(it.id), *it));
        let mut all = core.chain(extensions);
        if let Some((id, schema)) = all.find(|(_, it)| it.id.eq_ignore_ascii_case(&urn)) {
            for attribute in schema.attributes {
                names.insert((kind.name, id, attribute.name), Named::Whole);
            }
        }
    }
    let Some(place) = kind.place(path) else {
        return;
    };
    let extension = place.extension.map(|schema| schema.id);
    let named = names
        .entry((kind.name, extension, place.attribute.name))
        .or_insert_with(|| Named::Parts(BTreeSet::new()));
    match (place.sub, named) {
        (None, named) => *named = Named::Whole,
        (Some(part), Named::Parts(parts)) => {
            parts.insert(part.name);
        }
        (Some(_), Named::Whole) => {}
    }
}

/// Keeps some parts of a complex value, or of each value of a list; values of which nothing is left are left out.
fn cut(value: Value, keeps: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.into_iter().filter(|(name, _)| keeps(name));
            Value::Object(kept.collect())
        }
        Value::Array(all) => {
            let kept = all.into_iter().map(|value| cut(value, keeps));
            kept.filter(|value| !is_nothing(value)).collect()
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}
