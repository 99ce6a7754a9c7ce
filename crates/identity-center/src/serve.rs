//! `kiro-identity-center serve`: one instance, from its folder to a graceful end.
//!
//! It answers in TLS of its own, or in clear to this computer and to the proxies that were named ([`proxies`]).

mod connections;
pub mod proxies;
mod stop;
mod supervisor;
mod tend;
pub mod tls;

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::center::{self, Center, Settings};
use crate::clock::SystemClock;
use crate::configuration::Configuration;
use crate::folder::{self, FolderError};
use crate::store::secrets::SecretsError;
use crate::{demonstration, figures};

use connections::{Door, Limits};
use proxies::Proxies;
use stop::Stop;
use tend::tend;
use tls::{Certificate, TlsError};

/// A request's head takes no longer, nor the silence before the next, nor TLS's beginning.
const HEAD: Duration = Duration::from_secs(15);
/// A request's body and its answer take no longer.
const REQUEST: Duration = Duration::from_secs(30);
/// What is being answered when the instance is told to stop has so long.
const GRACE: Duration = Duration::from_secs(10);

/// What a demonstration is told.
#[derive(Clone, Debug, Default)]
pub struct Demonstration {
    /// Its identity providers ([`demonstration::VARIABLE`]).
    pub upstreams: Option<String>,
}

/// Why an instance does not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The demonstration has known passwords.
    #[error("the demonstration is for this computer only: it takes no other address")]
    NotHere,
    /// The port is taken, or not ours to take.
    #[error("{address} cannot be listened on: {why}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        why: io::Error,
    },
    /// See [`FolderError`].
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// See [`TlsError`].
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// See [`SecretsError`].
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// See [`demonstration::DemonstrationError`].
    #[error(transparent)]
    Demonstration(#[from] demonstration::DemonstrationError),
    /// The process counts elsewhere already.
    #[error("figures cannot be kept: {0}")]
    Figures(#[from] metrics_exporter_prometheus::BuildError),
    /// The operating system took it away.
    #[error("the service cannot go on: {0}")]
    Ended(io::Error),
}

/// Serves until SIGTERM or SIGINT. `announce` is called once, when the first request would be answered, with what the instance says of
/// itself. `environment` is the value of [`crate::master_key::VARIABLE`]; `demo`: with the demonstration's people, applications and
/// accounts.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(
    configuration: Configuration,
    environment: Option<&str>,
    demo: Option<Demonstration>,
    announce: impl FnOnce(&Value),
) -> Result<(), ServeError> {
    if demo.is_some() && (configuration.url.is_some() || !configuration.listen.ip().is_loopback()) {
        return Err(ServeError::NotHere);
    }
    let mut stop = Stop::new().map_err(ServeError::Ended)?;
    let renew = signal(SignalKind::hangup()).map_err(ServeError::Ended)?;
    let certificate = configuration
        .tls
        .as_ref()
        .map(Certificate::read)
        .transpose()?
        .map(Arc::new);
    let (store, master) = folder::open(&configuration, environment).await?;
    let (listener, bound) = bind(configuration.listen).await?;
    let settings = Settings {
        access_token_lifetime: configuration.access_token_lifetime,
        sts: configuration.sts,
        internal_networks: configuration.internal_networks,
        ..Settings::new(address(configuration.url, bound)?, &configuration.region)
    };
    let center = Center::open(store, Arc::new(SystemClock), settings, master).await?;
    let center = Arc::new(center);
    let mut said = announcement(&center.settings);
    if let Some(demo) = demo {
        let shown = demonstration::furnish(&center, demo.upstreams.as_deref()).await?;
        if let (Value::Object(said), Value::Object(shown)) = (&mut said, shown) {
            said.extend(shown);
        }
    }
    let door = Door {
        limits: Limits {
            head: HEAD,
            request: REQUEST,
            grace: GRACE,
        },
        tls: certificate
            .as_ref()
            .map(Certificate::acceptor)
            .transpose()?,
        proxies: Arc::new(configuration.trusted_proxies),
    };
    let mut beside = tokio::task::JoinSet::new();
    beside.spawn(tend(Arc::clone(&center), configuration.audit_days));
    if let Some(certificate) = certificate {
        beside.spawn(certificate.follow(renew));
    }
    let mut answering = center::router(Arc::clone(&center));
    if let Some(asked) = configuration.metrics {
        answering = answering.layer(axum::middleware::from_fn(figures::measure));
        let (listener, bound) = bind(asked).await?;
        said["metrics"] = format!("http://{bound}/metrics").into();
        let handle = figures::install()?;
        beside.spawn(figures::tend(handle.clone()));
        let router = figures::router(center, handle);
        let door = Door {
            limits: door.limits,
            tls: None,
            proxies: Arc::new(Proxies::everybody()),
        };
        beside.spawn(connections::answer(listener, router, door, pending()));
    }
    announce(&said);
    supervisor::tell("READY=1");
    let stop = async {
        stop.asked().await;
        supervisor::tell("STOPPING=1");
    };
    connections::answer(listener, answering, door, stop).await;
    beside.shutdown().await;
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = |why| ServeError::Listen { address, why };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    Ok((listener, bound))
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
    let here = || format!("http://{bound}/").parse();
    given
        .map_or_else(here, Ok)
        .map_err(|why| ServeError::Listen {
            address: bound,
            why: io::Error::other(why),
        })
}
