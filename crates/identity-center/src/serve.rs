//! `kiro-identity-center serve`: one instance, from its folder to a graceful end.
//!
//! The folder has `store.db` (SQLite) and, unless the master key comes from elsewhere, `master.key`; both are their owner's alone. An
//! instance answers on loopback only: in front of it stands a proxy that speaks TLS.

mod connections;

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;
use url::Url;

use crate::center::{self, Center, Settings};
use crate::clock::SystemClock;
use crate::demonstration;
use crate::master_key::{self, MasterKeyError, MasterKeys, Source, VARIABLE};
use crate::oidc::backchannel_logout::send_due;
use crate::store::secrets::{Demand, SecretsError};
use crate::store::{Store, StoreError};

use connections::Limits;

/// A request's head takes no longer, nor the silence before the next.
const HEAD: Duration = Duration::from_secs(15);
/// A request's body and its answer take no longer.
const REQUEST: Duration = Duration::from_secs(30);
/// What is being answered when the instance is told to stop has so long.
const GRACE: Duration = Duration::from_secs(10);
/// Applications hear of an ended session so soon.
const SIGN_OUTS: Duration = Duration::from_secs(2);
/// The service's keys are looked after so often, and what has ended is forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// How an instance is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder, made where there is none.
    pub data: PathBuf,
    /// Where it answers; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Its address as browsers know it, where a proxy stands in front of it.
    pub url: Option<Url>,
    /// What AWS clients are told.
    pub region: String,
    /// An access token's life.
    pub access_token_lifetime: SignedDuration,
    /// Where the master key comes from, if not from `master.key` in the folder.
    pub master_key: Option<Source>,
    /// Whether it has the demonstration's people, applications and accounts.
    pub demonstration: bool,
    /// The demonstration's identity providers ([`demonstration::VARIABLE`]).
    pub upstreams: Option<String>,
}

/// Why an instance does not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its folder, or a file there, cannot be made or read.
    #[error("{path} cannot be used: {why}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// It would answer to other computers in clear.
    #[error("{0} is not a loopback address: without TLS the service answers this computer only")]
    NotLoopback(SocketAddr),
    /// The demonstration has known passwords.
    #[error("the demonstration is for this computer only: it takes no other address")]
    NotHere,
    /// It is no address that clients could use.
    #[error(
        "{0} is no address for the service: it is https, or http on this computer, without a query"
    )]
    Address(Url),
    /// The port is taken, or not ours to take.
    #[error("{address} cannot be listened on: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        why: io::Error,
    },
    /// There is a store without its key: a new key would open nothing.
    #[error(
        "{store} is there, but its master key is not: {key} is missing and {VARIABLE} is not set"
    )]
    NoMasterKey {
        /// The store.
        store: PathBuf,
        /// Where its key would be.
        key: PathBuf,
    },
    /// See [`MasterKeyError`].
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`SecretsError`].
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// See [`demonstration::DemonstrationError`].
    #[error(transparent)]
    Demonstration(#[from] demonstration::DemonstrationError),
    /// The operating system took it away.
    #[error("the service cannot go on: {0}")]
    Ended(io::Error),
}

/// Serves until SIGTERM or SIGINT. `announce` is called once, when the first request would be answered, with what the instance says of
/// itself. `environment` is the value of [`VARIABLE`].
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(
    options: Options,
    environment: Option<&str>,
    announce: impl FnOnce(&Value),
) -> Result<(), ServeError> {
    if !options.listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback(options.listen));
    }
    if options.demonstration && options.url.is_some() {
        return Err(ServeError::NotHere);
    }
    let mut stop = Stop::new().map_err(ServeError::Ended)?;
    let store = options.data.join("store.db");
    folder(&options.data)?;
    let master = master_keys(&options, &store, environment)?;
    private(&store)?;
    let store = Store::sqlite(&store)?;
    let listen = |why| ServeError::Listen {
        address: options.listen,
        why,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    let settings = Settings {
        access_token_lifetime: options.access_token_lifetime,
        ..Settings::new(address(options.url, bound)?, &options.region)
    };
    let center = Center::open(store, Arc::new(SystemClock), settings, master).await?;
    let center = Arc::new(center);
    let mut said = announcement(&center.settings);
    if options.demonstration {
        let shown = demonstration::furnish(&center, options.upstreams.as_deref()).await?;
        if let (Value::Object(said), Value::Object(shown)) = (&mut said, shown) {
            said.extend(shown);
        }
    }
    let tending = tokio::spawn(tend(Arc::clone(&center)));
    announce(&said);
    let limits = Limits {
        head: HEAD,
        request: REQUEST,
        grace: GRACE,
    };
    let stop = async { stop.asked().await };
    connections::answer(listener, center::router(center), limits, stop).await;
    tending.abort();
    Ok(())
}

/// What an instance says of itself.
fn announcement(settings: &Settings) -> Value {
    serde_json::json!({
        "issuer": settings.issuer(),
        "endpoint": settings.issuer(),
        "region": settings.region,
    })
}

/// The address that clients know: `http://127.0.0.1:PORT` unless another is given.
fn address(given: Option<Url>, bound: SocketAddr) -> Result<Url, ServeError> {
    let Some(url) = given else {
        let text = format!("http://{bound}/");
        return text.parse().map_err(|_| ServeError::NotLoopback(bound));
    };
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
    if scheme && plain {
        Ok(url)
    } else {
        Err(ServeError::Address(url))
    }
}

fn folder(path: &Path) -> Result<(), ServeError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|why| ServeError::Folder {
        path: path.to_owned(),
        why,
    })
}

/// Makes an empty file that its owner alone may read, unless it is there. SQLite gives its other files the same mode.
fn private(path: &Path) -> Result<(), ServeError> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(why) => Err(ServeError::Folder {
            path: path.to_owned(),
            why,
        }),
    }
}

/// The master key: from the environment, from where it was said to be, or from `master.key`, which is made with a new store only.
fn master_keys(
    options: &Options,
    store: &Path,
    environment: Option<&str>,
) -> Result<MasterKeys, ServeError> {
    let path = options.data.join("master.key");
    let source = match (&options.master_key, environment) {
        (Some(source), _) => source.clone(),
        (None, Some(_)) => Source::File(path),
        (None, None) => {
            if !path.exists() {
                if store.exists() {
                    return Err(ServeError::NoMasterKey {
                        store: store.to_owned(),
                        key: path,
                    });
                }
                keep_new_key(&path).map_err(|why| ServeError::Folder {
                    path: path.clone(),
                    why,
                })?;
            }
            Source::File(path)
        }
    };
    Ok(MasterKeys::load(&source, environment)?)
}

/// The key is on the disk before anything is sealed under it.
fn keep_new_key(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(master_key::generate().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// What is due from time to time. A failure is noted, and tried again the next time.
async fn tend(center: Arc<Center>) {
    let (mut sign_outs, mut housekeeping) = (interval(SIGN_OUTS), interval(HOUSEKEEPING));
    housekeeping.tick().await; // the keys were read just now
    loop {
        tokio::select! {
            _ = sign_outs.tick() => {
                match center.outgoing.client().await {
                    Ok(http) => {
                        if let Err(error) = send_due(&center, &http).await {
                            tracing::warn!(%error, "sign-outs wait");
                        }
                    }
                    Err(error) => tracing::error!(%error, "no application can be told of sign-outs"),
                }
            }
            _ = housekeeping.tick() => {
                if let Err(error) = center.tend_keys(Demand::default()).await {
                    tracing::error!(%error, "the service's keys were not looked after");
                }
                let now = center.now();
                let forgotten = center.store.forget_sessions(now).await;
                let forgotten = forgotten.and(center.store.forget_expired_clients(now).await);
                if let Err(error) = forgotten {
                    tracing::warn!(%error, "what has ended was not forgotten");
                }
            }
        }
    }
}

/// SIGTERM and SIGINT, heard from the beginning.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> io::Result<Stop> {
        Ok(Stop {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_service_s_address_is_https_or_this_computer() {
        let bound: SocketAddr = "127.0.0.1:4321".parse().unwrap();
        assert_eq!(
            address(None, bound).unwrap().as_str(),
            "http://127.0.0.1:4321/"
        );
        let check = |text: &str, expected| {
            let found = address(Some(text.parse().unwrap()), bound);
            assert_eq!(found.is_ok(), expected, "{text}");
        };
        check("https://id.acme.example", true);
        check("https://id.acme.example/sso", true);
        check("http://localhost:8080", true);
        check("http://[::1]:8080", true);
        check("http://127.8.0.1:8080", true);
        check("http://id.acme.example", false);
        check("http://localhost.evil.example", false);
        check("https://id.acme.example?x", false);
        check("https://id.acme.example#x", false);
        check("https://user@id.acme.example", false);
        check("file:///tmp", false);
        check("kiro://x", false);
    }
}
