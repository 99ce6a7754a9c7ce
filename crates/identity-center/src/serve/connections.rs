//! Connections: taken, answered and ended. Nobody holds one by sending slowly.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::proxies::Proxies;

/// How long a connection may take for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A request's head, and the silence between two requests.
    pub(super) head: Duration,
    /// Its body, and its answer.
    pub(super) request: Duration,
    /// What is being answered when the end comes.
    pub(super) grace: Duration,
}

/// How connections are taken.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) limits: Limits,
    /// Without it, in clear: then nobody is taken but this computer and the proxies.
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) proxies: Arc<Proxies>,
}

impl Door {
    fn admits(&self, peer: IpAddr) -> bool {
        self.tls.is_some() || peer.to_canonical().is_loopback() || self.proxies.trusts(peer)
    }
}

/// Answers until `stop` is ready: then no more is taken, and what was asked is still answered.
pub(super) async fn answer(
    listener: TcpListener,
    router: Router,
    door: Door,
    stop: impl Future<Output = ()>,
) {
    let limits = door.limits;
    let router = TowerToHyperService::new(router);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = &mut stop => break,
        };
        match taken {
            Ok((stream, from)) if door.admits(from.ip()) => {
                let connection = one(
                    stream,
                    from,
                    router.clone(),
                    door.clone(),
                    graceful.watcher(),
                );
                tokio::spawn(connection);
            }
            Ok((_, from)) => {
                tracing::warn!(%from, "turned away: it is no proxy that was named, and this is not TLS")
            }
            Err(error) => refused(&error).await,
        }
    }
    drop(listener);
    if timeout(limits.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut off");
    }
}

async fn one(
    stream: TcpStream,
    from: SocketAddr,
    router: TowerToHyperService<Router>,
    door: Door,
    watcher: Watcher,
) {
    let Door { limits, .. } = door;
    let asked = move |request: Request<Incoming>| {
        let client = door.proxies.client(from.ip(), request.headers());
        let client = SocketAddr::new(client, from.port());
        respond(router.clone(), request, client, limits.request)
    };
    match door.tls {
        None => talk(stream, asked, limits, watcher).await,
        Some(tls) => match timeout(limits.head, tls.accept(stream)).await {
            Ok(Ok(stream)) => talk(stream, asked, limits, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS came about"),
            Err(_) => tracing::debug!("TLS took too long to begin"),
        },
    }
}

async fn talk<S, F, A>(stream: S, asked: F, limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A + Send + 'static,
    A: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service_fn(asked));
    // A connection that breaks concerns nobody but its own client.
    drop(watcher.watch(connection).await);
}

/// Answers in time. The handlers are told whom. (Around the router, not in it: there each request would pay for each layer anew.)
async fn respond(
    router: TowerToHyperService<Router>,
    request: Request<Incoming>,
    client: SocketAddr,
    limit: Duration,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(client));
    match timeout(limit, router.call(request)).await {
        Ok(response) => response,
        Err(_) => Ok(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// A client that has gone again is nothing; without free descriptors it is of no use to try at once.
async fn refused(error: &io::Error) {
    let gone = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ];
    if !gone.contains(&error.kind()) {
        tracing::error!(%error, "no connection can be taken");
        sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::networks::Networks;

    fn door(limits: Limits) -> Door {
        Door {
            limits,
            tls: None,
            proxies: Arc::default(),
        }
    }

    #[test]
    fn in_clear_nobody_is_taken_but_this_computer_and_the_proxies() {
        let limits = Limits {
            head: Duration::ZERO,
            request: Duration::ZERO,
            grace: Duration::ZERO,
        };
        let proxies = Proxies(Networks::read(&["10.0.0.1".to_owned()]).unwrap());
        let door = Door {
            proxies: Arc::new(proxies),
            ..door(limits)
        };
        for (peer, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(door.admits(peer.parse().unwrap()), expected, "{peer}");
        }
    }

    #[tokio::test]
    async fn nobody_holds_a_connection_by_sending_slowly() {
        let limits = Limits {
            head: Duration::from_millis(20),
            request: Duration::from_millis(20),
            grace: Duration::ZERO,
        };
        let router = Router::new().route("/", post(|body: Bytes| async { body }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(answer(
            listener,
            router,
            door(limits),
            std::future::pending(),
        ));
        let check = async |sent: &str, expected: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            let mut answer = String::new();
            drop(stream.read_to_string(&mut answer).await);
            let status = answer.lines().next().unwrap_or_default();
            assert_eq!(status, expected, "{sent:?}");
        };
        let whole = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
        // Each of these ends by itself; the last is answered first, and its connection ends after a silence.
        check("", "").await;
        check("POST / HTTP/1.1\r\nhost: x\r\ncontent-le", "").await;
        check(&format!("{whole}hal"), "HTTP/1.1 408 Request Timeout").await;
        check(&format!("{whole}half"), "HTTP/1.1 200 OK").await;
        serving.abort();
    }

    #[tokio::test]
    async fn a_connection_that_asks_nothing_does_not_hold_up_the_end() {
        let long = Duration::from_secs(60);
        let limits = Limits {
            head: long,
            request: long,
            grace: long,
        };
        let router = Router::new().route("/", post(|body: Bytes| async { body }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(answer(listener, router, door(limits), async {
            drop(stopped.await);
        }));
        let silent = TcpStream::connect(address).await.unwrap();
        let mut asked = TcpStream::connect(address).await.unwrap();
        let request = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
        asked.write_all(request).await.unwrap();
        let mut status = [0; 15];
        asked.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 OK");
        drop(stop);
        let ended = timeout(Duration::from_secs(10), serving).await;
        ended.unwrap().unwrap();
        drop((silent, asked));
    }
}
