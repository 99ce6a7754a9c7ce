//! `admin scim check`: what Okta and Entra ID would stumble over at a SCIM endpoint, ours or another's. It makes two people and a group
//! of its own there, and removes them. What an endpoint answers is not believed: whether it was done is read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use axum::http::{self, Method, StatusCode, header};
use clap::Args;
use kiro_relying_party::{HttpClient, HttpSettings, WebClient, secure_url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::command::admin::print::{Column, table};
use crate::command::admin::remote::encoded;
use crate::command::{Failure, Told};
use crate::id::UserId;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Look at a SCIM endpoint as Okta and Entra ID would
#[derive(Args)]
pub(in super::super) struct Check {
    /// The endpoint's base address, such as https://id.acme.example/acme/scim/v2
    url: String,
    /// A file with its token: a token in the command line is seen by everybody on the computer
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    /// Who would stumble.
    who: &'static str,
    /// What is wrong; nothing where all is well.
    wrong: Option<String>,
}

struct Endpoint {
    web: WebClient,
    base: Url,
    token: SecretString,
    findings: Vec<Finding>,
}

/// An answer of the endpoint's.
struct Said {
    status: StatusCode,
    form: String,
    body: Value,
}

/// Looks at everything, and prints a table; fails where somebody would stumble.
pub(in super::super) async fn check(asked: Check, as_json: bool) -> Result<(), Failure> {
    let base = secure_url(asked.url.trim_end_matches('/')).map_err(|_| {
        Failure::new("The address is not https")
            .hint("Give an https address; plain http is for this computer alone")
    })?;
    let web = tokio::task::spawn_blocking(|| WebClient::new(&HttpSettings::default())).await??;
    let mut endpoint = Endpoint {
        web,
        base,
        token: token(&asked.token_file)?,
        findings: Vec::new(),
    };
    endpoint.describes().await?;
    endpoint.people().await?;
    let stumbles = endpoint
        .findings
        .iter()
        .filter(|finding| finding.wrong.is_some())
        .count();
    endpoint.tell(as_json)?;
    match stumbles {
        0 => Ok(()),
        1 => Err(Failure::new("One thing would be stumbled over")),
        count => Err(Failure::new(format!(
            "{count} things would be stumbled over"
        ))),
    }
}

fn token(path: &Path) -> Result<SecretString, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("`{}` cannot be read: {error}", path.display())))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(
            Failure::new(format!("`{}` has no token in it", path.display()))
                .hint("Write the token into it, and nothing else"),
        );
    }
    Ok(SecretString::from(token.to_owned()))
}

impl Endpoint {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Said, Failure> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!(
                "{}{path}",
                self.base.as_str().trim_end_matches('/')
            ))
            .header(header::ACCEPT, "application/scim+json, application/json")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.expose_secret()),
            );
        let mut bytes = Vec::new();
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/scim+json");
            bytes = serde_json::to_vec(body)?;
        }
        let answer = self.web.send(request.body(bytes)?).await?;
        let form = answer.headers().get(header::CONTENT_TYPE);
        let form = form
            .and_then(|form| form.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        Ok(Said {
            status: answer.status(),
            form,
            body: serde_json::from_slice(answer.body()).unwrap_or_default(),
        })
    }

    fn note(&mut self, what: &'static str, who: &'static str, well: bool, said: &Said) {
        let wrong = (!well).then(|| {
            let detail = said.body["detail"].as_str().unwrap_or_default();
            let detail: String = detail.chars().take(80).collect();
            let status = said.status.as_u16();
            match said.status.is_success() {
                true => format!("{status}, but it is not so"),
                false => format!("{status} {detail}").trim_end().to_owned(),
            }
        });
        self.findings.push(Finding { what, who, wrong });
    }

    async fn get(&self, path: &str) -> Result<Said, Failure> {
        self.ask(Method::GET, path, &Value::Null).await
    }

    async fn patch(&self, path: &str, operation: &Value) -> Result<Said, Failure> {
        let body = json!({ "schemas": [PATCH], "Operations": [operation] });
        self.ask(Method::PATCH, path, &body).await
    }

    async fn describes(&mut self) -> Result<(), Failure> {
        let config = self.get("/ServiceProviderConfig").await?;
        if config.status == StatusCode::UNAUTHORIZED {
            return Err(Failure::new("The endpoint refuses the token")
                .hint("Check the address and the token: both belong to one connection"));
        }
        let users = self.get("/Users?startIndex=1&count=1").await?;
        let nobody = self
            .get("/Users?filter=userName%20eq%20%22kiro-check-nobody%22")
            .await?;
        let unknown = self.get("/Users?aadOptscim062020&count=1").await?;
        let well = config.status == StatusCode::OK && config.body["patch"]["supported"] == true;
        self.note(
            "ServiceProviderConfig says that PATCH is supported",
            "both",
            well,
            &config,
        );
        let well = config.form.starts_with("application/scim+json")
            || config.form.starts_with("application/json");
        self.note("answers are application/scim+json", "both", well, &config);
        let well = users.status == StatusCode::OK && users.body["totalResults"].is_u64();
        self.note("a list has totalResults", "Okta", well, &users);
        let well = nobody.status == StatusCode::OK && nobody.body["totalResults"] == 0;
        self.note(
            "whom nobody knows is an empty list, not 404",
            "both",
            well,
            &nobody,
        );
        self.note(
            "unknown parameters are passed over",
            "Entra ID",
            unknown.status == StatusCode::OK,
            &unknown,
        );
        Ok(())
    }

    async fn people(&mut self) -> Result<(), Failure> {
        let person = person();
        let made = self.ask(Method::POST, "/Users", &person).await?;
        let id = made.body["id"].as_str().map(str::to_owned);
        let well = made.status == StatusCode::CREATED && id.is_some();
        self.note(
            "a person is created (201) and has an id",
            "both",
            well,
            &made,
        );
        let Some(id) = id else { return Ok(()) };
        let path = format!("/Users/{}", encoded(&id));
        let done = self.person(&path, &person).await;
        let grouped = self.with_another(&id).await;
        let gone = self.ask(Method::DELETE, &path, &Value::Null).await?;
        self.note(
            "a person is removed (204)",
            "Okta",
            gone.status == StatusCode::NO_CONTENT,
            &gone,
        );
        let after = self.get(&path).await?;
        self.note(
            "who was removed is not there (404)",
            "both",
            after.status == StatusCode::NOT_FOUND,
            &after,
        );
        done.and(grouped)
    }

    async fn person(&mut self, path: &str, person: &Value) -> Result<(), Failure> {
        let name = person["userName"].as_str().unwrap_or_default();
        let by_name = format!(
            "/Users?filter=userName%20eq%20%22{}%22",
            encoded(&name.to_uppercase())
        );
        let found = self.get(&by_name).await?;
        let well = found.body["totalResults"] == 1;
        self.note(
            "userName is found whatever its case",
            "Entra ID",
            well,
            &found,
        );
        let again = self.ask(Method::POST, "/Users", person).await?;
        self.note(
            "a second one of that name is refused (409)",
            "both",
            again.status == StatusCode::CONFLICT,
            &again,
        );
        let department = format!("{ENTERPRISE}:department");
        type Is = fn(&Value) -> bool;
        let patches: [(&'static str, &'static str, Value, Is); 5] = [
            (
                "active by PATCH with a path and \"False\" as text",
                "Entra ID",
                json!({ "op": "Replace", "path": "active", "value": "False" }),
                |read| read["active"] == false,
            ),
            (
                "active by PATCH without a path",
                "Okta",
                json!({ "op": "replace", "value": { "active": true } }),
                |read| read["active"] == true,
            ),
            (
                "a work address is added where there is none",
                "Entra ID",
                json!({ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "check@example.invalid" }),
                |read| read["emails"][0]["value"] == "check@example.invalid",
            ),
            (
                "PATCH without a path, of dotted names and whole URNs",
                "Entra ID",
                json!({ "op": "Replace", "value": { "name.givenName": "Linter", department: "Checks" } }),
                |read| {
                    read["name"]["givenName"] == "Linter"
                        && read[ENTERPRISE]["department"] == "Checks"
                },
            ),
            (
                "active by PATCH with false",
                "both",
                json!({ "op": "replace", "path": "active", "value": false }),
                |read| read["active"] == false,
            ),
        ];
        for (what, who, operation, is) in patches {
            let said = self.patch(path, &operation).await?;
            let read = self.get(path).await?;
            let well = said.status.is_success() && is(&read.body);
            self.note(what, who, well, &said);
        }
        let read = self.get(path).await?;
        self.note(
            "who is disabled can still be read",
            "Entra ID",
            read.status == StatusCode::OK,
            &read,
        );
        if read.status != StatusCode::OK {
            return Ok(());
        }
        let put = self.ask(Method::PUT, path, &read.body).await?;
        let after = self.get(path).await?;
        let same = |name: &str| after.body[name] == read.body[name];
        let kept = ["userName", "name", "emails", "active"]
            .into_iter()
            .all(same);
        self.note(
            "PUT of what was read",
            "Okta",
            put.status == StatusCode::OK && kept,
            &put,
        );
        let nothing = json!({ "op": "replace", "path": "active", "value": false });
        let said = self.patch(path, &nothing).await?;
        let still = self.get(path).await?;
        let well = said.status.is_success() && still.body["meta"] == after.body["meta"];
        self.note(
            "what changes nothing keeps version and lastModified",
            "both",
            well,
            &said,
        );
        Ok(())
    }

    /// A group of this person and another one.
    async fn with_another(&mut self, id: &str) -> Result<(), Failure> {
        let made = self.ask(Method::POST, "/Users", &person()).await?;
        let Some(other) = made.body["id"].as_str() else {
            self.note("another person is created", "both", false, &made);
            return Ok(());
        };
        let grouped = self.group([id, other]).await;
        let path = format!("/Users/{}", encoded(other));
        self.ask(Method::DELETE, &path, &Value::Null).await?;
        grouped
    }

    async fn group(&mut self, people: [&str; 2]) -> Result<(), Failure> {
        let called = format!("kiro-check-{}", UserId::random());
        let group = json!({ "schemas": [GROUP], "displayName": called });
        let made = self.ask(Method::POST, "/Groups", &group).await?;
        let id = made.body["id"].as_str().map(str::to_owned);
        let well = made.status == StatusCode::CREATED && id.is_some();
        self.note(
            "a group is created (201) and has an id",
            "both",
            well,
            &made,
        );
        let Some(group) = id else { return Ok(()) };
        let path = format!("/Groups/{}", encoded(&group));
        let [leaver, _] = people;
        let all = json!([{ "value": people[0] }, { "value": people[1] }]);
        let removals: [(&'static str, &'static str, Value); 2] = [
            (
                "a member, and nobody else, is removed by a filter",
                "Okta",
                json!({ "op": "remove", "path": format!("members[value eq \"{leaver}\"]") }),
            ),
            (
                "a member, and nobody else, is removed by a list of values",
                "Entra ID",
                json!({ "op": "Remove", "path": "members", "value": [{ "value": leaver }] }),
            ),
        ];
        let adds = json!({ "op": "Add", "path": "members", "value": all });
        let said = self.patch(&path, &adds).await?;
        let well = said.status.is_success() && self.are_in(&group, people).await? == [true, true];
        self.note("members are added by PATCH", "both", well, &said);
        for (what, who, operation) in removals {
            self.patch(&path, &adds).await?;
            let said = self.patch(&path, &operation).await?;
            let left = self.are_in(&group, people).await?;
            self.note(
                what,
                who,
                said.status.is_success() && left == [false, true],
                &said,
            );
        }
        let by_name =
            format!("/Groups?filter=displayName%20eq%20%22{called}%22&excludedAttributes=members");
        let found = self.get(&by_name).await?;
        self.note(
            "a group is found by displayName",
            "Entra ID",
            finds_one(&found),
            &found,
        );
        let gone = self.ask(Method::DELETE, &path, &Value::Null).await?;
        self.note(
            "a group is removed (204)",
            "both",
            gone.status == StatusCode::NO_CONTENT,
            &gone,
        );
        Ok(())
    }

    /// Who of these people is in a group: as it lists them, or where it lists nobody, as AWS's, by a filter.
    async fn are_in(&self, group: &str, people: [&str; 2]) -> Result<[bool; 2], Failure> {
        let read = self.get(&format!("/Groups/{}", encoded(group))).await?;
        let members = read.body["members"].as_array();
        let members = members.map_or(&[][..], Vec::as_slice);
        let mut are = people.map(|id| members.iter().any(|member| member["value"] == id));
        if members.is_empty() {
            for (is, id) in are.iter_mut().zip(people) {
                let filter = format!("id eq \"{group}\" and members eq \"{id}\"");
                let found = format!("/Groups?filter={}", encoded(&filter));
                *is = finds_one(&self.get(&found).await?);
            }
        }
        Ok(are)
    }

    fn tell(&self, as_json: bool) -> Result<(), Failure> {
        const COLUMNS: &[Column] = &[
            ("result", ""),
            ("what", "what"),
            ("who", "who needs it"),
            ("wrong", "instead"),
        ];
        let rows: Vec<Value> = self
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "result": if finding.wrong.is_none() { "✓" } else { "✗" },
                    "what": finding.what,
                    "who": finding.who,
                    "wrong": finding.wrong.as_deref().unwrap_or_default(),
                })
            })
            .collect();
        match as_json {
            true => writeln!(Told, "{}", json!({ "items": rows }))?,
            false => write!(Told, "{}", table(&rows, COLUMNS))?,
        }
        Ok(())
    }
}

/// Somebody whom nobody has: as Entra ID sends them, without an address.
fn person() -> Value {
    let name = format!("kiro-check-{}@example.invalid", UserId::random());
    json!({
        "schemas": [USER], "userName": name, "externalId": name, "active": true, "displayName": "Kiro check",
        "name": { "givenName": "Kiro", "familyName": "Check" },
    })
}

fn finds_one(found: &Said) -> bool {
    let resources = found.body["Resources"].as_array();
    found.body["totalResults"] == 1 || resources.is_some_and(|all| all.len() == 1)
}
