//! Provisioning by SCIM: connections, tokens, what they do, and what is taken back.

pub(super) mod check;
mod line;
mod watch;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Shown;
use super::print;
use super::remote::{Remote, encoded};
use crate::admin::MannerWord;
use crate::command::Failure;

/// Provisioning: identity providers send people and groups by SCIM 2.0
#[derive(Subcommand)]
pub(super) enum Scim {
    /// Every connection that provisions
    List,
    /// Let a program provision that is no identity provider of yours, or change how a connection is spoken to
    Set {
        name: String,
        /// `aws`: within the limits that AWS documents for its own endpoint
        #[arg(long, default_value = "rfc")]
        manner: MannerWord,
    },
    /// Stop a connection's provisioning: its tokens are good no more; its people and groups stay
    ///
    /// People and groups of a connection that is no identity provider's are yours from then on, and can be handed over to another
    /// one. Those of an identity provider's go on signing in there, and are the connection's again once it provisions again.
    Remove { name: String },
    /// Tokens that identity providers prove themselves with
    #[command(subcommand)]
    Token(Token),
    /// What a connection does, as it does it; Ctrl-C ends it
    Watch { name: String },
    /// What a connection did, the newest last
    Log {
        name: String,
        /// So many entries
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Hand somebody or a group that no connection provisions over to one
    HandOver {
        name: String,
        #[command(flatten)]
        what: Handed,
    },
    /// Look at a SCIM endpoint as Okta and Entra ID would, ours or another's
    Check(check::Check),
    /// Take back that unusually many people were deactivated through a connection
    Undo { name: String },
}

#[derive(Subcommand)]
pub(super) enum Token {
    /// Make one, good for a year; it is shown once
    Create { name: String },
    /// A connection's tokens
    List { name: String },
    /// A token is good no more
    Revoke { name: String, id: String },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Handed {
    #[arg(long)]
    user: Option<String>,
    #[arg(long)]
    group: Option<String>,
}

fn path(name: &str) -> String {
    format!("/provisioning/{}", encoded(name))
}

impl Shown {
    pub(super) async fn scim(&mut self, remote: &Remote, verb: Scim) -> Result<(), Failure> {
        match verb {
            Scim::List => {
                let all = remote.get("/provisioning").await?;
                self.rows(
                    &all,
                    &[
                        ("name", "name"),
                        ("manner", "manner"),
                        ("base_url", "base URL"),
                        ("last_push_at", "last push"),
                        ("refused", "refused in 24 h"),
                    ],
                )
            }
            Scim::Set { name, manner } => {
                let said = json!({ "manner": manner });
                let kept = remote.put(&path(&name), &said).await?;
                let next = format!("`admin scim token create {name}` makes its token");
                self.done(&kept, &format!("{name} may provision. {next}"))
            }
            Scim::Remove { name } => {
                let done = remote.delete(&path(&name)).await?;
                self.done(
                    &done,
                    &format!("{name} provisions no more. Its people and groups stay"),
                )
            }
            Scim::Token(verb) => self.scim_token(remote, verb).await,
            Scim::Watch { name } => watch::watch(remote, &name).await,
            Scim::Log { name, limit } => {
                let limit = limit.clamp(1, 500);
                let log = remote
                    .get(&format!("{}/log?limit={limit}", path(&name)))
                    .await?;
                if self.json {
                    return self.rows(&log, &[]);
                }
                watch::log(remote, &name, &log).await
            }
            Scim::HandOver { name, what } => {
                let (which, at) = match (&what.user, &what.group) {
                    (Some(user), _) => (user, remote.user(user).await?.0),
                    (None, Some(group)) => (group, remote.group(group).await?),
                    (None, None) => return Ok(()),
                };
                let done = remote
                    .put(&format!("{}{at}", path(&name)), &Value::Null)
                    .await?;
                self.done(&done, &format!("{name} provisions {which} from now on"))
            }
            Scim::Check(_) => Ok(()),
            Scim::Undo { name } => {
                let undone = remote
                    .post(&format!("{}/undo", path(&name)), &Value::Null)
                    .await?;
                let sentence = format!(
                    "{} people may sign in again; what had ended stays ended. {} were removed or have changed since. \
                     Correct it at the identity provider, too: it may send the same again",
                    undone["reactivated"], undone["gone"]
                );
                self.done(&undone, &sentence)
            }
        }
    }

    async fn scim_token(&mut self, remote: &Remote, verb: Token) -> Result<(), Failure> {
        match verb {
            Token::Create { name } => {
                let made = remote
                    .post(&format!("{}/tokens", path(&name)), &Value::Null)
                    .await?;
                if self.json {
                    return self.rows(&made, &[]);
                }
                let text = |member: &str| made[member].as_str().unwrap_or_default();
                let base = text("base_url");
                let end = text("expires_at").get(..10).unwrap_or_default();
                let mut stderr = io::stderr().lock();
                writeln!(
                    stderr,
                    "Okta      Base URL    {base} · Unique identifier userName · HTTP Header"
                )?;
                writeln!(
                    stderr,
                    "Entra ID  Tenant URL  {base}?aadOptscim062020 · Secret token"
                )?;
                writeln!(
                    stderr,
                    "Token, shown once, good to {end} (`admin status` warns 90, 30 and 7 days before):"
                )?;
                writeln!(io::stdout().lock(), "{}", text("token"))?;
                Ok(())
            }
            Token::List { name } => {
                let all = remote.get("/provisioning").await?;
                let mut of = all["items"].as_array().into_iter().flatten();
                let of = of.find(|one| one["name"] == name.as_str());
                let of = of.ok_or_else(|| {
                    Failure::new(format!("The connection {name} does not provision"))
                        .hint("Run `admin scim list` to see which do")
                })?;
                self.rows(
                    &json!({ "items": of["tokens"] }),
                    &[
                        ("id", "id"),
                        ("created_at", "made"),
                        ("expires_at", "ends"),
                        ("last_used_at", "last used"),
                    ],
                )
            }
            Token::Revoke { name, id } => {
                let done = remote
                    .delete(&format!("{}/tokens/{}", path(&name), encoded(&id)))
                    .await?;
                self.done(&done, "The token is good no more")
            }
        }
    }
}

/// How provisioning stands, a line for each connection.
pub(super) fn status(one: &Value, now: jiff::Timestamp) -> String {
    let name = one["name"].as_str().unwrap_or_default();
    let push = print::last("last_push_at", one);
    let refused = match one["refused"].as_u64() {
        Some(0) | None => String::new(),
        Some(count) => format!(" ({count} refused)"),
    };
    let tokens = one["tokens"].as_array().into_iter().flatten();
    let time = |token: &Value, name: &str| token[name].as_str()?.parse().ok();
    let tokens =
        tokens.filter_map(|token| Some((time(token, "last_used_at"), time(token, "expires_at")?)));
    let token = match crate::provisioning::end_in_use(tokens) {
        None => "no token ⚠".to_owned(),
        Some(ends) => {
            let days = crate::provisioning::days_left(ends, now);
            let warning = if days <= 90 { " ⚠" } else { "" };
            format!("token {days} d{warning}")
        }
    };
    let mut said = format!("SCIM {name} last push {push}{refused}, {token}\n");
    if one["alert"].is_object() {
        let alert = &one["alert"];
        said.push_str(&format!(
            "! {} of {} people left through {name} since {}: `admin scim undo {name}` takes it back\n",
            alert["people"],
            alert["of"],
            print::time(&alert["since"]),
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_line_tells_of_the_token_in_use() {
        let token =
            |used: Option<&str>, ends: &str| json!({ "last_used_at": used, "expires_at": ends });
        let check = |tokens: &[Value], expected: &str| {
            let one = json!({ "name": "okta", "refused": 1, "tokens": tokens });
            let now = "2026-11-26T12:00:00Z".parse().unwrap();
            let expected = format!("SCIM okta last push never (1 refused), {expected}\n");
            assert_eq!(status(&one, now), expected);
        };
        let (soon, late) = ("2026-11-29T12:00:00Z", "2027-11-26T12:00:00Z");
        check(&[], "no token ⚠");
        for (ends, expected) in [
            ("2027-02-25T12:00:00Z", "token 91 d"),
            ("2027-02-24T12:00:00Z", "token 90 d ⚠"),
            ("2026-11-26T11:00:00Z", "token 0 d ⚠"),
        ] {
            check(&[token(None, ends)], expected);
        }
        let used = token(Some("2026-11-26T11:00:00Z"), soon);
        check(&[used.clone(), token(None, late)], "token 3 d ⚠");
        let replaced = token(Some("2026-11-26T11:01:00Z"), late);
        check(&[used, replaced], "token 365 d");
    }
}
