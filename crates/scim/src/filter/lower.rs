//! What of a filter a database can ask: a tree of conditions over named columns, for whoever speaks its dialect.

use super::evaluate::{compares_text, follows};
use super::{Bound, BoundNode, BoundTest, Check, Datum, Operator};
use crate::schema::{Place, ResourceType, USER};

/// A column that a store may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// `id`
    Id,
    /// `externalId`
    ExternalId,
    /// `userName`, folded.
    UserName,
    /// `displayName` of a person or a group, folded.
    DisplayName,
    /// `name.givenName`, folded.
    GivenName,
    /// `name.familyName`, folded.
    FamilyName,
    /// `active`
    Active,
    /// `meta.created`
    Created,
    /// `meta.lastModified`
    LastModified,
    /// `emails.value`, folded: a relation, each of a person's addresses.
    Email,
    /// `groups.value`: a relation, the ids of the groups that a person is in.
    Group,
    /// `members.value`: a relation, the ids of the people in a group.
    Member,
}

impl Column {
    /// The column that holds what is at this place.
    pub(crate) fn at(kind: &ResourceType, place: Place) -> Option<Column> {
        if place.extension.is_some() {
            return None;
        }
        let person = *kind == USER;
        let column = match (place.attribute.name, place.sub.map(|sub| sub.name)) {
            ("id", None) => Column::Id,
            ("externalId", None) => Column::ExternalId,
            ("displayName", None) => Column::DisplayName,
            ("meta", Some("created")) => Column::Created,
            ("meta", Some("lastModified")) => Column::LastModified,
            ("members", Some("value")) => Column::Member,
            ("userName", None) if person => Column::UserName,
            ("name", Some("givenName")) if person => Column::GivenName,
            ("name", Some("familyName")) if person => Column::FamilyName,
            ("active", None) if person => Column::Active,
            ("emails", Some("value")) if person => Column::Email,
            ("groups", Some("value")) if person => Column::Group,
            _ => return None,
        };
        Some(column)
    }

    /// Whether it holds text folded by [`fold`](crate::fold): the values of conditions on it are.
    #[must_use]
    pub fn is_folded(self) -> bool {
        match self {
            Column::UserName
            | Column::DisplayName
            | Column::GivenName
            | Column::FamilyName
            | Column::Email => true,
            Column::Id
            | Column::ExternalId
            | Column::Active
            | Column::Created
            | Column::LastModified
            | Column::Group
            | Column::Member => false,
        }
    }

    /// Whether a resource may have several: a condition on it says that there is one (`EXISTS`).
    #[must_use]
    pub fn is_relation(self) -> bool {
        match self {
            Column::Email | Column::Group | Column::Member => true,
            Column::Id
            | Column::ExternalId
            | Column::UserName
            | Column::DisplayName
            | Column::GivenName
            | Column::FamilyName
            | Column::Active
            | Column::Created
            | Column::LastModified => false,
        }
    }
}

/// How a column is compared. Text is ordered by code points (`COLLATE "C"`), and nothing in it is a pattern's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Smaller.
    Lt,
    /// Greater or equal.
    Ge,
    /// Smaller or equal.
    Le,
}

/// What is asked of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Relation {
    /// That it is not null.
    Present,
    /// That it compares so. Never of null: a renderer says `COALESCE(… , false)`, or `NOT` would be unknown.
    Compare(Comparison, Datum),
}

/// A condition. What it means, [`Condition::holds`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them hold; the empty one always does.
    All(Vec<Condition>),
    /// One of them holds; the empty one never does.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// The column is such.
    Is(Column, Relation),
}

/// What became of a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// Holds of every resource that the filter holds of.
    pub condition: Condition,
    /// Whether it holds of no other. If it does, each row must be asked [`Bound::matches`] too, before rows are counted or cut into
    /// pages.
    pub exact: bool,
}

impl Condition {
    /// Whether it holds of a row: `row` gives a column's values, none for null, several for a relation.
    pub fn holds(&self, row: &dyn Fn(Column) -> Vec<Datum>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(row)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Condition::Not(inside) => !inside.holds(row),
            Condition::Is(column, Relation::Present) => !row(*column).is_empty(),
            Condition::Is(column, Relation::Compare(comparison, right)) => row(*column)
                .iter()
                .any(|left| compares(left, *comparison, right)),
        }
    }
}

fn compares(left: &Datum, comparison: Comparison, right: &Datum) -> bool {
    let operator = match comparison {
        Comparison::Eq => Operator::Eq,
        Comparison::Co => Operator::Co,
        Comparison::Sw => Operator::Sw,
        Comparison::Ew => Operator::Ew,
        Comparison::Gt => Operator::Gt,
        Comparison::Lt => Operator::Lt,
        Comparison::Ge => Operator::Ge,
        Comparison::Le => Operator::Le,
    };
    let order = match (left, right) {
        (Datum::Text(left), Datum::Text(right)) => return compares_text(left, operator, right),
        (Datum::Bool(left), Datum::Bool(right)) => Some(left.cmp(right)),
        (Datum::Number(left), Datum::Number(right)) => left.partial_cmp(right),
        (Datum::Time(left), Datum::Time(right)) => Some(left.cmp(right)),
        (Datum::Text(_) | Datum::Bool(_) | Datum::Number(_) | Datum::Time(_), _) => None,
    };
    order.is_some_and(|order| follows(order, operator))
}

impl Bound {
    /// The filter as far as a store with these columns can ask it.
    ///
    /// ```
    /// use kiro_scim::{Column, Comparison, Condition, Datum, Filter, Relation, USER};
    /// let filter = Filter::parse(r#"userName eq "AIKO" and title pr"#)?.bind(&USER)?;
    /// let lowered = filter.lower(&[Column::UserName]);
    /// let name = Relation::Compare(Comparison::Eq, Datum::Text("aiko".into()));
    /// assert_eq!(lowered.condition, Condition::Is(Column::UserName, name));
    /// assert!(!lowered.exact, "whether there is a title, memory decides");
    /// # Ok::<(), kiro_scim::Refusal>(())
    /// ```
    #[must_use]
    pub fn lower(&self, columns: &[Column]) -> Lowered {
        let kind = self.kind;
        Lowering { kind, columns }.node(&self.root, true)
    }
}

/// What nothing is known of: every row is asked.
fn anything() -> Lowered {
    Lowered {
        condition: Condition::All(Vec::new()),
        exact: false,
    }
}

struct Lowering<'a> {
    kind: &'static ResourceType,
    columns: &'a [Column],
}

impl Lowering<'_> {
    /// Where `positive` is false, what is lowered is that the node does not hold: a negation wanders to what it negates, because
    /// the negation of a condition that holds of too many would hold of too few.
    fn node(&self, node: &BoundNode, positive: bool) -> Lowered {
        let each = |parts: &[BoundNode]| -> Vec<Lowered> {
            let lowered = |part| self.node(part, positive);
            parts.iter().map(lowered).collect()
        };
        match (node, positive) {
            (BoundNode::All(parts), true) | (BoundNode::Any(parts), false) => all(each(parts)),
            (BoundNode::Any(parts), true) | (BoundNode::All(parts), false) => any(each(parts)),
            (BoundNode::Not(inside), _) => self.node(inside, !positive),
            (BoundNode::Test(test), _) => negated_if(!positive, self.test(test, test.place)),
            (BoundNode::Element { list, filter }, _) => {
                negated_if(!positive, self.element(*list, filter))
            }
        }
    }

    fn column(&self, place: Place) -> Option<Column> {
        Column::at(self.kind, place).filter(|column| self.columns.contains(column))
    }

    fn test(&self, test: &BoundTest, place: Place) -> Lowered {
        let Some(column) = self.column(place) else {
            return anything();
        };
        let present = || Condition::Is(column, Relation::Present);
        let compare = |comparison, datum: &Datum| {
            Condition::Is(column, Relation::Compare(comparison, datum.clone()))
        };
        let condition = match &test.check {
            Check::Present => present(),
            Check::Absent => Condition::Not(Box::new(present())),
            Check::Compare(Operator::Ne, datum) if !column.is_relation() => {
                Condition::Not(Box::new(compare(Comparison::Eq, datum)))
            }
            Check::Compare(operator, datum) => match comparison(*operator) {
                Some(comparison) => compare(comparison, datum),
                None => return anything(),
            },
        };
        Lowered {
            condition,
            exact: true,
        }
    }

    /// That some value of the list is such. What all of one value's parts are says less once it is asked of several values.
    fn element(&self, list: Place, filter: &BoundNode) -> Lowered {
        let each = |parts: &[BoundNode]| -> Vec<Lowered> {
            let lowered = |part| self.element(list, part);
            parts.iter().map(lowered).collect()
        };
        match filter {
            BoundNode::All(parts) => Lowered {
                exact: false,
                ..all(each(parts))
            },
            BoundNode::Any(parts) => any(each(parts)),
            BoundNode::Test(test) => match test.check {
                Check::Present
                | Check::Compare(
                    Operator::Eq
                    | Operator::Co
                    | Operator::Sw
                    | Operator::Ew
                    | Operator::Gt
                    | Operator::Lt
                    | Operator::Ge
                    | Operator::Le,
                    _,
                ) => {
                    let sub = Some(test.place.attribute);
                    self.test(test, Place { sub, ..list })
                }
                Check::Absent | Check::Compare(Operator::Ne, _) => anything(),
            },
            BoundNode::Not(_) | BoundNode::Element { .. } => anything(),
        }
    }
}

fn comparison(operator: Operator) -> Option<Comparison> {
    match operator {
        Operator::Eq => Some(Comparison::Eq),
        Operator::Ne => None,
        Operator::Co => Some(Comparison::Co),
        Operator::Sw => Some(Comparison::Sw),
        Operator::Ew => Some(Comparison::Ew),
        Operator::Gt => Some(Comparison::Gt),
        Operator::Lt => Some(Comparison::Lt),
        Operator::Ge => Some(Comparison::Ge),
        Operator::Le => Some(Comparison::Le),
    }
}

fn negated_if(negated: bool, lowered: Lowered) -> Lowered {
    match (negated, lowered.exact) {
        (false, _) => lowered,
        (true, false) => anything(),
        (true, true) => Lowered {
            condition: Condition::Not(Box::new(lowered.condition)),
            exact: true,
        },
    }
}

fn all(parts: Vec<Lowered>) -> Lowered {
    let exact = parts.iter().all(|part| part.exact);
    let always = Condition::All(Vec::new());
    let parts = parts.into_iter().map(|part| part.condition);
    let mut parts: Vec<Condition> = parts.filter(|part| *part != always).collect();
    let condition = match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Condition::All(parts)
        }
    };
    Lowered { condition, exact }
}

fn any(parts: Vec<Lowered>) -> Lowered {
    let exact = parts.iter().all(|part| part.exact);
    let always = Condition::All(Vec::new());
    if parts.iter().any(|part| part.condition == always) {
        return Lowered {
            condition: always,
            exact,
        };
    }
    let condition = Condition::Any(parts.into_iter().map(|part| part.condition).collect());
    Lowered { condition, exact }
}
