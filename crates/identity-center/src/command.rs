//! What the program `kiro-identity-center` can be told to do, beside serving.

pub mod admin;
pub mod backup;
pub mod copy_to;
pub mod init;
mod installation;
pub mod master_key;
mod remedy;
mod told;

use crate::audit::By;

pub use installation::Installation;
pub use told::Told;

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
            error: sentence(error.to_string()),
            hint: None,
            code: 1,
        }
    }

    /// An error of the service's, and its remedy.
    #[must_use]
    pub fn of(error: &(dyn std::error::Error + 'static)) -> Failure {
        Failure {
            hint: remedy::of(error),
            ..Failure::new(error)
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Failure {
        Failure {
            hint: Some(hint.into()),
            ..self
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::of(&error)
    }
}

/// With a capital at its beginning, where that is a word: not where it is a setting, a path or an address.
fn sentence(mut text: String) -> String {
    let word = text.split([' ', ':', ',']).next().unwrap_or_default();
    if !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'\'')
    {
        text[..1].make_ascii_uppercase();
    }
    text
}

/// Whoever types it, in the audit log: they may write in the store.
fn by() -> By {
    By {
        actor: Some("command line".to_owned()),
        ..By::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::ConfigurationError;
    use crate::serve::ServeError;
    use crate::store::StoreError;

    #[test]
    fn a_sentence_begins_with_a_capital_and_a_path_as_it_is() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Failure::new(text).error, expected);
        };
        check("not signed in", "Not signed in");
        check("the store's URL is none", "The store's URL is none");
        check("refused: no", "Refused: no");
        check("config.toml, line 3: x", "config.toml, line 3: x");
        check("/etc/x cannot be read", "/etc/x cannot be read");
        check("`url` is missing", "`url` is missing");
        check("2 things", "2 things");
        check("", "");
    }

    #[test]
    fn what_can_be_done_stands_in_the_hint_however_deep_the_error_lies() {
        let check = |failure: Failure, error: &str, hint: &str| {
            assert_eq!(failure.error, error);
            assert_eq!(failure.hint.as_deref(), Some(hint), "{error}");
        };
        check(
            ConfigurationError::NoData.into(),
            "Nothing says where the data lies",
            "Give --data DIR or --settings FILE, or make /etc/kiro-identity-center/config.toml by `kiro-identity-center init`",
        );
        check(
            ServeError::Folder(StoreError::InUse.into()).into(),
            "A running service has the store open",
            "Stop the service first: what it changes meanwhile would be missing",
        );
    }
}
