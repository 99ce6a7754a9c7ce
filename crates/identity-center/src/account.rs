//! AWS accounts, the roles that people may take in them, and who may take which.

use jiff::SignedDuration;
use serde::Serialize;

use crate::id::{GroupId, UserId};

/// How long the credentials of a role may live: from AWS's least to its most.
pub const SESSION_LEAST: SignedDuration = SignedDuration::from_mins(15);
/// See [`SESSION_LEAST`].
pub const SESSION_MOST: SignedDuration = SignedDuration::from_hours(12);

/// An account, as the portal shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Twelve digits.
    #[serde(rename = "accountId")]
    pub id: String,
    /// What people call it.
    #[serde(rename = "accountName")]
    pub name: String,
    /// The account's own address, nobody's.
    #[serde(rename = "emailAddress")]
    pub email: String,
}

/// What may be done in an account: a role of this name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionSet {
    /// The role's name.
    pub name: String,
    /// For administrators.
    pub description: String,
    /// How long the role's credentials live.
    pub session: SignedDuration,
}

/// Who may take a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// This person.
    User(UserId),
    /// Whoever is in this group.
    Group(GroupId),
}

/// That somebody may take a role in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The account's id.
    pub account: String,
    /// The permission set's name.
    pub role: String,
    /// Who.
    pub principal: Principal,
}

/// Whether this is an account's id.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a role can have this name (IAM: 1 to 32 of these for a permission set).
#[must_use]
pub fn is_role_name(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'=' | b',' | b'.' | b'@' | b'-' | b'_')
    };
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_aws_s() {
        let check = |text: &str, id, name| {
            assert_eq!(
                (is_account_id(text), is_role_name(text)),
                (id, name),
                "{text}"
            );
        };
        check("111122223333", true, true);
        check("11112222333", false, true);
        check("1111222233334", false, true);
        check("١١١١٢٢٢٢٣٣٣٣", false, false);
        check("Developer", false, true);
        check("AWS-Read+Only=a,b.c@d_e", false, true);
        check("", false, false);
        check("a/b", false, false);
        check("a b", false, false);
        check(&"a".repeat(33), false, false);
    }
}
