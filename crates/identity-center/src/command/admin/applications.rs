//! Applications that speak OpenID Connect.

use std::io::{self, Write};

use serde_json::Value;

use super::Shown;
use super::remote::{Remote, encoded};
use super::verbs::Application;
use crate::command::Failure;

impl Shown {
    pub(super) async fn application(
        &mut self,
        remote: &Remote,
        verb: Application,
    ) -> Result<(), Failure> {
        let path = |id: &str| format!("/applications/{}", encoded(id));
        match verb {
            Application::List => {
                let all = remote.get("/applications").await?;
                self.rows(
                    &all,
                    &[
                        ("name", "name"),
                        ("client_id", "client_id"),
                        ("confidential", "secret"),
                        ("redirect_uris", "redirect URIs"),
                    ],
                )
            }
            Application::Add(said) => {
                let made = remote.post("/applications", &said.body()).await?;
                self.registered(&made)
            }
            Application::Change { client_id, said } => {
                let all = remote.get("/applications").await?;
                let mut all = all["items"].as_array().into_iter().flatten();
                let before = all.find(|one| one["client_id"] == client_id.as_str());
                let before = before.ok_or_else(|| {
                    Failure::new(format!("There is no application {client_id}"))
                        .hint("Run `admin application list` to see every one")
                })?;
                let mut groups = Vec::new();
                for group in said.groups() {
                    let path = remote.group(group).await?;
                    groups.extend(path.strip_prefix("/groups/").map(str::to_owned));
                }
                let body = said.over(before, &groups);
                let changed = remote.put(&path(&client_id), &body).await?;
                let name = changed["name"].as_str().unwrap_or_default();
                let groups = changed["groups"].as_array();
                let ended = match groups.is_some_and(|groups| !groups.is_empty()) {
                    true => ". What people had open there who are in none of its groups has ended",
                    false => "",
                };
                self.done(&changed, &format!("{name} is changed{ended}"))
            }
            Application::Secret { client_id } => {
                let path = format!("{}/secret", path(&client_id));
                let made = remote.post(&path, &Value::Null).await?;
                self.registered(&made)
            }
            Application::Remove { client_id } => {
                let ended = remote.delete(&path(&client_id)).await?;
                self.done(
                    &ended,
                    &format!("{client_id} is gone. Ended: {} sessions", ended["sessions"]),
                )
            }
        }
    }

    fn registered(&self, made: &Value) -> Result<(), Failure> {
        self.rows_to(
            &mut io::stdout(),
            made,
            &[
                ("name", "name"),
                ("client_id", "client_id"),
                ("client_secret", "client_secret"),
            ],
        )?;
        if made["client_secret"].is_string() {
            writeln!(
                io::stderr().lock(),
                "The secret is shown now and never again"
            )?;
        }
        Ok(())
    }
}
