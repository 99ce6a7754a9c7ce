//! People, groups and administrators.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Shown;
use super::print::{self, Column};
use super::remote::{Remote, encoded};
use super::verbs::{Administrator, Group, User};
use crate::administrator::Role;
use crate::command::Failure;

impl Shown {
    pub(super) async fn user(&mut self, remote: &Remote, verb: User) -> Result<(), Failure> {
        const COLUMNS: &[Column] = &[
            ("user_name", "name"),
            ("display_name", "called"),
            ("email", "e-mail"),
            ("active", "active"),
            ("id", "id"),
        ];
        match verb {
            User::List => self.rows(&remote.whole("/users").await?, COLUMNS),
            User::Show { user } => self.rows(&remote.user(&user).await?.1, COLUMNS),
            User::Add {
                user,
                said,
                setup_link,
            } => {
                let made = remote.post("/users", &said.body(&user)).await?;
                if !setup_link {
                    return self.done(&made, &format!("{user} is there. They have no password: `admin user setup-link {user}`, or they sign in at an identity provider"));
                }
                let id = made["id"].as_str().unwrap_or_default();
                let link = remote
                    .post(&format!("/users/{id}/setup-link"), &Value::Null)
                    .await?;
                self.link(&link, &user)
            }
            User::Change { user, said, unsaid } => {
                let (path, before) = remote.user(&user).await?;
                let name = said.user_name.clone().unwrap_or_else(|| user.clone());
                let body = said.over(&name, &before, &unsaid);
                let changed = remote.put(&path, &body).await?;
                self.done(&changed, &format!("{name} is changed"))
            }
            User::Deactivate { user } => {
                let path = remote.user(&user).await?.0;
                let ended = remote
                    .post(&format!("{path}/deactivate"), &Value::Null)
                    .await?;
                self.ended(&ended, &format!("{user} may not sign in any more"))
            }
            User::Reactivate { user } => {
                let path = remote.user(&user).await?.0;
                let done = remote
                    .post(&format!("{path}/reactivate"), &Value::Null)
                    .await?;
                self.done(&done, &format!("{user} may sign in again"))
            }
            User::Remove { user } => {
                let path = remote.user(&user).await?.0;
                let ended = remote.delete(&path).await?;
                self.ended(
                    &ended,
                    &format!("{user} is gone, with everything of theirs"),
                )
            }
            User::SetupLink { user } => {
                let path = remote.user(&user).await?.0;
                let link = remote
                    .post(&format!("{path}/setup-link"), &Value::Null)
                    .await?;
                self.link(&link, &user)
            }
            User::ForgetSecondFactor { user } => {
                let path = remote.user(&user).await?.0;
                let ended = remote.delete(&format!("{path}/second-factor")).await?;
                self.ended(
                    &ended,
                    &format!("{user} sets up a second factor anew at the next sign-in"),
                )
            }
            User::Sessions { user } => {
                let path = remote.user(&user).await?.0;
                let sessions = remote.get(&format!("{path}/sessions")).await?;
                self.rows(
                    &sessions,
                    &[
                        ("client_id", "application"),
                        ("created_at", "since"),
                        ("renewed_at", "renewed"),
                        ("expires_at", "ends"),
                        ("id", "id"),
                    ],
                )
            }
            User::SignOut {
                user,
                session: Some(session),
            } => {
                drop(remote.user(&user).await?);
                let ended = remote
                    .delete(&format!("/sessions/{}", encoded(&session)))
                    .await?;
                self.ended(&ended, "The session has ended")
            }
            User::SignOut {
                user,
                session: None,
            } => {
                let path = remote.user(&user).await?.0;
                let ended = remote.delete(&format!("{path}/sessions")).await?;
                self.ended(&ended, &format!("{user} is signed out everywhere"))
            }
        }
    }

    /// A link for somebody, alone on standard output.
    fn link(&self, link: &Value, user: &str) -> Result<(), Failure> {
        if self.json {
            return self.done(link, "");
        }
        writeln!(io::stdout(), "{}", link["url"].as_str().unwrap_or_default())?;
        let until = print::time(&link["expires_at"]);
        writeln!(
            io::stderr().lock(),
            "Give it to {user} alone: it sets their password, once, until {until}"
        )?;
        Ok(())
    }

    pub(super) async fn group(&mut self, remote: &Remote, verb: Group) -> Result<(), Failure> {
        match verb {
            Group::List => self.rows(
                &remote.whole("/groups").await?,
                &[("display_name", "name"), ("id", "id")],
            ),
            Group::Add { group } => {
                let made = remote
                    .post("/groups", &json!({ "display_name": group }))
                    .await?;
                self.done(&made, &format!("{group} is there"))
            }
            Group::Remove { group } => {
                let ended = remote.delete(&remote.group(&group).await?).await?;
                self.ended(
                    &ended,
                    &format!("{group} is gone; its members have lost what it gave them"),
                )
            }
            Group::Members { group } => {
                let path = remote.group(&group).await?;
                let members = remote.get(&format!("{path}/members")).await?;
                self.rows(
                    &members,
                    &[
                        ("user_name", "name"),
                        ("display_name", "called"),
                        ("active", "active"),
                    ],
                )
            }
            Group::Join { group, user } => {
                let path = remote.membership(&group, &user).await?;
                let done = remote.put(&path, &Value::Null).await?;
                self.done(&done, &format!("{user} is in {group}"))
            }
            Group::Leave { group, user } => {
                let path = remote.membership(&group, &user).await?;
                let ended = remote.delete(&path).await?;
                self.ended(&ended, &format!("{user} is no longer in {group}"))
            }
        }
    }

    pub(super) async fn administrator(
        &mut self,
        remote: &Remote,
        verb: Administrator,
    ) -> Result<(), Failure> {
        let path = async |user: &str| {
            let path = remote.user(user).await?.0;
            Ok::<_, Failure>(path.replace("/users/", "/administrators/"))
        };
        match verb {
            Administrator::List => {
                let all = remote.get("/administrators").await?;
                self.rows(
                    &all,
                    &[
                        ("user_name", "name"),
                        ("role", "role"),
                        ("local", "with a password"),
                        ("since", "since"),
                    ],
                )
            }
            Administrator::Set { user, role } => {
                let done = remote
                    .put(&path(&user).await?, &json!({ "role": role }))
                    .await?;
                let article = if role == Role::ReadOnly { "" } else { "an " };
                self.done(&done, &format!("{user} is {article}{} now", role.word()))
            }
            Administrator::Remove { user } => {
                let done = remote.delete(&path(&user).await?).await?;
                self.done(&done, &format!("{user} administers no more"))
            }
        }
    }
}
