//! What requests to others' servers go through: made when the first one is, since reading the computer's certificates takes a while.

use std::sync::Arc;

use kiro_relying_party::{HttpClient, HttpError, HttpSettings, WebClient};
use tokio::sync::OnceCell;

/// The one client of an instance.
#[derive(Default)]
pub struct Outgoing {
    made: OnceCell<Arc<dyn HttpClient>>,
}

impl Outgoing {
    /// The client.
    ///
    /// # Errors
    /// What [`WebClient::new`] says; it is tried again the next time.
    pub async fn client(&self) -> Result<Arc<dyn HttpClient>, HttpError> {
        let made = self.made.get_or_try_init(make).await?;
        Ok(Arc::clone(made))
    }
}

async fn make() -> Result<Arc<dyn HttpClient>, HttpError> {
    let made = tokio::task::spawn_blocking(|| WebClient::new(&HttpSettings::default())).await;
    let client = made.map_err(|error| HttpError::Failed {
        host: String::new(),
        why: error.to_string(),
    })??;
    Ok(Arc::new(client))
}
