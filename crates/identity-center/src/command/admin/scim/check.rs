//! `admin scim check`: what Okta and Entra ID would stumble over at a SCIM endpoint, ours or another's. It makes a person and a group
//! of its own there, and removes both.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use axum::http::{self, Method, StatusCode, header};
use clap::Args;
use kiro_relying_party::{HttpClient, HttpSettings, WebClient, secure_url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use crate::command::Failure;
use crate::command::admin::print::{Column, table};
use crate::command::admin::remote::encoded;
use crate::id::UserId;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
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
        Failure::new("the address is not https").hint("Plain http is for one's own computer alone")
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
        1 => Err(Failure::new("one thing would be stumbled over")),
        count => Err(Failure::new(format!(
            "{count} things would be stumbled over"
        ))),
    }
}

fn token(path: &Path) -> Result<SecretString, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
    let token = text.trim();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(Failure::new(format!(
            "{} has no token in it",
            path.display()
        )));
    }
    Ok(SecretString::from(token.to_owned()))
}

impl Endpoint {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Said, Failure> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
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
            format!("{} {detail}", said.status.as_u16())
                .trim_end()
                .to_owned()
        });
        self.findings.push(Finding { what, who, wrong });
    }

    async fn describes(&mut self) -> Result<(), Failure> {
        let get = |path| self.ask(Method::GET, path, &Value::Null);
        let config = get("/ServiceProviderConfig").await?;
        if config.status == StatusCode::UNAUTHORIZED {
            return Err(Failure::new("the endpoint refuses the token")
                .hint("Check the address and the token: both belong to one connection"));
        }
        let users = get("/Users?startIndex=1&count=1").await?;
        let nobody = get("/Users?filter=userName%20eq%20%22kiro-check-nobody%22").await?;
        let unknown = get("/Users?aadOptscim062020&count=1").await?;
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
        let name = format!("kiro-check-{}@example.invalid", UserId::random());
        let person = json!({
            "schemas": [USER], "userName": name, "externalId": name, "active": true, "displayName": "Kiro check",
            "name": { "givenName": "Kiro", "familyName": "Check" },
            "emails": [{ "value": name, "type": "work", "primary": true }],
        });
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
        let done = self.person(&path, &name, &person).await;
        let grouped = self.group(&id).await;
        let gone = self.ask(Method::DELETE, &path, &Value::Null).await?;
        self.note(
            "a person is removed (204)",
            "Okta",
            gone.status == StatusCode::NO_CONTENT,
            &gone,
        );
        let after = self.ask(Method::GET, &path, &Value::Null).await?;
        self.note(
            "who was removed is not there (404)",
            "both",
            after.status == StatusCode::NOT_FOUND,
            &after,
        );
        done.and(grouped)
    }

    async fn person(&mut self, path: &str, name: &str, person: &Value) -> Result<(), Failure> {
        let by_name = format!(
            "/Users?filter=userName%20eq%20%22{}%22",
            encoded(&name.to_uppercase())
        );
        let found = self.ask(Method::GET, &by_name, &Value::Null).await?;
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
        let patches: [(&'static str, &'static str, Value); 3] = [
            (
                "active by PATCH with a path and \"False\" as text",
                "Entra ID",
                json!({ "op": "Replace", "path": "active", "value": "False" }),
            ),
            (
                "active by PATCH without a path",
                "Okta",
                json!({ "op": "replace", "value": { "active": true } }),
            ),
            (
                "active by PATCH with false",
                "both",
                json!({ "op": "replace", "path": "active", "value": false }),
            ),
        ];
        for (what, who, operation) in patches {
            let expected = operation["value"]["active"] == true;
            let body = json!({ "schemas": [PATCH], "Operations": [operation] });
            let said = self.ask(Method::PATCH, path, &body).await?;
            let read = self.ask(Method::GET, path, &Value::Null).await?;
            let well = said.status.is_success() && read.body["active"] == expected;
            let told = if said.status.is_success() { read } else { said };
            self.note(what, who, well, &told);
        }
        let read = self.ask(Method::GET, path, &Value::Null).await?;
        self.note(
            "who is disabled can still be read",
            "Entra ID",
            read.status == StatusCode::OK,
            &read,
        );
        let put = self.ask(Method::PUT, path, person).await?;
        let well = put.status == StatusCode::OK && put.body["userName"] == *name;
        self.note("PUT of what was read", "Okta", well, &put);
        Ok(())
    }

    async fn group(&mut self, id: &str) -> Result<(), Failure> {
        let called = format!("kiro-check-{}", UserId::random());
        let group = json!({ "schemas": [GROUP], "displayName": called });
        let made = self.ask(Method::POST, "/Groups", &group).await?;
        let Some(group) = made.body["id"].as_str().map(str::to_owned) else {
            self.note(
                "a group is created (201) and has an id",
                "both",
                false,
                &made,
            );
            return Ok(());
        };
        self.note(
            "a group is created (201) and has an id",
            "both",
            made.status == StatusCode::CREATED,
            &made,
        );
        let path = format!("/Groups/{}", encoded(&group));
        let steps: [(&'static str, &'static str, Value); 3] = [
            (
                "a member is added by PATCH",
                "both",
                json!({ "op": "Add", "path": "members", "value": [{ "value": id }] }),
            ),
            (
                "a member is removed by a filter",
                "Okta",
                json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }),
            ),
            (
                "a member is removed by a list of values",
                "Entra ID",
                json!({ "op": "Remove", "path": "members", "value": [{ "value": id }] }),
            ),
        ];
        for (what, who, operation) in steps {
            let body = json!({ "schemas": [PATCH], "Operations": [operation] });
            let said = self.ask(Method::PATCH, &path, &body).await?;
            self.note(what, who, said.status.is_success(), &said);
        }
        let by_name =
            format!("/Groups?filter=displayName%20eq%20%22{called}%22&excludedAttributes=members");
        let found = self.ask(Method::GET, &by_name, &Value::Null).await?;
        let well = found.body["totalResults"] == 1
            || found.body["Resources"]
                .as_array()
                .is_some_and(|all| all.len() == 1);
        self.note("a group is found by displayName", "Entra ID", well, &found);
        let gone = self.ask(Method::DELETE, &path, &Value::Null).await?;
        self.note(
            "a group is removed (204)",
            "both",
            gone.status == StatusCode::NO_CONTENT,
            &gone,
        );
        Ok(())
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
        let mut stdout = io::stdout().lock();
        match as_json {
            true => writeln!(stdout, "{}", json!({ "items": rows }))?,
            false => write!(stdout, "{}", table(&rows, COLUMNS))?,
        }
        Ok(())
    }
}
