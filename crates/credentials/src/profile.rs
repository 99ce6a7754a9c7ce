//! The name of a slot in the credential file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A profile's name: `[a-z0-9][a-z0-9._-]{0,63}`, not ending in `.json` or `.tmp`.
///
/// The two endings are kept back because the name is also a file name in `locks/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

/// The text cannot be a profile's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a profile's name has 1 to 64 characters of a-z, 0-9, `.`, `_`, `-`, and begins with a letter or digit"
)]
pub struct BadProfileName;

impl ProfileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = BadProfileName;

    fn from_str(text: &str) -> Result<Self, BadProfileName> {
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let first = text.bytes().next().is_some_and(word);
        let rest = text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'_' | b'-'));
        let reserved = text.ends_with(".json") || text.ends_with(".tmp");
        if first && rest && text.len() <= 64 && !reserved {
            Ok(ProfileName(text.to_owned()))
        } else {
            Err(BadProfileName)
        }
    }
}

impl TryFrom<String> for ProfileName {
    type Error = BadProfileName;

    fn try_from(text: String) -> Result<Self, BadProfileName> {
        text.parse()
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> String {
        name.0
    }
}

impl Default for ProfileName {
    /// `default`.
    fn default() -> Self {
        ProfileName("default".to_owned())
    }
}

impl AsRef<str> for ProfileName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ProfileName;

    #[test]
    fn names() {
        let check = |text: &str, expected: bool| {
            assert_eq!(text.parse::<ProfileName>().is_ok(), expected, "{text:?}")
        };
        check("default", true);
        check("a", true);
        check("0.work_x-y", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("", false);
        check(".hidden", false);
        check("-x", false);
        check("Work", false);
        check("a/b", false);
        check("a\0", false);
        check("ä", false);
        check("x.json", false);
        check("x.json.tmp", false);
    }
}
