//! Forms that several parts of the administration share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next one begins (`after`); without, this was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// Everything at once.
    pub(super) fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }

    /// Of one more than `limit`: whether there is another page.
    pub(super) fn of(mut items: Vec<T>, limit: u32, place: impl FnOnce(&T) -> String) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        Page { items, next }
    }
}

/// An address that is good once, and until when. It is told now and never again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Link {
    /// The address.
    pub(crate) url: String,
    /// Its end.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires_at: Timestamp,
}

/// How many there were.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Ended {
    /// So many sessions ended.
    pub(crate) sessions: u64,
}
