//! The common credential file, from outside: every promise of `docs/credential-file.md`.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod bytes;
mod corpus;
mod creation;
mod files;
mod format;
mod key_stores;
mod model;
mod newer;
mod passphrase;
mod refresh;
mod scratch;
mod sealing;
mod sign_out;
mod unknown_fields;
mod unsettled;
mod watch;
