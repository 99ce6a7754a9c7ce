//! The beginning of a device's sign-in: its code is kept, and it gets what it asks with and what it shows.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::ConnectInfo;
use secrecy::SecretString;

use super::{INTERVAL, LIFETIME, UserCode};
use crate::center::Center;
use crate::client::Client;
use crate::secret::issue;
use crate::store::{DeviceCode, StoreError};

/// So often a user code is drawn anew when another device has it: of 20⁸ that is rare.
const DRAWS: usize = 4;

/// Where a request came from, if the server knows.
pub type From = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Keeps a code for a device of this application, whose people are this organisation's. Returns what the device asks with, and what the
/// person types.
///
/// # Errors
/// The store's.
pub async fn begin(
    center: &Center,
    client: &Client,
    organization: &str,
    scopes: Vec<String>,
    from: From,
) -> Result<(SecretString, UserCode), StoreError> {
    let now = center.now();
    let (secret, digest) = issue();
    let place = from.map(|Extension(ConnectInfo(from))| from.ip().to_string());
    let place = place.unwrap_or_default();
    for _ in 0..DRAWS {
        let user_code = UserCode::random();
        let device = DeviceCode {
            code: digest,
            user_code: user_code.digest(),
            client: client.id.clone(),
            organization: organization.to_owned(),
            scopes: scopes.clone(),
            place: place.clone(),
            created_at: now,
            expires_at: now + LIFETIME,
        };
        match center.store.keep_device_code(device, INTERVAL).await {
            Ok(()) => return Ok((secret, user_code)),
            Err(StoreError::Taken) => {}
            Err(error) => return Err(error),
        }
    }
    Err(StoreError::Taken)
}
