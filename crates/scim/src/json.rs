//! Bodies of strangers (THREATS.md T22): JSON no longer, no deeper and of no more values than allowed, in which no name stands twice.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::Refusal;
use crate::manner::Limits;

/// A body has no more values, objects and lists and what is in them: its memory is counted by them, and not by bytes.
const MOST_VALUES: usize = 150_000;

/// A JSON object.
pub type Object = Map<String, Value>;

/// Reads a body: one JSON object.
///
/// # Errors
/// `TooLarge`, `NotJson`, `TooDeep`, `TooManyChanges`, `Twice`, `NotAnObject`. Text that has U+0000 in it is refused as no JSON: no database keeps it.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Object, Refusal> {
    if bytes.len() > limits.body {
        return Err(Refusal::TooLarge(limits.body));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Level {
        left: limits.depth,
        values: &Cell::new(MOST_VALUES),
    };
    let refusal = |error| refusal(&error, limits);
    let value = seed.deserialize(&mut reader).map_err(refusal)?;
    reader.end().map_err(refusal)?;
    match value {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Refusal::NotAnObject)
        }
    }
}

/// The member of this name, whatever its case: names of SCIM's messages are as case-insensitive as its attributes' (RFC 7643 §2.1).
#[must_use]
pub fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut all = object.iter();
        all.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    })
}

/// Whether `schemas` names this one.
pub(crate) fn names_schema(body: &Object, urn: &'static str) -> Result<(), Refusal> {
    let schemas = member(body, "schemas").and_then(Value::as_array);
    let named = schemas.into_iter().flatten().filter_map(Value::as_str);
    match named
        .map(str::trim)
        .any(|name| name.eq_ignore_ascii_case(urn))
    {
        true => Ok(()),
        false => Err(Refusal::Schemas(urn)),
    }
}

/// A name that a stranger chose, fit to be shown: at most 80 characters, none of them invisible.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_ascii_graphic() || letter.is_alphanumeric())
        .take(80)
        .collect()
}

const DEEP: &str = "too deep";
const MANY: &str = "too many";
const TWICE: &str = "twice: ";

/// serde_json's errors carry a sentence only; ours are told by how they begin.
fn refusal(error: &serde_json::Error, limits: &Limits) -> Refusal {
    let told = error.to_string();
    let end = told.rfind(" at line ").unwrap_or(told.len());
    let told = told.get(..end).unwrap_or_default();
    if told == DEEP {
        return Refusal::TooDeep(limits.depth);
    }
    if told == MANY {
        return Refusal::TooManyChanges {
            what: "values",
            limit: MOST_VALUES,
        };
    }
    if let Some(name) = told.strip_prefix(TWICE) {
        return Refusal::Twice(shown(name));
    }
    Refusal::NotJson {
        line: error.line(),
        column: error.column(),
    }
}

/// Reads one value that may have `left` levels below it, where so many values are left to the whole: each takes far more room than
/// it has bytes.
#[derive(Clone, Copy)]
struct Level<'a> {
    left: usize,
    values: &'a Cell<usize>,
}

impl Level<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Level { left, ..self }),
            None => Err(E::custom(DEEP)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.values.get().checked_sub(1) {
            Some(left) => self.values.set(left),
            None => return Err(D::Error::custom(MANY)),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if value.contains('\0') {
            return Err(E::custom("U+0000"));
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(below)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Object::new();
        let mut names = BTreeSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if name.contains('\0') {
                return Err(A::Error::custom("U+0000"));
            }
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(A::Error::custom(format!("{TWICE}{}", shown(&name))));
            }
            object.insert(name, access.next_value_seed(below)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests;
