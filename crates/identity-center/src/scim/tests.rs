//! SCIM over real HTTP, as identity providers speak it and as nobody should.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aws;
mod bad;
mod bulk;
mod dear;
mod description;
mod large;
mod lists;
mod peers;
mod postgres;
mod providers;
mod resources;
mod tokens;
mod versions;

use kiro_scim::Manner;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::oidc::tests::running::{Answer, Running};
use crate::provisioning::{Provisioner, issue};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

const FORM: (&str, &str) = ("content-type", "application/scim+json");

/// A service, and one connection's endpoint of it.
struct Endpoint {
    service: Running,
    connection: Provisioner,
    token: String,
}

impl Endpoint {
    async fn start(manner: Manner) -> Endpoint {
        Endpoint::of(Running::start().await, manner).await
    }

    async fn of(service: Running, manner: Manner) -> Endpoint {
        let (connection, token) = connect(&service, "acme", "okta", manner).await;
        Endpoint {
            service,
            connection,
            token,
        }
    }

    /// The address of the endpoint.
    fn base(&self) -> String {
        super::base(&self.service.issuer(), "acme")
    }

    /// Any request with the token.
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let path = format!("/acme/scim/v2{path}");
        self.service.send(method, &path, &all, body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"").await
    }

    async fn give(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[FORM], body.to_string().as_bytes())
            .await
    }

    /// A PATCH of these operations.
    async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.give("PATCH", path, &body).await
    }

    /// What a list finds by a filter.
    async fn find(&self, path: &str, filter: &str) -> Value {
        let answer = self.get(&format!("{path}?{}", filtered(filter))).await;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
        answer.json()
    }

    /// Makes a person, and returns what is answered.
    async fn user(&self, mut said: Value) -> Value {
        said["schemas"] = json!([USER]);
        let answer = self.give("POST", "/Users", &said).await;
        assert_eq!(answer.status, 201, "{said}: {}", answer.text());
        answer.json()
    }

    /// Makes a group of these people.
    async fn group(&self, name: &str, members: &[&Value]) -> Value {
        let members: Value = members
            .iter()
            .map(|one| json!({ "value": one["id"] }))
            .collect();
        let said = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        let answer = self.give("POST", "/Groups", &said).await;
        assert_eq!(answer.status, 201, "{said}: {}", answer.text());
        answer.json()
    }
}

/// A connection that provisions, and a token of it.
async fn connect(
    service: &Running,
    organization: &str,
    name: &str,
    manner: Manner,
) -> (Provisioner, String) {
    let store = &service.center.store;
    let now = service.center.now();
    let connection = store
        .keep_provisioner(organization, name, manner, now)
        .await
        .unwrap();
    let (token, digest) = issue();
    let added = store
        .add_scim_token(connection.id, digest, now)
        .await
        .unwrap();
    added.unwrap();
    (connection, token.expose_secret().to_owned())
}

fn filtered(filter: &str) -> String {
    crate::oidc::tests::running::encode(&[("filter", filter)])
}

/// The path of a resource, as `/Users/…`.
fn path(one: &Value) -> String {
    let location = one["meta"]["location"].as_str().unwrap();
    let (_, path) = location.split_once("/scim/v2").unwrap();
    path.to_owned()
}

/// What an answer must be that refuses something in SCIM's words.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, scim_type: Option<&str>, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    let form = answer.header("content-type");
    assert_eq!(form, Some("application/scim+json; charset=utf-8"), "{what}");
    let body = answer.json();
    assert_eq!(body["schemas"], json!([ERROR]), "{what}");
    assert_eq!(body["status"], json!(status.to_string()), "{what}");
    assert_eq!(body["scimType"].as_str(), scim_type, "{what}: {body}");
    assert!(
        body["detail"].as_str().is_some_and(|why| why.len() > 10),
        "{what}: {body}"
    );
}

fn names(list: &Value) -> Vec<&str> {
    let all = list["Resources"].as_array().unwrap().iter();
    all.map(|one| {
        one["userName"]
            .as_str()
            .or(one["displayName"].as_str())
            .unwrap()
    })
    .collect()
}
