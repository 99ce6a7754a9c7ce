//! What every resource has (RFC 7643 §3.1).

use super::attribute::{Attribute, Type};

pub(super) static ATTRIBUTES: [Attribute; 4] = [
    Attribute::text("schemas", "The schemas that the resource is written in")
        .read_only()
        .exact()
        .always(),
    Attribute::text("id", "The service's name of the resource")
        .read_only()
        .exact()
        .unique()
        .always(),
    Attribute::text(
        "externalId",
        "The provisioning client's name of the resource",
    )
    .exact(),
    Attribute::complex("meta", &META, "When and where").read_only(),
];

static META: [Attribute; 5] = [
    Attribute::text("resourceType", "The type of the resource")
        .read_only()
        .exact(),
    Attribute::new("created", Type::DateTime, "When it was made").read_only(),
    Attribute::new("lastModified", Type::DateTime, "When it last changed").read_only(),
    Attribute::reference("location", &["uri"], "Its address").read_only(),
    Attribute::text("version", "Its entity tag")
        .read_only()
        .exact(),
];
