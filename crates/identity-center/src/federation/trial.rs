//! A test sign-in: before people are sent to a provider, an administrator signs in there. Whoever comes back is looked for in the
//! directory, shown, and not signed in here.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::center::Center;
use crate::id::ConnectionId;
use crate::secret::{Digest, issue};
use crate::store::StoreError;

/// A link is good for so long.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// A test sign-in as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What the link is compared with.
    pub digest: Digest,
    /// Of which connection.
    pub connection: ConnectionId,
    /// What came of it; a link is good until something did.
    pub outcome: Option<Outcome>,
    /// The link's end.
    pub expires_at: Timestamp,
}

/// Who came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the provider calls them.
    pub shown: String,
    /// What provisioning would know them by.
    pub external_id: String,
    /// The user name of the person they would be here; nobody yet, where there is none.
    pub user_name: Option<String>,
}

/// A link to a test sign-in of this connection, active or not. Whoever opens it learns who they are at the provider, and nothing else.
///
/// # Errors
/// The store's.
pub async fn offer(center: &Center, connection: ConnectionId) -> Result<SecretString, StoreError> {
    let (token, digest) = issue();
    let trial = Trial {
        digest,
        connection,
        outcome: None,
        expires_at: center.now() + LIFETIME,
    };
    center.store.offer_trial(trial, center.now()).await?;
    let address = center
        .settings
        .at(&format!("/test/{}", token.expose_secret()));
    Ok(SecretString::from(address))
}
