//! PATCH (RFC 7644 §3.5.2): a body becomes steps, and the steps make another resource of a stored one, all of them or none.
//!
//! Names, types and what may be changed are checked while the body is read, before anything is loaded. A group's members are not in
//! the resource: what becomes of them is told beside it ([`Members`]), so that a group of 100,000 is not loaded to add one.
//!
//! What the RFC leaves open, and what Okta and Entra ID send besides, is decided in docs/decisions/0022.

mod apply;
mod members;
mod step;

use serde_json::Value;

pub use members::Members;
pub(crate) use members::member_ids;

use crate::error::Refusal;
use crate::json::{self, Object, names_schema};
use crate::manner::{Limits, Manner};
use crate::path::Path;
use crate::patience::Patience;
use crate::resource::{Change, Resource};
use crate::schema::ResourceType;
use step::Step;

const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What one operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// A PATCH for resources of one type.
#[derive(Clone, Debug)]
pub struct Patch {
    manner: Manner,
    limits: Limits,
    /// In their order, and of which operation each is.
    steps: Vec<(usize, Step)>,
    members: Members,
}

impl Patch {
    /// Reads a body.
    ///
    /// ```
    /// use kiro_scim::{Limits, Manner, Patch, Received, USER};
    /// let limits = Limits::default();
    /// let made = br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "aiko"}"#;
    /// let aiko = Received::read(made, &USER, Manner::Rfc, &limits)?.create()?.resource;
    /// let patch = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    ///     "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}"#;
    /// let change = Patch::read(patch, &USER, Manner::Rfc, &limits)?.apply(&aiko)?;
    /// assert!(change.changed && !change.resource.active());
    /// # Ok::<(), kiro_scim::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// What [`json::read`] says, `Schemas`, `Message`, `TooManyChanges`; and of one operation, as [`Refusal::Operation`], `Path`,
    /// `UnknownAttribute`, `ReadOnly`, `Irremovable`, `Value`, `TooLong`, `TooManyValues`, `FilterAttribute`, `FilterComparison`,
    /// `RemoveWithoutPath`, `VagueMembers`, `Primary`, in AWS's manner `Unsupported`.
    pub fn read(
        bytes: &[u8],
        kind: &'static ResourceType,
        manner: Manner,
        limits: &Limits,
    ) -> Result<Patch, Refusal> {
        Patch::of(&json::read(bytes, limits)?, kind, manner, limits)
    }

    /// The same, of a body that is read already: one operation's of a bulk request.
    ///
    /// # Errors
    /// As [`Patch::read`].
    pub fn of(
        body: &Object,
        kind: &'static ResourceType,
        manner: Manner,
        limits: &Limits,
    ) -> Result<Patch, Refusal> {
        names_schema(body, PATCH_SCHEMA)?;
        let operations = json::member(body, "Operations").and_then(Value::as_array);
        let operations = operations.filter(|all| !all.is_empty());
        let operations = operations.ok_or(Refusal::Message {
            member: "Operations",
            expected: "a list with at least one operation",
        })?;
        if operations.len() > limits.operations {
            return Err(Refusal::TooManyChanges {
                what: "operations",
                limit: limits.operations,
            });
        }
        let mut reading = step::Reading::new(kind, manner, limits);
        for (index, operation) in operations.iter().enumerate() {
            let number = index + 1;
            let read = Operation::of(operation);
            read.and_then(|operation| reading.operation(number, &operation))
                .map_err(|refusal| of_operation(number, refusal))?;
        }
        let (steps, members) = reading.done();
        Ok(Patch {
            manner,
            limits: *limits,
            steps,
            members,
        })
    }

    /// What a stored resource becomes. It is not changed itself.
    ///
    /// # Errors
    /// `NoTarget`, `Primary`, `TooManyValues` and `PatchTooDear` as [`Refusal::Operation`]; in AWS's manner what [`Manner::Aws`] limits.
    pub fn apply(&self, stored: &Resource) -> Result<Change, Refusal> {
        let mut resource = stored.clone();
        let mut patience = Patience::PATCH.clone();
        for (number, step) in &self.steps {
            step.apply(&mut resource, &self.limits, &mut patience)
                .map_err(|refusal| of_operation(*number, refusal))?;
        }
        let resource = resource.finished(&self.limits)?;
        let changed = resource != *stored;
        if changed && self.manner == Manner::Aws {
            crate::manner::aws::allows(&resource)?;
        }
        Ok(Change {
            resource,
            changed,
            members: self.members.clone(),
        })
    }
}

fn of_operation(number: usize, refusal: Refusal) -> Refusal {
    Refusal::Operation {
        number,
        refusal: Box::new(refusal),
    }
}

/// One operation as it is written.
struct Operation<'a> {
    op: Op,
    path: Option<Path>,
    value: Option<&'a Value>,
}

impl<'a> Operation<'a> {
    fn of(raw: &'a Value) -> Result<Operation<'a>, Refusal> {
        let object = raw.as_object().ok_or(Refusal::Message {
            member: "Operations",
            expected: "a list of objects",
        })?;
        let op = json::member(object, "op").and_then(Value::as_str);
        let op = match op.unwrap_or_default().to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "replace" => Op::Replace,
            "remove" => Op::Remove,
            _ => {
                return Err(Refusal::Message {
                    member: "op",
                    expected: "`add`, `replace` or `remove`",
                });
            }
        };
        let path = match json::member(object, "path") {
            None | Some(Value::Null) => None,
            Some(path) => {
                let text = path.as_str().ok_or(Refusal::Message {
                    member: "path",
                    expected: "text",
                })?;
                (!text.is_empty()).then(|| Path::parse(text)).transpose()?
            }
        };
        Ok(Operation {
            op,
            path,
            value: json::member(object, "value"),
        })
    }
}
