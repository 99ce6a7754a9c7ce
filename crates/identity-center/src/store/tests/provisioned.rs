//! People and groups that come by SCIM, on both databases.

mod apart;
mod at_once;
mod filters;
mod groups;
mod keys;
mod many;
mod people;
mod tokens;
mod walks;

use std::sync::Arc;

use kiro_scim::json::Object;
use kiro_scim::{
    Expected, GROUP, Limits, Manner, Patch, Received, Refusal, Resource, ResourceType, USER,
};
use serde_json::{Value, json};

use super::cases::{Case, at};
use crate::id::{GroupId, UserId};
use crate::provisioning::{Provisioned, Provisioner};
use crate::store::{Behind, Changing, Found, List, Row, Store};

pub(super) const ALL: &[(&str, Case)] = &[
    ("provisioned_people", |store| {
        Box::pin(people::change(store))
    }),
    ("provisioned_names", |store| Box::pin(people::names(store))),
    ("provisioned_texts", |store| Box::pin(people::texts(store))),
    ("provisioned_ends", |store| Box::pin(people::ends(store))),
    ("provisioned_groups", |store| {
        Box::pin(groups::change(store))
    }),
    ("provisioned_members", |store| {
        Box::pin(groups::members(store))
    }),
    ("all_or_nothing", |store| {
        Box::pin(groups::all_or_nothing(store))
    }),
    ("lost_groups", |store| Box::pin(groups::lost(store))),
    ("many_leave", |store| Box::pin(many::leave(store))),
    ("many_replaced", |store| Box::pin(many::replace(store))),
    ("many_cost", |store| Box::pin(many::cost(store))),
    ("connections_apart", |store| {
        Box::pin(apart::of_each_other(store))
    }),
    ("natives_apart", |store| Box::pin(apart::of_natives(store))),
    ("created_at_once", |store| Box::pin(at_once::created(store))),
    ("renamed_at_once", |store| Box::pin(at_once::renamed(store))),
    ("patched_at_once", |store| Box::pin(at_once::patched(store))),
    ("removed_at_once", |store| Box::pin(at_once::removed(store))),
    ("left_behind", |store| Box::pin(apart::left_behind(store))),
    ("handed_over", |store| Box::pin(apart::handed_over(store))),
    ("away_before", |store| Box::pin(apart::away_before(store))),
    ("scim_tokens", |store| Box::pin(tokens::life(store))),
    ("scim_tokens_at_once", |store| {
        Box::pin(tokens::at_once(store))
    }),
    ("filters_of_each_kind", |store| {
        Box::pin(filters::each_kind(store))
    }),
    ("filters", |store| Box::pin(filters::agree(store))),
    ("walks", |store| Box::pin(walks::walks(store))),
];

/// Those of PostgreSQL alone.
pub(super) const OF_POSTGRESQL: &[(&str, Case)] =
    &[("found_by_keys", |store| Box::pin(keys::found_by(store)))];

/// Those in which it matters how a database orders text.
pub(super) const OF_TEXT: &[(&str, Case)] = &[
    ("filters_of_each_kind", |store| {
        Box::pin(filters::each_kind(store))
    }),
    ("filters", |store| Box::pin(filters::agree(store))),
];

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A connection that provisions.
pub(super) async fn connection(store: &Store, organization: &str, name: &str) -> Provisioner {
    let kept = store.keep_provisioner(organization, name, Manner::Rfc, at(0));
    kept.await.unwrap()
}

fn body(schema: &str, mut said: Value) -> Object {
    said["schemas"] = json!([schema]);
    said.as_object().unwrap().clone()
}

fn received(kind: &'static ResourceType, said: Value) -> Received {
    let body = body(kind.schema.id, said);
    Received::of(&body, kind, Manner::Rfc, &Limits::default()).unwrap()
}

/// A person comes.
async fn comes(
    store: &Store,
    by: &Provisioner,
    said: Value,
    second: i64,
) -> Result<Provisioned, Refusal> {
    let resource = received(&USER, said).create().unwrap().resource;
    let made = store.provision_user(by, resource, at(second));
    made.await.unwrap()
}

/// A group comes.
async fn forms(
    store: &Store,
    by: &Provisioner,
    said: Value,
    second: i64,
) -> Result<Provisioned, Refusal> {
    let made = received(&GROUP, said).create().unwrap();
    let made = store.provision_group(by, made.resource, made.members, true, at(second));
    made.await.unwrap()
}

fn patch(kind: &'static ResourceType, operations: Value) -> Changing {
    let body = body(PATCH, json!({ "Operations": operations }));
    let patch = Patch::of(&body, kind, Manner::Rfc, &Limits::default()).unwrap();
    Arc::new(move |stored: &Resource| patch.apply(stored))
}

fn replacement(kind: &'static ResourceType, said: Value) -> Changing {
    let received = received(kind, said);
    Arc::new(move |stored: &Resource| received.clone().replace(stored))
}

fn user(one: &Provisioned) -> UserId {
    one.id.parse().unwrap()
}

fn group(one: &Provisioned) -> GroupId {
    one.id.parse().unwrap()
}

/// A request that expects this version.
fn if_match(tag: &str) -> Expected {
    Expected {
        if_match: Some(tag.to_owned()),
        ..Expected::default()
    }
}

/// A change of whichever type it is.
async fn becomes(
    store: &Store,
    by: &Provisioner,
    one: &Provisioned,
    change: Changing,
    second: i64,
) -> Result<Provisioned, Refusal> {
    match *one.resource.kind() == USER {
        true => {
            let changed = store.change_provisioned_user(
                by,
                user(one),
                Expected::default(),
                change,
                true,
                at(second),
            );
            changed.await.unwrap()
        }
        false => {
            let changed = store.change_provisioned_group(
                by,
                group(one),
                Expected::default(),
                change,
                true,
                at(second),
            );
            changed.await.unwrap()
        }
    }
}

/// As a store gives it again, with whom it is related to.
async fn read(store: &Store, by: &Provisioner, one: &Provisioned) -> Result<Provisioned, Refusal> {
    let read = match *one.resource.kind() == USER {
        true => store.provisioned_user(by, user(one), true).await,
        false => store.provisioned_group(by, group(one), true).await,
    };
    read.unwrap()
}

async fn list(
    store: &Store,
    by: &Provisioner,
    kind: &'static ResourceType,
    filter: Option<&str>,
) -> Found {
    let filter = filter.map(|filter| {
        let filter = kiro_scim::Filter::parse(filter).unwrap();
        filter.bind(kind).unwrap()
    });
    let asked = List {
        kind,
        filter,
        sort: None,
        from: Behind::Place(0),
        count: 1000,
        at_once: 1000,
        related: true,
        counted: true,
        patience: kiro_scim::Patience::FILTER,
        base: String::new(),
    };
    store.list_provisioned(by, asked).await.unwrap().unwrap()
}

/// The names of whom a filter finds, in the order in which they came.
async fn found(
    store: &Store,
    by: &Provisioner,
    kind: &'static ResourceType,
    filter: &str,
) -> Vec<String> {
    let found = list(store, by, kind, Some(filter)).await;
    assert_eq!(found.total, Some(found.page.len()), "{filter}");
    let name = if *kind == USER {
        "userName"
    } else {
        "displayName"
    };
    let names = found.page.iter().map(|one| one.resource.text(name));
    names.map(|name| name.unwrap().to_owned()).collect()
}

/// Whatever the store knows of people, groups and what they have, and how often what was done; refusals excepted.
pub(crate) async fn everything(store: &Store) -> Vec<Vec<Row>> {
    const TABLES: [&str; 7] = [
        "SELECT * FROM users ORDER BY id",
        "SELECT * FROM groups ORDER BY id",
        "SELECT * FROM members ORDER BY group_id, user_id",
        "SELECT * FROM emails ORDER BY folded, user_id",
        "SELECT * FROM sessions ORDER BY id",
        "SELECT id, organization, name, manner, last_push_at FROM provisioners ORDER BY id",
        "SELECT action, COUNT(*) FROM audit WHERE action <> 'scim.refuse' GROUP BY action ORDER BY action",
    ];
    let read = store.read(|tx| {
        Box::pin(async move {
            let mut all = Vec::new();
            for sql in TABLES {
                all.push(tx.query(sql, &[]).await?);
            }
            Ok(all)
        })
    });
    read.await.unwrap()
}

/// Checks that two pictures of [`everything`] are one.
#[track_caller]
pub(crate) fn assert_same(before: &[Vec<Row>], after: &[Vec<Row>], what: &str) {
    assert_eq!(format!("{before:?}"), format!("{after:?}"), "{what}");
}
