//! Signing out in the browser as well (OpenID Connect RP-Initiated Logout 1.0 §2).
//!
//! The provider's address carries the ID token, and a program's arguments are there for others to read. So the browser
//! is started with an address of this computer that works once, and is sent on from there.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, HOST, LOCATION, REFERRER_POLICY};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use kiro_relying_party::{State, secure_url};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use crate::browser::{Browser, BrowserError};

/// How long the browser may take to start and ask.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take to say what it wants.
const SILENCE: Duration = Duration::from_secs(5);

/// Has the browser end its session at the provider; `url` is a receipt's. Returns once the browser was sent there.
///
/// # Errors
/// When the address is not https or loopback, no browser could be started, or none asked within half a minute.
pub async fn end_session(browser: &(dyn Browser + Sync), url: &Url) -> Result<(), BrowserError> {
    secure_url(url.as_str()).map_err(|_| BrowserError::Insecure)?;
    let not_started = |why: String| BrowserError::NotStarted(why);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(|error| not_started(error.to_string()))?;
    let address = listener
        .local_addr()
        .map_err(|error| not_started(error.to_string()))?;
    let once = format!("http://{address}/{}", State::generate().secret());
    let once: Url = once.parse().map_err(|_| BrowserError::Insecure)?;
    browser.open(&once)?;
    tokio::time::timeout(PATIENCE, send_on(listener, &once, url))
        .await
        .map_err(|_| not_started("it did not ask for the address".to_owned()))
}

/// Answers until somebody has asked for this address, who is sent on; everybody else gets nothing.
async fn send_on(listener: TcpListener, once: &Url, to: &Url) {
    let (asked, mut heard) = mpsc::channel(1);
    let served = Arc::new(AtomicBool::new(false));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(answer(stream, once.clone(), to.clone(), Arc::clone(&served), asked.clone()));
            }
            Some(()) = heard.recv() => return,
        }
    }
}

async fn answer(
    stream: TcpStream,
    once: Url,
    to: Url,
    served: Arc<AtomicBool>,
    asked: mpsc::Sender<()>,
) {
    let sent = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        // Whoever comes second gets nothing, however many connect before the first has its answer.
        let first = is_meant(&request, &once) && !served.swap(true, Ordering::Relaxed);
        sent.fetch_or(first, Ordering::Relaxed);
        let response = redirect(first.then_some(&to));
        async move { Ok::<_, Infallible>(response) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if sent.into_inner() {
        let _ = asked.send(()).await; // after the answer has left
    }
}

fn is_meant(request: &Request<Incoming>, once: &Url) -> bool {
    let host = request.headers().get(HOST).map(|host| host.as_bytes());
    request.method() == Method::GET
        && host == Some(once.authority().as_bytes())
        && request.uri().path() == once.path()
}

fn redirect(to: Option<&Url>) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    if let Some(Ok(to)) = to.map(|to| to.as_str().parse()) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, to);
        headers.insert(
            CACHE_CONTROL,
            hyper::header::HeaderValue::from_static("no-store"),
        );
        headers.insert(
            REFERRER_POLICY,
            hyper::header::HeaderValue::from_static("no-referrer"),
        );
    }
    response
}
