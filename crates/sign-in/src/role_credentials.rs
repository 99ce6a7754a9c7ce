//! AWS credentials of a role, for AWS tools: asked of Identity Center, kept sealed until shortly before their end.
//!
//! `role-credentials/<hex SHA-256(profile, account, role)>.json` holds {whose, sealed}. Signing out removes a profile's.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use kiro_credentials::{
    ProfileName, Public, RefreshWhen, RefusalKind, SealedBlob, Session, StoreError, file,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::flow::blocking;
use crate::organizations::Provider;
use crate::session::{access_token, held, refresh};
use crate::{Code, Context, Failure, provider};

/// AWS tools ask again this long before the end (botocore the earliest): with less left, new ones are asked for.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);
const LIMIT: usize = 64 * 1024;
const FORMAT: &str = "kiro-role-credentials";

/// A role in an AWS account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Role {
    /// The account's twelve digits.
    pub account: String,
    /// The role's name in the access portal.
    pub name: String,
}

/// Short-lived AWS credentials.
#[derive(Clone, Debug)]
pub struct RoleCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: SecretString,
    /// The session token.
    pub session_token: SecretString,
    /// When they end.
    pub expires_at: Timestamp,
}

/// The file. What is public of it names no secret and no person.
#[derive(Deserialize, Serialize)]
struct Kept {
    format: String,
    version: u32,
    profile: ProfileName,
    /// The sign-in they belong to: another sign-in's are not used.
    signed_in_at: Timestamp,
    expires_at: Timestamp,
    sealed: SealedBlob,
}

#[derive(Deserialize, Serialize)]
struct Plain {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Zeroizing<String>,
}

/// Credentials of this role that are good for a quarter of an hour or more, where Identity Center can be reached.
///
/// # Errors
/// `not_signed_in`, `not_identity_center`, `not_assigned` and `client_setup` with the role as their subject, and those of
/// [`access_token`].
pub async fn role_credentials(
    context: &Context,
    named: Option<&ProfileName>,
    role: &Role,
) -> Result<RoleCredentials, Failure> {
    let (profile, public) = identity_center(context, named)?;
    let fetched = async {
        let session = session(context, &profile).await?;
        asked(context, &profile, session, role).await
    };
    kept_or(context, &profile, &public, role, fetched).await
}

/// Credentials of the access portal. Where its word is that the session is over, one renewal is tried, and only that ends it.
pub(crate) async fn asked(
    context: &Context,
    profile: &ProfileName,
    session: Session,
    role: &Role,
) -> Result<RoleCredentials, Failure> {
    let portal = provider::portal(context, &session.public)?;
    match portal.role_credentials(&session.tokens.access, role).await {
        Err(failure) if failure.code == Code::SessionEnded => {
            let when = RefreshWhen::Revision(session.public.revision);
            let renewed = refresh(context, profile, when).await?.session;
            portal.role_credentials(&renewed.tokens.access, role).await
        }
        given => given,
    }
}

/// What is kept of this role if it is good for a quarter of an hour or more, else what is fetched, which is kept then. What
/// is kept serves to its end where nothing can be fetched for a passing reason, and not at all once the session is over.
pub(crate) async fn kept_or(
    context: &Context,
    profile: &ProfileName,
    public: &Public,
    role: &Role,
    fetched: impl Future<Output = Result<RoleCredentials, Failure>>,
) -> Result<RoleCredentials, Failure> {
    let place = Place::of(context, profile, role, public);
    let mut kept = place.clone().read(context).await?;
    let now = context.now();
    if over(context, profile, public) {
        kept = None;
    }
    if let Some(kept) = kept.as_ref().filter(|kept| kept.expires_at > now + MARGIN) {
        return Ok(kept.clone());
    }
    match fetched.await {
        Ok(fresh) => {
            place.write(context, fresh.clone()).await;
            Ok(fresh)
        }
        Err(failure) if passing(&failure) => {
            kept.filter(|kept| kept.expires_at > now).ok_or(failure)
        }
        Err(failure) => Err(failure),
    }
}

/// Whether the provider has ended the session: what is kept of it serves nobody.
fn over(context: &Context, profile: &ProfileName, public: &Public) -> bool {
    let record = context.store.refresh_record(profile).ok().flatten();
    let of_this = record.filter(|record| record.revision == public.revision);
    let refusal = of_this.and_then(|record| record.refusal);
    refusal.is_some_and(|refusal| refusal.kind == RefusalKind::Ended)
}

/// Whether nobody could be asked now, and what is kept serves meanwhile.
pub(crate) fn passing(failure: &Failure) -> bool {
    matches!(failure.code, Code::Unreachable | Code::ServerError)
}

/// Forgets what is kept of this role: AWS does not take it any more.
pub(crate) fn forget(context: &Context, profile: &ProfileName, public: &Public, role: &Role) {
    if let Err(error) = file::remove(&Place::of(context, profile, role, public).path) {
        tracing::warn!(%error, "role credentials could not be removed");
    }
}

/// Every role of every account that the person may use.
///
/// # Errors
/// As [`role_credentials`].
pub async fn roles(context: &Context, named: Option<&ProfileName>) -> Result<Vec<Role>, Failure> {
    let (profile, _) = identity_center(context, named)?;
    let session = session(context, &profile).await?;
    let portal = provider::portal(context, &session.public)?;
    portal.roles(&session.tokens.access).await
}

/// The session, renewed when due; its public part is authenticated.
pub(crate) async fn session(context: &Context, profile: &ProfileName) -> Result<Session, Failure> {
    access_token(context, Some(profile)).await?;
    let slot = profile.clone();
    let session = blocking(context, move |context| context.store.session(&slot)).await?;
    session.ok_or_else(|| context.failure(Code::NotSignedIn))
}

/// The profile and its session, which must be Identity Center's.
pub(crate) fn identity_center(
    context: &Context,
    named: Option<&ProfileName>,
) -> Result<(ProfileName, Public), Failure> {
    let (profile, public, _) = held(context, named)?;
    if Provider::parse(&public.provider) != Some(Provider::IdentityCenter) {
        return Err(context
            .failure(Code::NotIdentityCenter)
            .about(profile.to_string()));
    }
    Ok((profile, public))
}

/// Forgets what is kept for this profile, or for any: part of signing out.
pub(crate) fn forget_kept(context: &Context, profile: Option<&ProfileName>) {
    let entries = std::fs::read_dir(context.home().role_credentials());
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        let others = file::read_private(&path, LIMIT)
            .ok()
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok())
            .is_some_and(|kept| profile.is_some_and(|profile| &kept.profile != profile));
        if !others && let Err(error) = file::remove(&path) {
            tracing::warn!(%error, "role credentials could not be removed");
        }
    }
}

/// Where a role's credentials are kept, and for which sign-in.
#[derive(Clone)]
struct Place {
    path: PathBuf,
    purpose: String,
    profile: ProfileName,
    signed_in_at: Timestamp,
}

impl Place {
    fn of(context: &Context, profile: &ProfileName, role: &Role, public: &Public) -> Place {
        let purpose = format!("role-credentials {profile} {} {}", role.account, role.name);
        let digest: String = Sha256::digest(purpose.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Place {
            path: context
                .home()
                .role_credentials()
                .join(format!("{digest}.json")),
            purpose,
            profile: profile.clone(),
            signed_in_at: public.signed_in_at,
        }
    }

    /// What is kept for this very sign-in; what cannot be opened counts as nothing, a locked key does not.
    async fn read(self, context: &Context) -> Result<Option<RoleCredentials>, Failure> {
        let kept = file::read_private(&self.path, LIMIT)
            .ok()
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok())
            .filter(|kept| {
                kept.format == FORMAT && kept.version == 1 && kept.signed_in_at == self.signed_in_at
            });
        let Some(kept) = kept else { return Ok(None) };
        let unsealed = blocking(context, move |context| {
            match context.store.unseal(&self.purpose, &kept.sealed) {
                Err(StoreError::Tampered { .. }) => Ok(None),
                other => other.map(|plain| Some((plain, kept.expires_at))),
            }
        });
        Ok(unsealed.await?.and_then(|(plain, expires_at)| {
            let plain: Plain = serde_json::from_slice(&plain).ok()?;
            Some(RoleCredentials {
                access_key_id: plain.access_key_id,
                secret_access_key: SecretString::from(plain.secret_access_key.as_str()),
                session_token: SecretString::from(plain.session_token.as_str()),
                expires_at,
            })
        }))
    }

    /// Keeps them, best effort: without, the next call asks again.
    async fn write(self, context: &Context, fresh: RoleCredentials) {
        let written = blocking(context, move |context| {
            let secret = |secret: &SecretString| Zeroizing::new(secret.expose_secret().to_owned());
            let plain = Plain {
                access_key_id: fresh.access_key_id,
                secret_access_key: secret(&fresh.secret_access_key),
                session_token: secret(&fresh.session_token),
            };
            let bytes = Zeroizing::new(serde_json::to_vec(&plain).unwrap_or_default());
            let kept = Kept {
                format: FORMAT.to_owned(),
                version: 1,
                profile: self.profile,
                signed_in_at: self.signed_in_at,
                expires_at: fresh.expires_at,
                sealed: context.store.seal(&self.purpose, &bytes)?,
            };
            context.home().ensure_role_credentials()?;
            file::replace(&self.path, &serde_json::to_vec(&kept).unwrap_or_default())?;
            Ok(())
        });
        if let Err(failure) = written.await {
            tracing::warn!(code = ?failure.code, "role credentials could not be kept");
        }
    }
}
