//! The beginning of a sign-in: it is kept, the browser gets what it proves itself by, and goes to the first page.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;

use super::{Authorization, LIFETIME, Progress, Request};
use crate::center::Center;
use crate::cookie::{self, Cookie};
use crate::id::AuthorizationId;
use crate::secret::issue;
use crate::store::StoreError;

/// Begins the sign-in that was asked for, and sends the browser, which sent these headers, to its pages.
///
/// # Errors
/// The store's.
pub async fn begin(
    center: &Center,
    headers: &HeaderMap,
    request: Request,
) -> Result<Response, StoreError> {
    begin_at(center, headers, request, |_| Progress::Name, "").await
}

/// The same for a sign-in that has come so far already: something was proved another way. `step` is what follows its page's address.
///
/// # Errors
/// The store's.
pub async fn begin_at(
    center: &Center,
    headers: &HeaderMap,
    request: Request,
    progress: impl FnOnce(AuthorizationId) -> Progress,
    step: &str,
) -> Result<Response, StoreError> {
    let (cookie, digest) = issue();
    let id = AuthorizationId::random();
    let authorization = Authorization {
        id,
        cookie: digest,
        request,
        progress: progress(id),
        version: 0,
        expires_at: center.now() + LIFETIME,
    };
    center.store.begin_authorization(authorization).await?;
    let cookie = Cookie::SignIn(id).set(&center.settings, cookie.expose_secret(), LIFETIME);
    let room: Vec<HeaderValue> = cookie::room(&center.settings, headers).collect();
    let mut response = StatusCode::FOUND.into_response();
    let headers = response.headers_mut();
    let location = HeaderValue::try_from(center.settings.at(&format!("/sign-in/{id}{step}")));
    headers.extend(location.ok().map(|location| (header::LOCATION, location)));
    let cookies = room.into_iter().chain(cookie);
    headers.extend(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
