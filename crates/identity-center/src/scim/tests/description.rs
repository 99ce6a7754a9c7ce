//! The endpoint's own description, and software that this project did not write which takes it at its word.

use std::collections::BTreeSet;

use super::peers::program;
use super::*;

async fn description(endpoint: &Endpoint) -> Value {
    let answer = endpoint.get("/openapi.json").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

fn operations(description: &Value) -> BTreeSet<String> {
    let paths = description["paths"].as_object().unwrap();
    let of = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|method| *method != "parameters")
            .map(move |method| format!("{method} {path}"))
    });
    of.collect()
}

#[tokio::test]
async fn what_is_described_is_there_and_each_manner_is_described() {
    let (rfc, aws) = (
        Endpoint::start(Manner::Rfc).await,
        Endpoint::start(Manner::Aws).await,
    );
    let (said, of_aws) = (description(&rfc).await, description(&aws).await);
    assert_eq!(said["servers"][0]["url"], json!(rfc.base()));
    let (all, few) = (operations(&said), operations(&of_aws));
    let missing: Vec<&String> = all.difference(&few).collect();
    let expected = [
        "get /",
        "post /.search",
        "post /Bulk",
        "put /Groups/{group}",
    ];
    assert_eq!(missing, expected);
    assert_eq!((all.len(), few.difference(&all).count()), (22, 0));
    let token = rfc
        .send(
            "GET",
            "/openapi.json",
            &[("authorization", "Bearer x")],
            b"",
        )
        .await;
    assert_eq!(token.status, 401);
    let posted = rfc.send("POST", "/openapi.json", &[], b"").await;
    assert_refused(&posted, 405, None, "POST");
    let properties = |description: &Value, schema: &str| -> BTreeSet<String> {
        let schema = &description["components"]["schemas"][schema];
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let sent = properties(&said, "UserSent");
    for (name, expected) in [
        ("password", true),
        ("emails", true),
        ("groups", false),
        ("meta", false),
    ] {
        assert_eq!(sent.contains(name), expected, "{name}");
    }
    let answered = properties(&said, "User");
    for (name, expected) in [
        ("password", false),
        ("groups", true),
        ("meta", true),
        (ENTERPRISE, true),
    ] {
        assert_eq!(answered.contains(name), expected, "{name}");
    }
    assert!(!properties(&of_aws, "UserSent").contains("photos"));
    // What is always refused is not allowed, and what is always understood is.
    let schemas = &said["components"]["schemas"];
    let of = |schema: &str, name: &str| &schemas[schema]["properties"][name];
    assert_eq!(of("UserSent", "userName")["minLength"], 1);
    assert_eq!(of("GroupSent", "displayName")["minLength"], 1);
    let member = &of("GroupSent", "members")["items"];
    assert_eq!(member["required"], json!(["value"]));
    let urns = &of("GroupSent", "schemas")["items"];
    assert!(urns["enum"].is_null(), "Entra ID names one of its own");
    assert_eq!(of("Group", "schemas")["items"]["enum"], json!([GROUP]));
    let operation = &of("BulkRequest", "Operations")["items"];
    assert_eq!(operation["then"]["required"], json!(["bulkId"]));
    let count = of("SearchRequest", "count");
    assert_eq!(count["type"], json!(["integer", "null"]));
    assert!(properties(&of_aws, "Error").contains("exceptionRequestId"));
    // Whatever an endpoint may be asked for, it has.
    for operation in &all {
        let (method, path) = operation.split_once(' ').unwrap();
        let path = path.split('{').next().unwrap();
        let answer = rfc.send(&method.to_uppercase(), path, &[FORM], b"{}").await;
        assert!(answer.status != 405 || path.ends_with('/'), "{operation}");
    }
}

const RESOURCES: &[&str] = &["post_users", "put_user", "post_groups", "put_group"];

/// What is not asked of an answer, and why: that what the description does not allow is refused, or that what it allows is not.
const UNCHECKED: [(&[&str], &str, &str); 5] = [
    (
        RESOURCES,
        "negative_data_rejection",
        "`null`, truth as text, one value for a list and a bare string for a value are understood (decision 22)",
    ),
    (
        RESOURCES,
        "positive_data_acceptance",
        "a name has nothing invisible in it, a member is somebody's id, one value of a list is primary: no schema says so",
    ),
    (
        &["patch_user", "patch_group"],
        "positive_data_acceptance",
        "what a path may be is a grammar, and what a value may be depends on it",
    ),
    (
        &[
            "get_users",
            "get_groups",
            "get_everything",
            "post_user_search",
            "post_group_search",
            "post_search",
            "get_user",
            "get_group",
        ],
        "positive_data_acceptance",
        "a filter and a name are grammars, and some parameters exclude each other",
    ),
    (
        &["post_bulk"],
        "positive_data_acceptance",
        "text with U+0000 in it is refused, wherever it stands",
    ),
];

/// Sends whatever the description allows and much that it does not, and checks each answer against it.
async fn told(manner: Manner, least: u64) {
    let endpoint = Endpoint::start(manner).await;
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let name = format!("user{number}");
        let user = json!({
            "userName": name, "displayName": name, "name": { "givenName": "A", "familyName": "B" },
            "emails": [{ "value": format!("{name}@acme.example"), "type": "work", "primary": true }],
        });
        let user = endpoint.user(user).await;
        let group = endpoint.group(&format!("group{number}"), &[&user]).await;
        users.push(user["id"].as_str().unwrap().to_owned());
        groups.push(group["id"].as_str().unwrap().to_owned());
    }
    let (names, urns) = (["User", "Group"], [USER, GROUP, ENTERPRISE]);
    let mut settings = json!({
        "dictionaries": {},
        "parameters": {},
        "checks": {
            "negative_data_rejection": { "expected-statuses": ["4XX"] },
            // Whoever is named may be gone, or have changed since.
            "positive_data_acceptance": { "expected-statuses": ["2XX", "304", "404", "412"] },
        },
        "operations": UNCHECKED.map(|(operations, check, reason)| {
            assert!(reason.len() > 20, "{check} of {operations:?} has a reason");
            json!({ "include-operation-id": operations, "checks": { check: { "enabled": false } } })
        }),
    });
    for (named, values) in [
        ("user", json!(users)),
        ("group", json!(groups)),
        ("name", json!(names)),
        ("urn", json!(urns)),
    ] {
        settings["dictionaries"][named] = json!({ "values": values });
        settings["parameters"][format!("path.{named}")] =
            json!({ "dictionary": named, "probability": 0.8 });
    }
    let settings = toml::to_string(&settings).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("schemathesis.toml"), settings).unwrap();
    let mut program = tokio::process::Command::new(program("schemathesis"));
    program
        .args([
            "run",
            &format!("{}/openapi.json", endpoint.base()),
            "--no-color",
        ])
        .args([
            "--header",
            &format!("Authorization: Bearer {}", endpoint.token),
        ])
        .args([
            "--phases",
            "coverage,fuzzing",
            "--seed",
            "20261126",
            "--max-examples",
            "16",
        ])
        .current_dir(folder.path())
        .kill_on_drop(true);
    let output = program.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let passed = said
        .split_once("Test cases:")
        .and_then(|(_, cases)| cases.split_once(" passed"));
    let passed = passed.and_then(|(cases, _)| cases.split_whitespace().last()?.parse::<u64>().ok());
    assert!(passed > Some(least), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_is_answered_as_described() {
    told(Manner::Rfc, 2000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_sent_in_aws_s_manner_is_answered_as_described() {
    told(Manner::Aws, 1000).await;
}
