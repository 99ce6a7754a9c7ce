//! `EnterpriseUser` (RFC 7643 §4.3).

use super::attribute::Attribute;
use super::{ENTERPRISE_SCHEMA, Schema};

pub(super) static SCHEMA: Schema = Schema {
    id: ENTERPRISE_SCHEMA,
    name: "EnterpriseUser",
    description: "What an enterprise adds to a person",
    attributes: &ATTRIBUTES,
};

static ATTRIBUTES: [Attribute; 6] = [
    Attribute::text("employeeNumber", "What the organisation numbers them by"),
    Attribute::text("costCenter", "Their cost centre"),
    Attribute::text("organization", "Their organisation"),
    Attribute::text("division", "Their division"),
    Attribute::text("department", "Their department"),
    Attribute::complex("manager", &MANAGER, "Whom they report to"),
];

static MANAGER: [Attribute; 3] = [
    Attribute::text("value", "The manager's id").exact(),
    Attribute::reference("$ref", &["User"], "The manager's address"),
    Attribute::text("displayName", "The manager's name").read_only(),
];
