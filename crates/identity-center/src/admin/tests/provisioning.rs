//! How provisioning is looked after: tokens, the log, hand-overs, and people who leave by mistake.

mod leaving;
mod refusals;

use serde_json::{Value, json};

use super::{administrator, ask, kind, person};
use crate::administrator::Role;
use crate::audit::{By, Deed};
use crate::oidc::tests::running::{Answer, Running};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A service with an owner, and their token.
async fn looked_after() -> (Running, String) {
    let service = Running::start().await;
    let (_, token) = administrator(&service, "acme", Role::Owner).await;
    (service, token)
}

async fn token(service: &Running, owner: &str, name: &str) -> Answer {
    let path = format!("/provisioning/{name}/tokens");
    ask(service, owner, "POST", &path, &Value::Null).await
}

/// A connection that provisions, and the secret of its token.
async fn provisioner(service: &Running, owner: &str, name: &str) -> String {
    let path = format!("/provisioning/{name}");
    let set = ask(service, owner, "PUT", &path, &json!({ "manner": "rfc" })).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let made = token(service, owner, name).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["token"].as_str().unwrap().to_owned()
}

async fn scim(service: &Running, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/scim+json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let path = format!("/acme/scim/v2{path}");
    service.send(method, &path, &headers, body.as_bytes()).await
}

async fn pushed(service: &Running, token: &str, user_name: &str) -> String {
    let said = json!({ "schemas": [USER], "userName": user_name });
    let made = scim(service, token, "POST", "/Users", &said).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn deactivation() -> Value {
    json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "value": { "active": false } }] })
}

async fn log(service: &Running, owner: &str, name: &str) -> Vec<(String, String)> {
    let path = format!("/provisioning/{name}/log");
    let log = ask(service, owner, "GET", &path, &Value::Null).await.json();
    let entry = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("action"), text("subject"))
    };
    let entries = log["items"].as_array().unwrap();
    entries.iter().rev().map(entry).collect()
}

#[tokio::test]
async fn lists_of_people_are_on_pages_that_the_command_can_read_and_not_in_the_log() {
    let (service, owner) = looked_after().await;
    provisioner(&service, &owner, "okta").await;
    let (store, now) = (&service.center.store, service.center.now());
    let by = By {
        actor: Some("scim:okta".to_owned()),
        ..By::default()
    };
    let entries = async {
        for number in 0..31 {
            let size = if number == 7 { 300_000 } else { 40_000 };
            let (action, detail) = match number {
                0 => ("group.leave", json!({ "members": 6000 })),
                _ => ("group.leave.list", json!({ "users": "u".repeat(size) })),
            };
            let deed = Deed {
                action,
                organization: Some("acme".to_owned()),
                subject: format!("long {number}"),
                done: true,
                detail,
            };
            store.record(deed, now).await.unwrap();
        }
    };
    by.doing(entries).await;
    let (mut met, mut path) = (Vec::new(), "/audit?limit=500".to_owned());
    loop {
        let page = ask(&service, &owner, "GET", &path, &Value::Null).await;
        assert!(page.text().len() < 512 * 1024, "{}", page.text().len());
        let page = page.json();
        let subjects = page["items"].as_array().unwrap().iter();
        met.extend(subjects.map(|entry| entry["subject"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/audit?limit=500&before={next}");
    }
    met.retain(|subject| subject.starts_with("long"));
    let all: Vec<String> = (0..31)
        .rev()
        .map(|number| format!("long {number}"))
        .collect();
    assert_eq!(met, all);
    let told = log(&service, &owner, "okta").await;
    let told: Vec<&str> = told.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(told, ["group.leave"]);
}

#[tokio::test]
async fn a_connection_has_two_tokens_at_most_each_told_once_and_good_until_it_is_revoked() {
    let (service, owner) = looked_after().await;
    let none = token(&service, &owner, "okta").await;
    assert_eq!(
        (none.status, kind(&none).as_str()),
        (404, "not-found"),
        "no such connection"
    );
    let first = provisioner(&service, &owner, "okta").await;
    let second = token(&service, &owner, "okta").await.json();
    let third = token(&service, &owner, "okta").await;
    assert_eq!((third.status, kind(&third).as_str()), (409, "two-tokens"));
    let base = format!("{}/acme/scim/v2", service.issuer());
    assert_eq!(second["base_url"], base.as_str());

    let list = ask(&service, &owner, "GET", "/provisioning", &Value::Null).await;
    for secret in [&first, second["token"].as_str().unwrap()] {
        assert!(!list.text().contains(secret), "told once");
        let found = scim(&service, secret, "GET", "/Users", &Value::Null).await;
        assert_eq!(
            found.status, 200,
            "both are good while one takes the other's place"
        );
    }
    let tokens = list.json()["items"][0]["tokens"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|token| token["last_used_at"].is_null()));
    let path = format!(
        "/provisioning/okta/tokens/{}",
        tokens[0]["id"].as_str().unwrap()
    );
    let revoked = ask(&service, &owner, "DELETE", &path, &Value::Null).await;
    assert_eq!(revoked.status, 204);
    let refused = scim(&service, &first, "GET", "/Users", &Value::Null).await;
    assert_eq!(refused.status, 401);
    let again = ask(&service, &owner, "DELETE", &path, &Value::Null).await;
    assert_eq!((again.status, kind(&again).as_str()), (404, "not-found"));

    let used = ask(&service, &owner, "GET", "/provisioning", &Value::Null)
        .await
        .json();
    assert!(used["items"][0]["tokens"][0]["last_used_at"].is_string());
    let year = 60 * 60 * 24 * 365;
    service.pass(year - 60);
    let token = second["token"].as_str().unwrap();
    assert_eq!(
        scim(&service, token, "GET", "/Users", &Value::Null)
            .await
            .status,
        200
    );
    service.pass(60);
    assert_eq!(
        scim(&service, token, "GET", "/Users", &Value::Null)
            .await
            .status,
        401,
        "it has ended"
    );
}

#[tokio::test]
async fn what_a_connection_does_and_is_refused_is_in_its_log_and_in_no_other() {
    let (service, owner) = looked_after().await;
    let okta = provisioner(&service, &owner, "okta").await;
    let entra = provisioner(&service, &owner, "entra").await;
    let aiko = pushed(&service, &okta, "aiko@acme.example").await;
    let taken =
        json!({ "schemas": [USER], "userName": "AIKO@acme.example", "password": "s3cret-of-aiko" });
    let refused = scim(&service, &entra, "POST", "/Users", &taken).await;
    assert_eq!(refused.status, 409);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("aiko@acme.example, whom okta provisions"),
        "{detail}"
    );
    let missing = scim(
        &service,
        &okta,
        "GET",
        "/Users?filter=userName%20eq%20%22bob%22",
        &Value::Null,
    );
    assert_eq!(missing.await.json()["totalResults"], 0);
    let path = format!("/Users/{aiko}");
    assert_eq!(
        scim(&service, &entra, "GET", &path, &Value::Null)
            .await
            .status,
        404,
        "not its own"
    );
    assert_eq!(
        scim(&service, &okta, "PATCH", &path, &deactivation())
            .await
            .status,
        200
    );

    let of = |action: &str, subject: &str| (action.to_owned(), subject.to_owned());
    assert_eq!(
        log(&service, &owner, "okta").await,
        [
            of("scim.connect", "okta"),
            of("user.create", "aiko@acme.example"),
            of("user.deactivate", "aiko@acme.example"),
        ]
    );
    assert_eq!(
        log(&service, &owner, "entra").await,
        [
            of("scim.connect", "entra"),
            of("scim.refuse", "AIKO@acme.example")
        ]
    );
    let whole = ask(
        &service,
        &owner,
        "GET",
        "/provisioning/entra/log",
        &Value::Null,
    )
    .await;
    let entries = whole.json();
    let refusal = &entries["items"][0];
    assert_eq!(refusal["outcome"], "refused");
    assert_eq!(refusal["actor"], "scim:entra");
    assert_eq!(refusal["detail"]["status"], 409);
    assert_eq!(refusal["detail"]["scimType"], "uniqueness");
    assert!(!whole.text().contains("s3cret"), "{}", whole.text());
    let after = format!(
        "/provisioning/okta/log?after={}",
        entries["items"][1]["number"]
    );
    let later = ask(&service, &owner, "GET", &after, &Value::Null)
        .await
        .json();
    let numbers: Vec<i64> = later["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["number"].as_i64().unwrap())
        .collect();
    assert!(numbers.is_sorted() && numbers.len() < 3, "{numbers:?}");
    let status = ask(&service, &owner, "GET", "/status", &Value::Null)
        .await
        .json();
    assert_eq!(status["provisioning"][0]["refused"], 1, "{status}");
    assert_eq!(status["provisioning"][1]["refused"], 0);
    assert!(status["provisioning"][1]["last_push_at"].is_string());
}

#[tokio::test]
async fn whom_an_administrator_added_is_provisioned_once_they_were_handed_over() {
    let (service, owner) = looked_after().await;
    let okta = provisioner(&service, &owner, "okta").await;
    provisioner(&service, &owner, "entra").await;
    let maya = person(&service, "acme", "maya").await;
    let found = async || {
        let path = "/Users?filter=userName%20eq%20%22MAYA%22";
        scim(&service, &okta, "GET", path, &Value::Null)
            .await
            .json()["totalResults"]
            .clone()
    };
    assert_eq!(found().await, 0);
    let said = json!({ "schemas": [USER], "userName": "Maya" });
    let taken = scim(&service, &okta, "POST", "/Users", &said).await;
    assert!(
        taken.text().contains("maya, whom no connection provisions"),
        "{}",
        taken.text()
    );
    let to = |name: &str| format!("/provisioning/{name}/users/{maya}");
    let handed = ask(&service, &owner, "PUT", &to("okta"), &Value::Null).await;
    assert_eq!(handed.status, 204, "{}", handed.text());
    assert_eq!(found().await, 1);
    let stolen = ask(&service, &owner, "PUT", &to("entra"), &Value::Null).await;
    assert_eq!((stolen.status, kind(&stolen).as_str()), (409, "another-s"));
    let path = format!("/Users/{maya}");
    let read = scim(&service, &okta, "GET", &path, &Value::Null)
        .await
        .json();
    assert_eq!(read["displayName"], "maya");
    // Nobody and another organisation's are nobody's to hand over.
    let others = super::another(&service).await;
    let named = |place: &str| {
        others
            .iter()
            .find(|(of, _)| *of == place)
            .unwrap()
            .1
            .clone()
    };
    let nobody = "0".repeat(32);
    for at in [
        format!("users/{nobody}"),
        format!("users/{}", named("{user}")),
        format!("groups/{nobody}"),
        format!("groups/{}", named("{group}")),
    ] {
        let path = format!("/provisioning/okta/{at}");
        let refused = ask(&service, &owner, "PUT", &path, &Value::Null).await;
        assert_eq!(
            (refused.status, kind(&refused).as_str()),
            (404, "not-found"),
            "{at}"
        );
    }
    let by_name = "/Users?filter=displayName%20eq%20%22maya%22";
    assert_eq!(
        scim(&service, &okta, "GET", by_name, &Value::Null)
            .await
            .json()["totalResults"],
        1
    );
}

/// Refusals count for a day, an alert for a week; the last push is the last one.
#[tokio::test]
async fn what_is_told_of_a_connection_is_of_late() {
    let service = Running::start().await;
    let (user, owner) = administrator(&service, "acme", Role::Owner).await;
    let okta = provisioner(&service, &owner, "okta").await;
    let told = async || {
        let owner =
            super::token(&service, user, &["openid", "admin"], &["pwd", "otp", "mfa"]).await;
        let list = ask(&service, &owner, "GET", "/provisioning", &Value::Null).await;
        list.json()["items"][0].clone()
    };
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(pushed(&service, &okta, &format!("p{number}")).await);
    }
    let nameless = json!({ "schemas": [USER] });
    let refused = scim(&service, &okta, "POST", "/Users", &nameless).await;
    assert_eq!(refused.status, 400);
    for id in &people {
        let path = format!("/Users/{id}");
        let left = scim(&service, &okta, "PATCH", &path, &deactivation()).await;
        assert_eq!(left.status, 200);
    }
    let first = told().await;
    assert_eq!(
        (&first["refused"], &first["alert"]["people"]),
        (&json!(1), &json!(10))
    );
    service.pass(60 * 60 * 23);
    assert_eq!(told().await["refused"], 1);
    service.pass(60 * 60 + 60);
    let later = told().await;
    assert_eq!(
        (&later["refused"], &later["alert"]["people"]),
        (&json!(0), &json!(10))
    );
    assert_eq!(later["last_push_at"], first["last_push_at"]);
    pushed(&service, &okta, "late").await;
    assert!(told().await["last_push_at"].as_str() > first["last_push_at"].as_str());
    service.pass(60 * 60 * 24 * 6);
    assert_eq!(told().await["alert"], Value::Null);
}

#[tokio::test]
async fn the_last_owner_is_not_deactivated_from_outside() {
    let (service, owner) = looked_after().await;
    let okta = provisioner(&service, &owner, "okta").await;
    let me = ask(&service, &owner, "GET", "/me", &Value::Null)
        .await
        .json();
    let name = me["user_name"].as_str().unwrap();
    let found = ask(
        &service,
        &owner,
        "GET",
        &format!("/users?user_name={name}"),
        &Value::Null,
    )
    .await;
    let id = found.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/provisioning/okta/users/{id}");
    let handed = ask(&service, &owner, "PUT", &path, &Value::Null);
    assert_eq!(handed.await.status, 204);
    let path = format!("/Users/{id}");
    for (method, body) in [("PATCH", deactivation()), ("DELETE", Value::Null)] {
        let refused = scim(&service, &okta, method, &path, &body).await;
        assert_eq!(refused.status, 403, "{method}: {}", refused.text());
    }
    let still = ask(&service, &owner, "GET", "/me", &Value::Null).await;
    assert_eq!(still.status, 200);
}
