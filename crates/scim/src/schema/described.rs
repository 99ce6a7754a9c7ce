//! Resources as JSON Schema (2020-12), for a description in OpenAPI: the tables once more, in others' words.

use serde_json::{Value, json};

use super::{Attribute, Mutability, ResourceType, Returned, Type, common};
use crate::json::Object;
use crate::manner::{Manner, aws};

/// A resource as it is answered: nothing else is in it, and of the rest what was asked for.
#[must_use]
pub fn answered(kind: &ResourceType, manner: Manner) -> Value {
    let seen = |attribute: &&Attribute| attribute.returned != Returned::Never;
    let mut properties = whole(kind, &seen);
    if manner == Manner::Aws
        && let Some(meta) = properties.get_mut("meta")
    {
        meta["properties"] = json!({
            "resourceType": { "type": "string" },
            "created": { "type": "string", "format": "date-time" },
            "lastModified": { "type": "string", "format": "date-time" },
        });
    }
    json!({
        "type": "object",
        "description": kind.description,
        "required": ["schemas", "id"],
        "properties": properties,
        "additionalProperties": false,
    })
}

/// A resource as it is sent. What else is in it is passed over; AWS's manner refuses it.
#[must_use]
pub fn sent(kind: &ResourceType, manner: Manner) -> Value {
    let said = |attribute: &&Attribute| attribute.mutability != Mutability::ReadOnly;
    let mut properties = whole(kind, &said);
    let mut required = vec!["schemas"];
    // Somebody new is active unless it is said that they are not.
    let needed = |attribute: &&Attribute| attribute.required && attribute.kind == Type::String;
    let all = kind.schema.attributes.iter();
    for attribute in all.filter(needed) {
        required.push(attribute.name);
        properties[attribute.name]["minLength"] = 1.into();
    }
    if let Some(members) = properties.get_mut("members") {
        members["items"]["required"] = json!(["value"]);
    }
    // Another's schemas may be named as well: Entra ID names one of groups.
    properties["schemas"]["items"] = json!({ "type": "string" });
    if manner == Manner::Aws {
        let all = kind.schema.attributes.iter();
        for attribute in all.filter(|attribute| !aws::takes(attribute)) {
            properties.remove(attribute.name);
        }
        if let Some(name) = properties.get_mut("name") {
            name["required"] = json!(["givenName", "familyName"]);
            required.extend(["name", "displayName"]);
        }
    }
    required.dedup();
    json!({
        "type": "object",
        "description": kind.description,
        "required": required,
        "properties": properties,
    })
}

/// What a PATCH may name: every attribute that a client may change, and the parts of each.
#[must_use]
pub fn paths(kind: &ResourceType) -> Vec<String> {
    let mut paths = Vec::new();
    let core = kind
        .schema
        .attributes
        .iter()
        .map(|one| (String::new(), one));
    let added = kind.extensions.iter().flat_map(|schema| {
        let of = |attribute| (format!("{}:", schema.id), attribute);
        schema.attributes.iter().map(of)
    });
    for (before, attribute) in core.chain(added) {
        if attribute.mutability == Mutability::ReadOnly {
            continue;
        }
        let path = format!("{before}{}", attribute.name);
        let parts = attribute.sub_attributes.iter();
        paths.extend(parts.map(|part| format!("{path}.{}", part.name)));
        paths.push(path);
    }
    paths
}

fn whole(kind: &ResourceType, shown: &dyn Fn(&&Attribute) -> bool) -> Object {
    let mut properties = Object::new();
    let common = common::ATTRIBUTES.iter().chain(kind.schema.attributes);
    for attribute in common.filter(shown) {
        properties.insert(attribute.name.to_owned(), value(attribute, shown));
    }
    let urns: Vec<&str> = [kind.schema]
        .iter()
        .chain(kind.extensions)
        .map(|schema| schema.id)
        .collect();
    let schemas = json!({
        "type": "array",
        "items": { "type": "string", "enum": urns },
        "minItems": 1,
        "contains": { "const": kind.schema.id },
    });
    properties.insert("schemas".to_owned(), schemas);
    for schema in kind.extensions {
        let object = object(schema.attributes, shown);
        properties.insert(schema.id.to_owned(), object);
    }
    properties
}

fn value(attribute: &'static Attribute, shown: &dyn Fn(&&Attribute) -> bool) -> Value {
    let mut one = match attribute.kind {
        Type::String | Type::Reference => json!({ "type": "string" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Decimal => json!({ "type": "number" }),
        Type::Integer => json!({ "type": "integer" }),
        Type::DateTime => json!({ "type": "string", "format": "date-time" }),
        Type::Binary => json!({ "type": "string", "contentEncoding": "base64" }),
        Type::Complex => object(attribute.sub_attributes, shown),
    };
    if attribute.multi_valued {
        one = json!({ "type": "array", "items": one });
    }
    one["description"] = attribute.description.into();
    one
}

fn object(parts: &'static [Attribute], shown: &dyn Fn(&&Attribute) -> bool) -> Value {
    let parts = parts.iter().filter(shown);
    let parts: Object = parts
        .map(|part| (part.name.to_owned(), value(part, shown)))
        .collect();
    json!({ "type": "object", "properties": parts, "additionalProperties": false })
}
