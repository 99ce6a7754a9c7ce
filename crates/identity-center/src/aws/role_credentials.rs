//! `GetRoleCredentials` of the access portal: short-lived AWS keys for a role that the person has. They come from AWS's own STS, so
//! without it there are none: nothing is invented here.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::ExposeSecret;
use serde_json::json;

use super::bearer;
use super::exception::{self, Exception, Kind};
use super::paging::query;
use super::roles::{account, no_access};
use crate::account::is_role_name;
use crate::center::Center;
use crate::directory::User;
use crate::sts::{Sts, StsError, assume_role};

/// `GET /federation/credentials`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(asked): RawQuery,
) -> Result<Response, Exception> {
    let session = bearer::with_accounts(&center, &headers).await?;
    let parameters = query(asked.as_deref())?;
    let account = account(&parameters)?;
    let role = parameters
        .get("role_name")
        .filter(|name| is_role_name(name))
        .ok_or_else(|| Exception::new(Kind::PortalRequest, "role_name is not one"))?;
    let found = center.store.role_of(session.user, account, role).await?;
    let set = found.ok_or_else(no_access)?;
    let sts = center.settings.sts.as_ref().ok_or_else(|| {
        let why = "STS is not configured: this Identity Center gives no AWS credentials";
        Exception::new(Kind::PortalRequest, why)
    })?;
    let user = center
        .store
        .user(session.user)
        .await?
        .ok_or_else(no_access)?;
    stays(&center, sts, &user).await?;
    let given = assume_role(&center, sts, &user, account, &set).await;
    let given = given.map_err(|error| refusal(account, &set.name, &error))?;
    Ok(exception::answer(&json!({ "roleCredentials": {
        "accessKeyId": given.access_key_id,
        "secretAccessKey": given.secret_access_key.expose_secret(),
        "sessionToken": given.session_token.expose_secret(),
        "expiration": given.expires_at.as_millisecond(),
    } })))
}

/// What is told to STS of somebody stays where their organisation's data has to.
async fn stays(center: &Center, sts: &Sts, user: &User) -> Result<(), Exception> {
    let decided = center.store.inference(&user.organization).await?;
    let host = sts.endpoint.host_str().unwrap_or_default();
    if decided.keeps(host) {
        return Ok(());
    }
    tracing::warn!(
        host,
        "STS is outside of where the organisation's data has to stay"
    );
    let why = "STS is outside of where your organisation's data has to stay: this Identity Center gives no AWS credentials";
    Err(Exception::new(Kind::PortalRequest, why))
}

/// What the person reads; the administrator's log has the rest.
fn refusal(account: &str, role: &str, error: &StsError) -> Exception {
    tracing::warn!(account, role, %error, "STS gave no credentials");
    match error {
        StsError::Refused { code } => {
            let why = format!("AWS STS does not give this role to this Identity Center ({code})");
            Exception::new(Kind::Forbidden, why)
        }
        StsError::NoToken(_)
        | StsError::Http(_)
        | StsError::Temporary { .. }
        | StsError::Malformed => {
            let why = "AWS STS gives no credentials now: try again later";
            Exception::new(Kind::InternalServer, why)
        }
    }
}
