//! What `openapi.json` says beside each operation (OpenAPI 3.1.1 §4.8.10, §4.8.17).

use std::collections::BTreeSet;

use serde_json::json;

#[test]
fn each_operation_has_a_name_of_its_own_and_words_for_whatever_it_answers() {
    let document = serde_json::to_value(super::super::description()).unwrap();
    let mut names = BTreeSet::new();
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(name.to_owned()), "{method} {path}: {name}");
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let words = response["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{method} {path}: {status}");
            }
            for refusal in ["4XX", "503"] {
                let described = &responses[refusal]["content"];
                let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
                assert_eq!(
                    *described,
                    json!({ "application/problem+json": problem }),
                    "{method} {path}: {refusal}"
                );
            }
        }
    }
    assert!(names.contains("delete_users_user_links_connection"));
    assert_eq!(names.len(), super::operations().len());
}

#[test]
fn what_has_few_values_is_described_by_them() {
    let document = serde_json::to_value(super::super::description()).unwrap();
    let schemas = &document["components"]["schemas"];
    let kind = &schemas["Connection"]["properties"]["kind"]["$ref"];
    assert_eq!(*kind, "#/components/schemas/ProviderKind");
    let scopes = &schemas["ApplicationSaid"]["properties"]["scopes"]["items"]["enum"];
    assert_eq!(*scopes, json!(super::super::applications::SCOPES));
    let id = &schemas["UserId"];
    assert_eq!(
        *id,
        json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{32}$" })
    );
}
