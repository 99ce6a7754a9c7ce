//! The token cache of AWS's own tools, `~/.aws/sso/cache`: written only when asked for, never read, without a refresh token.
//!
//! `aws sso logout` deletes what stands there and ends it at AWS, so nothing of ours lives there.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use jiff::Timestamp;
use kiro_credentials::{FileError, ProfileName, file};
use secrecy::ExposeSecret;
use serde_json::json;
use zeroize::Zeroizing;

use crate::role_credentials::{identity_center, session};
use crate::session::file_failure;
use crate::{Context, Failure};

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
    make(&folder)
        .map_err(|error| FileError::from_io(&folder, error))
        .and_then(|()| file::replace(&path, text.as_bytes()))
        .map_err(|error| file_failure(context, &error))?;
    Ok(AwsToken { path, expires_at })
}

/// The name of the file that AWS's tools look for: the hex SHA-1 of the session's name or of the start URL.
fn name(key: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let hex: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{hex}.json")
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
