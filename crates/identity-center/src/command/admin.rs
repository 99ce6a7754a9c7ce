//! `kiro-identity-center admin`: an organisation is looked after from any computer, by the requests of `/admin/v1` and under the name of
//! whoever signed in.
//!
//! Each verb is one request, or a few; people and groups are named as people name them. Data goes to standard output, as a table or
//! (`--json`) as the service said it; talk goes to standard error.

mod applications;
mod aws;
mod connect;
mod login;
mod models;
mod people;
mod print;
mod remote;
mod scim;
mod verbs;

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Failure, Told};

use print::{Column, table};
use remote::{Remote, encoded};
use scim::Scim;
use verbs::{Account, Administrator, Application, Group, Idp, Keys, PermissionSet, User};

/// What nothing here ends (`docs/aws-role-credentials.md`).
const CREDENTIALS: &str = "AWS credentials that were given live to their own end";

/// Look after an organisation: people, identity providers, applications, AWS accounts
#[derive(Args)]
pub struct Admin {
    /// As the service says it, in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Sign in as an administrator, by a code that is typed on any computer
    Login(login::Login),
    /// Sign out, and forget the token
    Logout,
    /// Who is signed in
    Whoami,
    /// How things stand
    Status,
    /// People
    #[command(subcommand)]
    User(User),
    /// Groups
    #[command(subcommand)]
    Group(Group),
    /// Who else administers: owner, operator, read-only
    #[command(subcommand)]
    Administrator(Administrator),
    /// Identity providers that people sign in at: Okta, Entra ID, any OIDC provider
    #[command(subcommand)]
    Idp(Idp),
    /// Provisioning: identity providers send people and groups by SCIM
    #[command(subcommand)]
    Scim(Scim),
    /// Applications that speak OIDC
    #[command(subcommand)]
    Application(Application),
    /// AWS accounts
    #[command(subcommand)]
    Account(Account),
    /// Permission sets, and who may take which role where
    #[command(subcommand)]
    Role(PermissionSet),
    /// Which models a group's members may use
    #[command(subcommand)]
    Plan(models::Plan),
    /// The service's keys
    #[command(subcommand)]
    Keys(Keys),
    /// Who did what, the newest first
    Audit {
        /// So many entries
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
    /// Say something else of the organisation, or only show it
    Organization {
        /// What people call it
        #[arg(long)]
        title: Option<String>,
        /// Whom its people ask for help
        #[arg(long)]
        contact: Option<String>,
        /// Whether people with a password need a second factor
        #[arg(long, value_name = "true|false")]
        second_factor: Option<bool>,
    },
    /// Print the organizations.toml for people's computers; decide first what it says about models
    ClientSettings(models::ClientSettings),
}

impl Admin {
    /// Does it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn run(self) -> Result<(), Failure> {
        let mut shown = Shown { json: self.json };
        match self.verb {
            Verb::Login(asked) => return login::login(asked).await,
            Verb::Logout => return login::logout().await,
            Verb::Scim(Scim::Check(asked)) => return scim::check::check(asked, self.json).await,
            Verb::Whoami
            | Verb::Status
            | Verb::User(_)
            | Verb::Group(_)
            | Verb::Administrator(_)
            | Verb::Idp(_)
            | Verb::Scim(_)
            | Verb::Application(_)
            | Verb::Account(_)
            | Verb::Role(_)
            | Verb::Plan(_)
            | Verb::Keys(_)
            | Verb::Audit { .. }
            | Verb::Organization { .. }
            | Verb::ClientSettings(_) => {}
        }
        let remote = Remote::signed_in().await?;
        shown.verb(&remote, self.verb).await
    }
}

/// Where answers go.
struct Shown {
    json: bool,
}

impl Shown {
    /// A list, or one thing, in these columns.
    fn rows(&self, answer: &Value, columns: &[Column]) -> Result<(), Failure> {
        self.rows_to(&mut Told, answer, columns)
    }

    /// The same, where it matters that somebody reads it.
    fn rows_to(
        &self,
        to: &mut dyn Write,
        answer: &Value,
        columns: &[Column],
    ) -> Result<(), Failure> {
        if self.json {
            writeln!(to, "{answer}")?;
            return Ok(());
        }
        let one = std::slice::from_ref(answer);
        let rows = answer["items"].as_array().map_or(one, Vec::as_slice);
        write!(to, "{}", table(rows, columns))?;
        Ok(())
    }

    /// What was done, in a sentence; in JSON the answer itself.
    fn done(&self, answer: &Value, sentence: &str) -> Result<(), Failure> {
        if self.json && !answer.is_null() {
            writeln!(Told, "{answer}")?;
        } else {
            writeln!(io::stderr().lock(), "✓ {sentence}")?;
        }
        Ok(())
    }

    /// That something of people's has ended, and what has not.
    fn ended(&self, answer: &Value, sentence: &str) -> Result<(), Failure> {
        let sessions = answer["sessions"].as_u64();
        let sessions =
            sessions.map_or_else(String::new, |count| format!(". Ended: {count} sessions"));
        let outside = "; sessions at Okta or Entra ID are ended there";
        self.done(
            answer,
            &format!("{sentence}{sessions}. {CREDENTIALS}{outside}"),
        )
    }

    async fn verb(&mut self, remote: &Remote, verb: Verb) -> Result<(), Failure> {
        match verb {
            Verb::Login(_) | Verb::Logout => Ok(()),
            Verb::Whoami => {
                let me = remote.get("/me").await?;
                self.rows(
                    &me,
                    &[
                        ("user_name", "name"),
                        ("role", "role"),
                        ("organization", "organisation"),
                    ],
                )
            }
            Verb::Status => {
                let status = remote.get("/status").await?;
                if self.json {
                    return self.rows(&status, &[]);
                }
                write!(Told, "{}", print::status(&status, jiff::Timestamp::now()))?;
                Ok(())
            }
            Verb::User(verb) => self.user(remote, verb).await,
            Verb::Group(verb) => self.group(remote, verb).await,
            Verb::Administrator(verb) => self.administrator(remote, verb).await,
            Verb::Idp(verb) => self.idp(remote, verb).await,
            Verb::Scim(verb) => self.scim(remote, verb).await,
            Verb::Application(verb) => self.application(remote, verb).await,
            Verb::Account(verb) => self.account(remote, verb).await,
            Verb::Role(verb) => self.role(remote, verb).await,
            Verb::Plan(verb) => self.plan(remote, verb).await,
            Verb::Keys(Keys::List) => {
                let keys = remote.get("/keys").await?;
                self.rows(
                    &keys,
                    &[
                        ("id", "key"),
                        ("algorithm", "algorithm"),
                        ("state", "state"),
                        ("active_at", "active since"),
                    ],
                )
            }
            Verb::Keys(Keys::Rotate) => {
                let done = remote.post("/keys/rotate", &Value::Null).await?;
                self.done(&done, "New keys are published now and used once every client knows them. Nobody is signed out.")
            }
            Verb::Audit { limit } => {
                let limit = limit.clamp(1, 500);
                let log = remote.newest(limit as usize).await?;
                self.rows(
                    &log,
                    &[
                        ("at", "when"),
                        ("actor", "who"),
                        ("action", "what"),
                        ("subject", "whom"),
                        ("outcome", "outcome"),
                        ("address", "from"),
                    ],
                )
            }
            Verb::Organization {
                title,
                contact,
                second_factor,
            } => {
                let mut organization = remote.get("/organization").await?;
                if title.is_some() || contact.is_some() || second_factor.is_some() {
                    let keep = |given: Option<String>, name: &str| {
                        given.map_or_else(|| organization[name].clone(), Value::from)
                    };
                    let said = json!({
                        "title": keep(title, "title"),
                        "contact": keep(contact, "contact"),
                        "second_factor": second_factor.map_or_else(|| organization["second_factor"].clone(), Value::from),
                    });
                    organization = remote.put("/organization", &said).await?;
                }
                self.rows(
                    &organization,
                    &[
                        ("name", "name"),
                        ("title", "title"),
                        ("contact", "contact"),
                        ("second_factor", "second factor"),
                    ],
                )
            }
            Verb::ClientSettings(asked) => self.client_settings(remote, asked).await,
        }
    }

    async fn idp(&mut self, remote: &Remote, verb: Idp) -> Result<(), Failure> {
        let path = |name: &str| format!("/connections/{}", encoded(name));
        match verb {
            Idp::List => {
                let all = remote.get("/connections").await?;
                self.rows(
                    &all,
                    &[
                        ("name", "name"),
                        ("kind", "kind"),
                        ("active", "active"),
                        ("domains", "domains"),
                        ("issuer", "issuer"),
                        ("last_sign_in_at", "last sign-in"),
                    ],
                )
            }
            Idp::Connect(asked) => connect::connect(remote, asked, self.json).await,
            Idp::Test { name, no_wait } => connect::test(remote, &name, !no_wait, self.json).await,
            Idp::Activate { name } => {
                let done = remote
                    .post(&format!("{}/activate", path(&name)), &Value::Null)
                    .await?;
                self.done(
                    &done,
                    &format!(
                        "{name} is active: people whose names are of its domains sign in there"
                    ),
                )
            }
            Idp::Deactivate { name, end_sessions } => {
                let done = remote
                    .post(&format!("{}/deactivate", path(&name)), &Value::Null)
                    .await?;
                let inactive = format!("{name} is inactive: nobody is sent there");
                if !end_sessions {
                    let goes_on =
                        "What applications were granted goes on; `--end-sessions` ends it";
                    return self.done(&done, &format!("{inactive}. {goes_on}"));
                }
                let ended = remote.delete(&format!("{}/sessions", path(&name))).await?;
                self.ended(&ended, &inactive)
            }
            Idp::Remove { name } => {
                let done = remote.delete(&path(&name)).await?;
                self.done(
                    &done,
                    &format!("{name} is gone, and who its people are here"),
                )
            }
            Idp::Unlink { name, user } => {
                let of = remote.user(&user).await?.0;
                let done = remote
                    .delete(&format!("{of}/links/{}", encoded(&name)))
                    .await?;
                self.done(
                    &done,
                    &format!("{user}’s next sign-in at {name} is a first one"),
                )
            }
        }
    }
}
