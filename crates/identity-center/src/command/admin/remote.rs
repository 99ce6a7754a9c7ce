//! The service that is administered: its address, the token of whoever signed in, and its answers.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::PathBuf;

use axum::http::{self, Method, StatusCode, header};
use jiff::Timestamp;
use kiro_relying_party::{HttpClient, HttpError, HttpSettings, WebClient};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::admin::BASE;
use crate::admin::problem::Problem;
use crate::command::Failure;
use crate::private;

/// Where a token may be given instead of signing in; with it, the service's address.
const TOKEN: &str = "KIRO_IC_ADMIN_TOKEN";
const ADDRESS: &str = "KIRO_IC_URL";

/// Who is signed in where. The token ends within the hour and cannot be renewed; the file is its owner's alone.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) url: Url,
    pub(super) access_token: String,
    pub(super) expires_at: Timestamp,
}

impl Saved {
    fn path() -> Result<PathBuf, Failure> {
        let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.filter(|path| path.is_absolute()).or_else(|| {
            let home = PathBuf::from(std::env::var_os("HOME")?);
            Some(home.join(".local/state"))
        });
        let state = state.ok_or_else(|| {
            Failure::new("HOME is not set: there is nowhere to keep who is signed in")
                .hint("Set HOME, or XDG_STATE_HOME")
        })?;
        Ok(state.join("kiro-identity-center/admin.json"))
    }

    pub(super) fn read() -> Result<Option<Saved>, Failure> {
        let path = Saved::path()?;
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            return Ok(None);
        };
        if !metadata.is_file() || metadata.permissions().mode() & 0o077 != 0 {
            return Err(Failure::new(format!(
                "The file {} is not its owner's alone",
                path.display()
            ))
            .hint("Remove it, and sign in again"));
        }
        Ok(serde_json::from_str(&fs::read_to_string(&path)?).ok())
    }

    pub(super) fn keep(&self) -> Result<(), Failure> {
        let path = Saved::path()?;
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        private::replace(&path, &serde_json::to_vec(self)?)?;
        Ok(())
    }

    pub(super) fn forget() -> Result<(), Failure> {
        match fs::remove_file(Saved::path()?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The service, asked under somebody's name.
pub(super) struct Remote {
    web: WebClient,
    pub(super) url: Url,
    token: SecretString,
}

impl Remote {
    /// As whoever signed in, or by the token of the environment.
    pub(super) async fn signed_in() -> Result<Remote, Failure> {
        if let Ok(token) = std::env::var(TOKEN) {
            let url = std::env::var(ADDRESS).ok().and_then(|url| url.parse().ok());
            let url = url.ok_or_else(|| {
                Failure::new(format!("{TOKEN} is set, and {ADDRESS} is no address"))
                    .hint(format!("Set {ADDRESS} to the service's address"))
            })?;
            return Remote::new(url, SecretString::from(token)).await;
        }
        let not = |error: &str| Failure {
            code: 3,
            ..Failure::new(error).hint("Run `kiro-identity-center admin login`")
        };
        let saved = Saved::read()?.ok_or_else(|| not("Not signed in"))?;
        if saved.expires_at <= Timestamp::now() {
            return Err(not("Your sign-in has ended: administration lasts an hour"));
        }
        Remote::new(saved.url, SecretString::from(saved.access_token)).await
    }

    pub(super) async fn new(url: Url, token: SecretString) -> Result<Remote, Failure> {
        let web = tokio::task::spawn_blocking(|| WebClient::new(&HttpSettings::default()));
        let web = web.await?.map_err(|error| unreached(&error))?;
        Ok(Remote { web, url, token })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, &Value::Null).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, body).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, &Value::Null).await
    }

    pub(super) async fn text(&self, path: &str) -> Result<String, Failure> {
        let body = self.send(Method::GET, path, &Value::Null).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
        let answer = self.send(method, path, body).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(|_| self.foreign())
    }

    fn foreign(&self) -> Failure {
        Failure::new(format!("{} does not answer as Identity Center", self.url))
            .hint("Check the address, and sign in there: `admin login --url …`")
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Vec<u8>, Failure> {
        let base = self.url.as_str().trim_end_matches('/');
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{base}{BASE}{path}"))
            .header(header::ACCEPT, "application/json")
            .header(
                header::USER_AGENT,
                concat!("kiro-identity-center/", env!("CARGO_PKG_VERSION")),
            )
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.expose_secret()),
            );
        let mut bytes = Vec::new();
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json");
            bytes = serde_json::to_vec(body)?;
        }
        let answer = self
            .web
            .send(request.body(bytes)?)
            .await
            .map_err(|error| unreached(&error))?;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        let problem: Problem = serde_json::from_slice(answer.body()).map_err(|_| self.foreign())?;
        let error = match problem.detail {
            Some(why) => format!("{}: {why}", problem.title),
            None => problem.title,
        };
        Err(Failure {
            error,
            hint: problem.hint,
            code: if answer.status() == StatusCode::UNAUTHORIZED {
                3
            } else {
                1
            },
        })
    }

    /// Every page of a list as one.
    pub(super) async fn whole(&self, path: &str) -> Result<Value, Failure> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let mut page = self.get(&format!("{path}?limit=500{after}")).await?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", encoded(next)),
                None => return Ok(serde_json::json!({ "items": items })),
            }
        }
    }

    /// So many of the audit log's newest entries: a page has fewer where they are long.
    pub(super) async fn newest(&self, most: usize) -> Result<Value, Failure> {
        let mut items = Vec::new();
        let mut before = String::new();
        loop {
            let left = most - items.len();
            let mut page = self.get(&format!("/audit?limit={left}{before}")).await?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match page["next"].as_str() {
                Some(next) if items.len() < most => {
                    before = format!("&before={}", encoded(next));
                }
                _ => return Ok(serde_json::json!({ "items": items })),
            }
        }
    }

    /// The person of this user name: their path, and what is known of them.
    pub(super) async fn user(&self, name: &str) -> Result<(String, Value), Failure> {
        let mut found = self
            .get(&format!("/users?user_name={}", encoded(name)))
            .await?;
        match found["items"].get_mut(0).map(Value::take) {
            Some(user) => Ok((
                format!("/users/{}", user["id"].as_str().unwrap_or_default()),
                user,
            )),
            None => Err(Failure::new(format!("There is nobody called {name}"))
                .hint("Run `admin user list` to see everybody")),
        }
    }

    /// The path of the group of this name.
    pub(super) async fn group(&self, name: &str) -> Result<String, Failure> {
        let folded = crate::directory::fold(name);
        let all = self.whole("/groups").await?;
        let all = all["items"].as_array().into_iter().flatten();
        let text =
            |group: &Value, member: &str| group[member].as_str().unwrap_or_default().to_owned();
        for group in all {
            if crate::directory::fold(&text(group, "display_name")) == folded {
                return Ok(format!("/groups/{}", text(group, "id")));
            }
        }
        Err(Failure::new(format!("There is no group called {name}"))
            .hint("Run `admin group list` to see every group"))
    }

    pub(super) async fn membership(&self, group: &str, user: &str) -> Result<String, Failure> {
        let (group, (user, _)) = (self.group(group).await?, self.user(user).await?);
        Ok(format!("{group}{}", user.replace("/users/", "/members/")))
    }

    /// Assignments, each with the name of whom it is to.
    pub(super) async fn assignments(&self) -> Result<Value, Failure> {
        let mut all = self.get("/assignments").await?;
        let (groups, users) = (self.whole("/groups").await?, self.whole("/users").await?);
        let named = |all: &Value, id: &Value, member: &str| {
            let mut found = all["items"].as_array().into_iter().flatten();
            found
                .find(|one| one["id"] == *id)
                .map(|one| one[member].clone())
        };
        for each in all["items"].as_array_mut().into_iter().flatten() {
            let to = match each["group"].is_string() {
                true => named(&groups, &each["group"], "display_name"),
                false => named(&users, &each["user"], "user_name"),
            };
            each["to"] = to.unwrap_or_default();
        }
        Ok(all)
    }

    /// Plans, each with the name of its group.
    pub(super) async fn plans(&self) -> Result<Value, Failure> {
        let mut all = self.get("/plans").await?;
        let groups = self.whole("/groups").await?;
        for each in all["items"].as_array_mut().into_iter().flatten() {
            let mut known = groups["items"].as_array().into_iter().flatten();
            let group = known.find(|group| group["id"] == each["group"]);
            each["name"] = group
                .map(|group| group["display_name"].clone())
                .unwrap_or_default();
        }
        Ok(all)
    }

    /// A form to another endpoint of the service, without a token.
    pub(super) async fn form(
        &self,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<(StatusCode, Value), Failure> {
        let base = self.url.as_str().trim_end_matches('/');
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = http::Request::post(format!("{base}{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(
                header::USER_AGENT,
                concat!("kiro-identity-center/", env!("CARGO_PKG_VERSION")),
            )
            .body(body.into_bytes())?;
        let answer = self
            .web
            .send(request)
            .await
            .map_err(|error| unreached(&error))?;
        let status = answer.status();
        let body = match answer.body().is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(answer.body()).map_err(|_| self.foreign())?,
        };
        Ok((status, body))
    }
}

fn unreached(error: &HttpError) -> Failure {
    Failure {
        code: 5,
        ..Failure::new(error)
            .hint("Check the address and the network, or the service itself (`/readyz`)")
    }
}

/// A part of a path or a query.
pub(super) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
