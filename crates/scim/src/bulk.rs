//! Bulk requests (RFC 7644 §3.7): operations that may refer to what others of them make.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::error::Refusal;
use crate::json::{self, Object, names_schema};

const REQUEST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
const REFERENCE: &str = "bulkId:";

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkMethod {
    /// Makes a resource.
    Post,
    /// Puts another in a resource's place.
    Put,
    /// Changes a resource.
    Patch,
    /// Removes a resource.
    Delete,
}

impl BulkMethod {
    /// Its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            BulkMethod::Post => "POST",
            BulkMethod::Put => "PUT",
            BulkMethod::Patch => "PATCH",
            BulkMethod::Delete => "DELETE",
        }
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOperation {
    /// What it does.
    pub method: BulkMethod,
    /// Its name for others to refer to.
    pub bulk_id: Option<String>,
    /// `/Users`, or `/Users/…`: relative to the base address.
    pub path: String,
    /// The version that it expects.
    pub version: Option<String>,
    /// The body.
    pub data: Object,
}

/// A bulk request.
#[derive(Clone, Debug, PartialEq)]
pub struct Bulk {
    /// After so many errors the rest is not done; `None` does all.
    pub fail_on_errors: Option<usize>,
    /// The operations, in the client's order.
    pub operations: Vec<BulkOperation>,
}

impl Bulk {
    /// Reads a body of at most so many operations.
    ///
    /// # Errors
    /// `Schemas`, `Message`, `BulkTooLong`.
    pub fn of(body: &Object, most: usize) -> Result<Bulk, Refusal> {
        names_schema(body, REQUEST_SCHEMA)?;
        let wrong = |member, expected| Refusal::Message { member, expected };
        let fail_on_errors = match json::member(body, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(number) => {
                let number = number.as_u64().filter(|number| *number > 0);
                let number = number.and_then(|number| usize::try_from(number).ok());
                Some(number.ok_or(wrong("failOnErrors", "a whole number above 0"))?)
            }
        };
        let operations = json::member(body, "Operations").and_then(Value::as_array);
        let operations = operations.ok_or(wrong("Operations", "a list"))?;
        if operations.len() > most {
            return Err(Refusal::BulkTooLong(most));
        }
        let operations: Vec<_> = operations
            .iter()
            .map(BulkOperation::of)
            .collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        let mut named = operations.iter().filter_map(|it| it.bulk_id.as_deref());
        if !named.all(|name| names.insert(name)) {
            return Err(wrong("bulkId", "another one for each operation"));
        }
        Ok(Bulk {
            fail_on_errors,
            operations,
        })
    }

    /// The order in which the operations can be done: the client's, but each after those that it refers to. What can never be done,
    /// for it refers in a circle or to nothing, is told beside it.
    #[must_use]
    pub fn order(&self) -> (Vec<usize>, Vec<(usize, Refusal)>) {
        let needs: Vec<BTreeSet<String>> =
            self.operations.iter().map(BulkOperation::needs).collect();
        let mut left: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
        let mut waiting: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, names) in needs.iter().enumerate() {
            for name in names {
                waiting.entry(name).or_default().push(index);
            }
        }
        let mut ready: BTreeSet<usize> = (0..needs.len())
            .filter(|index| left.get(*index) == Some(&0))
            .collect();
        let mut order = Vec::new();
        while let Some(index) = ready.pop_first() {
            order.push(index);
            let made = self.operations.get(index).and_then(BulkOperation::makes);
            for freed in made
                .and_then(|name| waiting.remove(name))
                .unwrap_or_default()
            {
                if let Some(left) = left.get_mut(freed) {
                    *left -= 1;
                    if *left == 0 {
                        ready.insert(freed);
                    }
                }
            }
        }
        // Whoever waits for a name still waits in vain.
        let made: BTreeSet<&str> = self
            .operations
            .iter()
            .filter_map(BulkOperation::makes)
            .collect();
        let refused = needs.iter().enumerate().filter_map(|(index, names)| {
            let missing = names
                .iter()
                .find(|name| waiting.contains_key(name.as_str()))?;
            let refusal = match made.contains(missing.as_str()) {
                true => Refusal::Unresolved(json::shown(missing)),
                false => Refusal::value(
                    format!("bulkId:{}", json::shown(missing)),
                    "the `bulkId` of a POST",
                ),
            };
            Some((index, refusal))
        });
        (order, refused.collect())
    }
}

impl BulkOperation {
    fn of(raw: &Value) -> Result<BulkOperation, Refusal> {
        let wrong = |member, expected| Refusal::Message { member, expected };
        let object = raw.as_object();
        let object = object.ok_or(wrong("Operations", "a list of objects"))?;
        let text = |name: &'static str| match json::member(object, name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(wrong(name, "text")),
            },
        };
        let method = text("method")?.unwrap_or_default().to_ascii_uppercase();
        let all = [
            BulkMethod::Post,
            BulkMethod::Put,
            BulkMethod::Patch,
            BulkMethod::Delete,
        ];
        let method = all.into_iter().find(|known| known.word() == method);
        let method = method.ok_or(wrong("method", "`POST`, `PUT`, `PATCH` or `DELETE`"))?;
        let bulk_id = text("bulkId")?.filter(|name| !name.is_empty());
        if method == BulkMethod::Post && bulk_id.is_none() {
            return Err(wrong("bulkId", "given with `POST`"));
        }
        let data = match json::member(object, "data") {
            None | Some(Value::Null) => Object::new(),
            Some(data) => data.as_object().ok_or(wrong("data", "an object"))?.clone(),
        };
        Ok(BulkOperation {
            method,
            bulk_id,
            path: text("path")?.ok_or(wrong("path", "given"))?,
            version: text("version")?,
            data,
        })
    }

    fn makes(&self) -> Option<&str> {
        let name = self.bulk_id.as_deref();
        name.filter(|_| self.method == BulkMethod::Post)
    }

    /// The names that it refers to.
    fn needs(&self) -> BTreeSet<String> {
        let mut needs = BTreeSet::new();
        let mut path = self.path.clone();
        let mut data = Value::Object(self.data.clone());
        let mut collect = |name: &str| {
            needs.insert(name.to_owned());
            None
        };
        resolve_path(&mut path, &mut collect);
        resolve_value(&mut data, &mut collect);
        needs
    }

    /// Whether a name stands in its path for an id.
    #[must_use]
    pub fn is_unresolved(&self) -> bool {
        self.path.contains(REFERENCE)
    }

    /// The operation with ids in the place of names.
    ///
    /// # Errors
    /// [`Refusal::Unresolved`] for a name that stands for nothing: what it stood for was refused.
    pub fn resolved(&self, ids: &BTreeMap<String, String>) -> Result<BulkOperation, Refusal> {
        let mut operation = self.clone();
        let mut missing = None;
        let mut look_up = |name: &str| {
            let id = ids.get(name).cloned();
            if id.is_none() {
                missing.get_or_insert_with(|| json::shown(name));
            }
            id
        };
        resolve_path(&mut operation.path, &mut look_up);
        for value in operation.data.values_mut() {
            resolve_value(value, &mut look_up);
        }
        match missing {
            Some(name) => Err(Refusal::Unresolved(name)),
            None => Ok(operation),
        }
    }
}

type LookUp<'a> = &'a mut dyn FnMut(&str) -> Option<String>;

fn resolve_path(path: &mut String, look_up: LookUp<'_>) {
    if let Some(at) = path.find(REFERENCE) {
        let name = path.get(at + REFERENCE.len()..).unwrap_or_default();
        if let Some(id) = look_up(name) {
            path.replace_range(at.., &id);
        }
    }
}

/// The levels of a body are limited where it is read, so this ends.
fn resolve_value(value: &mut Value, look_up: LookUp<'_>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(REFERENCE)
                && let Some(id) = look_up(name)
            {
                *text = id;
            }
        }
        Value::Array(all) => {
            for value in all {
                resolve_value(value, look_up);
            }
        }
        Value::Object(object) => {
            for value in object.values_mut() {
                resolve_value(value, look_up);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Counts errors, to stop after `failOnErrors` of them (RFC 7644 §3.7.3).
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    left: Option<usize>,
}

impl Tally {
    /// For this request.
    #[must_use]
    pub fn of(bulk: &Bulk) -> Tally {
        Tally {
            left: bulk.fail_on_errors,
        }
    }

    /// One more operation was answered; whether the next may be done.
    pub fn goes_on(&mut self, refused: bool) -> bool {
        if refused {
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        self.left != Some(0)
    }
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOutcome {
    /// The status that the operation by itself would have had.
    pub status: u16,
    /// The resource's address; a POST that was refused has none.
    pub location: Option<String>,
    /// The resource's version.
    pub version: Option<String>,
    /// The error's body.
    pub response: Option<Value>,
}

impl BulkOutcome {
    fn document(&self, operation: &BulkOperation) -> Value {
        let mut document = Object::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                document.insert(name.to_owned(), value);
            }
        };
        put("method", operation.method.word().into());
        put("bulkId", json!(operation.bulk_id));
        put("location", json!(self.location));
        put("version", json!(self.version));
        put("status", self.status.to_string().into());
        put("response", json!(self.response));
        document.into()
    }
}

/// The answer: the operations that were done or refused, in the client's order.
#[must_use]
pub fn bulk_response(bulk: &Bulk, outcomes: &BTreeMap<usize, BulkOutcome>) -> Value {
    let document = |(index, outcome): (&usize, &BulkOutcome)| {
        let operation = bulk.operations.get(*index)?;
        Some(outcome.document(operation))
    };
    let operations: Vec<Value> = outcomes.iter().filter_map(document).collect();
    json!({ "schemas": [RESPONSE_SCHEMA], "Operations": operations })
}
