//! The way out of this computer: which proxy, and which authorities beside the system's (THREATS.md T25).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::http::display_host;

/// How this computer reaches the network.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Network {
    /// The proxy; loopback is always direct.
    pub proxy: Proxy,
    /// Certificate authorities beside the system's, never instead of them: a PEM file.
    pub extra_ca: Option<PathBuf>,
}

/// Which proxy to use. Written `system`, `none`, or an address.
///
/// ```
/// use kiro_relying_party::Proxy;
///
/// assert_eq!("system".parse(), Ok(Proxy::System));
/// let proxy: Proxy = "10.1.1.1:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://10.1.1.1:3128");
/// # Ok::<(), kiro_relying_party::BadProxy>(())
/// ```
#[derive(Clone, Default, Eq, PartialEq)]
pub enum Proxy {
    /// The system's: `HTTPS_PROXY`, `NO_PROXY` and their like.
    #[default]
    System,
    /// None.
    None,
    /// This one: `http` or `https`. A user name and a password belong in `HTTPS_PROXY`, never in a file.
    Manual(Url),
}

/// The text names no proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a proxy is `system`, `none` or an address such as `http://proxy.example:3128`, without a password"
)]
pub struct BadProxy;

impl FromStr for Proxy {
    type Err = BadProxy;

    fn from_str(text: &str) -> Result<Proxy, BadProxy> {
        match text.to_ascii_lowercase().as_str() {
            "system" => return Ok(Proxy::System),
            "none" => return Ok(Proxy::None),
            _ => {}
        }
        let address = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&address).map_err(|_| BadProxy)?;
        let nobody = url.username().is_empty() && url.password().is_none();
        let bare =
            matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
        if usable && bare && nobody {
            Ok(Proxy::Manual(url))
        } else {
            Err(BadProxy)
        }
    }
}

impl fmt::Display for Proxy {
    /// The text that it is read from, without user name and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proxy::System => formatter.write_str("system"),
            Proxy::None => formatter.write_str("none"),
            Proxy::Manual(url) => write!(formatter, "{}://{}", url.scheme(), display_host(url)),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Proxy {
    /// The proxy that a request to this address goes through, `host:port`; none for a loopback address is the caller's part.
    pub fn of(&self, url: &Url) -> Option<String> {
        match self {
            Proxy::None => None,
            Proxy::Manual(proxy) => Some(display_host(proxy)),
            Proxy::System => {
                let found = Matcher::from_system().intercept(&url.as_str().parse().ok()?)?;
                let host = found.uri().host()?.to_owned();
                Some(match found.uri().port_u16() {
                    Some(port) => format!("{host}:{port}"),
                    None => host,
                })
            }
        }
    }
}
