//! A filter asked of a resource as it is presented (RFC 7644 §3.4.2.2).
//!
//! What the RFC leaves open: an attribute that is absent is `ne` every value, and no other comparison holds of it; `ne` of a list
//! holds if one of its values differs, as every comparison does; order is that of folded text where case does not matter.

use std::cmp::Ordering;
use std::slice;

use serde_json::Value;

use super::bind::time;
use super::{Bound, BoundNode, BoundTest, Check, Datum, Operator};
use crate::fold::fold;
use crate::json::Object;
use crate::patience::Patience;
use crate::schema::{Attribute, Place};

impl Bound {
    /// Whether the filter holds of a resource, as [`present`](crate::present) gives it.
    #[must_use]
    pub fn matches(&self, resource: &Object) -> bool {
        self.matches_within(resource, &mut Patience::FILTER.clone())
    }

    /// The same, as one of many resources that a filter is asked of with this patience.
    pub fn matches_within(&self, resource: &Object, patience: &mut Patience) -> bool {
        holds(&self.root, resource, patience)
    }
}

/// Whether it holds of a resource, or of a value of a list.
pub(crate) fn holds(node: &BoundNode, object: &Object, patience: &mut Patience) -> bool {
    match node {
        BoundNode::All(parts) => parts.iter().all(|part| holds(part, object, patience)),
        BoundNode::Any(parts) => parts.iter().any(|part| holds(part, object, patience)),
        BoundNode::Not(inside) => !holds(inside, object, patience),
        BoundNode::Test(test) => test.holds(object, patience),
        BoundNode::Element { list, filter } => values(*list, object)
            .filter_map(Value::as_object)
            .any(|value| holds(filter, value, patience)),
    }
}

/// The values at a place, one after the other.
pub(crate) fn values(place: Place, object: &Object) -> impl Iterator<Item = &Value> {
    let container = match place.extension {
        None => Some(object),
        Some(schema) => object.get(schema.id).and_then(Value::as_object),
    };
    let value = container.and_then(|object| object.get(place.attribute.name));
    let all: &[Value] = match value {
        None => &[],
        Some(value) => match value.as_array() {
            Some(all) => all,
            None => slice::from_ref(value),
        },
    };
    all.iter().filter_map(move |value| match place.sub {
        None => Some(value),
        Some(sub) => value.as_object()?.get(sub.name),
    })
}

impl BoundTest {
    fn holds(&self, object: &Object, patience: &mut Patience) -> bool {
        if patience.is_over() {
            return false;
        }
        let mut present = values(self.place, object).filter(|value| !is_nothing(value));
        match &self.check {
            Check::Present => present.next().is_some(),
            Check::Absent => present.next().is_none(),
            Check::Compare(operator, datum) => {
                let mut present = present.peekable();
                if present.peek().is_none() {
                    return *operator == Operator::Ne;
                }
                let attribute = self.place.leaf();
                present.any(|value| compares(attribute, value, *operator, datum, patience))
            }
        }
    }
}

/// Null, or without content (RFC 7643 §2.5).
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

fn compares(
    attribute: &Attribute,
    value: &Value,
    operator: Operator,
    datum: &Datum,
    patience: &mut Patience,
) -> bool {
    patience.spend_on(value.as_str().unwrap_or_default());
    let order = match datum {
        Datum::Text(right) => {
            let Some(left) = value.as_str() else {
                return false;
            };
            return match (attribute.case_exact, operator) {
                (true, _) => compares_text(left, operator, right),
                // The right one is folded already.
                (false, Operator::Eq) if left.is_ascii() => left.eq_ignore_ascii_case(right),
                (false, _) => compares_text(&fold(left), operator, right),
            };
        }
        Datum::Bool(right) => value.as_bool().map(|left| left.cmp(right)),
        Datum::Number(right) => value.as_f64().and_then(|left| left.partial_cmp(right)),
        Datum::Time(right) => value.as_str().and_then(time).map(|left| left.cmp(right)),
    };
    order.is_some_and(|order| follows(order, operator))
}

pub(super) fn compares_text(left: &str, operator: Operator, right: &str) -> bool {
    match operator {
        Operator::Co => left.contains(right),
        Operator::Sw => left.starts_with(right),
        Operator::Ew => left.ends_with(right),
        Operator::Eq | Operator::Ne | Operator::Gt | Operator::Lt | Operator::Ge | Operator::Le => {
            follows(left.cmp(right), operator)
        }
    }
}

pub(super) fn follows(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Lt => order.is_lt(),
        Operator::Ge => order.is_ge(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}
