//! Signing in with an organisation's identity provider, for the desktop app and the `kiro` command alike.
//!
//! This crate owns the organisations, the three providers, the flows, the sign-ins under way and the answer to
//! "who is signed in?". It does not own the credential file (`kiro-credentials`), protocol words
//! (`kiro-relying-party`), or any sentence a person reads: a shell turns a [`Failure`] into words.
//!
//! ```no_run
//! # async fn example() -> Result<(), kiro_sign_in::Failure> {
//! use kiro_sign_in::{Browser, Context, Organizations, Request, SystemBrowser, Via, begin};
//!
//! let context = Context::from_env("example/1.0")?;
//! let organizations = Organizations::load(&context)?;
//! let attempt = begin(&context, Request::new(organizations.choose(None, &context)?.clone(), Via::Loopback)).await?;
//! let _ = SystemBrowser.open(attempt.url());
//! let who = attempt.wait(&context).await?;
//! # let _ = who; Ok(()) }
//! ```

mod account;
mod attempt;
mod aws;
mod aws_token_cache;
mod browser;
mod context;
mod device;
mod discovered;
pub mod doctor;
mod end_session;
mod failure;
mod flow;
mod grounds;
mod health;
mod inference;
pub mod log;
mod loopback;
mod network;
mod organizations;
mod pending;
mod preferences;
mod provider;
mod receive;
mod role_credentials;
pub mod scheme;
mod session;
mod skew;
mod slot;
mod way_back;

pub use account::{Account, SignedIn, UnderWay, account, under_way};
pub use attempt::{Attempt, AttemptHandle, NotACallback};
pub use aws_token_cache::{AwsToken, write_aws_token};
pub use browser::{Browser, BrowserError, SystemBrowser};
pub use context::{AwsEndpoints, Context};
pub use device::{DeviceAttempt, DeviceHandle, begin_device};
pub use discovered::Discovered;
pub use end_session::end_session;
pub use failure::{Code, Detail, Facts, Failure};
pub use flow::{AccountChoice, Request, Via, begin};
pub use grounds::{Grounds, grounds};
pub use health::{Health, health};
pub use inference::{Answer, Asking, Begun, Piece, Question, Usage, ask, prepare};
pub use kiro_credentials::{Clock, KeySource, ProfileName, SystemClock};
pub use organizations::{
    Checked, Inference, Locks, Organization, Organizations, Provider, Settings, add, check, remove,
    set_default, use_last,
};
pub use pending::{AttemptId, Step};
pub use preferences::{Language, Preference, Preferences, prefer};
pub use receive::{Received, receive};
pub use role_credentials::{Role, RoleCredentials, role_credentials, roles};
pub use session::{
    AccessToken, FreshToken, Receipt, Revoked, access_token, fresh_token, refresh_if_due,
    renewed_token, sign_out, sign_out_all,
};
pub use slot::slot;
pub use way_back::way_back;
