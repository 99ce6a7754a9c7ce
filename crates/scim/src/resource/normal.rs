//! Values in canonical form: what clients write in several ways, one way.
//!
//! Read as well, because Okta and Entra ID send it: truth as text (`"False"`), one value where a list is expected, a bare string
//! where an object with `value` is (`manager`, `roles`), empty text for what is unassigned, and space around names.

use serde_json::Value;

use super::put;
use crate::error::Refusal;
use crate::filter::{time, truth};
use crate::json::{Object, shown};
use crate::manner::{Limits, Manner};
use crate::schema::{Attribute, Mutability, Place, Type};

/// The longest text, in bytes, also folded no longer than what a database has in an index.
const LONGEST_TEXT: usize = 1024;
/// The longest address or binary value, in bytes.
const LONGEST_REFERENCE: usize = 16 * 1024;

/// The value of an attribute as a whole; `None` unassigns it.
pub(crate) fn value(place: Place, raw: &Value, manner: Manner) -> Result<Option<Value>, Refusal> {
    let attribute = place.leaf();
    if raw.is_null() || raw.as_str() == Some("") {
        return Ok(None);
    }
    if attribute.multi_valued {
        let values = list(place, raw, manner)?;
        return Ok(Some(values.into_iter().map(Value::Object).collect()));
    }
    match attribute.kind {
        Type::Complex => Ok(Some(object(place, raw, manner)?.into())),
        Type::String
        | Type::Boolean
        | Type::Decimal
        | Type::Integer
        | Type::DateTime
        | Type::Reference
        | Type::Binary => scalar(&place.to_string(), attribute, raw),
    }
}

/// The values of a list.
pub(crate) fn list(place: Place, raw: &Value, manner: Manner) -> Result<Vec<Object>, Refusal> {
    let raw = match raw {
        Value::Array(all) => all.as_slice(),
        Value::Null => &[],
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            std::slice::from_ref(one)
        }
    };
    raw.iter().map(|raw| object(place, raw, manner)).collect()
}

/// An object of the attribute's parts: of a list's value, or of a complex attribute.
pub(crate) fn object(place: Place, raw: &Value, manner: Manner) -> Result<Object, Refusal> {
    let mut object = Object::new();
    for (part, value) in parts(place, raw, manner)? {
        put(&mut object, part.name, value);
    }
    Ok(object)
}

/// A part of an attribute, and its value; `None` unassigns it.
pub(crate) type Part = (&'static Attribute, Option<Value>);

/// The parts that an object names.
pub(crate) fn parts(place: Place, raw: &Value, manner: Manner) -> Result<Vec<Part>, Refusal> {
    let attribute = place.attribute;
    match (raw, attribute.value()) {
        (Value::Object(object), _) => {
            let mut parts = Vec::new();
            for (name, raw) in object {
                let path = || format!("{place}.{}", shown(name));
                match Attribute::named(attribute.sub_attributes, name) {
                    Some(part) if part.mutability == Mutability::ReadOnly => {}
                    Some(part) => parts.push((part, scalar(&path(), part, raw)?)),
                    None if manner == Manner::Aws => return Err(Refusal::UnknownAttribute(path())),
                    None => {}
                }
            }
            Ok(parts)
        }
        (Value::String(_), Some(part)) => {
            let path = format!("{place}.{}", part.name);
            Ok(vec![(part, scalar(&path, part, raw)?)])
        }
        _ if attribute.multi_valued => Err(Refusal::value(place, "a list of objects")),
        _ => Err(Refusal::value(place, "an object")),
    }
}

/// A value that has no parts.
pub(crate) fn scalar(
    path: &str,
    attribute: &Attribute,
    raw: &Value,
) -> Result<Option<Value>, Refusal> {
    let text = || match attribute.is_name() {
        true => raw.as_str().map(str::trim),
        false => raw.as_str(),
    };
    if raw.is_null() || text() == Some("") {
        return Ok(None);
    }
    let limit = match matches!(attribute.kind, Type::Reference | Type::Binary) {
        true => LONGEST_REFERENCE,
        false => LONGEST_TEXT,
    };
    if text().is_some_and(|text| text.len() > limit) {
        return Err(Refusal::TooLong {
            attribute: path.to_owned(),
            limit,
        });
    }
    let (value, expected) = match attribute.kind {
        Type::String | Type::Reference => (text().map(Value::from), "text"),
        Type::Boolean => {
            let said = raw.as_bool().or_else(|| truth(text()?));
            (said.map(Value::from), "true or false")
        }
        Type::Integer => {
            let whole = raw.is_i64() || raw.is_u64();
            (whole.then(|| raw.clone()), "a whole number")
        }
        Type::Decimal => (raw.is_number().then(|| raw.clone()), "a number"),
        Type::DateTime => {
            let time = text().filter(|text| time(text).is_some());
            (time.map(Value::from), "a time, as `2026-11-25T10:00:00Z`")
        }
        Type::Binary => {
            let bytes = text().filter(|text| is_base64(text));
            (bytes.map(Value::from), "base64")
        }
        Type::Complex => (None, "an object"),
    };
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(Refusal::value(path, expected)),
    }
}

/// RFC 4648 §4, padding included.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(digit)
}

/// What a list keeps: values that say something, none of them twice, at most one of them primary.
pub(crate) fn tidied(
    attribute: &Attribute,
    values: Vec<Value>,
    limits: &Limits,
) -> Result<Vec<Value>, Refusal> {
    if values.len() > limits.values {
        return Err(Refusal::too_many_values(attribute.name, limits));
    }
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if says_something(&value) && !kept.contains(&value) {
            kept.push(value);
        }
    }
    let primaries = kept.iter().filter(|value| is_primary(value)).count();
    if primaries > 1 {
        return Err(Refusal::Primary(attribute.name.to_owned()));
    }
    Ok(kept)
}

/// Whether a list's value is more than a label: `{"type": "work"}` is no e-mail address.
fn says_something(value: &Value) -> bool {
    let labels = ["type", "primary", "display"];
    let object = value.as_object();
    object.is_some_and(|object| object.keys().any(|name| !labels.contains(&name.as_str())))
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary").and_then(Value::as_bool) == Some(true)
}
