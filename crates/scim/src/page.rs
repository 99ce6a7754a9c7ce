//! Pages of a list: by index (RFC 7644 §3.4.2.4) or by cursor (RFC 9865), and the answer that has one (RFC 7644 §3.4.2).

use serde_json::{Value, json};

use crate::error::Refusal;
use crate::json::Object;
use crate::manner::{Manner, aws};

const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The member of a list's answer that its resources are in.
pub const RESOURCES: &str = "Resources";
/// A cursor is at most so long, in bytes.
const LONGEST_CURSOR: usize = 512;

/// How long pages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Where nobody says so.
    pub default: usize,
    /// At most.
    pub most: usize,
}

impl Default for PageLimits {
    fn default() -> PageLimits {
        PageLimits {
            default: 100,
            most: 1000,
        }
    }
}

impl PageLimits {
    /// What this manner makes of them.
    #[must_use]
    pub fn in_manner(self, manner: Manner) -> PageLimits {
        let most = match manner {
            Manner::Rfc => self.most,
            Manner::Aws => self.most.min(aws::PAGE),
        };
        PageLimits {
            default: self.default.min(most),
            most,
        }
    }
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// From a place on.
    Index {
        /// The first one's number, from 1.
        start: usize,
        /// How many; none is a question for the total alone.
        count: usize,
    },
    /// From where another page ended.
    Cursor {
        /// What that page said; `None` is the first page.
        after: Option<String>,
        /// How many.
        count: usize,
    },
}

impl Paging {
    /// Whether a page tells how many there are in all: AWS's by cursor do not.
    #[must_use]
    pub fn tells_total(&self, manner: Manner) -> bool {
        manner == Manner::Rfc || matches!(self, Paging::Index { .. })
    }

    /// What the parameters say. Numbers out of range are brought into it, as the RFC says: `startIndex` below 1 is 1, `count` below 0
    /// is 0, and above the most the most.
    ///
    /// # Errors
    /// [`Refusal::Count`] for what is no number and for `startIndex` beside a cursor, [`Refusal::Cursor`] for what cannot be one.
    pub fn of(
        start_index: Option<&str>,
        count: Option<&str>,
        cursor: Option<&str>,
        limits: &PageLimits,
    ) -> Result<Paging, Refusal> {
        let number = |name: &'static str, text: &str| -> Result<i64, Refusal> {
            let text = text.trim();
            let digits = text.strip_prefix('-').unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Refusal::Count(name));
            }
            let out_of_range = if digits == text { i64::MAX } else { i64::MIN };
            Ok(text.parse().unwrap_or(out_of_range))
        };
        let count = match count {
            None => limits.default,
            Some(text) => {
                let count = number("count", text)?.max(0);
                usize::try_from(count)
                    .unwrap_or(limits.most)
                    .min(limits.most)
            }
        };
        match (start_index, cursor) {
            (Some(_), Some(_)) => Err(Refusal::Count("startIndex")),
            (None, Some(cursor)) => {
                // RFC 3986 §2.3
                let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if cursor.len() > LONGEST_CURSOR || !cursor.bytes().all(letter) {
                    return Err(Refusal::Cursor);
                }
                Ok(Paging::Cursor {
                    after: (!cursor.is_empty()).then(|| cursor.to_owned()),
                    count,
                })
            }
            (start, None) => {
                let start = start.map_or(Ok(1), |text| number("startIndex", text))?;
                let start = usize::try_from(start.max(1)).unwrap_or(usize::MAX);
                Ok(Paging::Index { start, count })
            }
        }
    }
}

/// A page as it is answered, its resources excepted: they may be written one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// What was asked for.
    pub paging: &'a Paging,
    /// How many there are in all, where the page tells it.
    pub total: Option<usize>,
    /// The cursor of the next page, if there is one.
    pub next: Option<&'a str>,
}

impl Page<'_> {
    /// The answer, with an empty list in which so many resources are to be written.
    #[must_use]
    pub fn around(&self, resources: usize) -> Object {
        let mut list = Object::new();
        let mut put = |name: &str, value: Value| drop(list.insert(name.to_owned(), value));
        put("schemas", json!([LIST_SCHEMA]));
        put("itemsPerPage", resources.into());
        if let Some(total) = self.total {
            put("totalResults", total.into());
        }
        match self.paging {
            Paging::Index { start, .. } => put("startIndex", (*start).into()),
            Paging::Cursor { .. } => {
                if let Some(next) = self.next {
                    put("nextCursor", next.into());
                }
            }
        }
        put(RESOURCES, json!([]));
        list
    }
}
