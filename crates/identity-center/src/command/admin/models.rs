//! Models: which groups have which, and what people's computers are told of them.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Shown;
use super::remote::Remote;
use crate::command::{Failure, Told};
use crate::inference::Residency;

#[derive(Subcommand)]
pub(super) enum Plan {
    /// Which groups have which models
    List,
    /// Give a group's members these models and no others
    Set {
        group: String,
        /// As `kiro models` calls them
        #[arg(required = true, value_name = "MODEL")]
        models: Vec<String>,
    },
    /// Take a group's models from its members
    Remove { group: String },
    /// End every plan: people's models depend on their groups no more
    End,
}

#[derive(Args)]
pub(super) struct ClientSettings {
    /// The organisation that is meant, to be sure
    #[arg(long, value_name = "NAME", alias = "organisation")]
    organization: Option<String>,
    #[command(flatten)]
    said: InferenceSaid,
}

/// What is decided about models from now on; what is not named stays.
#[derive(Args)]
#[command(next_help_heading = "Decide about models (what is not named stays)")]
struct InferenceSaid {
    /// Everything that people's computers send has to stay there
    #[arg(long)]
    residency: Option<Residency>,
    /// It may go anywhere
    #[arg(long, conflicts_with = "residency")]
    no_residency: bool,
    /// The AWS region that is asked when nobody names one
    #[arg(long, value_name = "REGION")]
    inference_region: Option<String>,
    /// None: the first that is offered
    #[arg(long, conflicts_with_all = ["inference_region", "lock_region"])]
    no_inference_region: bool,
    /// Whether people may ask in no other region
    #[arg(long, value_name = "true|false")]
    lock_region: Option<bool>,
    /// The AWS account that has the models
    #[arg(long, value_name = "ID", requires = "inference_role")]
    inference_account: Option<String>,
    /// The permission set by which they are asked
    #[arg(long, value_name = "NAME", requires = "inference_account")]
    inference_role: Option<String>,
    /// No role: models cannot be asked
    #[arg(long, conflicts_with = "inference_role")]
    no_inference_role: bool,
    /// A model that is approved, as `kiro models` calls it; may be given several times
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Every model is approved
    #[arg(long, conflicts_with = "models")]
    every_model: bool,
}

impl InferenceSaid {
    /// What was said over what was decided before; `None` where nothing was said.
    fn over(&self, before: &Value) -> Option<Value> {
        let mut decided = before.clone();
        let mut said = false;
        let mut say = |name: &str, given: bool, value: Value| {
            if given {
                said = true;
                decided[name] = value;
            }
        };
        let given = self.no_residency || self.residency.is_some();
        say("residency", given, json!(self.residency));
        let given = self.no_inference_region || self.inference_region.is_some();
        say("region", given, json!(self.inference_region));
        let locked = self.lock_region.unwrap_or(false);
        let given = self.no_inference_region || self.lock_region.is_some();
        say("region_locked", given, json!(locked));
        let account = self.inference_account.as_ref();
        let role = account.zip(self.inference_role.as_ref());
        let role = role.map(|(account, name)| json!({ "account": account, "name": name }));
        let given = self.no_inference_role || role.is_some();
        say("role", given, json!(role));
        let given = self.every_model || !self.models.is_empty();
        let models = (!self.every_model).then_some(&self.models);
        say("models", given, json!(models));
        said.then_some(decided)
    }
}

impl Shown {
    pub(super) async fn plan(&mut self, remote: &Remote, verb: Plan) -> Result<(), Failure> {
        match verb {
            Plan::List => {
                let plans = remote.plans().await?;
                self.rows(&plans, &[("name", "group"), ("models", "models")])?;
                if !self.json && plans["in_force"] != true {
                    let all = "Nobody’s models depend on their groups: there is no plan";
                    writeln!(io::stderr().lock(), "{all}")?;
                }
                Ok(())
            }
            Plan::Set { group, models } => {
                let path = format!("{}/models", remote.group(&group).await?);
                let first = remote.get("/plans").await?["in_force"] != true;
                let done = remote.put(&path, &json!({ "models": models })).await?;
                let models = models.join(" ");
                let rest = if first {
                    " From now on people have the models of their groups alone"
                } else {
                    ""
                };
                self.done(
                    &done,
                    &format!("{group} has {models}: its members see that when their sessions are renewed next.{rest}"),
                )
            }
            Plan::Remove { group } => {
                let path = format!("{}/models", remote.group(&group).await?);
                let done = remote.delete(&path).await?;
                self.done(&done, &format!("{group} has no models any more: its members see that when their sessions are renewed next. Everybody has all again by `admin plan end`"))
            }
            Plan::End => {
                let done = remote.delete("/plans").await?;
                self.done(
                    &done,
                    "People’s models depend on their groups no more: they see that when their sessions are renewed next",
                )
            }
        }
    }

    /// Decides what was said, if anything, and prints the file.
    pub(super) async fn client_settings(
        &mut self,
        remote: &Remote,
        asked: ClientSettings,
    ) -> Result<(), Failure> {
        let me = remote.get("/me").await?;
        let other = asked
            .organization
            .filter(|meant| me["organization"] != **meant);
        if let Some(meant) = other {
            let here = me["organization"].as_str().unwrap_or_default();
            return Err(
                Failure::new(format!("You are signed in to administer {here}"))
                    .hint(format!("Run `admin login --organization {meant}`")),
            );
        }
        let before = remote.get("/inference").await?;
        if let Some(decided) = asked.said.over(&before) {
            remote.put("/inference", &decided).await?;
        }
        let text = remote.text("/client-settings").await?;
        write!(Told, "{text}")?;
        Ok(())
    }
}
