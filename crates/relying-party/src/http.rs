//! HTTP that is safe to point at somebody else's server: https or loopback, no redirects, short, small.

mod pieces;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderValue;
use ::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use async_trait::async_trait;
pub use pieces::Body;
use url::{Host, Url};

use crate::certificate::{self, CertificateFault};
use crate::network::{Network, Proxy};
use crate::reach::{Inside, Reach};

/// How the connector tells that a proxy answered `407`: it has no type for it.
const PROXY_PASSWORD: &str = "tunnel error: proxy authorization required";

/// The port through which every request of the client's side goes.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends one request and returns its whole answer, whatever the status, except a redirect.
    ///
    /// # Errors
    /// See [`HttpError`].
    async fn send(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::Response<Vec<u8>>, HttpError>;

    /// Sends one request and returns its answer as soon as its head is here: for answers that are told bit by bit. How long
    /// to wait for a piece is the caller's to say.
    ///
    /// # Errors
    /// See [`HttpError`].
    async fn stream(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::Response<Body>, HttpError> {
        let answer = self.send(request).await?;
        Ok(answer.map(|whole| pieces::whole(whole.into())))
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// Neither https nor loopback, or with user information.
    #[error("only https addresses are used")]
    InsecureUrl {
        /// The address, without user information and query; empty if it cannot be read.
        url: String,
    },
    /// Nothing answered.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// The proxy in between, `host:port`.
        proxy: Option<String>,
        /// The network's reason.
        why: String,
        /// The host's name could not be looked up.
        unresolved: bool,
    },
    /// The answer took too long.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The host.
        host: String,
    },
    /// The certificate is signed by somebody whom this computer does not trust.
    #[error("the certificate of {host} is not trusted on this computer")]
    Intercepted {
        /// The host.
        host: String,
        /// Who signed, where that is known.
        issuer: Option<String>,
    },
    /// The certificate is not good for this host and this time.
    #[error("the certificate of {host} was refused: {fault}")]
    Certificate {
        /// The host.
        host: String,
        /// Why.
        fault: CertificateFault,
    },
    /// Another TLS error.
    #[error("no safe connection to {host}: {why}")]
    Tls {
        /// The host.
        host: String,
        /// TLS's reason.
        why: String,
    },
    /// A redirect, which is never followed (THREATS.md T10).
    #[error("{host} redirects elsewhere")]
    Redirected {
        /// The host.
        host: String,
    },
    /// The proxy asks for a user name and a password, or refuses those it was given (RFC 9110 §15.5.8).
    #[error("the proxy {proxy} asks for a password")]
    ProxyPassword {
        /// The host behind it.
        host: String,
        /// The proxy, `host:port`.
        proxy: String,
    },
    /// A compressed answer, which nobody asked for: a small one may be huge (THREATS.md T11).
    #[error("{host} sent a compressed answer that was not asked for")]
    Compressed {
        /// The host.
        host: String,
    },
    /// More bytes than the limit.
    #[error("{host} sent too much")]
    TooLarge {
        /// The host.
        host: String,
    },
    /// The extra CA file cannot be used.
    #[error("the CA file cannot be used: {why}")]
    BadCa {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The connection broke.
    #[error("the connection to {host} broke: {why}")]
    Failed {
        /// The host.
        host: String,
        /// Why.
        why: String,
    },
}

/// How requests are made.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The way out of this computer.
    pub network: Network,
    /// Where requests may go. A proxy decides for itself.
    pub reach: Reach,
    /// To connect.
    pub connect_timeout: Duration,
    /// For the whole exchange.
    pub total_timeout: Duration,
    /// Bytes of an answer's body.
    pub limit: usize,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            network: Network::default(),
            reach: Reach::anywhere(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            limit: 1024 * 1024,
        }
    }
}

/// The real client.
#[derive(Debug)]
pub struct WebClient {
    client: reqwest::Client,
    direct: reqwest::Client,
    /// Where [`Reach`] is limited: it resolves names itself.
    guarded: Option<reqwest::Client>,
    settings: HttpSettings,
    versions: certificate::Versions,
}

impl WebClient {
    /// Prepares a client.
    ///
    /// # Errors
    /// `BadCa`, or `Failed` when TLS cannot be set up.
    pub fn new(settings: &HttpSettings) -> Result<WebClient, HttpError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default(); // a program may have done it already
        let (tls, versions) = certificate::tls(settings.network.extra_ca.as_deref())?;
        let base = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .tls_info(true)
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(settings.connect_timeout)
                .timeout(settings.total_timeout)
                // A connection that was idle may be closing just as a code or a refresh token is sent on it. Whether it was
                // taken is then unknown, and it must not be sent twice (RFC 9110 §9.2.2): no connection serves twice.
                .pool_max_idle_per_host(0)
                .user_agent(concat!("kiro-sign-in/", env!("CARGO_PKG_VERSION")))
        };
        let failed = |error: reqwest::Error| HttpError::Failed {
            host: String::new(),
            why: chain(&error),
        };
        let builder = match &settings.network.proxy {
            Proxy::System => base(),
            Proxy::None => base().no_proxy(),
            Proxy::Manual(proxy) => base()
                .no_proxy()
                .proxy(reqwest::Proxy::all(proxy.clone()).map_err(failed)?),
        };
        Ok(WebClient {
            client: builder.build().map_err(failed)?,
            direct: base().no_proxy().build().map_err(failed)?,
            guarded: match settings.reach.is_limited() {
                true => {
                    let resolver = Arc::new(settings.reach.clone());
                    let guarded = base().no_proxy().dns_resolver(resolver);
                    Some(guarded.build().map_err(failed)?)
                }
                false => None,
            },
            settings: settings.clone(),
            versions,
        })
    }

    /// Which client asks this address.
    fn way_to(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        if self.settings.reach.refuses(url) {
            return Err(HttpError::Unreachable {
                host: display_host(url),
                proxy: None,
                why: Inside.to_string(),
                unresolved: false,
            });
        }
        Ok(match &self.guarded {
            _ if is_loopback(url) => &self.direct,
            Some(guarded) if self.settings.network.proxy.of(url).is_none() => guarded,
            _ => &self.client,
        })
    }

    /// The head of an answer that may be used, and whose it is.
    async fn ask(
        &self,
        request: ::http::Request<Vec<u8>>,
        total_timeout: Duration,
    ) -> Result<(Url, reqwest::Response), HttpError> {
        let url = secure_url(&request.uri().to_string())?;
        let client = self.way_to(&url)?;
        let (mut parts, body) = request.into_parts();
        parts
            .headers
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let sending = client
            .request(parts.method, url.clone())
            .headers(parts.headers)
            .timeout(total_timeout)
            .body(body)
            .send();
        let answer = sending.await.map_err(|error| self.error(&url, &error))?;
        if answer.status().is_redirection() {
            return Err(HttpError::Redirected {
                host: display_host(&url),
            });
        }
        let encoding = answer.headers().get(CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(HttpError::Compressed {
                host: display_host(&url),
            });
        }
        Ok((url, answer))
    }

    fn error(&self, url: &Url, error: &reqwest::Error) -> HttpError {
        let host = display_host(url);
        if let Some(tls) = tls_error(error) {
            return match certificate::fault(tls) {
                Some(CertificateFault::UnknownIssuer { issuer }) => HttpError::Intercepted {
                    host,
                    issuer: issuer.clone(),
                },
                Some(fault) => HttpError::Certificate {
                    host,
                    fault: fault.clone(),
                },
                None => HttpError::Tls {
                    host,
                    why: tls.to_string(),
                },
            };
        }
        let why = chain(error);
        let proxy = (!is_loopback(url))
            .then(|| self.settings.network.proxy.of(url))
            .flatten();
        match proxy {
            Some(proxy) if error.is_connect() && why == PROXY_PASSWORD => {
                HttpError::ProxyPassword { host, proxy }
            }
            proxy if error.is_connect() => HttpError::Unreachable {
                unresolved: proxy.is_none() && why != Inside.to_string() && in_lookup(error),
                host,
                proxy,
                why,
            },
            _ if error.is_timeout() => HttpError::TimedOut { host },
            _ => HttpError::Failed { host, why },
        }
    }
}

#[async_trait]
impl HttpClient for WebClient {
    async fn send(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::Response<Vec<u8>>, HttpError> {
        let (url, mut answer) = self.ask(request, self.settings.total_timeout).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.error(&url, &error))?
        {
            if body.len() + chunk.len() > self.settings.limit {
                return Err(HttpError::TooLarge {
                    host: display_host(&url),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = ::http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let tls = answer.extensions().get::<reqwest::tls::TlsInfo>();
        let certificate = tls.and_then(reqwest::tls::TlsInfo::peer_certificate);
        if let Some(certificate) = certificate {
            let secured = certificate::Secured::by(certificate, &self.versions);
            response.extensions_mut().insert(secured);
        }
        Ok(response)
    }

    async fn stream(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::Response<Body>, HttpError> {
        let (url, answer) = self.ask(request, pieces::TOTAL_TIMEOUT).await?;
        let answer: ::http::Response<reqwest::Body> = answer.into();
        Ok(answer.map(|body| pieces::limited(body, display_host(&url))))
    }
}

fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let inside = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}

/// Whether the name could not be looked up; the error's type is hyper's own.
fn in_lookup(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |cause| (*cause).source())
        .any(|cause| cause.to_string() == "dns error")
}

/// The innermost reason, without the address (which may hold a query).
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Reads an address that may be used: https, or http on this computer; no user information, no fragment.
///
/// # Errors
/// `InsecureUrl`.
pub fn secure_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|_| HttpError::InsecureUrl { url: String::new() })?;
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if scheme && plain && url.has_host() {
        Ok(url)
    } else {
        let place = format!("{}://{}{}", url.scheme(), display_host(&url), url.path());
        Err(HttpError::InsecureUrl {
            url: place.chars().take(200).collect(),
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The host as a person should see it: punycode kept, the port if it is not the usual one.
pub fn display_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::dns::{Name, Resolve, Resolving};

    /// A name server that knows nobody.
    struct Nobody;

    impl Resolve for Nobody {
        fn resolve(&self, _: Name) -> Resolving {
            Box::pin(async { Err("no such host".into()) })
        }
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_looked_up_is_told_apart_from_a_host_that_does_not_answer() {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let asked = async |url: &str| {
            let client = reqwest::Client::builder()
                .no_proxy()
                .dns_resolver(Arc::new(Nobody))
                .build();
            match client {
                Ok(client) => client.get(url).send().await.err(),
                Err(error) => Some(error),
            }
        };
        let told = |error: Option<reqwest::Error>| {
            error.map(|error| (error.is_connect(), in_lookup(&error)))
        };
        assert_eq!(told(asked("http://idp.example/").await), Some((true, true)));
        assert_eq!(
            told(asked("http://127.0.0.1:1/").await),
            Some((true, false))
        );
    }
}
