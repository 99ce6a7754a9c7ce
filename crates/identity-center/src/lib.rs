//! Identity Center: the sign-in service that an organisation runs itself, and that the desktop app, the `kiro` command and
//! unmodified AWS clients sign in through.
//!
//! It issues; it shares nothing with the client's side but HTTP (where it signs people in through Okta or Entra ID it is itself
//! a relying party, and uses `kiro-relying-party` for that). The way of one sign-in:
//!
//! ```text
//! /authorize (aws or oidc) ─► authorization begun ─► pages: who? ─► password + TOTP, or Okta / Entra ID ─► consent
//!       ─► code ─► /token: code redeemed ─► session ─► access token, refresh token (, ID token)
//! ```
//!
//! What is decided (may this code be redeemed, this token be rotated?) is a function of a row, a request and the time; the store
//! calls it inside one transaction ([`store`]). No process holds anything whose loss changes an answer.

pub mod account;
pub mod admin;
pub mod administrator;
pub mod apart;
pub mod audit;
pub mod authorization;
pub mod aws;
pub mod back_up;
pub mod center;
pub mod claims;
pub mod client;
pub mod clock;
pub mod command;
pub mod configuration;
pub mod cookie;
pub mod demonstration;
pub mod device;
pub mod directory;
pub mod federation;
pub mod figures;
pub mod folder;
pub mod health;
pub mod id;
pub mod inference;
pub mod jws;
pub mod lockout;
pub mod master_key;
pub mod networks;
pub mod oidc;
pub mod outgoing;
pub mod pages;
pub mod password;
pub mod plan;
mod private;
pub mod provisioning;
pub mod redirect;
pub mod scim;
pub mod sealing;
pub mod secret;
pub mod serve;
pub mod session;
pub mod setup;
pub mod signing;
pub mod start_url;
pub mod store;
pub mod sts;
pub mod token;
pub mod totp;
