//! The token cache of AWS's own tools, `~/.aws/sso/cache`: written only when asked for, without a refresh token.
//!
//! `aws sso logout` deletes what stands there and ends it at AWS, so nothing of ours lives there. What was written is noted
//! in `aws-tokens.json`, by the SHA-256 of its content: signing out removes that, and nothing that an AWS tool has put in
//! its place.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use jiff::Timestamp;
use kiro_credentials::{FileError, FileLock, ProfileName, file};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::role_credentials::{identity_center, session};
use crate::session::file_failure;
use crate::{Context, Failure};

const LIMIT: usize = 64 * 1024;
/// Longer than anybody takes to write two small files.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file that stands in AWS's cache, for all we know.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Exported {
    profile: ProfileName,
    path: PathBuf,
    /// Of its content, in hexadecimal digits.
    sha256: String,
}

/// What was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AwsToken {
    /// The file.
    pub path: PathBuf,
    /// The token's end: AWS tools cannot renew it.
    pub expires_at: Timestamp,
}

/// Writes the access token to AWS's cache below `home`, where a profile with this `sso_session` finds it; without one, a
/// profile with the `sso_start_url` of the session.
///
/// # Errors
/// `not_identity_center`, `could_not_save`, and those of [`crate::access_token`].
pub async fn write_aws_token(
    context: &Context,
    named: Option<&ProfileName>,
    sso_session: Option<&str>,
    home: &Path,
) -> Result<AwsToken, Failure> {
    let (profile, _) = identity_center(context, named)?;
    let session = session(context, &profile).await?;
    let public = &session.public;
    let folder = home.join(".aws/sso/cache");
    let path = folder.join(name(sso_session.unwrap_or(&public.issuer)));
    let expires_at = public.expires_at;
    let token = json!({
        "startUrl": public.issuer, "region": public.region,
        "accessToken": session.tokens.access.expose_secret(),
        "expiresAt": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let text = Zeroizing::new(token.to_string());
    let exported = Exported {
        profile,
        path: path.clone(),
        sha256: hex(&Sha256::digest(text.as_bytes())),
    };
    make(&folder)
        .map_err(|error| FileError::from_io(&folder, error))
        .and_then(|()| write(context, exported, text.as_bytes()))
        .map_err(|error| file_failure(context, &error))?;
    Ok(AwsToken { path, expires_at })
}

/// Notes the file down, then writes it: whoever is killed in between leaves a note of nothing, never a token unnoted.
fn write(context: &Context, exported: Exported, text: &[u8]) -> Result<(), FileError> {
    let _lock = lock(context)?;
    let mut noted = noted(context);
    noted.push(exported.clone());
    note(context, &noted)?;
    file::replace(&exported.path, text)?;
    noted.retain(|other| other.path != exported.path || *other == exported);
    noted.dedup();
    note(context, &noted)
}

/// Removes what was written for this profile, or for any: part of signing out.
pub(crate) fn forget(context: &Context, profile: Option<&ProfileName>) {
    if !record(context).exists() {
        return;
    }
    let forgotten = lock(context).and_then(|_lock| {
        let (gone, mut kept): (Vec<_>, Vec<_>) = noted(context)
            .into_iter()
            .partition(|exported| profile.is_none_or(|profile| exported.profile == *profile));
        for exported in gone {
            if is_ours(&exported)
                && let Err(error) = file::remove(&exported.path)
            {
                tracing::warn!(%error, "an access token stays in the cache of AWS's tools");
                kept.push(exported);
            }
        }
        note(context, &kept)
    });
    if let Err(error) = forgotten {
        tracing::warn!(%error, "what stands in the cache of AWS's tools could not be looked at");
    }
}

/// Whether the file holds what we wrote, whoever may read it by now.
fn is_ours(exported: &Exported) -> bool {
    let small = std::fs::symlink_metadata(&exported.path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LIMIT as u64);
    let bytes = small.then(|| std::fs::read(&exported.path).map(Zeroizing::new));
    matches!(bytes, Some(Ok(bytes)) if hex(&Sha256::digest(&bytes)) == exported.sha256)
}

fn record(context: &Context) -> PathBuf {
    context.home().root().join("aws-tokens.json")
}

fn lock(context: &Context) -> Result<FileLock, FileError> {
    context.home().ensure()?;
    FileLock::acquire(&context.home().locks().join(".aws-tokens"), PATIENCE)
}

fn noted(context: &Context) -> Vec<Exported> {
    let bytes = file::read_private(&record(context), LIMIT).ok().flatten();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn note(context: &Context, exported: &[Exported]) -> Result<(), FileError> {
    let path = record(context);
    if exported.is_empty() {
        return file::remove(&path).map(drop);
    }
    let bytes = serde_json::to_vec(exported).unwrap_or_default();
    file::replace(&path, &bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of the file that AWS's tools look for: the hex SHA-1 of the session's name or of the start URL.
fn name(key: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    format!("{}.json", hex(digest.as_ref()))
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_is_named_as_aws_tools_name_it() {
        assert_eq!(
            super::name("https://acme.awsapps.com/start"),
            "40169cea58ca6cbf23fb27b2542923fb5f524af0.json"
        );
    }
}
