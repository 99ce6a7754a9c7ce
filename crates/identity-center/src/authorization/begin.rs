//! The beginning of a sign-in: it is kept, the browser gets what it proves itself by, and goes to the first page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;

use super::{Authorization, LIFETIME, Progress, Request};
use crate::center::Center;
use crate::id::AuthorizationId;
use crate::secret::issue;
use crate::store::StoreError;

/// Begins the sign-in that was asked for, and sends the browser to its pages.
///
/// # Errors
/// The store's.
pub async fn begin(center: &Center, request: Request) -> Result<Response, StoreError> {
    let (cookie, digest) = issue();
    let authorization = Authorization {
        id: AuthorizationId::random(),
        cookie: digest,
        request,
        progress: Progress::Name,
        version: 0,
        expires_at: center.now() + LIFETIME,
    };
    let id = authorization.id;
    center.store.begin_authorization(authorization).await?;
    let (prefix, secure) = match center.settings.url.scheme() {
        "https" => ("__Host-", "; Secure"),
        _ => ("", ""),
    };
    let cookie = format!(
        "{prefix}kiro-sign-in={}; HttpOnly; SameSite=Lax; Path=/; Max-Age={}{secure}",
        cookie.expose_secret(),
        LIFETIME.as_secs()
    );
    let mut response = StatusCode::FOUND.into_response();
    for (name, value) in [
        (
            header::LOCATION,
            center.settings.at(&format!("/sign-in/{id}")),
        ),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
