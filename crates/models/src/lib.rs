//! Which model may be used where, by whom, and why not.
//!
//! This crate owns the catalogue (data), residency, and one decision, [`decide`]: a function of its arguments, without I/O.
//! It does not own where those come from (`kiro-sign-in` reads sessions, organisations and the administrator's catalogue)
//! nor any sentence that a person reads.
//!
//! ```
//! use kiro_models::{Account, Catalogue, Method, Policy, Role, decide};
//!
//! let account = Account::of(Method::Okta);
//! let role = Role { account: "111122223333".to_owned(), name: "Kiro".to_owned() };
//! let policy = Policy { role: Some(role), ..Policy::default() };
//! let endpoint = decide(&account, &policy, &Catalogue::built_in(), "opus-4.6", &"us-east-1".parse()?);
//! assert_eq!(endpoint.unwrap().identifier, "us.anthropic.claude-opus-4-6-v1");
//! # Ok::<(), kiro_models::BadRegion>(())
//! ```

mod account;
mod catalogue;
mod decision;
mod policy;
mod reason;
mod region;
mod residency;

pub use account::{Account, Method, Plan};
pub use catalogue::{BadCatalogue, Catalogue, Model, Offer, Status, is_model_id};
pub use decision::{Endpoint, Standing, all, decide, model, region};
pub use policy::{Policy, Role};
pub use reason::{Reason, Who, Why};
pub use region::{BadRegion, Region};
pub use residency::Residency;
