//! What requests to others' servers go through: made when the first one is, since reading the computer's certificates takes a while.
//!
//! Identity providers and applications are named by each organisation's owners, who have no business in the network that the service
//! stands in: those requests go to the internet, and to the networks that the installation's settings allow (`internal_networks`). What
//! the settings themselves name (STS) is asked wherever it is.

use std::sync::Arc;

use kiro_relying_party::{HttpClient, HttpError, HttpSettings, Reach, WebClient};
use tokio::sync::OnceCell;

/// The clients of an instance.
pub struct Outgoing {
    reach: Reach,
    made: OnceCell<Arc<dyn HttpClient>>,
    anywhere: OnceCell<Arc<dyn HttpClient>>,
}

impl Outgoing {
    /// Clients for addresses that organisations name, which may be asked within `reach`, and for others.
    #[must_use]
    pub fn within(reach: Reach) -> Outgoing {
        Outgoing {
            reach,
            made: OnceCell::new(),
            anywhere: OnceCell::new(),
        }
    }

    /// The client for addresses that an organisation named.
    ///
    /// # Errors
    /// What [`WebClient::new`] says; it is tried again the next time.
    pub async fn client(&self) -> Result<Arc<dyn HttpClient>, HttpError> {
        let made = self
            .made
            .get_or_try_init(|| make(self.reach.clone()))
            .await?;
        Ok(Arc::clone(made))
    }

    /// The client for addresses that the installation's settings name.
    ///
    /// # Errors
    /// The same.
    pub async fn anywhere(&self) -> Result<Arc<dyn HttpClient>, HttpError> {
        let made = self
            .anywhere
            .get_or_try_init(|| make(Reach::anywhere()))
            .await?;
        Ok(Arc::clone(made))
    }
}

async fn make(reach: Reach) -> Result<Arc<dyn HttpClient>, HttpError> {
    let settings = HttpSettings {
        reach,
        ..HttpSettings::default()
    };
    let made = tokio::task::spawn_blocking(move || WebClient::new(&settings)).await;
    let client = made.map_err(|error| HttpError::Failed {
        host: String::new(),
        why: error.to_string(),
    })??;
    Ok(Arc::new(client))
}
