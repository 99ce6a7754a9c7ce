//! What an operation does, found out before any resource is at hand.

use std::collections::BTreeSet;

use serde_json::Value;

use super::members::too_many;
use super::{Members, Op, Operation};
use crate::error::Refusal;
use crate::filter::{Ask, BoundNode, Literal, Node, Operator, bind_element};
use crate::json::{Object, shown};
use crate::manner::{Limits, Manner, aws};
use crate::path::Path;
use crate::resource::normal::{self, Part};
use crate::schema::{Attribute, Mutability, Place, ResourceType, Schema, Type};

/// A change of a resource.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Sets or unassigns what is no list.
    Assign { place: Place, value: Option<Value> },
    /// Sets and unassigns parts of a complex attribute, and leaves the others.
    Merge { place: Place, parts: Vec<Part> },
    /// Adds to a list what is not in it.
    Append { list: Place, values: Vec<Object> },
    /// Puts a list in another's place.
    Reset { list: Place, values: Vec<Object> },
    /// Takes out of a list what is like these.
    Without { list: Place, values: Vec<Object> },
    /// Changes the values of a list that a filter holds of.
    Matching {
        list: Place,
        filter: BoundNode,
        /// The path, as it is told when nothing matches.
        path: String,
        edit: Edit,
    },
    /// Takes out what an extension says.
    Forget(&'static Schema),
}

/// A change of a list's value.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Remove,
    /// Another value in its place.
    Replace(Object),
    /// Parts are set or unassigned. Where nothing matches, a value is made that the filter would have held of.
    Set {
        parts: Vec<Part>,
        made: Option<Object>,
    },
}

/// The operations read so far.
pub(super) struct Reading<'a> {
    kind: &'static ResourceType,
    manner: Manner,
    limits: &'a Limits,
    steps: Vec<(usize, Step)>,
    members: Members,
    member_changes: usize,
    /// AWS's manner: `userName` and `active` may be changed once in a request.
    changed_once: BTreeSet<&'static str>,
}

/// What is to be done, as far as it is the same for all that one operation names.
#[derive(Clone, Copy)]
struct Order {
    number: usize,
    op: Op,
    /// Whether the client named the attribute by a path, and not as one of many in a value.
    by_path: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(kind: &'static ResourceType, manner: Manner, limits: &'a Limits) -> Self {
        Reading {
            kind,
            manner,
            limits,
            steps: Vec::new(),
            members: Members::default(),
            member_changes: 0,
            changed_once: BTreeSet::new(),
        }
    }

    pub(super) fn done(self) -> (Vec<(usize, Step)>, Members) {
        (self.steps, self.members)
    }

    pub(super) fn operation(
        &mut self,
        number: usize,
        operation: &Operation<'_>,
    ) -> Result<(), Refusal> {
        let mut order = Order {
            number,
            op: operation.op,
            by_path: true,
        };
        match (&operation.path, operation.value) {
            (Some(path), value) => self.at(order, path, value),
            (None, _) if operation.op == Op::Remove => Err(Refusal::RemoveWithoutPath),
            (None, value) => {
                order.by_path = false;
                let object = value.and_then(Value::as_object);
                let object = object.ok_or(Refusal::Value {
                    attribute: "value".into(),
                    expected: "an object of attributes where there is no `path`",
                })?;
                self.each(order, object)
            }
        }
    }

    /// Each member of a value without a path: an attribute, or a path (Entra ID's dotted keys), or a schema's URN.
    fn each(&mut self, order: Order, object: &Object) -> Result<(), Refusal> {
        for (name, raw) in object {
            match Path::parse(name) {
                Ok(path) => self.at(order, &path, Some(raw))?,
                Err(_) => self.unknown(order, name)?,
            }
        }
        Ok(())
    }

    /// A name that is none of ours: refused where it is what the operation is about, passed over where it is one of many.
    fn unknown(&self, order: Order, name: &str) -> Result<(), Refusal> {
        match self.manner {
            Manner::Rfc if !order.by_path => Ok(()),
            Manner::Rfc | Manner::Aws => {
                let name = name.split('[').next().unwrap_or_default();
                Err(Refusal::UnknownAttribute(shown(name)))
            }
        }
    }

    fn at(&mut self, order: Order, path: &Path, raw: Option<&Value>) -> Result<(), Refusal> {
        if let (None, Some(urn)) = (&path.filter, path.attribute.as_urn()) {
            if let Some(schema) = self.kind.extension(&urn) {
                return self.extension(order, schema, raw);
            }
            if self.kind.schema.id.eq_ignore_ascii_case(&urn)
                && order.op != Op::Remove
                && let Some(object) = raw.and_then(Value::as_object)
            {
                return self.each(order, object);
            }
        }
        let Some(place) = self.kind.place(&path.attribute) else {
            return self.unknown(order, &path.attribute.to_string());
        };
        self.attribute(order, place, Some(path), raw)
    }

    fn extension(
        &mut self,
        order: Order,
        schema: &'static Schema,
        raw: Option<&Value>,
    ) -> Result<(), Refusal> {
        if order.op == Op::Remove {
            self.steps.push((order.number, Step::Forget(schema)));
            return Ok(());
        }
        let object = raw.and_then(Value::as_object);
        let object = object.ok_or_else(|| Refusal::value(schema.id, "an object"))?;
        let inside = Order {
            by_path: false,
            ..order
        };
        for (name, raw) in object {
            match schema.attribute(name) {
                Some(attribute) => {
                    let place = Place {
                        extension: Some(schema),
                        attribute,
                        sub: None,
                    };
                    self.attribute(inside, place, None, Some(raw))?;
                }
                None => self.unknown(inside, name)?,
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        order: Order,
        place: Place,
        path: Option<&Path>,
        raw: Option<&Value>,
    ) -> Result<(), Refusal> {
        let said = [place.attribute.mutability, place.leaf().mutability];
        if said.contains(&Mutability::ReadOnly) {
            return match order.by_path {
                true => Err(Refusal::ReadOnly(place.to_string())),
                false => Ok(()),
            };
        }
        if self.manner == Manner::Aws {
            self.aws(place)?;
        }
        if said.contains(&Mutability::WriteOnly) {
            return Ok(());
        }
        if place.attribute.name == "members" {
            let most = self.limits.members(self.manner);
            let members = &mut self.members;
            let count = members.step(order.op, place, path, raw, self.manner, most)?;
            self.member_changes += count;
            return match self.member_changes > most {
                true => Err(too_many(most)),
                false => Ok(()),
            };
        }
        let step = match path.and_then(|path| Some((path, path.filter.as_deref()?))) {
            Some((path, filter)) => self.matching(order, place, path, filter, raw)?,
            None => self.whole(order, place, raw)?,
        };
        if let Step::Assign { place, value: None } = &step
            && place.leaf().required
        {
            return Err(Refusal::Irremovable(place.to_string()));
        }
        self.steps.push((order.number, step));
        Ok(())
    }

    fn aws(&mut self, place: Place) -> Result<(), Refusal> {
        aws::patches(place)?;
        let name = place.attribute.name;
        let once = matches!(name, "userName" | "active");
        if once && !self.changed_once.insert(name) {
            return Err(Refusal::Unsupported(
                "changing `userName` or `active` twice",
            ));
        }
        Ok(())
    }

    /// An attribute, or a part of one.
    fn whole(&self, order: Order, place: Place, raw: Option<&Value>) -> Result<Step, Refusal> {
        let list = Place { sub: None, ..place };
        let raw = match (order.op, raw) {
            (Op::Remove, raw) => raw.unwrap_or(&Value::Null),
            (Op::Add | Op::Replace, raw) => raw.ok_or_else(|| Refusal::value(place, "given"))?,
        };
        match (order.op, place.attribute.multi_valued, place.sub) {
            (Op::Remove, true, None) if raw.is_null() => Ok(Step::Reset {
                list,
                values: Vec::new(),
            }),
            (Op::Remove, true, None) => {
                let values = self.list(place, raw)?;
                match values.iter().any(Object::is_empty) {
                    true => Err(Refusal::value(place, "a list of values to remove")),
                    false => Ok(Step::Without { list, values }),
                }
            }
            (Op::Add, true, None) => {
                let values = self.values(list, raw)?;
                Ok(Step::Append { list, values })
            }
            (Op::Replace, true, None) => {
                let values = self.values(list, raw)?;
                Ok(Step::Reset { list, values })
            }
            // A part of each value of a list.
            (op, true, Some(part)) => {
                let value = match op {
                    Op::Remove => None,
                    Op::Add | Op::Replace => normal::scalar(&place.to_string(), part, raw)?,
                };
                let set = Edit::Set {
                    made: value.is_some().then(Object::new),
                    parts: vec![(part, value)],
                };
                Ok(Step::Matching {
                    list,
                    filter: BoundNode::All(Vec::new()),
                    path: place.to_string(),
                    edit: set,
                })
            }
            (Op::Remove, false, _) => Ok(Step::Assign { place, value: None }),
            (Op::Add | Op::Replace, false, None)
                if place.attribute.kind == Type::Complex && raw.is_object() =>
            {
                let parts = normal::parts(place, raw, self.manner)?;
                Ok(Step::Merge { place, parts })
            }
            (Op::Add | Op::Replace, false, _) => {
                let value = normal::value(place, raw, self.manner)?;
                Ok(Step::Assign { place, value })
            }
        }
    }

    /// Values of a list, no more than it may have: each is compared with each that is there.
    fn list(&self, list: Place, raw: &Value) -> Result<Vec<Object>, Refusal> {
        let values = normal::list(list, raw, self.manner)?;
        match values.len() > self.limits.values {
            true => Err(Refusal::too_many_values(list, self.limits)),
            false => Ok(values),
        }
    }

    /// Values for a list, at most one of them primary.
    fn values(&self, list: Place, raw: &Value) -> Result<Vec<Object>, Refusal> {
        let values = self.list(list, raw)?;
        let primary = |value: &&Object| value.get("primary") == Some(&Value::Bool(true));
        match values.iter().filter(primary).count() {
            0 | 1 => Ok(values),
            _ => Err(Refusal::Primary(list.to_string())),
        }
    }

    /// The values of a list that a filter holds of, or a part of them.
    fn matching(
        &self,
        order: Order,
        place: Place,
        path: &Path,
        filter: &Node,
        raw: Option<&Value>,
    ) -> Result<Step, Refusal> {
        let list = Place { sub: None, ..place };
        if !list.attribute.multi_valued {
            return Err(Refusal::FilterComparison {
                attribute: list.to_string(),
                reason: "it is no list",
            });
        }
        let bound = bind_element(filter, list)?;
        let told = path.told(list.attribute);
        let given = || raw.ok_or_else(|| Refusal::value(&told, "given"));
        let edit = match (order.op, place.sub) {
            (Op::Remove, None) => Edit::Remove,
            (Op::Remove, Some(part)) => Edit::Set {
                parts: vec![(part, None)],
                made: None,
            },
            (Op::Add | Op::Replace, Some(part)) => {
                let value = normal::scalar(&told, part, given()?)?;
                let made = made_by(filter, list).filter(|_| value.is_some());
                let parts = vec![(part, value)];
                Edit::Set { parts, made }
            }
            (Op::Add, None) => Edit::Set {
                parts: normal::parts(list, given()?, self.manner)?,
                made: made_by(filter, list),
            },
            (Op::Replace, None) => Edit::Replace(normal::object(list, given()?, self.manner)?),
        };
        Ok(Step::Matching {
            list,
            filter: bound,
            path: told,
            edit,
        })
    }
}

/// The value that a filter of `eq`, joined by `and`, describes: Entra ID sets `emails[type eq "work"].value` of people without one.
fn made_by(filter: &Node, list: Place) -> Option<Object> {
    let parts = match filter {
        Node::All(parts) => parts.as_slice(),
        one @ Node::Test(_) => std::slice::from_ref(one),
        Node::Any(_) | Node::Not(_) | Node::Element { .. } => return None,
    };
    let mut made = Object::new();
    for part in parts {
        let Node::Test(test) = part else {
            return None;
        };
        let Ask::Compare(Operator::Eq, literal) = &test.ask else {
            return None;
        };
        let part = Attribute::named(list.attribute.sub_attributes, test.path.name())?;
        let raw = match literal {
            Literal::Null => return None,
            Literal::Bool(value) => Value::from(*value),
            Literal::Number(value) => Value::from(*value),
            Literal::Text(text) => Value::from(text.as_str()),
        };
        let value = normal::scalar(part.name, part, &raw).ok()??;
        if made.insert(part.name.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(made)
}
