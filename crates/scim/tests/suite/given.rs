//! What the tests begin with.

use std::collections::BTreeSet;

use kiro_scim::schema::ResourceType;
use kiro_scim::{Change, GROUP, Limits, Manner, Patch, Received, Refusal, Resource, USER};
use serde_json::{Value, json};

pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A body of this type: `schemas` is added.
pub(crate) fn body(kind: &ResourceType, mut said: Value) -> Vec<u8> {
    said["schemas"] = json!([kind.schema.id]);
    said.to_string().into_bytes()
}

pub(crate) fn received(
    kind: &'static ResourceType,
    said: Value,
    manner: Manner,
) -> Result<Received, Refusal> {
    Received::read(&body(kind, said), kind, manner, &Limits::default())
}

/// A resource of which this is said.
#[track_caller]
pub(crate) fn made(kind: &'static ResourceType, said: Value) -> Resource {
    let received = received(kind, said, Manner::Rfc).unwrap();
    received.create().unwrap().resource
}

#[track_caller]
pub(crate) fn user(said: Value) -> Resource {
    made(&USER, said)
}

#[track_caller]
pub(crate) fn group(said: Value) -> Resource {
    made(&GROUP, said)
}

/// A person as Okta or Entra ID makes them.
pub(crate) fn aiko() -> Resource {
    user(json!({
        "userName": "aiko@acme.example",
        "externalId": "00ua1",
        "name": { "givenName": "Aiko", "familyName": "Tanaka" },
        "displayName": "Aiko Tanaka",
        "emails": [{ "value": "aiko@acme.example", "type": "work", "primary": true }],
        "active": true,
        ENTERPRISE: { "department": "Sales", "manager": { "value": "m1" } },
    }))
}

/// A PATCH of these operations.
pub(crate) fn patch(
    kind: &'static ResourceType,
    operations: Value,
    manner: Manner,
) -> Result<Patch, Refusal> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
    });
    let body = body.to_string();
    Patch::read(body.as_bytes(), kind, manner, &Limits::default())
}

/// What a person becomes by these operations.
pub(crate) fn patched(before: &Resource, operations: Value) -> Result<Change, Refusal> {
    patch(before.kind(), operations, Manner::Rfc)?.apply(before)
}

/// A refusal without the number of its operation.
pub(crate) fn bare(refusal: Refusal) -> Refusal {
    if let Refusal::Operation { refusal, .. } = refusal {
        return *refusal;
    }
    refusal
}

pub(crate) fn ids(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|id| (*id).to_owned()).collect()
}
