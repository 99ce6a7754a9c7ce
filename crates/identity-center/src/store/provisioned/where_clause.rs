//! A filter's conditions in the SQL of both databases. Whatever a client wrote is a parameter; the words are ours.

use kiro_scim::{Column, Comparison, Condition, Datum, Relation, ResourceType, USER};

use super::super::Value;
use super::exact;
use crate::id::{ConnectionId, GroupId, UserId};

/// The columns that filters are asked of; what they say of other attributes, memory decides.
pub(super) const COLUMNS: [Column; 10] = [
    Column::Id,
    Column::ExternalId,
    Column::UserName,
    Column::DisplayName,
    Column::Active,
    Column::Created,
    Column::LastModified,
    Column::Email,
    Column::Group,
    Column::Member,
];

/// A condition on rows of `users r` or `groups r`, and its values.
#[derive(Debug, PartialEq)]
pub(super) struct Clause {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    /// Whether its text is one of few, and worth to be kept prepared.
    pub(super) common: bool,
}

/// The clause of a condition, its values counted on from `values`; `None` where SQL has no word for it.
pub(super) fn clause(
    condition: &Condition,
    kind: &'static ResourceType,
    connection: ConnectionId,
    code_points: &'static str,
    values: Vec<Value>,
) -> Option<Clause> {
    let common = match condition {
        Condition::Is(..) => true,
        Condition::All(parts) => parts.is_empty(),
        Condition::Any(_) | Condition::Not(_) => false,
    };
    let mut writer = Writer {
        kind,
        connection,
        code_points,
        values,
    };
    let sql = writer.condition(condition, true)?;
    Some(Clause {
        sql,
        values: writer.values,
        common,
    })
}

struct Writer {
    kind: &'static ResourceType,
    connection: ConnectionId,
    /// What orders text by code points in this database.
    code_points: &'static str,
    values: Vec<Value>,
}

impl Writer {
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// `plain`: not below a negation, where nothing but true matters. Else null is false, not unknown.
    fn condition(&mut self, condition: &Condition, plain: bool) -> Option<String> {
        match condition {
            Condition::All(parts) => self.joined(parts, " AND ", "1 = 1", plain),
            Condition::Any(parts) => self.joined(parts, " OR ", "1 = 0", plain),
            Condition::Not(inside) => Some(format!("NOT ({})", self.condition(inside, false)?)),
            Condition::Is(column, relation) => {
                let sql = self.is(*column, relation)?;
                Some(match plain || column.is_relation() {
                    true => sql,
                    false => format!("COALESCE({sql}, FALSE)"),
                })
            }
        }
    }

    fn joined(
        &mut self,
        parts: &[Condition],
        joint: &str,
        none: &str,
        plain: bool,
    ) -> Option<String> {
        let parts: Option<Vec<String>> = parts
            .iter()
            .map(|part| self.condition(part, plain).map(|sql| format!("({sql})")))
            .collect();
        let parts = parts?;
        Some(match parts.is_empty() {
            true => none.to_owned(),
            false => parts.join(joint),
        })
    }

    fn is(&mut self, column: Column, relation: &Relation) -> Option<String> {
        let person = *self.kind == USER;
        let name = match column {
            Column::Id => return self.id(relation),
            Column::ExternalId => "r.external_id",
            Column::UserName => "r.user_name_folded",
            // A group always has one, and its key is in the unique index.
            Column::DisplayName => "r.display_name_folded",
            Column::Active => "r.active",
            Column::Created => "r.created_at",
            Column::LastModified => "r.modified_at",
            Column::Email => return self.email(relation),
            Column::Group if person => return self.group(relation),
            Column::Member if !person => return self.member(relation),
            Column::Group | Column::Member | Column::GivenName | Column::FamilyName => return None,
        };
        match relation {
            Relation::Present => Some(format!("{name} IS NOT NULL")),
            Relation::Compare(comparison, datum) => self.compare(name, *comparison, datum),
        }
    }

    fn id(&mut self, relation: &Relation) -> Option<String> {
        let person = *self.kind == USER;
        let Relation::Compare(Comparison::Eq, Datum::Text(text)) = relation else {
            return matches!(relation, Relation::Present).then(|| "1 = 1".to_owned());
        };
        let id = match person {
            true => exact::<UserId>(text).map(Value::from),
            false => exact::<GroupId>(text).map(Value::from),
        };
        Some(match id {
            Some(id) => format!("r.id = {}", self.value(id)),
            None => "1 = 0".to_owned(),
        })
    }

    fn email(&mut self, relation: &Relation) -> Option<String> {
        let condition = match relation {
            Relation::Present => "1 = 1".to_owned(),
            Relation::Compare(comparison, datum) => self.compare("e.folded", *comparison, datum)?,
        };
        Some(format!(
            "r.id IN (SELECT e.user_id FROM emails e WHERE {condition})"
        ))
    }

    fn group(&mut self, relation: &Relation) -> Option<String> {
        let of = self.related::<GroupId>("m.group_id", relation)?;
        let by = self.value(self.connection);
        Some(format!(
            "r.id IN (SELECT m.user_id FROM members m JOIN groups g ON g.id = m.group_id WHERE {of} AND g.connection = {by})"
        ))
    }

    fn member(&mut self, relation: &Relation) -> Option<String> {
        let of = self.related::<UserId>("m.user_id", relation)?;
        let by = self.value(self.connection);
        Some(format!(
            "r.id IN (SELECT m.group_id FROM members m JOIN users u ON u.id = m.user_id WHERE {of} AND u.connection = {by})"
        ))
    }

    fn related<T: std::str::FromStr + ToString + Into<Value>>(
        &mut self,
        column: &str,
        relation: &Relation,
    ) -> Option<String> {
        match relation {
            Relation::Present => Some("1 = 1".to_owned()),
            Relation::Compare(Comparison::Eq, Datum::Text(text)) => Some(match exact::<T>(text) {
                Some(id) => format!("{column} = {}", self.value(id)),
                None => "1 = 0".to_owned(),
            }),
            Relation::Compare(..) => None,
        }
    }

    fn compare(&mut self, name: &str, comparison: Comparison, datum: &Datum) -> Option<String> {
        let (text, value) = match datum {
            Datum::Text(text) => (true, Value::from(text)),
            Datum::Bool(value) => (false, Value::from(*value)),
            Datum::Time(time) => (false, Value::from(*time)),
            Datum::Number(_) => return None,
        };
        let empty = matches!(datum, Datum::Text(text) if text.is_empty());
        let order = if text { self.code_points } else { "" };
        let operator = match comparison {
            Comparison::Eq => "=",
            Comparison::Gt => ">",
            Comparison::Lt => "<",
            Comparison::Ge => ">=",
            Comparison::Le => "<=",
            Comparison::Co | Comparison::Sw | Comparison::Ew if empty => {
                return Some(format!("{name} IS NOT NULL"));
            }
            // Nothing in these is a pattern's sign.
            Comparison::Co => {
                let value = self.value(value);
                return Some(format!("REPLACE({name}, {value}, '') <> {name}"));
            }
            Comparison::Sw => {
                let value = self.value(value);
                return Some(format!(
                    "SUBSTR({name}, 1, LENGTH(CAST({value} AS TEXT))) = {value}"
                ));
            }
            Comparison::Ew => {
                let value = self.value(value);
                return Some(format!(
                    "LENGTH({name}) >= LENGTH(CAST({value} AS TEXT)) \
                     AND SUBSTR({name}, LENGTH({name}) - LENGTH(CAST({value} AS TEXT)) + 1) = {value}"
                ));
            }
        };
        let order = if operator == "=" { "" } else { order };
        Some(format!("{name}{order} {operator} {}", self.value(value)))
    }
}
