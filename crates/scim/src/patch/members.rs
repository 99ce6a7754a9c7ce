//! What becomes of a group's members (RFC 7644 §3.5.2): sets, never lists, so that no member stands twice and each step can be
//! told without knowing who is in the group. Removing one member never removes all (THREATS.md T22).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Op;
use crate::error::Refusal;
use crate::filter::{Ask, Literal, Node, Operator};
use crate::manner::Manner;
use crate::path::Path;
use crate::resource::normal;
use crate::schema::Place;

/// Who comes to a group and who goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Whether all go who are not in `add`.
    pub all_others_go: bool,
    /// Who is in the group afterwards.
    pub add: BTreeSet<String>,
    /// Who is not; none of these is in `add`.
    pub remove: BTreeSet<String>,
}

impl Members {
    /// These and nobody else, in a group that has nobody or loses all.
    pub(crate) fn all_of(ids: Vec<String>) -> Members {
        Members {
            all_others_go: true,
            add: ids.into_iter().collect(),
            remove: BTreeSet::new(),
        }
    }

    /// Whether nobody comes or goes, whoever is in the group.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Members::default()
    }

    /// How many ids are named.
    #[must_use]
    pub fn len(&self) -> usize {
        self.add.len() + self.remove.len()
    }

    /// Whether no id is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Who is in the group afterwards: what a store does by rows.
    #[must_use]
    pub fn of(&self, before: &BTreeSet<String>) -> BTreeSet<String> {
        let stay = before
            .iter()
            .filter(|id| !self.all_others_go && !self.remove.contains(*id));
        stay.chain(&self.add).cloned().collect()
    }

    fn join(&mut self, ids: Vec<String>) {
        for id in ids {
            self.remove.remove(&id);
            self.add.insert(id);
        }
    }

    fn leave(&mut self, ids: Vec<String>) {
        for id in ids {
            self.add.remove(&id);
            self.remove.insert(id);
        }
    }

    /// One more step.
    pub(super) fn step(
        &mut self,
        op: Op,
        place: Place,
        path: Option<&Path>,
        raw: Option<&Value>,
        manner: Manner,
        most: usize,
    ) -> Result<usize, Refusal> {
        if let Some(filter) = path.and_then(|path| path.filter.as_deref()) {
            if op != Op::Remove || place.sub.is_some() {
                return Err(Refusal::ReadOnly("members[…]".into()));
            }
            let ids = named_by(filter).ok_or(Refusal::VagueMembers)?;
            let count = ids.len();
            self.leave(ids);
            return Ok(count);
        }
        if place.sub.is_some() {
            return Err(Refusal::ReadOnly(place.to_string()));
        }
        let ids = match (op, raw) {
            (Op::Remove, None) => Vec::new(),
            (Op::Add | Op::Replace, None) => return Err(Refusal::value(place, "given")),
            (_, Some(Value::Null)) => return Err(Refusal::VagueMembers),
            (_, Some(raw)) => member_ids(place, raw, manner, most)?,
        };
        let count = ids.len();
        match (op, raw) {
            (Op::Add, _) => self.join(ids),
            (Op::Remove, Some(_)) => self.leave(ids),
            (Op::Replace | Op::Remove, _) if manner == Manner::Aws => {
                return Err(Refusal::Unsupported(
                    "replacing or removing all members of a group",
                ));
            }
            (Op::Replace, _) | (Op::Remove, None) => *self = Members::all_of(ids),
        }
        Ok(count)
    }
}

/// The ids in a list of members.
pub(crate) fn member_ids(
    place: Place,
    raw: &Value,
    manner: Manner,
    most: usize,
) -> Result<Vec<String>, Refusal> {
    let members = normal::list(place, raw, manner)?;
    if members.len() > most {
        return Err(too_many(most));
    }
    let mut ids = Vec::with_capacity(members.len());
    for member in members {
        let of_another_type = |kind: &str| !kind.eq_ignore_ascii_case("User");
        let kind = member.get("type").and_then(Value::as_str);
        if kind.is_some_and(of_another_type) {
            let expected = "`User`: a group has people in it, and no groups";
            return Err(Refusal::value("members.type", expected));
        }
        match member.get("value").and_then(Value::as_str) {
            Some(id) => ids.push(id.to_owned()),
            None => return Err(Refusal::value("members.value", "the id of a person")),
        }
    }
    Ok(ids)
}

pub(super) fn too_many(limit: usize) -> Refusal {
    Refusal::TooManyChanges {
        what: "changes of members",
        limit,
    }
}

/// The ids that `value eq "…"` or several of it, joined by `or`, name.
fn named_by(filter: &Node) -> Option<Vec<String>> {
    match filter {
        Node::Any(parts) => {
            let ids: Option<Vec<_>> = parts.iter().map(named_by).collect();
            Some(ids?.concat())
        }
        Node::Test(test) => match &test.ask {
            Ask::Compare(Operator::Eq, Literal::Text(id))
                if test.path.to_string().eq_ignore_ascii_case("value") =>
            {
                Some(vec![id.clone()])
            }
            Ask::Compare(..) | Ask::Present => None,
        },
        Node::All(_) | Node::Not(_) | Node::Element { .. } => None,
    }
}
