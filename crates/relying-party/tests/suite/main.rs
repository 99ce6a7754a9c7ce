//! The client's side of OAuth 2.0 and OpenID Connect against hostile and broken peers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod callback;
