//! SCIM software that this project did not write: two checkers, and a server that is asked the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::process::Command;

use super::*;
use crate::oidc::tests::running::{last_word, peers};

fn python() -> Command {
    let mut command = Command::new(program("python"));
    command.current_dir(peers()).kill_on_drop(true);
    command
}

/// A program of the Python packages that the tests need.
pub(super) fn program(name: &str) -> PathBuf {
    let python = std::env::var_os("KIRO_TEST_PYTHON");
    let python: PathBuf =
        python.map_or_else(|| peers().join("../../target/venv/bin/python"), Into::into);
    python.with_file_name(name)
}

/// What is said of each name, and why that is so here: no name is missing, and none is new.
#[track_caller]
fn assert_explained(told: &BTreeMap<String, String>, reasons: &[(&str, &str, &str)]) {
    let explained: BTreeMap<String, String> = reasons
        .iter()
        .map(|(name, told, reason)| {
            assert!(reason.len() > 20, "{name} has a reason");
            ((*name).to_owned(), (*told).to_owned())
        })
        .collect();
    assert_eq!(*told, explained, "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim2_tester_finds_nothing_that_has_no_reason() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let mut tester = python();
    tester
        .arg("scim_tester.py")
        .args([&endpoint.base(), &endpoint.token]);
    let told = last_word(&mut tester).await;
    let others = told["others"].as_array().unwrap().iter();
    let others: BTreeMap<String, String> = others
        .map(|one| {
            (
                one[0].as_str().unwrap().to_owned(),
                one[1].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_explained(
        &others,
        &[
            (
                "check_add_attribute Group members",
                "ERROR",
                "who comes without `display` has one: the service says a member's name, as RFC 7643 §4.2's example does",
            ),
            (
                "check_replace_attribute Group members",
                "ERROR",
                "who comes without `display` has one: the service says a member's name, as RFC 7643 §4.2's example does",
            ),
        ],
    );
    let succeeded = told["succeeded"].as_u64().unwrap();
    assert!(succeeded >= 130, "{succeeded} checks were made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim_sanity_finds_nothing_that_has_no_reason() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let mut probe = python();
    probe.args([
        "-m",
        "scim_sanity",
        "probe",
        "--json-output",
        "--i-accept-side-effects",
        "--timeout",
        "20",
    ]);
    probe
        .args(["--token", &endpoint.token])
        .arg(endpoint.base());
    // It ends with 1 where something failed.
    let said = probe.output().await.unwrap();
    let told: Value =
        serde_json::from_slice(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    let results = told["results"].as_array().unwrap();
    let passed = results.iter().filter(|one| one["status"] == "pass").count();
    assert!(passed >= 24, "{passed} checks passed: {told:#}");
    let others = results.iter().filter(|one| one["status"] != "pass");
    let others: BTreeMap<String, String> = others
        .map(|one| {
            (
                one["name"].as_str().unwrap().to_owned(),
                one["status"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let no_agents = "drafts of an extension for agents, which are not served here";
    let silent =
        "a PATCH of a group answers 204, as RFC 7644 §3.5.2 allows: its members may be many";
    assert_explained(
        &others,
        &[
            ("Agent CRUD Lifecycle", "skip", no_agents),
            ("Agent Rapid Lifecycle", "skip", no_agents),
            ("AgenticApplication CRUD Lifecycle", "skip", no_agents),
            ("PATCH /Groups/{id}", "fail", silent),
            ("PATCH /Groups/{id} remove members", "fail", silent),
            (
                "PATCH /Groups/{id} add member",
                "fail",
                "it adds an id of nobody: refused, and with it the whole PATCH, so that no group promises what it does not have",
            ),
        ],
    );
}

/// A status and a `scimType`, or how many are found.
fn short(outcome: &Value) -> String {
    let status = outcome[0]
        .as_str()
        .map_or_else(|| outcome[0].to_string(), str::to_owned);
    match (&outcome[1], outcome[1].get(0)) {
        (Value::String(word), _) => format!("{status} {word}"),
        (_, Some(total)) => format!("{status}, {total} found"),
        _ => status,
    }
}

const ACTIVE: &str = "who is not said to be inactive is active here (RFC 7643 §4.1.1 leaves it open); there, they are neither";
const MEMBERSHIP: &str =
    "the service knows whose member somebody is; scim2-server's `groups` are what a client says";
const MADE: &str =
    "Entra ID sets parts of a value that is not there yet, and expects it to be made (decision 22)";
const EMPTY: &str = "empty text is unassigned, as Okta and Entra ID mean it (decision 22)";
const UNIQUE: &str = "a group's name is unique in an organisation: roles are given by it";
const NOBODY: &str = "a member is somebody whom this connection provisions";
const COUNTED: &str = "RFC 9865 §2.3 has a word of its own for it";
const SYNTAX: &str = "a message that is not formed as RFC 7644 says is invalidSyntax here; invalidValue is of attributes";

#[rustfmt::skip]
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("GET /Users?filter=active eq true", "200, 3 found | 200, 1 found", ACTIVE),
    ("GET /Users?filter=active ne true", "200, 1 found | 200, 3 found", ACTIVE),
    ("GET /Users?filter=not (active eq true)", "200, 1 found | 200, 3 found", ACTIVE),
    ("GET /Users?filter=title pr and active eq true", "200, 3 found | 200, 1 found", ACTIVE),
    ("GET /Users?filter=userName eq \"carl\" AND active EQ TRUE", "200, 1 found | 200, 0 found", ACTIVE),
    ("GET /Users?filter=groups pr", "200, 2 found | 200, 0 found", MEMBERSHIP),
    ("GET /Users?filter=groups.value eq \"<team>\"", "200, 2 found | 200, 0 found", MEMBERSHIP),
    ("GET /Users?filter=password eq \"x\"", "400 invalidFilter | 200, 0 found", "what nobody may read cannot be found out by filters, either"),
    ("GET /Users?count=x", "400 invalidCount | 400 invalidValue", COUNTED),
    ("GET /Users?sortBy=shoeSize", "200, 4 found | 400 invalidPath", "what has no such attribute comes last, all of it: RFC 7644 §3.4.2.3"),
    ("PATCH /Users/<aiko> [{\"op\": \"replace\", \"path\": \"emails[type eq \\\"none\\\"].value\", \"value\": \"n@acme.example\"}]", "done | 400 noTarget", MADE),
    ("PATCH /Users/<aiko> [{\"op\": \"add\", \"path\": \"emails[type eq \\\"other\\\"].value\", \"value\": \"o@acme.example\"}]", "done | 400 noTarget", MADE),
    ("PATCH /Users/<aiko> [{\"op\": \"replace\", \"path\": \"userName\", \"value\": \"\"}]", "400 mutability | done", "empty text is unassigned, and a name is not"),
    ("PATCH /Users/<aiko> [{\"op\": \"move\", \"path\": \"title\", \"value\": \"x\"}]", "400 invalidSyntax | 400 invalidValue", SYNTAX),
    ("PATCH /Users/<aiko> []", "400 invalidSyntax | 400 invalidValue", SYNTAX),
    ("PATCH /Groups/<team>?attributes=displayName,members [{\"op\": \"add\", \"path\": \"members\", \"value\": [{\"value\": \"none\"}]}]", "400 invalidValue | done", NOBODY),
    ("PATCH /Groups/<team>?attributes=displayName,members [{\"op\": \"replace\", \"path\": \"displayName\", \"value\": \"Taken\"}]", "409 uniqueness | done", UNIQUE),
    ("PATCH /Groups/<team>?attributes=displayName,members [{\"op\": \"remove\", \"path\": \"members\", \"value\": [{\"value\": \"<aiko>\"}]}]", "done | 400 invalidValue", "Entra ID removes members by a list of values (decision 22)"),
    ("POST /Users {\"userName\": \"new\", \"shoeSize\": 44}", "201 | 400 invalidSyntax", "an unknown attribute is passed over where it is one of many (decision 22)"),
    ("POST /Users {\"userName\": \"\"}", "400 invalidValue | 201", EMPTY),
    ("POST /Users {\"userName\": \"new\", \"nickName\": \"\"}", "201 | 201", EMPTY),
    ("POST /Users {\"userName\": \"new\", \"emails\": \"a@b\"}", "201 | 400 invalidValue", "one value for a list is understood (decision 22)"),
    ("POST /Users {\"userName\": \"new\", \"emails\": [{\"type\": \"work\"}]}", "201 | 201", "a value that is but a label is no value (decision 22)"),
    ("POST /Users without schemas {\"userName\": \"new\"}", "400 invalidSyntax | 201", "`schemas` is required (RFC 7643 §3)"),
    ("PUT /Users/<aiko> {\"userName\": \"aiko@acme.example\"}", "200 | 200", "a PUT that does not name `externalId` keeps it: nobody is taken for somebody else by what was not said (decision 22)"),
    ("POST /Groups {\"displayName\": \"Team\"}", "409 uniqueness | 201", UNIQUE),
    ("POST /Groups {\"displayName\": \"New\", \"members\": [{\"value\": \"none\"}]}", "400 invalidValue | 201", NOBODY),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scim2_server_answers_two_hundred_requests_alike_but_where_there_is_a_reason() {
    let endpoint = Endpoint::start(Manner::Rfc).await;
    let mut asked = python();
    asked
        .arg("scim_differential.py")
        .args([&endpoint.base(), &endpoint.token]);
    let told = last_word(&mut asked).await;
    assert!(told["asked"].as_u64().unwrap() >= 200, "{told}");
    let differences = told["differences"].as_array().unwrap().iter();
    let differences: BTreeMap<String, String> = differences
        .map(|one| {
            let both = format!("{} | {}", short(&one[1]), short(&one[2]));
            (one[0].as_str().unwrap().to_owned(), both)
        })
        .collect();
    assert_explained(&differences, DIFFERENCES);
}
