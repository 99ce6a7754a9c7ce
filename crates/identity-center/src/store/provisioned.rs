//! People and groups as the connection that provisioned them sees and changes them. What it does takes effect with the same commit:
//! whoever may not sign in any more, or loses a group, loses with it what that gave.

mod cost;
pub(super) mod groups;
pub(super) mod list;
pub(super) mod related;
pub(super) mod users;
mod where_clause;

use std::sync::Arc;

use kiro_scim::{Change, Refusal, Resource};

use super::StoreError;
use crate::directory;

pub use list::{Found, From, List, Place};
pub use related::MEMBERS;

/// What a request makes of the stored resource.
pub type Changing = Arc<dyn Fn(&Resource) -> Result<Change, Refusal> + Send + Sync>;

pub(super) type Decided<T> = Result<Result<T, Refusal>, StoreError>;

/// The id, if the text is exactly as it is written on the wire.
fn exact<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    let id = text.parse::<T>().ok()?;
    (id.to_string() == text).then_some(id)
}

/// A name that the directory takes.
fn name(attribute: &'static str, text: &str) -> Result<String, Refusal> {
    match directory::name(text) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err(Refusal::value(
            attribute,
            "a name: not empty, at most 320 characters, nothing invisible in it",
        )),
    }
}
