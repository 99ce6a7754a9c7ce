//! The common credential file: its format, sealing, keys, locks, single-flight refresh, watching.
//!
//! Owns every byte under `$KIRO_HOME` that is written by name; `docs/credential-file.md` says the
//! same in words for other programs. It is synchronous and knows neither OAuth nor the network:
//! what a token request is, the caller brings to [`Store::refresh`].
//!
//! ```no_run
//! use kiro_credentials::{Home, Keys, ProfileName, Store};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = Home::from_env()?;
//! let keys = Keys::new(&home);
//! let store = Store::new(home, keys, "example/1.0");
//! if let Some(session) = store.session(&ProfileName::default())? {
//!     let _subject = session.public.subject;
//! }
//! # Ok(()) }
//! ```

mod canonical;
mod crash;
mod document;
pub mod file;
mod home;
mod key;
mod lock;
mod profile;
mod quarantine;
mod refresh;
mod seal;
mod session;
mod snapshot;
mod store;
mod watch;

pub use crash::leave_no_core;
pub use document::KeyEntry;
pub use file::{Exposure, FileError, create_new, read_private, remove, replace};
pub use home::{Home, HomeError};
pub use key::{
    Cost, Kdf, Key, KeyError, KeyId, KeySource, KeyStore, Keys, OsKeyring, Passphrase,
    PlaintextFile,
};
pub use lock::FileLock;
pub use profile::{BadProfileName, ProfileName};
pub use refresh::{
    Clock, Fresh, RefreshError, RefreshRecord, RefreshWhen, Refusal, RefusalKind, Renewal,
    SystemClock,
};
pub use seal::SealedBlob;
pub use session::{CLEARLY_FRESH, NewPublic, Public, Session, Tokens};
pub use snapshot::{Recovered, Snapshot, Stored};
pub use store::{Store, StoreError};
pub use watch::Watch;
