//! `openapi.json`: what a connection's endpoint takes and answers, in its manner, as OpenAPI 3.1. Resources are described by the tables
//! that they are read by, endpoints by the methods that they have.

use axum::http::Method;
use kiro_scim::json::Object;
use kiro_scim::schema::described;
use kiro_scim::{GROUP, Manner, ResourceType, USER};
use serde_json::{Value, json};

use super::route::allowed;
use super::{OPERATIONS, PAGES, base};
use crate::center::Center;
use crate::provisioning::Provisioner;

const FORM: &str = "application/scim+json";

/// An endpoint: its path, what it is called, and what is at it.
type Endpoint = (&'static str, &'static str, At);

#[derive(Clone, Copy)]
enum At {
    /// Something about the service itself.
    Itself,
    /// Resources of a type, or of all.
    Many(Option<&'static ResourceType>),
    /// A search among them.
    Search(Option<&'static ResourceType>),
    /// One resource.
    One(&'static ResourceType),
    Bulk,
}

const ENDPOINTS: [Endpoint; 14] = [
    (
        "/ServiceProviderConfig",
        "service_provider_config",
        At::Itself,
    ),
    ("/ResourceTypes", "resource_types", At::Itself),
    ("/ResourceTypes/{name}", "resource_type", At::Itself),
    ("/Schemas", "schemas", At::Itself),
    ("/Schemas/{urn}", "schema", At::Itself),
    ("/Users", "users", At::Many(Some(&USER))),
    ("/Users/.search", "user_search", At::Search(Some(&USER))),
    ("/Users/{user}", "user", At::One(&USER)),
    ("/Groups", "groups", At::Many(Some(&GROUP))),
    ("/Groups/.search", "group_search", At::Search(Some(&GROUP))),
    ("/Groups/{group}", "group", At::One(&GROUP)),
    ("/", "everything", At::Many(None)),
    ("/.search", "search", At::Search(None)),
    ("/Bulk", "bulk", At::Bulk),
];

/// The whole of it.
pub(super) fn document(center: &Center, by: &Provisioner) -> Value {
    let manner = by.manner;
    let mut paths = Object::new();
    for (path, name, at) in ENDPOINTS {
        // What AWS's endpoint does not have.
        let others = matches!(at, At::Bulk | At::Many(None) | At::Search(None));
        if manner == Manner::Rfc || !others {
            paths.insert(path.to_owned(), item(path, name, at, manner));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Provisioning by SCIM 2.0",
            "description": "The people and groups that one connection provisions (RFC 7643, 7644, 9865).",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": base(center.settings.issuer(), &by.organization) }],
        "security": [{ "connection": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "connection": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(manner),
        },
    })
}

fn item(path: &str, name: &str, at: At, manner: Manner) -> Value {
    let mut item = Object::new();
    for method in allowed(path.trim_start_matches('/'), manner) {
        if method != Method::HEAD {
            let word = method.as_str().to_ascii_lowercase();
            let operation = operation(&word, name, at, manner);
            item.insert(word, operation);
        }
    }
    let named = path
        .split('{')
        .nth(1)
        .and_then(|rest| rest.strip_suffix('}'));
    if let Some(named) = named {
        let parameter = json!({ "name": named, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } });
        item.insert("parameters".to_owned(), json!([parameter]));
    }
    item.into()
}

fn operation(method: &str, name: &str, at: At, manner: Manner) -> Value {
    let mut responses = Object::new();
    let mut answers = |status: &str, schema: Option<Value>| {
        let content = schema.map(|schema| json!({ FORM: { "schema": schema } }));
        let mut response = json!({ "description": meaning(status) });
        if let Some(content) = content {
            response["content"] = content;
        }
        responses.insert(status.to_owned(), response);
    };
    answers("4XX", Some(refers("Error")));
    answers("503", Some(refers("Error")));
    let (mut body, mut asked) = (None, Vec::new());
    match (at, method) {
        (At::Itself, _) => answers("200", Some(json!({ "type": "object" }))),
        (At::Bulk, _) => {
            answers("200", Some(refers("BulkResponse")));
            body = Some("BulkRequest".to_owned());
        }
        (At::Many(kind), "get") => {
            answers("200", Some(list(kind)));
            asked = LISTS.to_vec();
        }
        (At::Search(kind), _) => {
            answers("200", Some(list(kind)));
            body = Some("SearchRequest".to_owned());
        }
        (At::Many(kind), _) => {
            let kind = kind.unwrap_or(&USER);
            answers("201", Some(refers(kind.name)));
            body = Some(format!("{}Sent", kind.name));
        }
        (At::One(kind), "get") => {
            answers("200", Some(refers(kind.name)));
            answers("304", None);
            asked = SHOWN.to_vec();
        }
        (At::One(_), "delete") => answers("204", None),
        (At::One(kind), "patch") => {
            if *kind == USER || manner == Manner::Rfc {
                answers("200", Some(refers(kind.name)));
            }
            if *kind != USER {
                answers("204", None);
            }
            body = Some(format!("{}Patch", kind.name));
        }
        (At::One(kind), _) => {
            answers("200", Some(refers(kind.name)));
            body = Some(format!("{}Sent", kind.name));
        }
    }
    // AWS's endpoint knows neither versions nor projections.
    if manner == Manner::Aws {
        responses.remove("304");
        asked.retain(|(name, _)| {
            !SHOWN.iter().any(|(shown, _)| shown == name) && !name.starts_with("sort")
        });
    }
    let mut parameters: Vec<Value> = asked
        .into_iter()
        .map(|(name, kind)| json!({ "name": name, "in": "query", "schema": { "type": kind } }))
        .collect();
    if manner == Manner::Rfc && matches!(at, At::One(_)) {
        let name = if method == "get" {
            "If-None-Match"
        } else {
            "If-Match"
        };
        let versions = json!({ "type": "string", "examples": ["W/\"1\""] });
        parameters.push(json!({ "name": name, "in": "header", "schema": versions }));
    }
    let mut operation = json!({
        "operationId": format!("{method}_{name}"),
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(body) = body {
        let schema = json!({ "schema": refers(&body) });
        operation["requestBody"] = json!({ "required": true, "content": { FORM: schema } });
    }
    operation
}

/// What a list may be asked for.
const LISTS: [(&str, &str); 8] = [
    ("filter", "string"),
    ("sortBy", "string"),
    ("sortOrder", "string"),
    ("startIndex", "integer"),
    ("count", "integer"),
    ("cursor", "string"),
    ("attributes", "string"),
    ("excludedAttributes", "string"),
];

/// What a resource may be asked for.
const SHOWN: [(&str, &str); 2] = [("attributes", "string"), ("excludedAttributes", "string")];

fn refers(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn list(kind: Option<&'static ResourceType>) -> Value {
    let of = match kind {
        Some(kind) => refers(kind.name),
        None => json!({ "oneOf": [refers("User"), refers("Group")] }),
    };
    json!({
        "type": "object",
        "required": ["schemas", "itemsPerPage", "Resources"],
        "properties": {
            "schemas": { "const": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"] },
            "totalResults": { "type": "integer", "minimum": 0 },
            "startIndex": { "type": "integer", "minimum": 1 },
            "itemsPerPage": { "type": "integer", "minimum": 0, "maximum": PAGES.most },
            "nextCursor": { "type": "string" },
            "Resources": { "type": "array", "items": of, "maxItems": PAGES.most },
        },
        "additionalProperties": false,
    })
}

fn schemas(manner: Manner) -> Value {
    let mut schemas = json!({
        "Error": error(manner),
        "SearchRequest": search(),
        "BulkRequest": bulk_request(),
        "BulkResponse": bulk_response(),
    });
    for kind in [&USER, &GROUP] {
        schemas[kind.name] = described::answered(kind, manner);
        schemas[format!("{}Sent", kind.name)] = described::sent(kind, manner);
        schemas[format!("{}Patch", kind.name)] = patch(kind);
    }
    schemas
}

fn error(manner: Manner) -> Value {
    let mut properties = json!({
        "schemas": { "const": ["urn:ietf:params:scim:api:messages:2.0:Error"] },
        "status": { "type": "string", "pattern": "^[45][0-9]{2}$" },
        "detail": { "type": "string" },
    });
    let more: &[&str] = match manner {
        Manner::Rfc => &["scimType"],
        Manner::Aws => &["exceptionRequestId", "timeStamp"],
    };
    for name in more {
        properties[*name] = json!({ "type": "string" });
    }
    if manner == Manner::Aws {
        properties["schema"] = properties["schemas"].clone();
    }
    json!({
        "type": "object",
        "required": ["schemas", "status", "detail"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn search() -> Value {
    let mut properties: Object = LISTS
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!({ "type": [kind, "null"] })))
        .collect();
    for name in ["attributes", "excludedAttributes"] {
        let names = json!({ "type": ["array", "null"], "items": { "type": "string" } });
        properties.insert(name.to_owned(), names);
    }
    let schema = json!({ "const": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    properties.insert("schemas".to_owned(), schema);
    json!({ "type": "object", "required": ["schemas"], "properties": properties })
}

fn patch(kind: &ResourceType) -> Value {
    let path = json!({ "anyOf": [{ "enum": described::paths(kind) }, { "type": "string" }] });
    let operation = json!({
        "type": "object",
        "required": ["op"],
        "properties": { "op": { "enum": ["add", "replace", "remove"] }, "path": path, "value": {} },
    });
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": { "const": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"] },
            "Operations": { "type": "array", "minItems": 1, "items": operation },
        },
    })
}

fn bulk_request() -> Value {
    let operation = json!({
        "type": "object",
        "required": ["method", "path"],
        "properties": {
            "method": { "enum": ["POST", "PUT", "PATCH", "DELETE"] },
            "path": { "anyOf": [{ "enum": ["/Users", "/Groups"] }, { "type": "string" }] },
            "bulkId": { "type": ["string", "null"] },
            "version": { "type": ["string", "null"] },
            "data": { "anyOf": [refers("UserSent"), refers("GroupSent"), refers("UserPatch"), { "type": ["object", "null"] }] },
        },
        // Others may refer to what it makes.
        "if": { "properties": { "method": { "const": "POST" } } },
        "then": { "required": ["bulkId"], "properties": { "bulkId": { "type": "string", "minLength": 1 } } },
    });
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": { "const": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"] },
            "failOnErrors": { "type": ["integer", "null"], "minimum": 1 },
            "Operations": { "type": "array", "items": operation, "maxItems": OPERATIONS },
        },
    })
}

fn bulk_response() -> Value {
    let operation = json!({
        "type": "object",
        "required": ["method", "status"],
        "properties": {
            "method": { "enum": ["POST", "PUT", "PATCH", "DELETE"] },
            "bulkId": { "type": "string" },
            "location": { "type": "string" },
            "version": { "type": "string" },
            "status": { "type": "string" },
            "response": refers("Error"),
        },
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "required": ["schemas", "Operations"],
        "properties": {
            "schemas": { "const": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"] },
            "Operations": { "type": "array", "items": operation },
        },
        "additionalProperties": false,
    })
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "As asked",
        "201" => "Made",
        "204" => "Done",
        "304" => "As it was",
        "503" => "Not now: nothing was changed",
        _ => "Refused: nothing was changed",
    }
}
