//! `admin scim check`, at a small endpoint that does one thing wrong at a time: that thing is told, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::provisioning::command;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What is done wrong, and what is to be told of it.
const FAULTS: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "patch",
        &["ServiceProviderConfig says that PATCH is supported"],
    ),
    ("form", &["answers are application/scim+json"]),
    ("total", &["a list has totalResults"]),
    ("nobody", &["whom nobody knows is an empty list, not 404"]),
    ("parameters", &["unknown parameters are passed over"]),
    ("status", &["a person is created (201) and has an id"]),
    ("case", &["userName is found whatever its case"]),
    ("twice", &["a second one of that name is refused (409)"]),
    (
        "text",
        &["active by PATCH with a path and \"False\" as text"],
    ),
    ("pathless", &["active by PATCH without a path"]),
    ("address", &["a work address is added where there is none"]),
    (
        "dotted",
        &["PATCH without a path, of dotted names and whole URNs"],
    ),
    ("disabled", &["who is disabled can still be read"]),
    ("put", &["PUT of what was read"]),
    (
        "restless",
        &["what changes nothing keeps version and lastModified"],
    ),
    (
        "adds",
        &[
            "members are added by PATCH",
            "a member, and nobody else, is removed by a filter",
            "a member, and nobody else, is removed by a list of values",
        ],
    ),
    (
        "filter",
        &["a member, and nobody else, is removed by a filter"],
    ),
    (
        "list",
        &["a member, and nobody else, is removed by a list of values"],
    ),
    (
        "kept",
        &["a member, and nobody else, is removed by a list of values"],
    ),
    ("group", &["a group is found by displayName"]),
    ("dissolved", &["a group is removed (204)"]),
    ("removed", &["a person is removed (204)"]),
    ("there", &["who was removed is not there (404)"]),
];

#[derive(Default)]
struct Endpoint {
    fault: &'static str,
    all: Mutex<BTreeMap<String, Value>>,
}

type Said = (StatusCode, Value);

fn list(found: Vec<Value>) -> Said {
    (
        StatusCode::OK,
        json!({ "totalResults": found.len(), "Resources": found }),
    )
}

fn no(status: StatusCode) -> Said {
    (status, json!({ "detail": "no" }))
}

/// The texts between quotation marks.
fn quoted(filter: &str) -> Vec<&str> {
    filter.split('"').skip(1).step_by(2).collect()
}

impl Endpoint {
    fn has(&self, fault: &str) -> bool {
        self.fault == fault
    }

    fn lists(&self, path: &str, asked: &BTreeMap<String, String>) -> Said {
        let all = self.all.lock().unwrap();
        let of = all
            .iter()
            .filter(|(at, _)| at.starts_with(path))
            .map(|(_, one)| one);
        let filter = asked.get("filter").map_or("", String::as_str);
        let is = |one: &&Value| match quoted(filter).as_slice() {
            [] => true,
            [name] if self.has("case") => one["userName"] == *name || one["displayName"] == *name,
            [name] => ["userName", "displayName"].iter().any(|said| {
                one[said]
                    .as_str()
                    .is_some_and(|said| said.eq_ignore_ascii_case(name))
            }),
            [id, member, ..] => {
                let members = one["members"].as_array().unwrap();
                one["id"] == *id && members.iter().any(|known| known["value"] == *member)
            }
        };
        // As AWS's, it tells nobody who is in a group, but asked for them.
        let found: Vec<Value> = of.filter(is).cloned().map(shown).collect();
        if asked.contains_key("aadOptscim062020") && self.has("parameters") {
            return no(StatusCode::BAD_REQUEST);
        }
        if found.is_empty() && (self.has("nobody") && path == "/Users" && filter.contains("nobody"))
        {
            return no(StatusCode::NOT_FOUND);
        }
        let (status, mut said) = list(found);
        if path == "/Groups" && self.has("group") && filter.contains("displayName") {
            return list(Vec::new());
        }
        if self.has("total") && asked.contains_key("startIndex") {
            said["totalResults"] = Value::Null;
        }
        (status, said)
    }

    fn makes(&self, path: &str, mut one: Value) -> Said {
        let mut all = self.all.lock().unwrap();
        let taken = all
            .values()
            .any(|known| known["userName"] == one["userName"] && path == "/Users");
        if taken && !self.has("twice") {
            return no(StatusCode::CONFLICT);
        }
        let id = format!("{:032x}", all.len() + 1);
        one["id"] = json!(id);
        one["meta"] = json!({ "version": "W/\"1\"" });
        if path == "/Groups" {
            one["members"] = json!([]);
        }
        if !taken {
            all.insert(format!("{path}/{id}"), one.clone());
        }
        match self.has("status") && path == "/Users" {
            true => (StatusCode::OK, one),
            false => (StatusCode::CREATED, one),
        }
    }

    fn one(&self, method: &Method, path: &str, body: Value) -> Said {
        let mut all = self.all.lock().unwrap();
        let group = path.starts_with("/Groups");
        let Some(stored) = all.get_mut(path) else {
            return no(StatusCode::NOT_FOUND);
        };
        let mut changed = stored.clone();
        match *method {
            Method::GET if self.has("disabled") && stored["active"] == false => {
                // Once, so that nothing else is told.
                let asked = stored["asked"].as_u64().unwrap_or(0) + 1;
                stored["asked"] = json!(asked);
                return match asked {
                    3 => no(StatusCode::NOT_FOUND),
                    _ => (StatusCode::OK, shown(stored.clone())),
                };
            }
            Method::GET => return (StatusCode::OK, shown(stored.clone())),
            Method::DELETE => {
                let kept = if group { "dissolved" } else { "removed" };
                let status = if self.has(kept) {
                    StatusCode::OK
                } else {
                    StatusCode::NO_CONTENT
                };
                if !self.has("there") || group {
                    all.remove(path);
                }
                return (status, Value::Null);
            }
            Method::PUT => {
                changed = body;
                if self.has("put") {
                    changed["emails"] = Value::Null;
                }
            }
            _ => {
                let operation = &body["Operations"][0];
                match group {
                    true => self.moves(&mut changed, operation),
                    false => self.patches(&mut changed, operation),
                }
            }
        }
        if changed != *stored || (self.has("restless") && *method == Method::PATCH) {
            let version = changed["meta"]["version"].as_str().unwrap();
            changed["meta"]["version"] = json!(format!("{version}+"));
            *stored = changed;
        }
        match group {
            true => (StatusCode::NO_CONTENT, Value::Null),
            false => (StatusCode::OK, stored.clone()),
        }
    }

    fn patches(&self, one: &mut Value, operation: &Value) {
        let value = &operation["value"];
        match operation["path"].as_str() {
            Some("active") => {
                let text = value
                    .as_str()
                    .is_some_and(|text| text.eq_ignore_ascii_case("false"));
                let is = (!text || self.has("text")) && *value != json!(false);
                one["active"] = json!(is);
            }
            Some(_) if self.has("address") => {}
            Some(_) => one["emails"] = json!([{ "type": "work", "value": value }]),
            None if value["active"] == true && self.has("pathless") => {}
            None if value["active"] == true => one["active"] = json!(true),
            None if self.has("dotted") => {
                one["name.givenName"] = value["name.givenName"].clone();
            }
            None => {
                one["name"]["givenName"] = value["name.givenName"].clone();
                one[ENTERPRISE]["department"] = value[format!("{ENTERPRISE}:department")].clone();
            }
        }
    }

    fn moves(&self, group: &mut Value, operation: &Value) {
        let members = group["members"].as_array_mut().unwrap();
        let op = operation["op"].as_str().unwrap().to_ascii_lowercase();
        let named: Vec<Value> = match quoted(operation["path"].as_str().unwrap()).first() {
            Some(id) => vec![json!(id)],
            None => {
                let all = operation["value"].as_array().unwrap().iter();
                all.map(|member| member["value"].clone()).collect()
            }
        };
        let by_filter = operation["value"].is_null();
        if op == "add" {
            let few = if self.has("adds") { 1 } else { 2 };
            for id in named.iter().take(few) {
                if !members.iter().any(|known| known["value"] == *id) {
                    members.push(json!({ "value": id }));
                }
            }
            return;
        }
        if self.has(if by_filter { "filter" } else { "list" }) {
            members.clear();
        } else if by_filter || !self.has("kept") {
            members.retain(|member| !named.contains(&member["value"]));
        }
    }
}

/// What is answered of one: not who is in a group.
fn shown(mut one: Value) -> Value {
    if one["members"].is_array() {
        one["members"] = json!([]);
    }
    one
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    method: Method,
    uri: Uri,
    Query(asked): Query<BTreeMap<String, String>>,
    body: Bytes,
) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = uri.path();
    let (status, said) = match (&method, path) {
        (_, "/ServiceProviderConfig") => {
            let patch = !endpoint.has("patch");
            (StatusCode::OK, json!({ "patch": { "supported": patch } }))
        }
        (&Method::GET, "/Users" | "/Groups") => endpoint.lists(path, &asked),
        (&Method::POST, "/Users" | "/Groups") => endpoint.makes(path, body),
        (_, _) => endpoint.one(&method, path, body),
    };
    let form = match endpoint.has("form") {
        true => "text/html",
        false => "application/scim+json",
    };
    if said.is_null() {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, form)], said.to_string()).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_wrong_is_told_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "any\n").unwrap();
    for (fault, expected) in FAULTS {
        let endpoint = Endpoint {
            fault,
            ..Endpoint::default()
        };
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::new(endpoint));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut check = command(&["check", &base, "--token-file"]);
        check.arg(&token);
        let output = tokio::task::spawn_blocking(move || check.output().unwrap())
            .await
            .unwrap();
        serving.abort();
        let table = String::from_utf8(output.stdout).unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(table.lines().count() > 22, "{fault}: {table}{talk}");
        let wrong = table.lines().filter_map(|line| line.strip_prefix("✗"));
        let wrong: Vec<&str> = wrong
            .map(|line| line.trim().split("  ").next().unwrap())
            .collect();
        assert_eq!(wrong, *expected, "{fault}: {table}");
        let code = i32::from(!expected.is_empty());
        assert_eq!(output.status.code(), Some(code), "{fault}");
    }
}
