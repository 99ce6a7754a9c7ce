//! `ListAccountRoles` of the access portal: the roles that the person has in an account.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::bearer;
use super::exception::{self, Exception, Kind};
use super::paging::{Page, query};
use crate::account::is_account_id;
use crate::center::Center;
use crate::oidc::parameters::Parameters;

/// `GET /assignment/roles`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(asked): RawQuery,
) -> Result<Response, Exception> {
    let session = bearer::with_accounts(&center, &headers).await?;
    let parameters = query(asked.as_deref())?;
    let page = Page::of(&parameters)?;
    let account = account(&parameters)?;
    let found = center
        .store
        .roles_of(session.user, account, &page.after, page.fetched());
    let mut roles = found.await?;
    if roles.is_empty() && page.after.is_empty() {
        return Err(no_access());
    }
    let next = page.cut(&mut roles, |role| role);
    let roles: Vec<Value> = roles
        .iter()
        .map(|role| json!({ "roleName": role, "accountId": account }))
        .collect();
    Ok(exception::answer(
        &json!({ "roleList": roles, "nextToken": next }),
    ))
}

/// The account that is meant.
pub(super) fn account(parameters: &Parameters) -> Result<&str, Exception> {
    parameters
        .get("account_id")
        .filter(|id| is_account_id(id))
        .ok_or_else(|| Exception::new(Kind::PortalRequest, "account_id must be twelve digits"))
}

/// The same whether there is no such account, no such role, or the person may not take it.
pub(super) fn no_access() -> Exception {
    Exception::new(Kind::Forbidden, "No access")
}
