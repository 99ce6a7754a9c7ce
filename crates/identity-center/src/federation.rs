//! Federation: an organisation's people sign in at its own identity provider (Okta, Entra ID, any OpenID Provider), where this service
//! is itself a relying party.
//!
//! ```text
//! connect     an administrator connects a provider: discovery first, inactive until it is activated
//! begin       the browser goes there: code flow, PKCE, state, nonce, and what the application asked for (step-up)
//! complete    it comes back: code redeemed, ID token verified ─► identity + authentication
//! saml        the same by SAML 2.0
//! trial       an administrator does both before people are sent there
//! identity    whose it is: the link, else the provider's own id, else the user name; never an e-mail address (store: links)
//! ```
//!
//! What is known of providers ([`providers`]) is a cache: another instance that lacks it asks again. The pages are `pages::upstream`.

mod begin;
mod complete;
mod connect;
mod connection;
mod fault;
mod identity;
pub mod providers;
pub mod saml;
pub mod trial;

pub use begin::begin;
pub(crate) use begin::{expected, named};
pub(crate) use complete::belongs;
pub use complete::{Proof, complete};
pub use connect::{Connect, ConnectError, connect, entra_issuer};
pub use connection::{Connection, ConnectionRefusal, Details, Kind};
pub use fault::Fault;
pub use identity::Identity;

/// Where an OpenID Provider sends the browser back to: each to an address of its own, so that one provider's answer is not taken for
/// another's (RFC 9700 §4.4.2.2).
#[must_use]
pub fn callback(organization: &str, connection: &str) -> String {
    format!("/federation/oidc/{organization}/{connection}/callback")
}
