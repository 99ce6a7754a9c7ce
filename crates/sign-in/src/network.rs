//! The network as both programs use it: the client that the settings make, and what its errors mean to a person.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::SignedDuration;
use kiro_credentials::Home;
use kiro_credentials::file::{self, Stamp};
use kiro_relying_party::{
    Body, CertificateFault, HttpClient, HttpError, HttpSettings, Network, Secured, WebClient,
    clock_skew,
};

use crate::{Code, Context, Failure, organizations};

/// The real client, built at its first use, so that what needs no network pays for none, and anew when the settings change.
pub(crate) struct ConfiguredClient {
    home: Home,
    managed: PathBuf,
    made: Mutex<Option<(Settings, Arc<WebClient>)>>,
}

/// What a client was made by. The CA file may be replaced under the same name.
type Settings = (Network, Option<Stamp>);

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
        // Before the file is read: what changes in between is met at the next request.
        let by = (
            network.clone(),
            network.extra_ca.as_deref().map(file::stamp),
        );
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((settings, client)) = made.as_ref()
            && *settings == by
        {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(WebClient::new(&HttpSettings {
            network,
            ..HttpSettings::default()
        })?);
        *made = Some((by, Arc::clone(&client)));
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

    async fn stream(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Body>, HttpError> {
        self.client()?.stream(request).await
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

    /// A request to this host was not sent: what is sent has to stay elsewhere.
    pub(crate) fn outside_residency(&self, host: &str) -> Failure {
        self.failure(Code::OutsideResidency).at(host)
    }

    /// A network error in the words of a failure.
    pub(crate) fn network_failure(&self, error: &HttpError) -> Failure {
        let failure = |code, host: &str| self.failure(code).at(host).because(error.to_string());
        match error {
            HttpError::InsecureUrl { url } => self.failure(Code::InsecureUrl).about(url.clone()),
            HttpError::Unreachable {
                host,
                proxy,
                unresolved,
                ..
            } => {
                let mut failure = failure(Code::Unreachable, host);
                failure.detail.error = unresolved.then(|| "unresolved".to_owned());
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::Path;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// An authority of this name that no computer trusts, as PEM, and what it signs by.
    fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::OrganizationName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    }

    /// The address of a server with a certificate of this authority.
    async fn serve(issuer: &Issuer<'static, KeyPair>) -> String {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue; // refused, as it should be
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        format!("https://localhost:{port}/")
    }

    async fn word(client: &ConfiguredClient, url: &str) -> &'static str {
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        match client.send(request).await {
            Ok(answer) => {
                let secured = answer.extensions().get::<Secured>().unwrap();
                assert_eq!(secured.version, Some("1.3"));
                "trusted"
            }
            Err(HttpError::Intercepted { .. }) => "intercepted",
            Err(HttpError::BadCa { .. }) => "unusable",
            Err(error) => panic!("{error:?}"),
        }
    }

    #[tokio::test]
    async fn a_ca_file_that_was_replaced_takes_effect_with_the_next_request() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("sso"));
        home.ensure().unwrap();
        let (ca, link) = (folder.path().join("a.pem"), folder.path().join("ca.pem"));
        std::os::unix::fs::symlink(&ca, &link).unwrap();
        let settings = format!("[network]\nca_file = \"{}\"\n", link.display());
        kiro_credentials::replace(&home.organizations_file(), settings.as_bytes()).unwrap();
        let client = ConfiguredClient::new(home, Path::new("/nonexistent").to_owned());
        let ((old, _), (new, issuer)) = (authority("Acme"), authority("Acme, since November"));
        let url = serve(&issuer).await;

        std::fs::write(&ca, old).unwrap();
        assert_eq!(word(&client, &url).await, "intercepted");
        let first = client.client().unwrap();
        assert!(
            Arc::ptr_eq(&first, &client.client().unwrap()),
            "one client while nothing changes"
        );
        std::fs::write(&ca, &new).unwrap();
        assert_eq!(word(&client, &url).await, "trusted");
        std::fs::write(&ca, "no certificate").unwrap();
        assert_eq!(word(&client, &url).await, "unusable");
        std::fs::remove_file(&ca).unwrap();
        assert_eq!(word(&client, &url).await, "unusable");
        std::fs::write(&ca, &new).unwrap();
        assert_eq!(word(&client, &url).await, "trusted");
    }
}
