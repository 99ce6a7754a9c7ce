//! What a service provider says of itself: `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7643 §5–7, RFC 7644 §4).

use serde_json::{Value, json};

use super::{Attribute, KINDS, Mutability, ResourceType, Returned, Schema, Type, Uniqueness};
use crate::manner::Manner;

/// What a connection's endpoint can do, for [`service_provider_config`].
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// The connection's base address, without a slash at its end.
    pub base: &'a str,
    /// The most operations of a bulk request.
    pub bulk_operations: usize,
    /// The most bytes of a body.
    pub body: usize,
    /// The most resources of a page.
    pub page: usize,
    /// How many resources a page has where nobody says so.
    pub default_page: usize,
}

/// `/ServiceProviderConfig` (RFC 7643 §5, with RFC 9865 §4 for cursors, which do not end: there is no `cursorTimeout`).
#[must_use]
pub fn service_provider_config(features: &Features<'_>, manner: Manner) -> Value {
    let whole = manner == Manner::Rfc;
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": whole,
            "maxOperations": if whole { features.bulk_operations } else { 0 },
            "maxPayloadSize": if whole { features.body } else { 0 },
        },
        "filter": { "supported": true, "maxResults": features.page },
        "changePassword": { "supported": false },
        "sort": { "supported": whole },
        "etag": { "supported": whole },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": features.default_page,
            "maxPageSize": features.page,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token of this connection, in the `Authorization` header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", features.base),
        },
    })
}

/// `/ResourceTypes` (RFC 7643 §6): each one, by its name.
#[must_use]
pub fn resource_types(base: &str) -> Vec<(&'static str, Value)> {
    KINDS
        .into_iter()
        .map(|kind| (kind.name, resource_type(kind, base)))
        .collect()
}

fn resource_type(kind: &ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> = kind
        .extensions
        .iter()
        .map(|schema| json!({ "schema": schema.id, "required": false }))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "description": kind.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name) },
    })
}

/// `/Schemas` (RFC 7643 §7): each one, by its URN.
#[must_use]
pub fn schemas(base: &str) -> Vec<(&'static str, Value)> {
    KINDS
        .into_iter()
        .flat_map(|kind| {
            [kind.schema]
                .into_iter()
                .chain(kind.extensions.iter().copied())
        })
        .map(|schema| (schema.id, schema_document(schema, base)))
        .collect()
}

fn schema_document(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    })
}

fn attribute(attribute: &Attribute) -> Value {
    let mut document = json!({
        "name": attribute.name,
        "type": match attribute.kind {
            Type::String => "string",
            Type::Boolean => "boolean",
            Type::Decimal => "decimal",
            Type::Integer => "integer",
            Type::DateTime => "dateTime",
            Type::Reference => "reference",
            Type::Binary => "binary",
            Type::Complex => "complex",
        },
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": match attribute.mutability {
            Mutability::ReadOnly => "readOnly",
            Mutability::ReadWrite => "readWrite",
            Mutability::Immutable => "immutable",
            Mutability::WriteOnly => "writeOnly",
        },
        "returned": match attribute.returned {
            Returned::Always => "always",
            Returned::Never => "never",
            Returned::Default => "default",
            Returned::Request => "request",
        },
        "uniqueness": match attribute.uniqueness {
            Uniqueness::None => "none",
            Uniqueness::Server => "server",
        },
    });
    let mut put = |key: &str, value: Value| document[key] = value;
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", json!(attribute.canonical_values));
    }
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", json!(attribute.reference_types));
    }
    if attribute.kind == Type::Complex {
        let parts: Vec<Value> = attribute
            .sub_attributes
            .iter()
            .map(self::attribute)
            .collect();
        put("subAttributes", Value::Array(parts));
    }
    document
}
