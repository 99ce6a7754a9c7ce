//! Administrators: people of an organisation who look after it, and how far each may go.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::DirectoryRefusal;
use crate::id::UserId;

/// How far an administrator may go. Each may what the ones before may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees everything, changes nothing.
    ReadOnly,
    /// Looks after people: users, groups, who may take which role in AWS, and sessions.
    Operator,
    /// Decides how people sign in: identity providers, applications, accounts, keys, and who else administers.
    Owner,
}

impl Role {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn read(word: &str) -> Option<Role> {
        [Role::ReadOnly, Role::Operator, Role::Owner]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// An administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// Who.
    pub user: UserId,
    /// The name that they sign in with.
    pub user_name: String,
    /// Whose people and settings they look after.
    pub organization: String,
    /// How far they may go.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Whether they can sign in without an identity provider: they are active and have a password.
    pub local: bool,
}

/// Why somebody could not set themselves up. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupRefusal {
    /// The link was used, replaced, or its time is up.
    #[error("the link is good no more")]
    Over,
    /// See [`DirectoryRefusal`].
    #[error(transparent)]
    Directory(#[from] DirectoryRefusal),
}
