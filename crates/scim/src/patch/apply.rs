//! A step applied to a resource (RFC 7644 §3.5.2.1–3).

use serde_json::Value;

use super::step::{Edit, Step};
use crate::error::Refusal;
use crate::filter::holds;
use crate::fold::is_alike;
use crate::json::Object;
use crate::manner::Limits;
use crate::patience::Patience;
use crate::resource::normal::{Part, is_primary};
use crate::resource::{Resource, put};
use crate::schema::{Attribute, Place};

impl Step {
    pub(super) fn apply(
        &self,
        resource: &mut Resource,
        limits: &Limits,
        patience: &mut Patience,
    ) -> Result<(), Refusal> {
        let done = self.done(resource, limits, patience);
        // What was compared last may not have been.
        match patience.is_over() {
            true => Err(Refusal::PatchTooDear),
            false => done,
        }
    }

    fn done(
        &self,
        resource: &mut Resource,
        limits: &Limits,
        patience: &mut Patience,
    ) -> Result<(), Refusal> {
        match self {
            Step::Assign { place, value } => resource.set(*place, value.clone()),
            Step::Merge { place, parts } => {
                for (part, value) in parts {
                    let sub = Some(*part);
                    resource.set(Place { sub, ..*place }, value.clone());
                }
            }
            Step::Append { list, values } => {
                let mut all = taken(resource, *list);
                for value in values {
                    append(list.attribute, &mut all, value, patience);
                }
                set_list(resource, *list, all, limits)?;
            }
            Step::Reset { list, values } => {
                let values = values.iter().cloned().map(Value::Object);
                resource.set(*list, Some(values.collect()));
            }
            Step::Without { list, values } => {
                let mut all = taken(resource, *list);
                all.retain(|value| {
                    !values
                        .iter()
                        .any(|like| is_like(list.attribute, value, like, patience))
                });
                resource.set(*list, Some(all.into()));
            }
            Step::Matching {
                list,
                filter,
                path,
                edit,
            } => {
                let mut all = taken(resource, *list);
                let mut matching = Vec::new();
                for (index, value) in all.iter().enumerate() {
                    let value = value.as_object();
                    if value.is_some_and(|value| holds(filter, value, patience)) {
                        matching.push(index);
                    }
                }
                edit.apply(&mut all, matching, *list, path)?;
                set_list(resource, *list, all, limits)?;
            }
            Step::Forget(schema) => resource.remove_extension(schema),
        }
        Ok(())
    }
}

/// The list, taken out: it is put back once it is changed, or the whole is refused.
fn taken(resource: &mut Resource, list: Place) -> Vec<Value> {
    match resource.take(list) {
        Some(Value::Array(all)) => all,
        Some(_) | None => Vec::new(),
    }
}

/// A list never grows beyond what it may have, between two operations neither.
fn set_list(
    resource: &mut Resource,
    list: Place,
    all: Vec<Value>,
    limits: &Limits,
) -> Result<(), Refusal> {
    if all.len() > limits.values {
        return Err(Refusal::too_many_values(list, limits));
    }
    resource.set(list, Some(all.into()));
    Ok(())
}

/// Adds a value: to the one with the same `value` and `type`, of which there is at most one (RFC 7643 §2.4), or as another one. If it
/// is the primary one, no other is any more.
fn append(attribute: &Attribute, all: &mut Vec<Value>, value: &Object, patience: &mut Patience) {
    let same = |one: &Value| {
        one.as_object().is_some_and(|one| {
            let mut alike = |name| match Attribute::named(attribute.sub_attributes, name) {
                Some(part) => is_same(part, one.get(name), value.get(name), patience),
                None => true,
            };
            match value.contains_key("value") {
                true => alike("value") && alike("type"),
                false => one == value,
            }
        })
    };
    let index = match all.iter().position(same) {
        Some(index) => {
            if let Some(Value::Object(one)) = all.get_mut(index) {
                one.extend(value.clone());
            }
            index
        }
        None => {
            all.push(value.clone().into());
            all.len() - 1
        }
    };
    let primary = value.get("primary") == Some(&Value::Bool(true));
    if primary {
        only_primary(all, index);
    }
}

fn only_primary(all: &mut [Value], index: usize) {
    for (other, value) in all.iter_mut().enumerate() {
        if other != index
            && is_primary(value)
            && let Value::Object(value) = value
        {
            value.insert("primary".into(), false.into());
        }
    }
}

fn is_same(
    part: &Attribute,
    left: Option<&Value>,
    right: Option<&Value>,
    patience: &mut Patience,
) -> bool {
    for text in [left, right] {
        patience.spend_on(text.and_then(Value::as_str).unwrap_or_default());
    }
    match (left.and_then(Value::as_str), right.and_then(Value::as_str)) {
        _ if patience.is_over() => false,
        (Some(left), Some(right)) if !part.case_exact => is_alike(left, right),
        _ => left == right,
    }
}

/// Whether a value is one of those that a client lists for removal: it has what the list's value says that tells it from others.
fn is_like(attribute: &Attribute, value: &Value, like: &Object, patience: &mut Patience) -> bool {
    let mut said = like
        .iter()
        .filter(|(name, _)| match like.contains_key("value") {
            true => matches!(name.as_str(), "value" | "type"),
            false => true,
        });
    said.all(|(name, right)| {
        let part = Attribute::named(attribute.sub_attributes, name);
        part.is_some_and(|part| is_same(part, value.get(name), Some(right), patience))
    })
}

impl Edit {
    fn apply(
        &self,
        all: &mut Vec<Value>,
        mut matching: Vec<usize>,
        list: Place,
        path: &str,
    ) -> Result<(), Refusal> {
        match self {
            Edit::Remove => {
                for index in matching.into_iter().rev() {
                    all.remove(index);
                }
                Ok(())
            }
            Edit::Replace(value) => {
                if matching.is_empty() {
                    return Err(Refusal::NoTarget(path.to_owned()));
                }
                for index in &matching {
                    if let Some(one) = all.get_mut(*index) {
                        *one = value.clone().into();
                    }
                }
                let primary = value.get("primary") == Some(&Value::Bool(true));
                one_primary(all, &matching, primary, list)
            }
            Edit::Set { parts, made } => {
                if matching.is_empty() {
                    match made {
                        Some(made) => {
                            all.push(made.clone().into());
                            matching.push(all.len() - 1);
                        }
                        None if parts.iter().all(|(_, value)| value.is_none()) => return Ok(()),
                        None => return Err(Refusal::NoTarget(path.to_owned())),
                    }
                }
                for index in &matching {
                    if let Some(Value::Object(one)) = all.get_mut(*index) {
                        set(one, parts);
                    }
                }
                let makes_primary =
                    |part: &Part| part.0.name == "primary" && part.1 == Some(Value::Bool(true));
                let created = made.as_ref().is_some_and(|made| {
                    made.get("primary") == Some(&Value::Bool(true)) && matching.len() == 1
                });
                let primary = parts.iter().any(makes_primary) || created;
                one_primary(all, &matching, primary, list)
            }
        }
    }
}

fn set(one: &mut Object, parts: &[Part]) {
    for (part, value) in parts {
        put(one, part.name, value.clone());
    }
}

/// Where values were made primary, no other one is.
fn one_primary(
    all: &mut [Value],
    changed: &[usize],
    primary: bool,
    list: Place,
) -> Result<(), Refusal> {
    match (primary, changed) {
        (false, _) => Ok(()),
        (true, [index]) => {
            only_primary(all, *index);
            Ok(())
        }
        (true, _) => Err(Refusal::Primary(list.to_string())),
    }
}
