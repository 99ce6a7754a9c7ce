//! A resource as it is answered (RFC 7643 §3): what is said of it, and what the service itself says.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Resource;
use crate::etag::EntityTag;
use crate::json::Object;
use crate::manner::Manner;
use crate::projection::Projection;
use crate::schema::{GROUP, USER};

/// What the service says of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its id.
    pub id: &'a str,
    /// The connection's base address, without a slash at its end.
    pub base: &'a str,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub last_modified: Timestamp,
    /// Counts its changes.
    pub version: u32,
    /// The groups that a person is in, or the people in a group: `None` where nobody asked, see [`Projection::wants`].
    pub related: Option<&'a [Reference]>,
}

/// A group of a person's, or a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its id, on the wire.
    pub id: String,
    /// Its name for people.
    pub display: String,
}

/// The whole of a resource, for [`Bound::matches`](crate::Bound::matches), sorting and projections.
#[must_use]
pub fn present(resource: &Resource, facts: &Facts<'_>) -> Object {
    let kind = resource.kind();
    let mut schemas = vec![kind.schema.id];
    let extensions = kind.extensions.iter().map(|schema| schema.id);
    schemas.extend(extensions.filter(|urn| resource.attributes().contains_key(*urn)));
    let mut document = resource.attributes().clone();
    document.insert("schemas".into(), json!(schemas));
    document.insert("id".into(), json!(facts.id));
    let related = facts.related.unwrap_or_default();
    let meta = json!({
        "resourceType": kind.name,
        "created": facts.created.to_string(),
        "lastModified": facts.last_modified.to_string(),
        "location": format!("{}{}/{}", facts.base, kind.endpoint, facts.id),
        "version": EntityTag::of(kind, facts.version, related).to_string(),
    });
    document.insert("meta".into(), meta);
    if !related.is_empty() {
        let (name, to, how) = match *kind == USER {
            true => ("groups", GROUP.endpoint, "direct"),
            false => ("members", USER.endpoint, "User"),
        };
        let reference = |one: &Reference| {
            json!({
                "value": one.id,
                "$ref": format!("{}{to}/{}", facts.base, one.id),
                "display": one.display,
                "type": how,
            })
        };
        let all: Value = related.iter().map(reference).collect();
        document.insert(name.into(), all);
    }
    document
}

/// The answer: what of a resource is asked for, in this manner. AWS's lists no members and knows neither versions nor projections.
#[must_use]
pub fn answer(
    resource: &Resource,
    facts: &Facts<'_>,
    projection: &Projection,
    manner: Manner,
) -> Object {
    let mut document = present(resource, facts);
    match manner {
        Manner::Rfc => projection.apply(resource.kind(), document),
        Manner::Aws => {
            if let Some(Value::Object(meta)) = document.get_mut("meta") {
                meta.remove("version");
                meta.remove("location");
            }
            document.remove("groups");
            if *resource.kind() == GROUP {
                document.insert("members".into(), json!([]));
            }
            document
        }
    }
}
