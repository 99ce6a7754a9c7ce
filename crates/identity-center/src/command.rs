//! What the program `kiro-identity-center` can be told to do, beside serving.

pub mod admin;
pub mod backup;
pub mod copy_to;
pub mod init;
mod installation;
pub mod master_key;

use crate::audit::By;

pub use installation::Installation;

/// Why a command did not do what it was told: what failed, and what to do.
#[derive(Debug)]
pub struct Failure {
    /// What failed, and why.
    pub error: String,
    /// What to do.
    pub hint: Option<String>,
    /// The process's exit code.
    pub code: u8,
}

impl Failure {
    pub(crate) fn new(error: impl ToString) -> Failure {
        Failure {
            error: error.to_string(),
            hint: None,
            code: 1,
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Failure {
        Failure {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::new(error)
    }
}

/// Whoever types it, in the audit log: they may write in the store.
fn by() -> By {
    By {
        actor: Some("command line".to_owned()),
        ..By::default()
    }
}
