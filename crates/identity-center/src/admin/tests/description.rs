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
    for text in ["Line", "Note"] {
        assert_eq!(schemas[text]["maxLength"], crate::directory::NAME_LIMIT);
    }
    let id = &schemas["UserId"];
    assert_eq!(
        *id,
        json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{32}$" })
    );
}

/// The characters of a class in brackets, as far as ours have them: `\uXXXX`, others as they are, and ranges.
fn class(pattern: &str) -> Vec<(u32, u32)> {
    let inside = pattern.split_once("[^").unwrap().1;
    let mut rest = inside.split_once(']').unwrap().0;
    let mut next = || {
        let escaped = rest.strip_prefix("\\u");
        let (found, after) = match escaped {
            Some(hex) => (u32::from_str_radix(&hex[..4], 16).unwrap(), &hex[4..]),
            None => {
                let first = rest.chars().next()?;
                (u32::from(first), &rest[first.len_utf8()..])
            }
        };
        rest = after;
        let to = rest.starts_with('-');
        rest = rest.strip_prefix('-').unwrap_or(rest);
        Some((found, to))
    };
    let mut ranges = Vec::new();
    while let Some((from, is_range)) = next() {
        let to = match is_range {
            true => next().unwrap().0,
            false => from,
        };
        ranges.push((from, to));
    }
    ranges
}

#[test]
fn what_a_name_may_not_have_is_described_character_by_character() {
    let document = serde_json::to_value(super::super::description()).unwrap();
    for schema in ["Line", "Note"] {
        let pattern = document["components"]["schemas"][schema]["pattern"].as_str();
        let ranges = class(pattern.unwrap());
        for character in '\0'..=char::MAX {
            let code = u32::from(character);
            let excluded = ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&code));
            let refused = crate::directory::is_invisible(character);
            assert_eq!(excluded, refused, "{schema}: {character:?}");
        }
    }
}
