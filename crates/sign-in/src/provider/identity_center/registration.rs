//! Client registrations (RFC 7591 in AWS's form): one a profile, sealed in `registrations/`, kept about 90 days.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{KeyError, ProfileName, SealedBlob, StoreError, file};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::flow::blocking;
use crate::{Code, Context, Failure};

const LIMIT: usize = 64 * 1024;
/// A registration this close to its end is not used for a new sign-in.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// A public client that Identity Center knows.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    pub(super) start_url: String,
    pub(super) region: String,
    pub(super) endpoint: Option<Url>,
    pub(super) profile: ProfileName,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) expires_at: Timestamp,
}

/// The public part of the file.
#[derive(Deserialize, Serialize)]
pub(super) struct Known {
    format: String,
    version: u32,
    start_url: String,
    region: String,
    endpoint: Option<Url>,
    profile: ProfileName,
    pub(super) client_id: String,
    expires_at: Timestamp,
    sealed: SealedBlob,
}

impl Known {
    fn read(bytes: &[u8]) -> Option<Known> {
        let known: Known = serde_json::from_slice(bytes).ok()?;
        (known.format == "kiro-registration" && known.version == 1).then_some(known)
    }

    fn open(self, context: &Context) -> Result<Registration, StoreError> {
        let plain = context
            .store
            .unseal(&purpose(&self.client_id), &self.sealed)?;
        Ok(Registration {
            client_secret: SecretString::from(String::from_utf8_lossy(&plain).into_owned()),
            start_url: self.start_url,
            region: self.region,
            endpoint: self.endpoint,
            profile: self.profile,
            client_id: self.client_id,
            expires_at: self.expires_at,
        })
    }

    /// Whether it may be used there, for this profile or for any.
    pub(super) fn serves(
        &self,
        start_url: &str,
        region: &str,
        endpoint: Option<&Url>,
        profile: Option<&ProfileName>,
        now: Timestamp,
    ) -> bool {
        self.start_url == start_url
            && self.region == region
            && self.endpoint.as_ref() == endpoint
            && profile.is_none_or(|profile| &self.profile == profile)
            && self.expires_at > now + MARGIN
    }
}

fn path(context: &Context, client_id: &str) -> PathBuf {
    let digest: String = Sha256::digest(client_id.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    context
        .home()
        .registrations()
        .join(format!("{digest}.json"))
}

fn purpose(client_id: &str) -> String {
    format!("registration {client_id}")
}

/// The newest registration that fits. What cannot be read or opened counts as none, a locked key excepted: registering again
/// costs nothing.
pub(super) async fn find(
    context: &Context,
    fits: impl Fn(&Known) -> bool,
) -> Result<Option<Registration>, Failure> {
    let entries = std::fs::read_dir(context.home().registrations());
    let known = entries
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| file::read_private(&entry.path(), LIMIT).ok().flatten())
        .filter_map(|bytes| Known::read(&bytes))
        .filter(fits)
        .max_by_key(|known| known.expires_at);
    let Some(known) = known else { return Ok(None) };
    blocking(context, move |context| match known.open(context) {
        Err(StoreError::Key { source, error }) if error != KeyError::Missing => {
            Err(StoreError::Key { source, error })
        }
        opened => Ok(opened.ok()),
    })
    .await
}

/// The registration of this client; `None` when it is gone, or its key is. A session lives and dies with it, so what this
/// computer cannot read at the moment is no end.
///
/// # Errors
/// Why there is no telling.
pub(super) async fn of(
    context: &Context,
    client_id: &str,
) -> Result<Option<Registration>, Failure> {
    let path = path(context, client_id);
    let damaged = |failure: Failure| {
        let mut failure = failure.error("edited"); // in the words for what a new sign-in mends
        failure.facts.path = Some(path.display().to_string());
        failure
    };
    let place = path.clone();
    let read = blocking(context, move |_| Ok(file::read_private(&place, LIMIT)?));
    let Some(bytes) = read.await? else {
        return Ok(None);
    };
    let known = Known::read(&bytes).filter(|known| known.client_id == client_id);
    let known = known.ok_or_else(|| damaged(context.failure(Code::FileDamaged)))?;
    let opened = blocking(context, move |context| match known.open(context) {
        Err(StoreError::Key {
            error: KeyError::Missing,
            ..
        }) => Ok(None),
        opened => opened.map(Some),
    });
    opened.await.map_err(|failure| {
        // The credential file names the key: where that is damaged, it is meant.
        let sealed = failure.detail.error.as_deref() == Some("edited");
        if sealed { damaged(failure) } else { failure }
    })
}

pub(super) async fn save(context: &Context, registration: &Registration) -> Result<(), Failure> {
    let registration = registration.clone();
    blocking(context, move |context| {
        let known = Known {
            format: "kiro-registration".to_owned(),
            version: 1,
            sealed: context.store.seal(
                &purpose(&registration.client_id),
                registration.client_secret.expose_secret().as_bytes(),
            )?,
            start_url: registration.start_url,
            region: registration.region,
            endpoint: registration.endpoint,
            profile: registration.profile,
            expires_at: registration.expires_at,
            client_id: registration.client_id,
        };
        context.home().ensure()?;
        file::replace(
            &path(context, &known.client_id),
            &serde_json::to_vec(&known).unwrap_or_default(),
        )?;
        Ok(())
    })
    .await
}

pub(super) fn remove(context: &Context, client_id: &str) {
    if let Err(error) = file::remove(&path(context, client_id)) {
        tracing::warn!(%error, "a client registration could not be removed");
    }
}

/// Removes every registration: part of signing everybody out, after which no key opens them.
pub(super) fn forget(context: &Context) {
    let entries = std::fs::read_dir(context.home().registrations());
    for entry in entries.into_iter().flatten().flatten() {
        if let Err(error) = file::remove(&entry.path()) {
            tracing::warn!(%error, "a client registration could not be removed");
        }
    }
}
