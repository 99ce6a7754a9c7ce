//! Answers that come in pieces: as they come, up to a limit, and with the same doors shut as whole ones.

use http_body_util::BodyExt;
use kiro_relying_party::{Body, HttpClient, HttpError, HttpSettings, Network, Proxy, WebClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::peer::{Peer, told};

async fn stream(url: &str) -> Result<http::Response<Body>, HttpError> {
    let client = WebClient::new(&HttpSettings {
        network: Network {
            proxy: Proxy::None,
            extra_ca: None,
        },
        ..HttpSettings::default()
    });
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    client.unwrap().stream(request).await
}

/// The address of a server that answers one request so.
async fn serve<F>(answer: impl FnOnce(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        answer(stream).await;
    });
    address
}

async fn next(body: &mut Body) -> Option<Result<Vec<u8>, HttpError>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap().to_vec()))
}

#[tokio::test]
async fn a_piece_is_here_before_the_next_is_sent() {
    let (read, go_on) = oneshot::channel();
    let url = serve(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";
        stream.write_all(head).await.unwrap();
        let () = go_on.await.unwrap();
        stream.write_all(b"3\r\ntwo\r\n0\r\n\r\n").await.unwrap();
    });
    let mut body = stream(&url.await).await.unwrap().into_body();
    assert_eq!(next(&mut body).await.unwrap().unwrap(), b"one");
    read.send(()).unwrap();
    assert_eq!(next(&mut body).await.unwrap().unwrap(), b"two");
    assert!(next(&mut body).await.is_none());
}

#[tokio::test]
async fn what_ends_too_soon_or_never_is_an_error_after_what_came() {
    let url = serve(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n9\r\ntw";
        stream.write_all(head).await.unwrap();
    });
    let mut body = stream(&url.await).await.unwrap().into_body();
    assert_eq!(next(&mut body).await.unwrap().unwrap(), b"one");
    let rest = loop {
        match next(&mut body).await.unwrap() {
            Ok(more) => assert_eq!(more, b"tw"),
            Err(error) => break error,
        }
    };
    assert!(matches!(rest, HttpError::Failed { .. }), "{rest:?}");

    let url = serve(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
        let _ = stream.write_all(head).await;
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    });
    let mut body = stream(&url.await).await.unwrap().into_body();
    let mut length = 0;
    let end = loop {
        match next(&mut body).await.unwrap() {
            Ok(more) => length += more.len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(end, HttpError::TooLarge { .. }), "{end:?}");
    assert!(length <= 64 * 1024 * 1024, "{length}");
}

#[tokio::test]
async fn no_door_is_open_that_is_shut_for_a_whole_answer() {
    let rows: [(&'static [u8], &str); 3] = [
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
            "Redirected",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nxyz",
            "Compressed",
        ),
        (b"HTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\nxyz", "ok"),
    ];
    for (answer, expected) in rows {
        let url = serve(move |mut stream| async move {
            let _ = stream.write_all(answer).await;
        });
        assert_eq!(told(&stream(&url.await).await), expected);
    }
    assert_eq!(told(&stream("http://acme.test/").await), "InsecureUrl");
}

#[tokio::test]
async fn a_client_that_answers_whole_answers_in_one_piece() {
    let peer = Peer::json(200, "{}");
    let request = http::Request::get("https://acme.test/").body(Vec::new());
    let mut body = peer.stream(request.unwrap()).await.unwrap().into_body();
    assert_eq!(next(&mut body).await.unwrap().unwrap(), b"{}");
    assert!(next(&mut body).await.is_none());
}
