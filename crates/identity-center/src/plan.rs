//! Which models people may use: a group is given some, and its members have them. What a model is, and where it can be asked, the
//! clients know; here it is a name.

use std::collections::BTreeSet;

use crate::id::GroupId;

/// A group is given so many at most.
pub const MOST: usize = 100;

/// What a group is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The group.
    pub group: GroupId,
    /// The models, by their names.
    pub models: BTreeSet<String>,
}

/// Whether a model can have this name: `[a-z0-9][a-z0-9.-]{0,63}`, as in the clients' catalogue.
#[must_use]
pub fn is_model(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_s_name_is_that_of_the_clients_catalogue() {
        let check = |text: &str, expected| assert_eq!(is_model(text), expected, "{text:?}");
        check("opus-4.6", true);
        check("4o", true);
        check(&"a".repeat(64), true);
        check(&"a".repeat(65), false);
        check("", false);
        check(".opus", false);
        check("-opus", false);
        check("Opus", false);
        check("opus 4", false);
        check("opus/4", false);
        check("ópus", false);
    }
}
