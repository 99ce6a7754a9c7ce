//! Set-up links: by one, a person sets their own password (and then enrols a second factor). Nobody else ever knows it.
//!
//! The first owner of an organisation has one from `kiro-identity-center init`; everybody else from an administrator.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::center::Settings;
use crate::id::UserId;
use crate::secret::{Digest, issue};
use crate::store::{Store, StoreError};

/// An owner's is good for so long: it is printed where it is used.
pub const OWNER_LIFETIME: SignedDuration = SignedDuration::from_mins(30);
/// A person's: it is sent to them.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(72);

/// A link as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    /// What the link is compared with.
    pub digest: Digest,
    /// Whose people it makes.
    pub organization: String,
    /// Who sets themselves up. Without: whoever opens it becomes an owner under a name of their choice.
    pub user: Option<UserId>,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Makes a link for this person, in place of any before, or for an owner to be.
///
/// # Errors
/// The store's.
pub async fn offer(
    store: &Store,
    settings: &Settings,
    organization: &str,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<(SecretString, Timestamp), StoreError> {
    let (token, digest) = issue();
    let lifetime = match user {
        Some(_) => LIFETIME,
        None => OWNER_LIFETIME,
    };
    let link = SetupLink {
        digest,
        organization: organization.to_owned(),
        user,
        expires_at: now + lifetime,
    };
    let expires_at = link.expires_at;
    store.offer_setup(link, now).await?;
    let address = settings.at(&format!("/setup/{}", token.expose_secret()));
    Ok((SecretString::from(address), expires_at))
}
