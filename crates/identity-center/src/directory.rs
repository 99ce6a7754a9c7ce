//! The directory: organisations, their people and groups, as an administrator or a provisioning identity provider (SCIM) makes
//! them. What is compared is folded; what is shown is kept as it was written.

use jiff::Timestamp;

use crate::id::{ConnectionId, GroupId, UserId};

/// A name is at most so long, in characters (an e-mail address has 254: RFC 5321 §4.5.3.1.3).
pub const NAME_LIMIT: usize = 320;
/// … and so long in bytes as it is folded: an index of PostgreSQL takes 2,704 of them.
const FOLDED_LIMIT: usize = 2048;

/// What two names are compared by: what SCIM compares text by ([`kiro_scim::fold`]), without the space around it. `STRASSE` is
/// `straße`, `ΣΑΣ` is `σας`; `str::to_lowercase` keeps both apart.
///
/// ```
/// use kiro_identity_center::directory::fold;
/// assert_eq!(fold(" Ｊｏsé@ACME.example "), fold("Ｊｏse\u{301}@acme.EXAMPLE"));
/// ```
#[must_use]
pub fn fold(name: &str) -> String {
    kiro_scim::fold(name.trim())
}

/// Whether a character writes nothing of its own but changes how what stands beside it is read: controls, bidirectional controls,
/// zero-width and other format characters that imitate another name.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a text is longer than a name may be.
#[must_use]
pub fn is_too_long(text: &str) -> bool {
    text.chars().count() > NAME_LIMIT || fold(text).len() > FOLDED_LIMIT
}

/// Why a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// Nothing, or nothing but space.
    #[error("the name is empty")]
    Empty,
    /// See [`is_too_long`].
    #[error("the name is too long")]
    TooLong,
    /// A control or another invisible character is in it.
    #[error("the name has an invisible character")]
    Invisible,
}

/// A name that may be given to a person or a group, without the space around it.
///
/// # Errors
/// See [`NotAName`].
pub fn name(text: &str) -> Result<&str, NotAName> {
    let name = text.trim();
    if name.is_empty() {
        Err(NotAName::Empty)
    } else if is_too_long(name) {
        Err(NotAName::TooLong)
    } else if name.chars().any(is_invisible) {
        Err(NotAName::Invisible)
    } else {
        Ok(name)
    }
}

/// Whether a short name may be part of addresses that are compared byte for byte: lower-case letters, digits and hyphens.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its short name, part of addresses.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Whom its people ask for help: an address or a sentence's end; may be empty.
    pub contact: String,
    /// Whether its native users need a second factor.
    pub second_factor: bool,
}

/// What is said of a person, by whoever makes or changes them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Profile {
    /// The name that they sign in with; unique in the organisation, whatever its case.
    pub user_name: String,
    /// The name that they are called by.
    pub display_name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// Where mail reaches them. It never tells who somebody is.
    pub email: Option<String>,
    /// The provisioning provider's name of them (SCIM `externalId`).
    pub external_id: Option<String>,
    /// The connection that provisioned them.
    pub connection: Option<ConnectionId>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Whose.
    pub organization: String,
    /// What is said of them.
    pub profile: Profile,
    /// Whether they may sign in.
    pub active: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// When anything of this last changed.
    pub modified_at: Timestamp,
    /// Counts the changes (SCIM `meta.version`).
    pub version: u32,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// Whose.
    pub organization: String,
    /// Its name; unique in the organisation, whatever its case.
    pub display_name: String,
    /// The provisioning provider's name of it.
    pub external_id: Option<String>,
    /// The connection that provisioned it.
    pub connection: Option<ConnectionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub modified_at: Timestamp,
    /// Counts the changes.
    pub version: u32,
}

/// Why the directory was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryRefusal {
    /// There is no such organisation.
    #[error("there is no such organisation")]
    NoOrganization,
    /// There is no such person in it.
    #[error("there is no such person")]
    NoUser,
    /// There is no such group in it.
    #[error("there is no such group")]
    NoGroup,
    /// The organisation would have no owner left who can sign in without an identity provider.
    #[error("this is the last owner who can sign in without an identity provider")]
    LastOwner,
    /// Somebody else has the name.
    #[error("the name is taken")]
    Taken,
    /// It is no name.
    #[error(transparent)]
    NotAName(#[from] NotAName),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case_and_composition() {
        let check = |one: &str, other: &str, same: bool| {
            assert_eq!(fold(one) == fold(other), same, "{one} {other}");
        };
        check("aiko", "AIKO", true);
        check(" aiko\u{3000}", "aiko", true);
        check("straße", "STRASSE", true);
        check("ΣΑΣ", "σας", true);
        check("σασ", "ΣΑΣ", true);
        check("jose\u{301}", "JOSÉ", true);
        check("ǅ", "ǆ", true);
        check("愛子", "愛子", true);
        check("が", "か\u{3099}", true);
        check("İ", "i\u{307}", true);
        check("ı", "i", false); // a Turkish dotless i is another letter
        check("aiko", "aik0", false);
        check("аiko", "aiko", false); // a Cyrillic а is another letter, too
        check("a b", "ab", false);
        check("ａｉｋｏ", "aiko", false); // wide letters are others: form NFC, not NFKC
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["ΐ", "ᾳ\u{345}", "ﬃ", "Å", "ẞ", "\u{1fc3}\u{301}", "ŉ", "愛"] {
            assert_eq!(fold(&fold(text)), fold(text), "{text}");
        }
    }

    #[test]
    fn a_name_is_visible_and_not_too_long() {
        let check = |text: &str, expected: Result<&str, NotAName>| {
            assert_eq!(name(text), expected, "{text:?}");
        };
        check(" Aiko ", Ok("Aiko"));
        check("田中 愛子", Ok("田中 愛子"));
        check("مها", Ok("مها"));
        for character in ["a", "ü", "愛", "𠮷"] {
            let (longest, more) = (character.repeat(320), character.repeat(321));
            check(&longest, Ok(&longest));
            check(&more, Err(NotAName::TooLong));
        }
        // Each is three characters of four bytes, folded.
        check(&"\u{1d160}".repeat(320), Err(NotAName::TooLong));
        for empty in ["", " ", "\u{3000}"] {
            check(empty, Err(NotAName::Empty));
        }
        for invisible in [
            "a\u{202e}b",
            "a\u{200b}",
            "a\nb",
            "\0",
            "a\u{2066}b",
            "a\u{feff}b",
            "a\u{ad}b",
            "a\u{e0041}",
        ] {
            check(invisible, Err(NotAName::Invisible));
        }
    }
}
