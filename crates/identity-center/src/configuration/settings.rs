//! Each setting: its name, and what it may be.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::nearest::nearest;
use super::{Configuration, ConfigurationError, TlsFiles};
use crate::master_key::Source;
use crate::networks::Networks;
use crate::serve::proxies::Proxies;
use crate::sts::Sts;

/// Every setting.
pub const NAMES: &[&str] = &[
    "url",
    "listen",
    "data",
    "store",
    "region",
    "master_key",
    "master_key_command",
    "tls_key",
    "tls_certificate",
    "trusted_proxies",
    "internal_networks",
    "metrics",
    "audit_days",
    "access_token_lifetime",
    "sts",
    "sts_role",
];

/// Settings so far; a later source replaces what an earlier one said.
#[derive(Default)]
pub(super) struct Draft {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    url: Option<Url>,
    region: Option<String>,
    store: Option<SecretString>,
    master_key: Option<Source>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    trusted_proxies: Networks,
    internal_networks: Networks,
    metrics: Option<SocketAddr>,
    audit_days: Option<u32>,
    access_token_lifetime: Option<u32>,
    sts: Option<StsAt>,
    sts_role: Option<String>,
}

/// Which STS is meant.
enum StsAt {
    Region,
    Endpoint(Url),
}

/// The words of a value that is given as one text.
pub(super) fn words(name: &str, value: &str) -> Vec<String> {
    let parts: Vec<&str> = match name.to_lowercase().as_str() {
        "trusted_proxies" | "internal_networks" => value.split(',').map(str::trim).collect(),
        "master_key_command" => value.split_whitespace().collect(),
        _ => return vec![value.to_owned()],
    };
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Draft {
    /// Takes one setting. `place` is where it stands.
    pub(super) fn take(
        &mut self,
        place: &str,
        name: &str,
        words: &[String],
    ) -> Result<(), ConfigurationError> {
        let Some(known) = NAMES.iter().find(|known| **known == name) else {
            return Err(ConfigurationError::Unknown {
                place: place.to_owned(),
                name: name.to_owned(),
                nearest: nearest(name, NAMES),
            });
        };
        self.set(known, words)
            .map_err(|why| ConfigurationError::Value {
                place: place.to_owned(),
                name: known,
                why,
            })
    }

    fn set(&mut self, name: &str, words: &[String]) -> Result<(), String> {
        match name {
            "data" => self.data = Some(path(words)?),
            "listen" => self.listen = Some(socket(words)?),
            "url" => self.url = Some(url(words)?),
            "region" => self.region = Some(region(words)?),
            "store" => self.store = Some(store(words)?),
            "master_key" => self.master_key = Some(Source::File(path(words)?)),
            "master_key_command" => {
                if words.is_empty() {
                    return Err("is a program and its arguments".to_owned());
                }
                self.master_key = Some(Source::Command(words.to_vec()));
            }
            "tls_key" => self.key = Some(path(words)?),
            "tls_certificate" => self.certificate = Some(path(words)?),
            "trusted_proxies" => self.trusted_proxies = Networks::read(words)?,
            "internal_networks" => self.internal_networks = Networks::read(words)?,
            "metrics" => self.metrics = Some(socket(words)?),
            "audit_days" => {
                let text = one(words)?;
                let days = text.parse().ok().filter(|days| (1..=36_500).contains(days));
                self.audit_days = Some(days.ok_or("is a number of days, at least 1")?);
            }
            "access_token_lifetime" => {
                let text = one(words)?;
                let lives = text
                    .parse()
                    .ok()
                    .filter(|lives| (1..=86_400).contains(lives));
                self.access_token_lifetime =
                    Some(lives.ok_or("is a number of seconds, at most a day's")?);
            }
            "sts" => {
                self.sts = Some(match one(words)? {
                    "aws" => StsAt::Region,
                    _ => StsAt::Endpoint(url(words)?),
                });
            }
            "sts_role" => {
                let text = one(words)?;
                if !text.starts_with("arn:")
                    || !text.contains("{account}")
                    || !text.contains("{role}")
                {
                    return Err("is an ARN with {account} and {role} in it, such as arn:aws:iam::{account}:role/sso/{role}".to_owned());
                }
                self.sts_role = Some(text.to_owned());
            }
            other => return Err(format!("({other}) has no meaning")),
        }
        Ok(())
    }

    pub(super) fn has_password(&self) -> bool {
        let url = self
            .store
            .as_ref()
            .and_then(|store| Url::parse(store.expose_secret()).ok());
        url.is_some_and(|url| {
            url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
        })
    }

    pub(super) fn finish(self) -> Result<Configuration, ConfigurationError> {
        let listen = self
            .listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 7465)));
        let tls = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(ConfigurationError::HalfTls),
        };
        let proxied = !self.trusted_proxies.is_empty();
        if !listen.ip().is_loopback() && tls.is_none() && !proxied {
            return Err(ConfigurationError::NotLoopback(listen));
        }
        if self.url.is_none() && (tls.is_some() || proxied || !listen.ip().is_loopback()) {
            return Err(ConfigurationError::NoUrl);
        }
        let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
        let sts = self.sts.and_then(|at| {
            let mut sts = Sts::of_region(&region)?;
            if let StsAt::Endpoint(endpoint) = at {
                sts.endpoint = endpoint;
            }
            if let Some(role) = self.sts_role {
                sts.role = role;
            }
            Some(sts)
        });
        let lives = self.access_token_lifetime.unwrap_or(3600);
        Ok(Configuration {
            data: self.data.ok_or(ConfigurationError::NoData)?,
            listen,
            url: self.url,
            region,
            store: self.store,
            master_key: self.master_key,
            tls,
            trusted_proxies: Proxies(self.trusted_proxies),
            internal_networks: self.internal_networks,
            metrics: self.metrics,
            audit_days: self.audit_days.unwrap_or(400),
            access_token_lifetime: SignedDuration::from_secs(lives.into()),
            sts,
        })
    }
}

fn one(words: &[String]) -> Result<&str, String> {
    match words {
        [word] if !word.is_empty() => Ok(word),
        _ => Err("has one value".to_owned()),
    }
}

fn path(words: &[String]) -> Result<PathBuf, String> {
    Ok(one(words)?.into())
}

fn socket(words: &[String]) -> Result<SocketAddr, String> {
    let text = one(words)?;
    let read = text.parse();
    read.map_err(|_| format!("is an address and a port, such as 127.0.0.1:7465; {text} is none"))
}

fn url(words: &[String]) -> Result<Url, String> {
    let text = one(words)?;
    let url = text.parse().ok().filter(is_address);
    url.ok_or_else(|| {
        format!("is an https address, or http on this computer, without a query; {text} is none")
    })
}

fn region(words: &[String]) -> Result<String, String> {
    let text = one(words)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() <= 32 && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("is a name such as eu-central-1; {text} is none"))
    }
}

/// Of what is wrong with it nothing is repeated: it may have a password.
fn store(words: &[String]) -> Result<SecretString, String> {
    let text = one(words)?;
    if text.starts_with("postgresql://") || text.starts_with("postgres://") {
        Ok(SecretString::from(text))
    } else {
        Err("is a URL that begins with postgresql:// (without it the store is SQLite, in the data folder)".to_owned())
    }
}

/// Whether clients could use this as the service's address.
#[must_use]
pub fn is_address(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let scheme = match url.scheme() {
        "https" => url.has_host(),
        "http" => loopback,
        _ => false,
    };
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    scheme && plain
}
