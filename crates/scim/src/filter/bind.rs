//! A filter bound to a type of resource: names are attributes, values are of their attribute's type.

use jiff::Timestamp;

use super::{Ask, Filter, Literal, Node, Operator, Test};
use crate::error::Refusal;
use crate::fold::fold;
use crate::json::shown;
use crate::path::AttributePath;
use crate::schema::{Mutability, Place, ResourceType, Type};

/// What to do about names that are no attributes of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The filter is refused.
    Refused,
    /// They are attributes that no resource has: for a search over several types (RFC 7644 §3.4.2.1).
    Absent,
}

/// A filter that can be asked of resources of one type.
#[derive(Clone, Debug)]
pub struct Bound {
    pub(crate) kind: &'static ResourceType,
    pub(crate) root: BoundNode,
}

#[derive(Clone, Debug)]
pub(crate) enum BoundNode {
    All(Vec<BoundNode>),
    Any(Vec<BoundNode>),
    Not(Box<BoundNode>),
    Test(BoundTest),
    Element { list: Place, filter: Box<BoundNode> },
}

#[derive(Clone, Debug)]
pub(crate) struct BoundTest {
    pub(crate) place: Place,
    pub(crate) check: Check,
}

#[derive(Clone, Debug)]
pub(crate) enum Check {
    Present,
    Absent,
    Compare(Operator, Datum),
}

/// A value to compare with, of the attribute's own type.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Text; folded by [`fold`] where the attribute is not `caseExact`.
    Text(String),
    /// Truth.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A time, to the millisecond: finer ones are cut, as a store keeps no finer ones.
    Time(Timestamp),
}

impl Filter {
    /// The filter for resources of this type.
    ///
    /// # Errors
    /// [`Refusal::FilterAttribute`], [`Refusal::FilterComparison`]
    pub fn bind(&self, kind: &'static ResourceType) -> Result<Bound, Refusal> {
        self.bind_with(kind, Unknown::Refused)
    }

    /// The filter for resources of this type, as one of several that are searched.
    ///
    /// # Errors
    /// [`Refusal::FilterAttribute`] where unknown names are refused, [`Refusal::FilterComparison`]
    pub fn bind_with(
        &self,
        kind: &'static ResourceType,
        unknown: Unknown,
    ) -> Result<Bound, Refusal> {
        let scope = Scope::Resource { kind, unknown };
        let root = bind(&self.root, &scope)?;
        Ok(Bound { kind, root })
    }
}

/// The filter within the brackets behind a list.
pub(crate) fn bind_element(filter: &Node, list: Place) -> Result<BoundNode, Refusal> {
    bind(filter, &Scope::Element(list))
}

/// Of what the names are.
enum Scope {
    Resource {
        kind: &'static ResourceType,
        unknown: Unknown,
    },
    Element(Place),
}

impl Scope {
    fn place(&self, path: &AttributePath) -> Result<Place, Refusal> {
        let found = match self {
            Scope::Resource { kind, .. } => kind.place(path),
            Scope::Element(list) => {
                let parts = list.attribute.sub_attributes;
                let mut parts = parts.iter();
                let plain = path.schema().is_none() && path.sub().is_none();
                parts
                    .find(|part| plain && part.name.eq_ignore_ascii_case(path.name()))
                    .map(|attribute| Place {
                        extension: None,
                        attribute,
                        sub: None,
                    })
            }
        };
        let name = || match self {
            Scope::Resource { .. } => shown(&path.to_string()),
            Scope::Element(list) => shown(&format!("{list}.{path}")),
        };
        // What nobody may read cannot be found out by filters, either.
        found
            .filter(|place| place.leaf().mutability != Mutability::WriteOnly)
            .ok_or_else(|| Refusal::FilterAttribute(name()))
    }

    fn tolerates(&self, refusal: &Refusal) -> bool {
        let absent = matches!(
            self,
            Scope::Resource {
                unknown: Unknown::Absent,
                ..
            }
        );
        absent && matches!(refusal, Refusal::FilterAttribute(_))
    }
}

fn bind(node: &Node, scope: &Scope) -> Result<BoundNode, Refusal> {
    let all = |parts: &[Node]| -> Result<Vec<BoundNode>, Refusal> {
        parts.iter().map(|part| bind(part, scope)).collect()
    };
    Ok(match node {
        Node::All(parts) => BoundNode::All(all(parts)?),
        Node::Any(parts) => BoundNode::Any(all(parts)?),
        Node::Not(inside) => BoundNode::Not(Box::new(bind(inside, scope)?)),
        Node::Test(test) => match scope.place(&test.path) {
            Ok(place) => BoundNode::Test(bind_test(place, test)?),
            Err(refusal) if scope.tolerates(&refusal) => match &test.ask {
                Ask::Compare(Operator::Ne, _) | Ask::Compare(Operator::Eq, Literal::Null) => {
                    BoundNode::All(Vec::new())
                }
                Ask::Present | Ask::Compare(..) => BoundNode::Any(Vec::new()),
            },
            Err(refusal) => return Err(refusal),
        },
        Node::Element { list, filter } => match scope.place(list) {
            Ok(place) if place.attribute.multi_valued => BoundNode::Element {
                list: place,
                filter: Box::new(bind_element(filter, place)?),
            },
            Ok(place) => return Err(comparison(place, "it is no list")),
            Err(refusal) if scope.tolerates(&refusal) => BoundNode::Any(Vec::new()),
            Err(refusal) => return Err(refusal),
        },
    })
}

fn bind_test(mut place: Place, test: &Test) -> Result<BoundTest, Refusal> {
    let (operator, literal) = match &test.ask {
        Ask::Present => {
            let check = Check::Present;
            return Ok(BoundTest { place, check });
        }
        Ask::Compare(operator, literal) => (*operator, literal),
    };
    if *literal == Literal::Null {
        let check = match operator {
            Operator::Eq => Check::Absent,
            Operator::Ne => Check::Present,
            Operator::Co
            | Operator::Sw
            | Operator::Ew
            | Operator::Gt
            | Operator::Lt
            | Operator::Ge
            | Operator::Le => return Err(comparison(place, "null goes with eq and ne only")),
        };
        return Ok(BoundTest { place, check });
    }
    // `emails co "@acme"` compares what stands for each e-mail as a whole.
    if place.leaf().kind == Type::Complex {
        let value = place.attribute.value();
        place.sub = Some(value.ok_or_else(|| comparison(place, "name a part of it"))?);
    }
    let datum = datum(place, operator, literal)?;
    if !fits(operator, place.leaf().kind) {
        return Err(comparison(place, "the operator does not fit its type"));
    }
    let check = Check::Compare(operator, datum);
    Ok(BoundTest { place, check })
}

fn comparison(place: Place, reason: &'static str) -> Refusal {
    Refusal::FilterComparison {
        attribute: place.to_string(),
        reason,
    }
}

fn datum(place: Place, operator: Operator, literal: &Literal) -> Result<Datum, Refusal> {
    let attribute = place.leaf();
    match (attribute.kind, literal) {
        (Type::String | Type::Reference | Type::Binary, Literal::Text(text)) => {
            // As a name is kept, so it is looked for.
            let whole = matches!(operator, Operator::Eq | Operator::Ne);
            let text = match whole && attribute.is_name() {
                true => text.trim(),
                false => text,
            };
            let exact = attribute.case_exact;
            Ok(Datum::Text(if exact { text.into() } else { fold(text) }))
        }
        (Type::Boolean, Literal::Bool(value)) => Ok(Datum::Bool(*value)),
        // Entra ID writes truth as text.
        (Type::Boolean, Literal::Text(text)) => truth(text)
            .map(Datum::Bool)
            .ok_or_else(|| comparison(place, "it is true or false")),
        (Type::DateTime, Literal::Text(text)) => time(text)
            .map(Datum::Time)
            .ok_or_else(|| comparison(place, "a time is written as \"2026-11-25T10:00:00Z\"")),
        (Type::Decimal | Type::Integer, Literal::Number(value)) => Ok(Datum::Number(*value)),
        (Type::Boolean, _) => Err(comparison(place, "it is true or false")),
        (Type::Decimal | Type::Integer, _) => Err(comparison(place, "it is a number")),
        (Type::DateTime, _) => Err(comparison(place, "it is a time, in double quotes")),
        (Type::String | Type::Reference | Type::Binary | Type::Complex, _) => {
            Err(comparison(place, "it is text, in double quotes"))
        }
    }
}

/// Which operators a type has (RFC 7644 table 3).
fn fits(operator: Operator, kind: Type) -> bool {
    match operator {
        Operator::Eq | Operator::Ne => true,
        Operator::Co | Operator::Sw | Operator::Ew => {
            matches!(kind, Type::String | Type::Reference)
        }
        Operator::Gt | Operator::Lt | Operator::Ge | Operator::Le => matches!(
            kind,
            Type::String | Type::Reference | Type::DateTime | Type::Decimal | Type::Integer
        ),
    }
}

/// `true` and `false` as text, in any case.
pub(crate) fn truth(text: &str) -> Option<bool> {
    [true, false]
        .into_iter()
        .find(|truth| truth.to_string().eq_ignore_ascii_case(text))
}

/// A `dateTime` (RFC 7643 §2.3.5), to the millisecond.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

impl Bound {
    /// Whether it asks for a top-level attribute of the core schema: what is dear to find need not be looked for.
    #[must_use]
    pub fn asks_for(&self, name: &str) -> bool {
        self.root.asks_for(name)
    }

    /// The attributes that this filter compares by `eq`, all of which must hold; `None` if it is any other filter.
    pub(crate) fn equalities(&self) -> Option<Vec<String>> {
        let parts = match &self.root {
            BoundNode::All(parts) => parts.as_slice(),
            other @ BoundNode::Test(_) => std::slice::from_ref(other),
            BoundNode::Any(_) | BoundNode::Not(_) | BoundNode::Element { .. } => return None,
        };
        let name = |part: &BoundNode| match part {
            BoundNode::Test(BoundTest {
                place,
                check: Check::Compare(Operator::Eq, _),
            }) => Some(place.to_string()),
            BoundNode::All(_)
            | BoundNode::Any(_)
            | BoundNode::Not(_)
            | BoundNode::Test(_)
            | BoundNode::Element { .. } => None,
        };
        parts.iter().map(name).collect()
    }
}

impl BoundNode {
    fn asks_for(&self, name: &str) -> bool {
        let place = match self {
            BoundNode::All(parts) | BoundNode::Any(parts) => {
                return parts.iter().any(|part| part.asks_for(name));
            }
            BoundNode::Not(inside) => return inside.asks_for(name),
            BoundNode::Test(test) => test.place,
            BoundNode::Element { list, .. } => *list,
        };
        place.extension.is_none() && place.attribute.name == name
    }
}
