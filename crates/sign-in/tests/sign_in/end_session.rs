//! The browser's session is ended by an address that no argument of a program tells.

use std::sync::Mutex;

use kiro_sign_in::{Browser, BrowserError, end_session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use url::Url;

/// A browser that only says what it was started with.
struct Started(Mutex<Option<oneshot::Sender<Url>>>);

impl Browser for Started {
    fn open(&self, url: &Url) -> Result<(), BrowserError> {
        let told = self.0.lock().unwrap().take().unwrap();
        told.send(url.clone()).unwrap();
        Ok(())
    }
}

async fn get(url: &Url, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap()))
        .await
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", url.authority());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await; // it may be left without an answer
    answer
}

#[tokio::test]
async fn the_browser_is_started_with_an_address_that_works_once_and_tells_nothing() {
    let to: Url = "https://login.acme.test/logout?id_token_hint=canary-id-token"
        .parse()
        .unwrap();
    let (told, started) = oneshot::channel();
    let browser = Started(Mutex::new(Some(told)));
    let person = async {
        let url = started.await.unwrap();
        assert!(!url.as_str().contains("canary"), "{url}");
        assert!(url.path().len() > 40, "it cannot be guessed: {url}");
        let _silent = TcpStream::connect(("127.0.0.1", url.port().unwrap()))
            .await
            .unwrap();
        assert!(get(&url, "/").await.starts_with("HTTP/1.1 404"));
        // Whoever reads arguments may be as quick as the browser: one of two gets it.
        let (one, other) = tokio::join!(get(&url, url.path()), get(&url, url.path()));
        let sent = |answer: &String| answer.contains("canary");
        assert_ne!(sent(&one), sent(&other), "{one} {other}");
        let answer = if sent(&one) { one } else { other };
        assert!(
            answer.starts_with("HTTP/1.1 303")
                && answer.contains(to.as_str())
                && answer.contains("no-store"),
            "{answer}"
        );
        url
    };
    let (ended, url) = tokio::join!(end_session(&browser, &to), person);
    ended.unwrap();
    let again = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await;
    assert!(again.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_address_that_no_browser_should_open_starts_none() {
    let browser = Started(Mutex::new(None));
    let ended = end_session(&browser, &"http://login.acme.test/logout".parse().unwrap()).await;
    assert!(matches!(ended, Err(BrowserError::Insecure)));
}
