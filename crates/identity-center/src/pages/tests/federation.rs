//! Signing in at npm's `oidc-provider`, which answers like Okta and like Entra ID (`tests/peers`).

mod connecting;
mod failures;
mod forged;
mod people;
mod provider;
mod step_up;
mod trial;
mod walk;

pub(crate) use provider::{AIKO, Provider, signed_in};
