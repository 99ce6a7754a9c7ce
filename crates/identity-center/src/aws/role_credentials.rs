//! `GetRoleCredentials` of the access portal: short-lived AWS keys for a role that the person has. They come from AWS's own STS, so
//! without it there are none: nothing is invented here.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::bearer;
use super::exception::{Exception, Kind};
use super::paging::query;
use super::roles::{account, no_access};
use crate::account::is_role_name;
use crate::center::Center;

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
    let _role = found.ok_or_else(no_access)?;
    Err(Exception::new(
        Kind::PortalRequest,
        "STS is not configured: this Identity Center gives no AWS credentials",
    ))
}
