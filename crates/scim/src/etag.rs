//! Versions (RFC 7644 §3.14): a weak entity tag that counts changes.

use std::fmt;

use crate::error::Refusal;

/// `W/"3"`: the third change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag(pub u32);

impl fmt::Display for EntityTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "W/\"{}\"", self.0)
    }
}

impl EntityTag {
    /// Whether a header or a bulk operation's `version` names this one: `*`, or a list of tags. Weak or not does not matter: a
    /// version stands for the whole resource, however it is written down.
    ///
    /// ```
    /// use kiro_scim::EntityTag;
    /// assert!(EntityTag(3).is_in(r#"W/"1", "3""#) && EntityTag(3).is_in("*"));
    /// assert!(!EntityTag(3).is_in("3") && !EntityTag(3).is_in(r#"W/"33""#));
    /// ```
    #[must_use]
    pub fn is_in(self, header: &str) -> bool {
        let own = format!("\"{}\"", self.0);
        let mut tags = header.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
    }

    /// Checks `If-Match`.
    ///
    /// # Errors
    /// [`Refusal::VersionMismatch`]
    pub fn check(self, if_match: Option<&str>) -> Result<(), Refusal> {
        match if_match {
            Some(header) if !self.is_in(header) => Err(Refusal::VersionMismatch),
            Some(_) | None => Ok(()),
        }
    }
}
