//! Connections: taken, answered and ended. Nobody holds one by sending slowly.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

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

/// Answers until `stop` is ready: then no more is taken, and what was asked is still answered.
pub(super) async fn answer(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let router = router.layer(middleware::from_fn_with_state(limits.request, in_time));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = listener.accept() => taken,
            () = &mut stop => break,
        };
        match taken {
            Ok((stream, from)) => {
                let connection = one(stream, from, router.clone(), limits, graceful.watcher());
                tokio::spawn(connection);
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
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    let router = router.layer(Extension(ConnectInfo(from)));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    // A connection that breaks concerns nobody but its own client.
    drop(watcher.watch(connection).await);
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

async fn in_time(
    State(limit): State<Duration>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Infallible> {
    Ok(match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

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
        let serving = tokio::spawn(answer(listener, router, limits, std::future::pending()));
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
        let serving = tokio::spawn(answer(listener, router, limits, async {
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
