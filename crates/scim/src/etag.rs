//! Versions (RFC 7644 §3.14): weak entity tags that count changes, and what a request expects of them (RFC 9110 §13).

use std::fmt;

use crate::error::Refusal;
use crate::resource::Reference;
use crate::schema::{ResourceType, USER};

/// `W/"3"`: the third change. `W/"3.0f1e2d3c4b5a6978"`: a person's third change, told with these groups.
///
/// Whoever is in a group is part of the group, and counted there. A person's groups are told of them as well, and change without them
/// (RFC 7643 §4.1.2): so the tag has them, for whoever asks whether what they have read is still so. What a client can change is what
/// is counted, and what `If-Match` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag {
    version: u32,
    /// What stands for the groups that are told.
    groups: Option<u64>,
}

impl fmt::Display for EntityTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EntityTag { version, groups } = self;
        match groups {
            None => write!(out, "W/\"{version}\""),
            Some(groups) => write!(out, "W/\"{version}.{groups:016x}\""),
        }
    }
}

impl EntityTag {
    /// Of a resource of this version, told with whom or what it is related to.
    #[must_use]
    pub fn of(kind: &ResourceType, version: u32, related: &[Reference]) -> EntityTag {
        let groups = (*kind == USER && !related.is_empty()).then(|| told(related));
        EntityTag { version, groups }
    }

    /// Whether `If-None-Match` of a request that reads names this one: `*`, or a list of tags, weak or not.
    ///
    /// ```
    /// use kiro_scim::{EntityTag, USER};
    /// let third = EntityTag::of(&USER, 3, &[]);
    /// assert!(third.is_in(r#"W/"1", "3""#) && third.is_in("*"));
    /// assert!(!third.is_in("3") && !third.is_in(r#"W/"33""#));
    /// ```
    #[must_use]
    pub fn is_in(self, header: &str) -> bool {
        let own = self.to_string();
        let mut tags = header.split(',').map(str::trim);
        tags.any(|tag| tag == "*" || opaque(tag) == opaque(&own))
    }
}

/// A tag without what says that it is weak.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// FNV-1a over ids and names.
fn told(related: &[Reference]) -> u64 {
    let texts = related.iter().flat_map(|one| [&one.id, &one.display]);
    let bytes = texts.flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What a request that changes something expects of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// `If-Match`, or a bulk operation's `version`: one of these.
    pub if_match: Option<String>,
    /// `If-None-Match`: none of these.
    pub if_none_match: Option<String>,
}

impl Expected {
    /// Checks that a resource of this version is as expected (RFC 9110 §13.2.2).
    ///
    /// # Errors
    /// [`Refusal::VersionMismatch`], [`Refusal::VersionExcluded`]
    pub fn check(&self, version: u32) -> Result<(), Refusal> {
        let names = |header: &str| header.split(',').any(|tag| is_of(tag.trim(), version));
        match (&self.if_match, &self.if_none_match) {
            (Some(header), _) if !names(header) => Err(Refusal::VersionMismatch),
            (_, Some(header)) if names(header) => Err(Refusal::VersionExcluded),
            (_, _) => Ok(()),
        }
    }
}

/// Whether a tag is this version's, whichever groups were told with it.
fn is_of(tag: &str, version: u32) -> bool {
    let inside = opaque(tag).strip_prefix('"');
    let Some(inside) = inside.and_then(|tag| tag.strip_suffix('"')) else {
        return tag == "*";
    };
    let groups = inside.strip_prefix(&version.to_string());
    groups.is_some_and(|groups| groups.is_empty() || groups.starts_with('.'))
}
