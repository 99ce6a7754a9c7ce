//! The loopback redirect (RFC 8252 §7.3): a listener on this computer that hears one path and nothing else.
//!
//! Bound before the authorization URL is built, to 127.0.0.1 (and ::1 where the name is `localhost`). A request with
//! another path, method, host or `state` is answered with an error and the listener goes on (THREATS.md T12). The
//! browser is told "you are signed in" only once the session is saved.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::{Code, Failure};

mod page;

const PATH: &str = "/oauth/callback";
const CONNECTIONS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a provider allows a loopback redirect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loopback {
    /// `localhost` or `127.0.0.1`.
    pub(crate) host: &'static str,
    /// The ports to try, in this order; empty for any free one.
    pub(crate) ports: &'static [u16],
}

/// How a sign-in ended, told to the browser that brought the callback.
pub(crate) type Told = Result<(), Failure>;

/// A request at the callback path.
pub(crate) struct Heard {
    /// The callback as a URL.
    pub(crate) url: String,
    /// Where to tell the outcome; dropping it means "not an answer to this sign-in".
    pub(crate) tell: oneshot::Sender<Told>,
    /// Ends when the browser has its page, or has gone.
    pub(crate) written: oneshot::Receiver<Infallible>,
}

/// A bound listener.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Vec<TcpListener>,
    authority: String,
    redirect_uri: String,
}

impl Listener {
    /// Binds the first free port.
    ///
    /// # Errors
    /// The ports that were tried.
    pub(crate) async fn bind(allowed: Loopback) -> Result<Listener, Vec<u16>> {
        let any = [0];
        let ports = if allowed.ports.is_empty() {
            &any[..]
        } else {
            allowed.ports
        };
        for port in ports {
            if let Some(sockets) = bind_port(*port, allowed.host == "localhost").await
                && let Some(Ok(address)) = sockets.first().map(TcpListener::local_addr)
            {
                let authority = format!("{}:{}", allowed.host, address.port());
                let redirect_uri = format!("http://{authority}{PATH}");
                return Ok(Listener {
                    sockets,
                    authority,
                    redirect_uri,
                });
            }
        }
        Err(allowed.ports.to_vec())
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Listens until the guard is dropped; every request at the path arrives at `heard`.
    pub(crate) fn serve(
        self,
        attempt: String,
        heard: mpsc::Sender<Heard>,
    ) -> tokio::task::JoinSet<()> {
        let door = Arc::new(Door {
            authority: self.authority,
            attempt,
            heard,
        });
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut listening = tokio::task::JoinSet::new();
        for socket in self.sockets {
            listening.spawn(accept(socket, Arc::clone(&door), Arc::clone(&places)));
        }
        listening
    }
}

async fn bind_port(port: u16, both: bool) -> Option<Vec<TcpListener>> {
    let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .ok()?;
    if !both {
        return Some(vec![four]);
    }
    let port = four.local_addr().ok()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(six) => Some(vec![four, six]),
        // Somebody else's `localhost` on ::1 would receive what is meant for us.
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => None,
        Err(_) => Some(vec![four]), // no IPv6 here
    }
}

struct Door {
    authority: String,
    attempt: String,
    heard: mpsc::Sender<Heard>,
}

async fn accept(socket: TcpListener, door: Arc<Door>, places: Arc<Semaphore>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut by_age: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await; // out of descriptors: let some go
            continue;
        };
        while connections.try_join_next().is_some() {}
        by_age.retain(|connection| !connection.is_finished());
        let place = match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                // The oldest gives way, so that many silent ones keep nobody out. A callback that was heard counts all the same.
                if let Some(oldest) = by_age.pop_front() {
                    oldest.abort();
                }
                let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                    return;
                };
                place
            }
        };
        let door = Arc::clone(&door);
        by_age.push_back(connections.spawn(async move {
            let _place = place;
            let (_open, written) = oneshot::channel();
            let written = Mutex::new(Some(written)); // one request a connection
            let service = service_fn(|request| {
                let written = written
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                answer(&door, request, written)
            });
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(16 * 1024)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }));
    }
}

async fn answer(
    door: &Door,
    request: hyper::Request<Incoming>,
    written: Option<oneshot::Receiver<Infallible>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let japanese = page::prefers_japanese(header("accept-language"));
    if header("host") != door.authority {
        return Ok(page::plain(StatusCode::MISDIRECTED_REQUEST));
    }
    if request.uri().path() != PATH {
        return Ok(page::plain(StatusCode::NOT_FOUND));
    }
    if request.method() != Method::GET {
        return Ok(page::plain(StatusCode::METHOD_NOT_ALLOWED));
    }
    let url = format!("http://{}{}", door.authority, request.uri());
    let (tell, told) = oneshot::channel();
    let Some(written) = written else {
        return Ok(page::plain(StatusCode::BAD_REQUEST));
    };
    let heard = Heard { url, tell, written };
    if door.heard.send(heard).await.is_err() {
        return Ok(page::plain(StatusCode::GONE));
    }
    Ok(match told.await {
        Ok(Ok(())) => page::signed_in(japanese, &door.attempt),
        Ok(Err(failure)) => page::failed(japanese, failure.code == Code::Cancelled, &door.attempt),
        Err(_) => page::plain(StatusCode::BAD_REQUEST),
    })
}
