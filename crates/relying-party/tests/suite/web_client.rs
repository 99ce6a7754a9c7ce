//! The real client against real sockets on loopback (THREATS.md T10, T11, T25).

use std::net::SocketAddr;
use std::time::Duration;

use kiro_relying_party::{
    HttpClient, HttpError, HttpSettings, Network, Proxy, WebClient, display_host, secure_url,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::peer::told;

const MEBIBYTE: usize = 1024 * 1024;

fn client() -> WebClient {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut HttpSettings)) -> WebClient {
    let mut settings = HttpSettings {
        network: Network {
            proxy: Proxy::None,
            extra_ca: None,
        },
        ..HttpSettings::default()
    };
    change(&mut settings);
    WebClient::new(&settings).unwrap()
}

async fn get(client: &WebClient, url: &str) -> Result<http::Response<Vec<u8>>, HttpError> {
    client
        .send(http::Request::get(url).body(Vec::new()).unwrap())
        .await
}

/// A server that answers every connection with these bytes and then holds it open.
async fn raw(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4096];
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(answer).await;
            held.push(stream);
        }
    });
    address
}

#[test]
fn the_defaults_are_those_of_the_threat_model() {
    let settings = HttpSettings::default();
    assert_eq!(
        (
            settings.connect_timeout,
            settings.total_timeout,
            settings.limit
        ),
        (Duration::from_secs(5), Duration::from_secs(15), MEBIBYTE)
    );
}

#[tokio::test]
async fn requests_and_answers_pass_whole() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(body_string("a=b"))
        .respond_with(
            ResponseTemplate::new(418)
                .insert_header("retry-after", "3")
                .set_body_string("short"),
        )
        .mount(&server)
        .await;
    let request = http::Request::post(format!("{}/token", server.uri()))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = client()
        .send(request.body(b"a=b".to_vec()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers()["retry-after"], "3");
    assert_eq!(answer.body(), b"short");
}

#[tokio::test]
async fn redirects_are_refused_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let elsewhere = format!("{}/elsewhere", server.uri());
        Mock::given(path("/start"))
            .respond_with(ResponseTemplate::new(status).insert_header("location", elsewhere))
            .mount(&server)
            .await;
        Mock::given(path("/elsewhere"))
            .respond_with(ResponseTemplate::new(200))
            .expect(0)
            .mount(&server)
            .await;
        let outcome = get(&client(), &format!("{}/start", server.uri())).await;
        assert_eq!(told(&outcome), "Redirected", "{status}");
    }
}

#[tokio::test]
async fn one_mebibyte_and_not_a_byte_more() {
    for (length, expected) in [
        (MEBIBYTE, "ok"),
        (MEBIBYTE + 1, "TooLarge"),
        (4 * MEBIBYTE, "TooLarge"),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; length]))
            .mount(&server)
            .await;
        let outcome = get(&client(), &server.uri()).await;
        assert_eq!(told(&outcome), expected, "{length}");
        assert!(outcome.is_err() || outcome.unwrap().body().len() == length);
    }
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let address = raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n").await;
    let outcome = get(
        &with(|settings| settings.limit = 20),
        &format!("http://{address}/"),
    )
    .await;
    assert_eq!(told(&outcome), "TooLarge");
}

#[tokio::test]
async fn a_compressed_answer_is_refused_unread() {
    let packed: [(&'static [u8], &str); 5] = [
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nxyz",
            "Compressed",
        ),
        (
            b"HTTP/1.1 500 No\r\ncontent-encoding: br\r\ncontent-length: 3\r\n\r\nxyz",
            "Compressed",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: deflate, gzip\r\ncontent-length: 3\r\n\r\nxyz",
            "Compressed",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 3\r\n\r\nxyz",
            "ok",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nxyz", "ok"),
    ];
    for (answer, expected) in packed {
        let address = raw(answer).await;
        let outcome = get(&client(), &format!("http://{address}/")).await;
        assert_eq!(
            told(&outcome),
            expected,
            "{}",
            String::from_utf8_lossy(answer)
        );
    }
}

#[tokio::test]
async fn slow_and_broken_answers() {
    let slow: [(&'static [u8], &str); 7] = [
        (b"", "TimedOut"),
        (b"HTTP/1.1 200 OK\r\n", "TimedOut"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
            "TimedOut",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
            "TimedOut",
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "Failed"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "Failed",
        ),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "Failed"),
    ];
    for (answer, expected) in slow {
        let address = raw(answer).await;
        let client = with(|settings| settings.total_timeout = Duration::from_millis(300));
        let outcome = get(&client, &format!("http://{address}/?code=CANARY")).await;
        assert_eq!(
            told(&outcome),
            expected,
            "{}",
            String::from_utf8_lossy(answer)
        );
        let error = outcome.unwrap_err();
        assert!(
            !format!("{error:?} {error}").contains("CANARY"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_closes_early_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4096];
            let _ = stream.read(&mut question).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345")
                .await;
        }
    });
    assert_eq!(
        told(&get(&client(), &format!("http://{address}/")).await),
        "Failed"
    );
}

/// A server may end an idle connection at any moment, also the one in which the next request is on its way.
#[tokio::test]
async fn a_request_never_travels_on_a_connection_that_may_be_closing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut question = [0; 4096];
                let _ = stream.read(&mut question).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await;
                let _ = stream.read(&mut question).await; // what comes next on this connection is not answered
            });
        }
    });
    let client = client();
    for method in ["GET", "GET", "POST", "POST"] {
        let request = http::Request::builder().method(method);
        let request = request.uri(format!("http://{address}/token"));
        let outcome = client.send(request.body(Vec::new()).unwrap()).await;
        assert_eq!(told(&outcome), "ok", "{method}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = get(&client(), &format!("http://{address}/?code=CANARY")).await;
    let Err(HttpError::Unreachable {
        host,
        proxy: None,
        why,
        unresolved: false,
    }) = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(host, address.to_string());
    assert!(!why.contains("CANARY"), "{why}");
}

#[tokio::test]
async fn loopback_never_goes_through_a_proxy() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let proxy = raw(b"HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n").await;
    let client = with(|settings| {
        settings.network.proxy = Proxy::Manual(format!("http://{proxy}").parse().unwrap())
    });
    assert_eq!(get(&client, &server.uri()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = with(|settings| {
        settings.network.proxy = Proxy::Manual(format!("http://{address}").parse().unwrap())
    });
    let outcome = get(&client, "https://idp.invalid/").await;
    let Err(HttpError::Unreachable { host, proxy, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        (host, proxy),
        ("idp.invalid".to_owned(), Some(address.to_string()))
    );
}

#[tokio::test]
async fn https_is_asked_for_through_the_proxy_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = vec![0; 4096];
        let length = stream.read(&mut question).await.unwrap();
        String::from_utf8_lossy(&question[..length])
            .lines()
            .next()
            .unwrap()
            .to_owned()
    });
    let client = with(|settings| {
        settings.network.proxy = Proxy::Manual(format!("http://{address}").parse().unwrap())
    });
    assert!(
        get(&client, "https://idp.invalid/secret?code=CANARY")
            .await
            .is_err()
    );
    // The request is over, so what was asked is known; the limit ends a test that has failed.
    let asked = tokio::time::timeout(Duration::from_secs(5), asked).await;
    assert_eq!(asked.unwrap().unwrap(), "CONNECT idp.invalid:443 HTTP/1.1");
}

#[tokio::test]
async fn http_beyond_this_computer_is_refused_before_any_connection() {
    // Were it asked, this proxy would see it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let client = with(|settings| {
        settings.network.proxy = Proxy::Manual(format!("http://{address}").parse().unwrap());
        settings.total_timeout = Duration::from_millis(300);
    });
    for url in [
        "http://idp.invalid/",
        "http://192.0.2.1/",
        "http://localhost.evil.invalid/",
    ] {
        assert_eq!(told(&get(&client, url).await), "InsecureUrl", "{url}");
    }
    let none = listener.accept().unwrap_err();
    assert_eq!(none.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_no_safe_connection() {
    let address = raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let outcome = get(&client(), &format!("https://{address}/")).await;
    assert_eq!(told(&outcome), "Tls");
}

#[test]
fn a_ca_file_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (name, content) in [
        ("absent", None),
        ("empty", Some("")),
        ("text", Some("hello")),
        ("broken", Some(broken)),
    ] {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let settings = HttpSettings {
            network: Network {
                extra_ca: Some(path.clone()),
                ..Network::default()
            },
            ..HttpSettings::default()
        };
        match WebClient::new(&settings) {
            Err(HttpError::BadCa { path: told, .. }) => assert_eq!(told, path),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn addresses() {
    for (text, expected) in [
        ("https://idp.example", "ok"),
        ("https://idp.example:8443/a?b=c", "ok"),
        ("HTTPS://IDP.example", "ok"),
        ("https://192.0.2.1/", "ok"),
        ("http://localhost:1/", "ok"),
        ("http://127.0.0.1:1/", "ok"),
        ("http://127.0.0.2/", "ok"),
        ("http://[::1]:1/", "ok"),
        ("http://idp.example", "no"),
        ("http://localhost.evil.example/", "no"),
        ("http://localhost./", "no"),
        ("http://evil.localhost/", "no"),
        ("http://127.0.0.1.evil.example/", "no"),
        ("http://0.0.0.0/", "no"),
        ("http://[::]/", "no"),
        ("http://[::ffff:127.0.0.1]/", "no"),
        ("http://192.168.0.1/", "no"),
        ("http://169.254.169.254/", "no"),
        ("https://user@idp.example/", "no"),
        ("https://user:pass@idp.example/", "no"),
        ("https://:pass@idp.example/", "no"),
        ("http://localhost@evil.example/", "no"),
        ("http://user@localhost/", "no"),
        ("https://idp.example/#f", "no"),
        ("https://idp.example/#", "no"),
        ("https://", "no"),
        ("https:", "no"),
        ("idp.example", "no"),
        ("//idp.example", "no"),
        ("ftp://localhost/", "no"),
        ("file:///etc/passwd", "no"),
        ("file://localhost/etc/passwd", "no"),
        ("javascript:alert(1)", "no"),
        ("data:text/html,x", "no"),
        ("kiro://kiro.oauth/callback", "no"),
        ("ms-msdt:/id", "no"),
        ("", "no"),
    ] {
        let found = secure_url(text).map_or("no", |_| "ok");
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_refused_address_is_told_without_its_secrets() {
    for (text, expected) in [
        (
            "http://user:CANARY@idp.example/a?code=CANARY#CANARY",
            "http://idp.example/a",
        ),
        (
            "https://user:CANARY@idp.example:8443/",
            "https://idp.example:8443/",
        ),
        ("https://user:CANARY@/", ""),
        ("CANARY", ""),
    ] {
        let error = secure_url(text).unwrap_err();
        let HttpError::InsecureUrl { url } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(url, expected, "{text}");
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }
}

#[test]
fn hosts_are_shown_as_they_are() {
    for (url, expected) in [
        ("https://idp.example/a", "idp.example"),
        ("https://idp.example:443/", "idp.example"),
        ("https://idp.example:8443/", "idp.example:8443"),
        ("https://аpple.example/", "xn--pple-43d.example"),
        ("http://[::1]:1/", "[::1]:1"),
    ] {
        assert_eq!(display_host(&url.parse().unwrap()), expected);
    }
}
