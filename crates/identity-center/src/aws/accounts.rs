//! `ListAccounts` of the access portal: the accounts in which the person has a role.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::bearer;
use super::exception::{self, Exception};
use super::paging::{Page, query};
use crate::center::Center;

/// `GET /assignment/accounts`
pub(super) async fn get(
    State(center): State<Arc<Center>>,
    headers: HeaderMap,
    RawQuery(asked): RawQuery,
) -> Result<Response, Exception> {
    let session = bearer::with_accounts(&center, &headers).await?;
    let page = Page::of(&query(asked.as_deref())?)?;
    let found = center
        .store
        .accounts_of(session.user, &page.after, page.fetched());
    let mut accounts = found.await?;
    let next = page.cut(&mut accounts, |account| &account.id);
    Ok(exception::answer(
        &json!({ "accountList": accounts, "nextToken": next }),
    ))
}
