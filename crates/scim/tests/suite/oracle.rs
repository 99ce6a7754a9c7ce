//! PATCH against an oracle: a person of four attributes and a group's members, changed by hand in the plainest way.

use std::collections::BTreeSet;

use kiro_scim::{Refusal, Resource};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::given::{bare, group, patched, user};

#[derive(Clone, Debug, Default, PartialEq)]
struct Email {
    value: Option<String>,
    kind: Option<String>,
    primary: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Person {
    title: Option<String>,
    given: Option<String>,
    family: Option<String>,
    emails: Vec<Email>,
}

/// An operation. Texts are single letters, so that what is written twice is often the same.
#[derive(Clone, Debug)]
enum Do {
    Title(Option<String>),
    Given(Option<String>),
    Name(Option<String>, Option<String>),
    NoName,
    Add(Vec<Email>),
    Reset(Vec<Email>),
    NoEmails,
    Without(Vec<Email>),
    RemoveKind(String),
    /// `emails[type eq "…"].value`
    ValueOf(String, Option<String>),
    PrimaryOf(String),
    ReplaceKind(String, Email),
    /// Several at once, without a path.
    Whole(String, String),
}

fn letter() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("c".to_owned())
    ]
}

fn email() -> impl Strategy<Value = Email> {
    (
        letter(),
        prop::option::of(letter()),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(value, kind, primary)| Email {
            value: Some(value),
            kind,
            primary,
        })
}

fn emails() -> impl Strategy<Value = Vec<Email>> {
    prop::collection::vec(email(), 0..3)
}

fn operation() -> impl Strategy<Value = Do> {
    let some = || prop::option::of(letter());
    prop_oneof![
        some().prop_map(Do::Title),
        some().prop_map(Do::Given),
        (some(), some()).prop_map(|(given, family)| Do::Name(given, family)),
        Just(Do::NoName),
        emails().prop_map(Do::Add),
        emails().prop_map(Do::Reset),
        Just(Do::NoEmails),
        emails().prop_map(Do::Without),
        letter().prop_map(Do::RemoveKind),
        (letter(), some()).prop_map(|(kind, value)| Do::ValueOf(kind, value)),
        letter().prop_map(Do::PrimaryOf),
        (letter(), email()).prop_map(|(kind, email)| Do::ReplaceKind(kind, email)),
        (letter(), letter()).prop_map(|(title, given)| Do::Whole(title, given)),
    ]
}

fn written(email: &Email) -> Value {
    let mut object = Map::new();
    let mut put =
        |name: &str, value: Option<Value>| value.map(|value| object.insert(name.into(), value));
    put("value", email.value.clone().map(Value::from));
    put("type", email.kind.clone().map(Value::from));
    put("primary", email.primary.map(Value::from));
    Value::Object(object)
}

fn all_written(emails: &[Email]) -> Value {
    emails.iter().map(written).collect()
}

fn spelled(operation: &Do) -> Value {
    let set = |path: &str, value: &Option<String>| match value {
        Some(value) => json!({ "op": "replace", "path": path, "value": value }),
        None => json!({ "op": "remove", "path": path }),
    };
    match operation {
        Do::Title(value) => set("title", value),
        Do::Given(value) => set("name.givenName", value),
        Do::Name(given, family) => {
            json!({ "op": "add", "path": "name", "value": { "givenName": given, "familyName": family } })
        }
        Do::NoName => json!({ "op": "remove", "path": "name" }),
        Do::Add(emails) => json!({ "op": "add", "path": "emails", "value": all_written(emails) }),
        Do::Reset(emails) => {
            json!({ "op": "replace", "path": "emails", "value": all_written(emails) })
        }
        Do::NoEmails => json!({ "op": "remove", "path": "emails" }),
        Do::Without(emails) => {
            json!({ "op": "remove", "path": "emails", "value": all_written(emails) })
        }
        Do::RemoveKind(kind) => {
            json!({ "op": "remove", "path": format!("emails[type eq \"{kind}\"]") })
        }
        Do::ValueOf(kind, value) => set(&format!("emails[type eq \"{kind}\"].value"), value),
        Do::PrimaryOf(kind) => {
            json!({ "op": "add", "path": format!("emails[type eq \"{kind}\"].primary"), "value": true })
        }
        Do::ReplaceKind(kind, email) => {
            json!({ "op": "replace", "path": format!("emails[type eq \"{kind}\"]"), "value": written(email) })
        }
        Do::Whole(title, given) => {
            json!({ "op": "add", "value": { "title": title, "name.givenName": given } })
        }
    }
}

/// What the oracle says: the reason where it refuses.
#[derive(Debug, PartialEq)]
enum No {
    Primary,
    NoTarget,
}

fn primaries(emails: &[Email]) -> usize {
    emails
        .iter()
        .filter(|email| email.primary == Some(true))
        .count()
}

fn is_kind(email: &Email, kind: &str) -> bool {
    email.kind.as_deref() == Some(kind)
}

impl Person {
    fn only(&mut self, index: usize) {
        for (other, email) in self.emails.iter_mut().enumerate() {
            if other != index && email.primary == Some(true) {
                email.primary = Some(false);
            }
        }
    }

    fn done(&mut self, operation: &Do) -> Result<(), No> {
        match operation.clone() {
            Do::Title(value) => self.title = value,
            Do::Given(value) => self.given = value,
            Do::Name(given, family) => (self.given, self.family) = (given, family),
            Do::NoName => (self.given, self.family) = (None, None),
            Do::Add(emails) | Do::Reset(emails) if primaries(&emails) > 1 => {
                return Err(No::Primary);
            }
            Do::Add(emails) => {
                for email in emails {
                    let same = |old: &Email| old.value == email.value && old.kind == email.kind;
                    let index = match self.emails.iter().position(same) {
                        Some(index) => {
                            let old = &mut self.emails[index];
                            old.primary = email.primary.or(old.primary);
                            index
                        }
                        None => {
                            self.emails.push(email.clone());
                            self.emails.len() - 1
                        }
                    };
                    if email.primary == Some(true) {
                        self.only(index);
                    }
                }
            }
            Do::Reset(emails) => self.emails = emails,
            Do::NoEmails => self.emails.clear(),
            Do::Without(gone) => self.emails.retain(|old| {
                !gone.iter().any(|gone| {
                    old.value == gone.value && (gone.kind.is_none() || old.kind == gone.kind)
                })
            }),
            Do::RemoveKind(kind) => self.emails.retain(|email| !is_kind(email, &kind)),
            Do::ValueOf(kind, value) => {
                let mut found = false;
                for email in self.emails.iter_mut().filter(|email| is_kind(email, &kind)) {
                    email.value = value.clone();
                    found = true;
                }
                if !found && value.is_some() {
                    self.emails.push(Email {
                        value,
                        kind: Some(kind),
                        primary: None,
                    });
                }
            }
            Do::PrimaryOf(kind) => {
                let found: Vec<usize> = (0..self.emails.len())
                    .filter(|at| is_kind(&self.emails[*at], &kind))
                    .collect();
                match found.as_slice() {
                    [] => {
                        self.emails.push(Email {
                            value: None,
                            kind: Some(kind),
                            primary: Some(true),
                        });
                        self.only(self.emails.len() - 1);
                    }
                    [index] => {
                        self.emails[*index].primary = Some(true);
                        self.only(*index);
                    }
                    _ => return Err(No::Primary),
                }
            }
            Do::ReplaceKind(kind, email) => {
                let found: Vec<usize> = (0..self.emails.len())
                    .filter(|at| is_kind(&self.emails[*at], &kind))
                    .collect();
                for index in &found {
                    self.emails[*index] = email.clone();
                }
                match (found.as_slice(), email.primary) {
                    ([], _) => return Err(No::NoTarget),
                    ([index], Some(true)) => self.only(*index),
                    (_, Some(true)) => return Err(No::Primary),
                    _ => {}
                }
            }
            Do::Whole(title, given) => (self.title, self.given) = (Some(title), Some(given)),
        }
        Ok(())
    }

    /// After the last operation: what has no address says nothing, nothing stands twice, one is primary.
    fn tidied(mut self) -> Result<Person, No> {
        let mut kept: Vec<Email> = Vec::new();
        for email in self.emails {
            if email.value.is_some() && !kept.contains(&email) {
                kept.push(email);
            }
        }
        self.emails = kept;
        match primaries(&self.emails) {
            0 | 1 => Ok(self),
            _ => Err(No::Primary),
        }
    }

    fn resource(&self) -> Resource {
        user(json!({
            "userName": "x", "title": self.title, "emails": all_written(&self.emails),
            "name": { "givenName": self.given, "familyName": self.family },
        }))
    }
}

fn by_hand(person: &Person, operations: &[Do]) -> Result<Person, No> {
    // What is wrong in itself is found before anything is done.
    let wrong = |operation: &Do| matches!(operation, Do::Add(emails) | Do::Reset(emails) if primaries(emails) > 1);
    if operations.iter().any(wrong) {
        return Err(No::Primary);
    }
    let mut person = person.clone();
    for operation in operations {
        person.done(operation)?;
    }
    person.tidied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_person_becomes_what_the_oracle_says(
        before in prop::collection::vec(operation(), 0..4),
        operations in prop::collection::vec(operation(), 1..6),
    ) {
        let person = by_hand(&Person::default(), &before).unwrap_or_default();
        let stored = person.resource();
        let spelled: Value = operations.iter().map(spelled).collect();
        let change = patched(&stored, spelled.clone());
        match (by_hand(&person, &operations), change) {
            (Ok(after), Ok(change)) => {
                prop_assert_eq!(&change.resource, &after.resource(), "{}", spelled);
                prop_assert_eq!(change.changed, after.resource() != stored);
            }
            (Err(No::Primary), Err(refusal)) => {
                prop_assert_eq!(bare(refusal), Refusal::Primary("emails".into()));
            }
            (Err(No::NoTarget), Err(refusal)) => {
                prop_assert!(matches!(bare(refusal), Refusal::NoTarget(_)));
            }
            (hand, change) => prop_assert!(false, "{spelled}: {hand:?}, {change:?}"),
        }
    }

    #[test]
    fn members_become_what_the_oracle_says(
        before in prop::collection::btree_set(letter(), 0..4),
        steps in prop::collection::vec((0..6, prop::collection::vec(letter(), 0..3)), 1..6),
    ) {
        let tour = group(json!({ "displayName": "Tour" }));
        let mut by_hand: BTreeSet<String> = before.clone();
        let mut operations = Vec::new();
        for (kind, ids) in &steps {
            let list: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
            match kind {
                0 => {
                    by_hand.extend(ids.iter().cloned());
                    operations.push(json!({ "op": "Add", "path": "members", "value": list }));
                }
                1 => {
                    by_hand.retain(|id| !ids.contains(id));
                    operations.push(json!({ "op": "Remove", "path": "members", "value": list }));
                }
                2 => for id in ids {
                    by_hand.remove(id);
                    operations.push(json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
                },
                3 => {
                    by_hand = ids.iter().cloned().collect();
                    operations.push(json!({ "op": "replace", "path": "members", "value": list }));
                }
                4 => {
                    by_hand.clear();
                    operations.push(json!({ "op": "remove", "path": "members" }));
                }
                _ => {
                    by_hand.extend(ids.iter().cloned());
                    operations.push(json!({ "op": "add", "value": { "members": list } }));
                }
            }
        }
        prop_assume!(!operations.is_empty());
        let operations = Value::Array(operations);
        let change = patched(&tour, operations.clone()).unwrap();
        prop_assert_eq!(change.members.of(&before), by_hand, "{}", operations);
        prop_assert!(change.members.add.is_disjoint(&change.members.remove));
        prop_assert!(!change.changed);
    }
}
