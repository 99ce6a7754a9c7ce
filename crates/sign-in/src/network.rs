//! The network as both programs use it: the client that the settings make, and what its errors mean to a person.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use kiro_credentials::Home;
use kiro_relying_party::{
    CertificateFault, HttpClient, HttpError, HttpSettings, Network, Secured, WebClient, clock_skew,
};

use crate::{Code, Context, Failure, organizations};

/// The real client, built at its first use, so that what needs no network pays for none, and anew when the settings change.
pub(crate) struct ConfiguredClient {
    home: Home,
    managed: PathBuf,
    made: Mutex<Option<(Network, Arc<WebClient>)>>,
}

impl ConfiguredClient {
    pub(crate) fn new(home: Home, managed: PathBuf) -> ConfiguredClient {
        ConfiguredClient {
            home,
            managed,
            made: Mutex::new(None),
        }
    }

    fn client(&self) -> Result<Arc<WebClient>, HttpError> {
        let network = organizations::network(&self.managed, &self.home);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((by, client)) = made.as_ref()
            && *by == network
        {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(WebClient::new(&HttpSettings {
            network: network.clone(),
            ..HttpSettings::default()
        })?);
        *made = Some((network, Arc::clone(&client)));
        Ok(client)
    }
}

#[async_trait]
impl HttpClient for ConfiguredClient {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        self.client()?.send(request).await
    }
}

/// What an answer tells of a server.
pub(crate) struct Seen {
    /// How the connection is kept safe; `None` without TLS.
    pub(crate) secured: Option<Secured>,
    /// Its clock minus ours.
    pub(crate) skew: Option<SignedDuration>,
}

impl Context {
    /// How the network is reached now.
    pub fn network(&self) -> Network {
        organizations::network(&self.managed_organizations, self.home())
    }

    /// What any answer of this server tells of it, whatever its status.
    pub(crate) async fn look(&self, url: &url::Url) -> Result<Seen, HttpError> {
        let mut request = http::Request::new(Vec::new());
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| HttpError::InsecureUrl { url: String::new() })?;
        let answer = self.http.send(request).await?;
        Ok(Seen {
            secured: answer.extensions().get::<Secured>().cloned(),
            skew: clock_skew(answer.headers(), self.now()),
        })
    }

    /// A network error in the words of a failure.
    pub(crate) fn network_failure(&self, error: &HttpError) -> Failure {
        let failure = |code, host: &str| self.failure(code).at(host).because(error.to_string());
        match error {
            HttpError::InsecureUrl { url } => self.failure(Code::InsecureUrl).about(url.clone()),
            HttpError::Unreachable { host, proxy, .. } => {
                let mut failure = failure(Code::Unreachable, host);
                failure.facts.proxy = proxy.clone();
                failure
            }
            HttpError::TimedOut { host } | HttpError::Failed { host, .. } => {
                failure(Code::Unreachable, host)
            }
            HttpError::ProxyPassword { host, proxy } => {
                let mut failure = failure(Code::ProxyPassword, host);
                failure.facts.proxy = Some(proxy.clone());
                failure
            }
            HttpError::Intercepted { host, issuer } => {
                let mut failure = failure(Code::Intercepted, host);
                failure.facts.inspector = issuer.clone();
                failure
            }
            HttpError::Certificate { host, fault } => {
                let (code, word) = match fault {
                    // No server gets a certificate before its time: it is this computer that is behind.
                    CertificateFault::NotYetValid { .. } => {
                        (Code::Clock, "certificate_not_yet_valid")
                    }
                    CertificateFault::Expired { .. } => {
                        (Code::UnsafeConnection, "certificate_expired")
                    }
                    CertificateFault::AnotherHost => {
                        (Code::UnsafeConnection, "certificate_of_another_host")
                    }
                    CertificateFault::Revoked => (Code::UnsafeConnection, "certificate_revoked"),
                    CertificateFault::UnknownIssuer { .. } | CertificateFault::Other(_) => {
                        (Code::UnsafeConnection, "certificate")
                    }
                };
                failure(code, host).error(word)
            }
            HttpError::Tls { host, .. } => failure(Code::UnsafeConnection, host).error("tls"),
            HttpError::Redirected { host }
            | HttpError::TooLarge { host }
            | HttpError::Compressed { host } => failure(Code::MalformedAnswer, host),
            HttpError::BadCa { path, why } => {
                let mut failure = self.failure(Code::CaFileUnusable).because(why.clone());
                failure.facts.path = Some(path.display().to_string());
                failure
            }
        }
    }
}
