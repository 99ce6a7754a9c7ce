//! `Group` (RFC 7643 §4.2).

use super::attribute::Attribute;
use super::{GROUP_SCHEMA, Schema};

pub(super) static SCHEMA: Schema = Schema {
    id: GROUP_SCHEMA,
    name: "Group",
    description: "A group of people",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 2] = [
    Attribute::text(
        "displayName",
        "Its name; unique in the organisation, whatever its case",
    )
    .required()
    .unique(),
    Attribute::list("members", &MEMBER, "The people in it"),
];

static MEMBER: [Attribute; 4] = [
    Attribute::text("value", "The person's id")
        .exact()
        .immutable(),
    Attribute::reference("$ref", &["User"], "The person's address").immutable(),
    Attribute::text("type", "What the member is")
        .immutable()
        .usually(&["User"]),
    Attribute::text("display", "The person's name").read_only(),
];
