//! OpenID Connect Back-Channel Logout 1.0: an application that asked for it is told when a session of its own ends, whatever ended it.
//! The store keeps what is to be told, in the transaction that ends the session; [`send_due`] tells it, from any instance.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, header};
use jiff::{SignedDuration, Timestamp};
use kiro_relying_party::HttpClient;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::form_urlencoded;

use crate::center::Center;
use crate::id::{SessionId, UserId};
use crate::store::StoreError;

/// What is told at once.
pub const TOGETHER: u32 = 16;
/// So much of it is one application's at most: whoever keeps us waiting for each answer would hold up everybody's.
pub const EACH: u32 = 8;
/// What is told next waits so long for answers, and no longer; they may come later. A request ends by itself, so that few are under way.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many attempts, each twice as long after the last as that was after its own: an hour in all.
pub const ATTEMPTS: u32 = 8;
/// The first pause.
const PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// A logout token's life (§2.4).
const LIFETIME: SignedDuration = SignedDuration::from_mins(2);
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A session whose end its application is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub user: UserId,
    /// The application.
    pub client: String,
    /// How often it was tried before.
    pub attempts: u32,
}

/// When the attempt after `attempts` is due.
#[must_use]
pub fn next_attempt(attempts: u32, now: Timestamp) -> Timestamp {
    now + PAUSE * (1 << attempts.min(ATTEMPTS))
}

/// Tells what is due, and returns how many applications have heard it by the time that others need not wait any longer. Called every few
/// seconds by every instance.
///
/// # Errors
/// The store's. What an application answers is no error: it is tried again.
pub async fn send_due(
    center: &Arc<Center>,
    http: &Arc<dyn HttpClient>,
) -> Result<usize, StoreError> {
    let due = center.store.claim_logouts(TOGETHER, center.now()).await?;
    let mut running = JoinSet::new();
    for logout in due {
        let (center, http) = (Arc::clone(center), Arc::clone(http));
        running.spawn(async move { send(&center, http.as_ref(), &logout).await });
    }
    let mut heard = 0;
    let answers = async {
        while let Some(sent) = running.join_next().await {
            if matches!(sent, Ok(Ok(true))) {
                heard += 1;
            }
        }
    };
    if timeout(PATIENCE, answers).await.is_err() {
        running.detach_all();
    }
    Ok(heard)
}

async fn send(center: &Center, http: &dyn HttpClient, logout: &Logout) -> Result<bool, StoreError> {
    let client = center.store.client(&logout.client, center.now()).await?;
    let Some(uri) = client.and_then(|client| client.details.backchannel_logout_uri) else {
        center.store.logout_heard(logout.session).await?;
        return Ok(false);
    };
    let Some(token) = logout_token(center, logout) else {
        return Ok(false);
    };
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", &token)
        .finish();
    let request = Request::post(&uri)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into_bytes());
    let Ok(request) = request else {
        return Ok(false);
    };
    match http.send(request).await {
        Ok(answer) if answer.status().is_success() => {
            center.store.logout_heard(logout.session).await?;
            Ok(true)
        }
        Ok(answer) => {
            let (client, status) = (&logout.client, answer.status().as_u16());
            tracing::warn!(client, status, "a sign-out was not heard");
            Ok(false)
        }
        Err(error) => {
            tracing::warn!(client = logout.client, %error, "a sign-out was not heard");
            Ok(false)
        }
    }
}

/// §2.4: no nonce, so that it is never taken for an ID token.
fn logout_token(center: &Center, logout: &Logout) -> Option<String> {
    let now = center.now();
    let claims = json!({
        "iss": center.settings.issuer(),
        "aud": logout.client,
        "sub": logout.user,
        "sid": logout.session,
        "iat": now.as_second(),
        "exp": (now + LIFETIME).as_second(),
        "jti": SessionId::random(),
        "events": {EVENT: {}},
    });
    center.signing.ring().sign("logout+jwt", &claims).ok()
}
