//! The client's side of OAuth 2.0 and OpenID Connect against hostile and broken peers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod authorize;
mod callback;
mod corpus;
mod device;
mod discovery;
mod id_token;
mod jwks;
mod peer;
mod pieces;
mod signer;
mod tls;
mod token;
mod web_client;
