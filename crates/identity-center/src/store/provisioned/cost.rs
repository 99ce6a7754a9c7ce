//! What it takes to find a page: whether an index does, or everybody is asked (docs/decisions/0027).

use kiro_scim::{Column, Comparison, Condition, Relation, ResourceType, USER};

use super::list::{From, List};
use super::where_clause::COLUMNS;

/// What it takes to read one and to write it down for a filter, in nanoseconds.
pub(super) const READ: u64 = 10_000;
/// The same of a group or a member of theirs.
pub(super) const RELATED: u64 = 2_000;
/// The database is asked so many comparisons at most that no index answers; memory, which counts what it takes, decides the rest.
pub(super) const SCANS: usize = 32;
/// A page that begins further behind takes long to find.
const FAR: usize = 1000;

impl List {
    /// Whether an index finds the page: it takes microseconds.
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        let near = match &self.from {
            From::Place(place) => *place < FAR,
            From::Behind(..) => true,
        };
        match &self.filter {
            None => self.sort.is_none() && near,
            Some(filter) => is_looked_up(&filter.lower(&COLUMNS).condition, self.kind),
        }
    }
}

fn is_looked_up(condition: &Condition, kind: &'static ResourceType) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().any(|part| is_looked_up(part, kind)),
        Condition::Any(_) | Condition::Not(_) => false,
        Condition::Is(column, relation) => {
            let equals = matches!(relation, Relation::Compare(Comparison::Eq, _));
            let indexed = match column {
                Column::Id | Column::ExternalId | Column::UserName | Column::Email => true,
                Column::DisplayName => *kind != USER,
                Column::Group
                | Column::Member
                | Column::GivenName
                | Column::FamilyName
                | Column::Active
                | Column::Created
                | Column::LastModified => false,
            };
            equals && indexed
        }
    }
}

/// How many of its comparisons each row is asked.
pub(super) fn scans(condition: &Condition) -> usize {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().map(scans).sum(),
        Condition::Not(inside) => scans(inside),
        Condition::Is(_, Relation::Present | Relation::Compare(Comparison::Eq, _)) => 0,
        Condition::Is(_, Relation::Compare(..)) => 1,
    }
}
