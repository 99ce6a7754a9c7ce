//! What Okta, Entra ID and AWS's clients send, what the RFCs say, and what strangers might try.
#![expect(clippy::unwrap_used, reason = "tests")]

mod aws;
mod body;
mod bulk;
mod corpus;
mod dear;
mod entra;
mod filter;
mod given;
mod lower;
mod okta;
mod oracle;
mod page;
mod patch;
mod patch_refused;
mod path;
mod projection;
mod schema;
