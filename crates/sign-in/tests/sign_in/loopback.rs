//! The listener under a crowd (THREATS.md T12): silent, slow, stray and forged connections, then the genuine callback.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kiro_sign_in::{Attempt, Organization, Request, Settings, Via, begin};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::forged::resident;
use crate::world::{CLIENT, World, okta};

const ISSUER: &str = "https://login.acme.test/oauth2/v2.0";
/// So many connections are open at once.
const PLACES: usize = 64;
/// Less than a kilobyte for each forged callback would come to.
const MEMORY: usize = 1024 * 1024;

/// The organisation where the provider of this world is like Entra ID.
pub(crate) fn at_entra(world: &World) -> Organization {
    world.behave(|behaviour| {
        behaviour.issuer = Some(ISSUER.into());
        behaviour.claims = json!({"iss": ISSUER});
    });
    let settings = Settings::Entra {
        tenant: "oauth2".into(),
        client_id: CLIENT.into(),
        authority: "https://login.acme.test".parse().unwrap(),
        allowed_tenants: Vec::new(),
        scopes: Vec::new(),
    };
    Organization { settings, ..okta() }
}

/// A sign-in that waits on any free port (tests run beside each other), and its genuine callback.
pub(crate) async fn waiting(world: &World) -> (Attempt, String) {
    let request = Request {
        organization: at_entra(world),
        ..world.request(Via::Loopback)
    };
    let attempt = begin(&world.context, request).await.unwrap();
    let callback = world.callback(attempt.url(), "code=c1");
    (
        attempt,
        callback.replace("oauth2%2Fdefault", "oauth2%2Fv2.0"),
    )
}

/// Sends this and returns whatever comes until the connection ends; longer than the listener's patience it is not waited.
async fn say(port: u16, text: &str) -> String {
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = stream.write_all(text.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, talk).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_keeps_nobody_out_and_the_genuine_callback_wins() {
    let world = World::new();
    let (attempt, callback) = waiting(&world).await;
    let redirect: url::Url = attempt.redirect_uri().parse().unwrap();
    let (port, authority) = (
        redirect.port().unwrap(),
        format!("localhost:{}", redirect.port().unwrap()),
    );
    let target = callback.split_once(&authority).unwrap().1.to_owned();
    let context = world.context.clone();
    let signing_in = tokio::spawn(async move { attempt.wait(&context).await });
    let before = world.provider.requests.load(Ordering::SeqCst);

    // More silent connections than there are places, all held open to the end.
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    let began = Instant::now();
    let memory = resident();
    for number in 0..1_000 {
        let forged = format!(
            "GET /oauth/callback?code=evil&state=forged-{number} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
        );
        let answer = say(port, &forged).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{number}: {answer}");
        let waited = number == 0 && began.elapsed() > Duration::from_secs(4);
        assert!(
            !waited,
            "the silent ones gave way only when their time was up"
        );
        if number == 0 {
            // Those beyond the sixty-four places are closed, and not only once their five seconds are over.
            for (at, gone) in silent.iter_mut().take(200 - PLACES).enumerate() {
                let closed =
                    tokio::time::timeout(Duration::from_secs(3), gone.read(&mut [0])).await;
                assert!(matches!(closed, Ok(Ok(0) | Err(_))), "{at}: {closed:?}");
            }
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "{:?}",
                began.elapsed()
            );
        }
    }
    // Tests of one process share its memory; run alone, as they are by nextest, this one says something of it.
    if std::env::var_os("NEXTEST").is_some() {
        let grown = resident().saturating_sub(memory);
        assert!(grown < MEMORY, "{grown} bytes more");
    }
    let others = [
        (
            format!("GET {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            "421",
        ),
        (
            format!("POST {target} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\n\r\n"),
            "405",
        ),
        (
            format!("GET /favicon.ico HTTP/1.1\r\nHost: {authority}\r\n\r\n"),
            "404",
        ),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "4"),
        ("\u{16}\u{3}\u{1}".to_owned(), ""),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: {authority}\r\nX: {}\r\n\r\n",
                "x".repeat(20_000)
            ),
            "",
        ),
    ];
    for (request, expected) in others {
        let answer = say(port, &request).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(
            status.starts_with(expected) && status != "200",
            "{request:.60}: {answer}"
        );
    }
    assert!(!signing_in.is_finished());
    assert_eq!(
        world.provider.requests.load(Ordering::SeqCst),
        before,
        "nobody was asked"
    );

    let answer = say(
        port,
        &format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(signing_in.await.unwrap().is_ok());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_is_closed_after_five_seconds() {
    let world = World::new();
    let (attempt, _) = waiting(&world).await;
    let redirect: url::Url = attempt.redirect_uri().parse().unwrap();
    let context = world.context.clone();
    let signing_in = tokio::spawn(async move { attempt.wait(&context).await });
    let began = Instant::now();
    let answer = say(redirect.port().unwrap(), "GET /oauth/callback?co").await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    let waited = began.elapsed().as_secs();
    assert!((4..10).contains(&waited), "{waited} s");
    assert!(!signing_in.is_finished(), "the sign-in waits on");
}
