//! The body of a POST or PUT (RFC 7644 §3.3, §3.5.1).

use serde_json::Value;

use super::{Resource, normal};
use crate::error::Refusal;
use crate::json::{self, Object, names_schema, shown};
use crate::manner::{Limits, Manner, aws};
use crate::patch::{Members, member_ids};
use crate::schema::{Attribute, Mutability, Place, ResourceType, Schema, USER};

/// What a client says that a resource is.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    resource: Resource,
    /// Whether the body names `externalId`, be it to say that it is unassigned.
    names_external_id: bool,
    members: Option<Vec<String>>,
    manner: Manner,
    limits: Limits,
}

/// What becomes of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The resource as it is to be.
    pub resource: Resource,
    /// Whether that is another one than it was. What becomes of the members, only their rows can tell.
    pub changed: bool,
    /// What becomes of a group's members.
    pub members: Members,
}

impl Received {
    /// Reads a body. What the service alone says (`id`, `meta`, `groups`) is passed over, as is a password; so is what is unknown,
    /// which AWS's manner refuses.
    ///
    /// # Errors
    /// What [`json::read`] says; `Schemas`, `Value`, `TooLong`, and in AWS's manner `UnknownAttribute`, `Unsupported`.
    pub fn read(
        bytes: &[u8],
        kind: &'static ResourceType,
        manner: Manner,
        limits: &Limits,
    ) -> Result<Received, Refusal> {
        Received::of(&json::read(bytes, limits)?, kind, manner, limits)
    }

    /// The same, of a body that is read already: one operation's of a bulk request.
    ///
    /// # Errors
    /// As [`Received::read`].
    pub fn of(
        body: &Object,
        kind: &'static ResourceType,
        manner: Manner,
        limits: &Limits,
    ) -> Result<Received, Refusal> {
        names_schema(body, kind.schema.id)?;
        let mut received = Received {
            resource: Resource::new(kind),
            names_external_id: false,
            members: None,
            manner,
            limits: *limits,
        };
        for (name, raw) in body {
            let Some(schema) = kind.extension(name) else {
                received.say(None, kind.attribute(name), name, raw)?;
                continue;
            };
            let object = raw.as_object();
            if object.is_none() && !raw.is_null() {
                return Err(Refusal::value(schema.id, "an object"));
            }
            for (name, raw) in object.into_iter().flatten() {
                received.say(Some(schema), schema.attribute(name), name, raw)?;
            }
        }
        Ok(received)
    }

    fn say(
        &mut self,
        extension: Option<&'static Schema>,
        known: Option<&'static Attribute>,
        name: &str,
        raw: &Value,
    ) -> Result<(), Refusal> {
        let Some(attribute) = known else {
            // A schema that is not ours, as Microsoft's of groups, says nothing that we keep.
            let foreign = name.contains(':');
            return match self.manner {
                Manner::Aws if !foreign => Err(Refusal::UnknownAttribute(shown(name))),
                Manner::Aws | Manner::Rfc => Ok(()),
            };
        };
        let place = Place {
            extension,
            attribute,
            sub: None,
        };
        if self.manner == Manner::Aws {
            aws::supports(place)?;
        }
        if matches!(
            attribute.mutability,
            Mutability::ReadOnly | Mutability::WriteOnly
        ) {
            return Ok(());
        }
        if attribute.name == "members" {
            // As in a PATCH: `null` may mean anything, and so it takes nobody out.
            if raw.is_null() {
                return Ok(());
            }
            let most = self.limits.members(self.manner);
            self.members = Some(member_ids(place, raw, self.manner, most)?);
            return Ok(());
        }
        self.names_external_id |= attribute.name == "externalId";
        let value = normal::value(place, raw, self.manner)?;
        self.resource.set(place, value);
        Ok(())
    }

    /// The resource to make, and its first members.
    ///
    /// # Errors
    /// `Missing`, `Primary`, `TooManyValues`; in AWS's manner also what [`Manner::Aws`] limits.
    pub fn create(self) -> Result<Change, Refusal> {
        let mut resource = self.resource;
        if *resource.kind == USER {
            let active = resource.active();
            resource.attributes.insert("active".into(), active.into());
        }
        let resource = resource.finished(&self.limits)?;
        if self.manner == Manner::Aws {
            aws::allows(&resource)?;
        }
        Ok(Change {
            resource,
            changed: true,
            members: Members::all_of(self.members.unwrap_or_default()),
        })
    }

    /// What a stored resource becomes by PUT. What the body does not name is unassigned, these excepted, by which somebody would
    /// come back, be taken for another or lose everything without a word: `active`, `externalId`, a group's `members`.
    ///
    /// # Errors
    /// As [`Received::create`].
    pub fn replace(self, stored: &Resource) -> Result<Change, Refusal> {
        let mut resource = self.resource;
        let mut keep = |name: &str| {
            if let (false, Some(value)) = (
                resource.attributes.contains_key(name),
                stored.attributes.get(name),
            ) {
                resource.attributes.insert(name.to_owned(), value.clone());
            }
        };
        // To say of `active` that it is unassigned activates nobody, either.
        keep("active");
        if !self.names_external_id {
            keep("externalId");
        }
        let resource = resource.finished(&self.limits)?;
        if self.manner == Manner::Aws {
            aws::allows(&resource)?;
        }
        Ok(Change {
            changed: resource != *stored,
            resource,
            members: self.members.map(Members::all_of).unwrap_or_default(),
        })
    }
}
