//! HTTP that is safe to point at somebody else's server: https or loopback, no redirects, short, small.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use url::{Host, Url};

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

/// Which proxy to use; loopback is always direct.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// The system's: `HTTPS_PROXY`, `NO_PROXY` and their like.
    #[default]
    System,
    /// None.
    None,
    /// This one.
    Manual(Url),
}

/// How requests are made.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The proxy.
    pub proxy: Proxy,
    /// Certificate authorities beside the system's: a PEM file.
    pub extra_ca: Option<PathBuf>,
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
            proxy: Proxy::System,
            extra_ca: None,
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
    settings: HttpSettings,
}

impl WebClient {
    /// Prepares a client.
    ///
    /// # Errors
    /// `BadCa`, or `Failed` when TLS cannot be set up.
    pub fn new(settings: &HttpSettings) -> Result<WebClient, HttpError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default(); // a program may have done it already
        let base = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(settings.connect_timeout)
                .timeout(settings.total_timeout)
                .user_agent(concat!("kiro-sign-in/", env!("CARGO_PKG_VERSION")))
        };
        let failed = |error: reqwest::Error| HttpError::Failed {
            host: String::new(),
            why: chain(&error),
        };
        let mut builder = match &settings.proxy {
            Proxy::System => base(),
            Proxy::None => base().no_proxy(),
            Proxy::Manual(proxy) => base()
                .no_proxy()
                .proxy(reqwest::Proxy::all(proxy.clone()).map_err(failed)?),
        };
        let mut direct = base().no_proxy();
        if let Some(path) = &settings.extra_ca {
            let bad = |why: String| HttpError::BadCa {
                path: path.clone(),
                why,
            };
            let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| bad(chain(&error)))?;
            if certificates.is_empty() {
                return Err(bad("it holds no certificate".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates.clone());
            direct = direct.tls_certs_merge(certificates);
        }
        // A certificate's content is read only now.
        let built = |builder: reqwest::ClientBuilder| {
            builder.build().map_err(|error| match &settings.extra_ca {
                Some(path) => HttpError::BadCa {
                    path: path.clone(),
                    why: chain(&error),
                },
                None => failed(error),
            })
        };
        Ok(WebClient {
            client: built(builder)?,
            direct: built(direct)?,
            settings: settings.clone(),
        })
    }

    fn proxy_of(&self, url: &Url) -> Option<String> {
        let address = match &self.settings.proxy {
            Proxy::None => return None,
            Proxy::Manual(proxy) => proxy.clone(),
            Proxy::System => {
                let names: &[&str] = if url.scheme() == "https" {
                    &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
                } else {
                    &["http_proxy", "ALL_PROXY", "all_proxy"]
                };
                Url::parse(&names.iter().find_map(|name| std::env::var(name).ok())?).ok()?
            }
        };
        Some(display_host(&address))
    }

    fn error(&self, url: &Url, error: &reqwest::Error) -> HttpError {
        let host = display_host(url);
        if let Some(tls) = tls_error(error) {
            let unknown =
                rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
            return if *tls == unknown {
                HttpError::Intercepted { host, issuer: None }
            } else {
                HttpError::Tls {
                    host,
                    why: tls.to_string(),
                }
            };
        }
        if error.is_connect() {
            HttpError::Unreachable {
                host,
                proxy: self.proxy_of(url).filter(|_| !is_loopback(url)),
                why: chain(error),
            }
        } else if error.is_timeout() {
            HttpError::TimedOut { host }
        } else {
            HttpError::Failed {
                host,
                why: chain(error),
            }
        }
    }
}

#[async_trait]
impl HttpClient for WebClient {
    async fn send(
        &self,
        request: ::http::Request<Vec<u8>>,
    ) -> Result<::http::Response<Vec<u8>>, HttpError> {
        let url = secure_url(&request.uri().to_string())?;
        let client = if is_loopback(&url) {
            &self.direct
        } else {
            &self.client
        };
        let (parts, body) = request.into_parts();
        let sending = client
            .request(parts.method, url.clone())
            .headers(parts.headers)
            .body(body)
            .send();
        let mut answer = sending.await.map_err(|error| self.error(&url, &error))?;
        if answer.status().is_redirection() {
            return Err(HttpError::Redirected {
                host: display_host(&url),
            });
        }
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
        Ok(response)
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
