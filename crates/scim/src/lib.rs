//! SCIM 2.0 (RFC 7642, 7643, 7644, 9865): its words, and what is decided by them. No I/O, no clock, no store.
//!
//! A request's way, each step one call:
//!
//! ```text
//! body ─► Received::read ─► create ──────────────────┐
//!                        └► replace(stored) ─────────┼─► Change {resource, changed, members} ─► user_columns, group_columns ─► rows
//! body ─► Patch::read ──► apply(stored) ─────────────┘              ▲                                                            │
//!                                                                   └────────── Resource::from_user, from_group ◄────────────────┤
//! query ─► Query::of_pairs ─► bound ─► lower ─► rows ─► matches, where not exact ─► answer ◄─────────────────────────────────────┘
//! ```
//!
//! ```
//! use kiro_scim::{Limits, Manner, Patch, Received, Resource, USER};
//! let (manner, limits) = (Manner::Rfc, Limits::default());
//! let body = br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "aiko@acme.example"}"#;
//! let made = Received::read(body, &USER, manner, &limits)?.create()?;
//! let row = made.resource.user_columns(); // to the store, and back
//!
//! let body = br#"{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "aiko@acme.example"}]}"#;
//! let change = Patch::read(body, &USER, manner, &limits)?.apply(&Resource::from_user(row))?;
//! assert!(change.changed);
//! assert_eq!(change.resource.user_columns().email.as_deref(), Some("aiko@acme.example"));
//! # Ok::<(), kiro_scim::Refusal>(())
//! ```
//!
//! Whatever a stranger sends is refused with a sentence ([`Refusal`]) or understood; nothing here panics, and nothing recurses deeper
//! than the limits that the caller gives (THREATS.md T22). [`Manner`] says in which of two manners a connection speaks.

mod bulk;
mod error;
mod etag;
mod filter;
mod fold;
pub mod json;
mod manner;
mod page;
mod patch;
mod path;
mod patience;
mod projection;
mod query;
mod resource;
pub mod schema;

pub use bulk::{Bulk, BulkMethod, BulkOperation, BulkOutcome, Tally, bulk_response};
pub use error::{Refusal, ScimType};
pub use etag::{EntityTag, Expected};
pub use filter::{
    Bound, Column, Comparison, Condition, DEEPEST, Datum, Filter, FilterFault, LONGEST, Lowered,
    Relation, Unknown,
};
pub use fold::fold;
pub use manner::{Limits, Manner};
pub use page::{Page, PageLimits, Paging, RESOURCES};
pub use patch::{Members, Patch};
pub use path::{AttributePath, Path};
pub use patience::Patience;
pub use projection::Projection;
pub use query::{Query, SortKey, SortValue};
pub use resource::{
    Change, Facts, GroupColumns, Received, Reference, Resource, UserColumns, answer, present,
};
pub use schema::{GROUP, ResourceType, USER};
