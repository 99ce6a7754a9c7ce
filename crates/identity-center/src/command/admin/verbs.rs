//! The verbs and what each takes.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::connect::Connect;
use crate::administrator::Role;

#[derive(Subcommand)]
pub(super) enum User {
    /// Everybody, by name
    List,
    /// One person
    Show { user: String },
    /// Add a person, without a password
    Add {
        /// The name that they sign in with
        user: String,
        #[command(flatten)]
        said: Said,
        /// Print a link by which they set a password
        #[arg(long)]
        setup_link: bool,
    },
    /// Say something else of a person
    Change {
        user: String,
        #[command(flatten)]
        said: Said,
        #[command(flatten)]
        unsaid: Unsaid,
    },
    /// End everything of a person's; they may not sign in any more
    Deactivate { user: String },
    /// A person may sign in again
    Reactivate { user: String },
    /// Remove a person and everything of theirs
    Remove { user: String },
    /// Print a link by which the person sets a password, once
    SetupLink { user: String },
    /// The phone is lost: the person sets up a second factor anew
    ForgetSecondFactor { user: String },
    /// What a person has open
    Sessions { user: String },
    /// End everything that a person has open, or one session
    SignOut {
        user: String,
        /// This one alone
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct Said {
    /// Another name to sign in with
    #[arg(long, hide = true)]
    pub(super) user_name: Option<String>,
    #[arg(long)]
    display_name: Option<String>,
    #[arg(long)]
    given_name: Option<String>,
    #[arg(long)]
    family_name: Option<String>,
    /// Where mail reaches them; nobody signs in by it
    #[arg(long)]
    email: Option<String>,
}

impl Said {
    fn each(&self) -> [(&'static str, Option<&String>); 4] {
        [
            ("display_name", self.display_name.as_ref()),
            ("given_name", self.given_name.as_ref()),
            ("family_name", self.family_name.as_ref()),
            ("email", self.email.as_ref()),
        ]
    }

    pub(super) fn body(&self, user_name: &str) -> Value {
        self.over(user_name, &Value::Null, &Unsaid::default())
    }

    /// What was said; the rest as it was before, but for what is said no more.
    pub(super) fn over(&self, user_name: &str, before: &Value, unsaid: &Unsaid) -> Value {
        let mut body = json!({ "user_name": user_name });
        for (name, said) in self.each() {
            let value = said.map_or_else(|| before[name].clone(), |said| json!(said));
            if !value.is_null() && !unsaid.has(name) {
                body[name] = value;
            }
        }
        body
    }
}

/// What is said of a person no more.
#[derive(Args, Default)]
pub(super) struct Unsaid {
    /// They are called by their user name
    #[arg(long, conflicts_with = "display_name")]
    no_display_name: bool,
    #[arg(long, conflicts_with = "given_name")]
    no_given_name: bool,
    #[arg(long, conflicts_with = "family_name")]
    no_family_name: bool,
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
}

impl Unsaid {
    fn has(&self, name: &str) -> bool {
        match name {
            "display_name" => self.no_display_name,
            "given_name" => self.no_given_name,
            "family_name" => self.no_family_name,
            "email" => self.no_email,
            _ => false,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Group {
    /// Every group, by name
    List,
    /// Add a group
    Add { group: String },
    /// Remove a group
    Remove { group: String },
    /// Who is in a group
    Members { group: String },
    /// Put a person into a group
    Join { group: String, user: String },
    /// Take a person out of a group
    Leave { group: String, user: String },
}

#[derive(Subcommand)]
pub(super) enum Administrator {
    /// Every administrator
    List,
    /// Make a person an administrator, or one of another role
    Set { user: String, role: Role },
    /// A person administers no more
    Remove { user: String },
}

#[derive(Subcommand)]
pub(super) enum Idp {
    /// Every identity provider
    List,
    /// Connect one: it is looked at, tried, and stays inactive until `activate`
    Connect(Connect),
    /// Try a connection: sign in there, and see who you would be here
    Test {
        name: String,
        /// Print the link, and do not wait for what comes of it
        #[arg(long)]
        no_wait: bool,
    },
    /// Send people there from now on
    Activate { name: String },
    /// Send nobody there any more; what applications were granted goes on
    Deactivate {
        name: String,
        /// The provider is not to be trusted: end everything that began with a sign-in there, too
        #[arg(long)]
        end_sessions: bool,
    },
    /// Remove a connection, and who its people are here; what applications were granted goes on
    Remove { name: String },
    /// Forget who a person is there: their next sign-in is a first one
    Unlink { name: String, user: String },
}

#[derive(Subcommand)]
pub(super) enum Application {
    /// Every application
    List,
    /// Register one
    Add(NewApplication),
    /// Say something else of one; what is not named stays
    Change {
        client_id: String,
        #[command(flatten)]
        said: ChangedApplication,
    },
    /// Give one a new secret; the one before is good no more
    Secret { client_id: String },
    /// Remove one, and end what people had granted it
    Remove { client_id: String },
}

#[derive(Args)]
pub(super) struct NewApplication {
    /// What people are told that it is called
    name: String,
    /// Where answers are sent; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Where it is told of ended sessions
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// It runs on a server and proves itself by a secret
    #[arg(long)]
    confidential: bool,
    /// People are asked before it learns who they are
    #[arg(long)]
    consent: bool,
    /// It may use device codes, too
    #[arg(long)]
    device: bool,
}

impl NewApplication {
    pub(super) fn body(&self) -> Value {
        let mut grants = vec!["authorization_code", "refresh_token"];
        if self.device {
            grants.push(crate::device::GRANT);
        }
        let mut body = json!({
            "name": self.name,
            "confidential": self.confidential,
            "redirect_uris": self.redirect_uris,
            "post_logout_redirect_uris": self.post_logout_redirect_uris,
            "consent": self.consent,
            "grants": grants,
        });
        if let Some(uri) = &self.backchannel_logout_uri {
            body["backchannel_logout_uri"] = json!(uri);
        }
        body
    }
}

#[derive(Args)]
pub(super) struct ChangedApplication {
    /// What people are told that it is called
    #[arg(long)]
    name: Option<String>,
    /// Where answers are sent, in place of where they were; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Where browsers may be sent after signing out, in place of where they were
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    #[arg(long, conflicts_with = "post_logout_redirect_uris")]
    no_post_logout_redirect_uri: bool,
    /// Where it is told of ended sessions
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    #[arg(long, conflicts_with = "backchannel_logout_uri")]
    no_backchannel_logout_uri: bool,
    /// Whether people are asked before it learns who they are
    #[arg(long, value_name = "true|false")]
    consent: Option<bool>,
    /// Whether it may use device codes
    #[arg(long, value_name = "true|false")]
    device: Option<bool>,
    /// The members of this group alone may use it; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Everybody may use it
    #[arg(long, conflicts_with = "groups")]
    everybody: bool,
}

impl ChangedApplication {
    pub(super) fn groups(&self) -> &[String] {
        &self.groups
    }

    /// What was said, with the groups by their ids; the rest as it was before.
    pub(super) fn over(&self, before: &Value, groups: &[String]) -> Value {
        let mut body = before.clone();
        if let Some(members) = body.as_object_mut() {
            members.remove("client_id");
            members.remove("registered_at");
        }
        let mut say = |name: &str, said: bool, value: Value| {
            if said {
                body[name] = value;
            }
        };
        say("name", self.name.is_some(), json!(self.name));
        let uris = &self.redirect_uris;
        say("redirect_uris", !uris.is_empty(), json!(uris));
        let uris = &self.post_logout_redirect_uris;
        let said = self.no_post_logout_redirect_uri || !uris.is_empty();
        say("post_logout_redirect_uris", said, json!(uris));
        let uri = &self.backchannel_logout_uri;
        let said = self.no_backchannel_logout_uri || uri.is_some();
        say("backchannel_logout_uri", said, json!(uri));
        say("consent", self.consent.is_some(), json!(self.consent));
        let said = self.everybody || !groups.is_empty();
        say("groups", said, json!(groups));
        if let Some(device) = self.device {
            let grants = before["grants"].as_array().into_iter().flatten();
            let mut grants: Vec<Value> = grants
                .filter(|grant| **grant != crate::device::GRANT)
                .cloned()
                .collect();
            if device {
                grants.push(json!(crate::device::GRANT));
            }
            body["grants"] = json!(grants);
        }
        body
    }
}

#[derive(Subcommand)]
pub(super) enum Account {
    /// Every account
    List,
    /// Add an account, or change it
    Set {
        /// Twelve digits
        id: String,
        #[arg(long)]
        name: String,
        /// The account's own address
        #[arg(long)]
        email: Option<String>,
    },
    /// Remove an account, and who may do what there
    Remove { id: String },
}

#[derive(Subcommand)]
pub(super) enum PermissionSet {
    /// Every permission set
    List,
    /// Add a permission set, or change it
    Set {
        name: String,
        #[arg(long)]
        description: Option<String>,
        /// How long its credentials live: 900 to 43200
        #[arg(long, default_value_t = 3600)]
        session_seconds: i64,
    },
    /// Remove a permission set, and who may take it where
    Remove { name: String },
    /// Who may take which role where
    Assignments,
    /// Let a group or a person take a role in an account
    Assign {
        account: String,
        role: String,
        #[command(flatten)]
        to: Principal,
    },
    /// Take it back
    Unassign {
        account: String,
        role: String,
        #[command(flatten)]
        to: Principal,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Principal {
    #[arg(long)]
    pub(super) group: Option<String>,
    #[arg(long)]
    pub(super) user: Option<String>,
}

impl Principal {
    pub(super) fn name(&self) -> &str {
        let named = self.group.as_deref().or(self.user.as_deref());
        named.unwrap_or_default()
    }
}

#[derive(Subcommand)]
pub(super) enum Keys {
    /// The keys of ID tokens
    List,
    /// Change them, and those of access and refresh tokens
    Rotate,
}
