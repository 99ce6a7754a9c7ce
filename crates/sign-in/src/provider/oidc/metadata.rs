//! The discovery document of a provider, and what the server's clock says about ours.

use kiro_relying_party::{self as rp, DiscoveryError, Metadata};

use super::Oidc;
use crate::provider::whole_seconds;
use crate::{Code, Failure};

impl Oidc {
    /// The provider's metadata, from this process's memory where it is fresh.
    pub(super) async fn metadata(&self) -> Result<Metadata, Failure> {
        match self
            .context
            .discovered
            .document(&self.issuer, self.context.now())
        {
            Some(metadata) => Ok(metadata),
            None => self.live_metadata().await,
        }
    }

    /// The provider's metadata, asked for now.
    pub(super) async fn live_metadata(&self) -> Result<Metadata, Failure> {
        let now = self.context.now();
        let found = rp::discover(self.context.http.as_ref(), &self.issuer, self.rule, now).await;
        let metadata = found.map_err(|error| self.discovery_failure(&error))?;
        self.context.on_time(metadata.clock_skew)?;
        self.context
            .discovered
            .remember(&self.issuer, &metadata, now);
        Ok(metadata)
    }

    fn discovery_failure(&self, error: &DiscoveryError) -> Failure {
        let code = match error {
            DiscoveryError::Http(error) => return self.context.network_failure(error),
            DiscoveryError::WrongIssuer { .. } => Code::WrongIssuer,
            DiscoveryError::Temporary { .. } => Code::ServerError,
            DiscoveryError::NotFound { .. }
            | DiscoveryError::Malformed { .. }
            | DiscoveryError::InsecureEndpoint { .. } => Code::NotAnIdentityProvider,
        };
        let mut failure = self
            .context
            .failure(code)
            .at(rp::display_host(&self.issuer))
            .about(self.issuer.as_str())
            .because(error.to_string());
        if let DiscoveryError::Temporary { retry_after, .. } = error {
            failure.facts.retry_after = retry_after.map(whole_seconds);
        }
        failure
    }
}
