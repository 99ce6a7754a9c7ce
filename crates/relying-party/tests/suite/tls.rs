//! Certificates that this computer refuses, and what is told of them; the proxy in between (THREATS.md T25).

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kiro_relying_party::{
    CertificateFault, HttpClient, HttpError, HttpSettings, Network, Proxy, WebClient,
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An authority that no computer trusts.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn named(names: &[(DnType, DnValue)]) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in names {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn acme() -> Authority {
        Authority::named(&[
            (DnType::CommonName, "Acme Web Gateway CA 7".into()),
            (DnType::OrganizationName, "Acme Web Gateway".into()),
        ])
    }

    /// A server on loopback with a certificate of this authority.
    async fn serve(&self, change: impl FnOnce(&mut CertificateParams)) -> SocketAddr {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue; // refused, as it should be
                };
                let mut question = [0; 4096];
                let _ = stream.read(&mut question).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        address
    }
}

fn year(year: i32) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.not_before = rcgen::date_time_ymd(year, 1, 1);
        params.not_after = rcgen::date_time_ymd(year + 1, 1, 1);
    }
}

async fn ask(network: Network, url: &str) -> Result<http::Response<Vec<u8>>, HttpError> {
    let client = WebClient::new(&HttpSettings {
        network,
        ..HttpSettings::default()
    })?;
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    client.send(request).await
}

/// What is told of the server at this port.
async fn refused(address: SocketAddr, network: Network) -> HttpError {
    ask(
        network,
        &format!("https://localhost:{}/?code=CANARY", address.port()),
    )
    .await
    .unwrap_err()
}

async fn issuer_told(names: &[(DnType, DnValue)]) -> Option<String> {
    let address = Authority::named(names).serve(|_| {}).await;
    let error = refused(address, Network::default()).await;
    let HttpError::Intercepted { host, issuer } = error else {
        panic!("{error:?}")
    };
    assert_eq!(host, format!("localhost:{}", address.port()));
    issuer
}

fn trusting(authority: &Authority) -> (tempfile::TempDir, Network) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("ca.pem");
    std::fs::write(&path, &authority.pem).unwrap();
    let network = Network {
        extra_ca: Some(path),
        ..Network::default()
    };
    (folder, network)
}

#[tokio::test]
async fn who_intercepts_is_named_by_the_certificate() {
    use DnType::{CommonName, CountryName, OrganizationName};
    let long = "x".repeat(200);
    let check = async |names: &[(DnType, DnValue)], expected: Option<&str>| {
        assert_eq!(issuer_told(names).await.as_deref(), expected, "{names:?}");
    };
    check(
        &[
            (CommonName, "Acme CA 7".into()),
            (OrganizationName, "Acme Web Gateway".into()),
        ],
        Some("Acme Web Gateway"),
    )
    .await;
    check(&[(CommonName, "Acme CA 7".into())], Some("Acme CA 7")).await;
    check(
        &[(
            OrganizationName,
            DnValue::PrintableString("Acme".try_into().unwrap()),
        )],
        Some("Acme"),
    )
    .await;
    check(
        &[(OrganizationName, "社内ゲートウェイ".into())],
        Some("社内ゲートウェイ"),
    )
    .await;
    check(
        &[(
            OrganizationName,
            "a\u{1b}[2J\r\n\u{202e}b\u{2066}\0c ".into(),
        )],
        Some("a[2Jbc"),
    )
    .await;
    check(
        &[(OrganizationName, long.as_str().into())],
        Some(&long[..64]),
    )
    .await;
    check(
        &[
            (OrganizationName, "\u{202e}\n ".into()),
            (CommonName, "Acme".into()),
        ],
        Some("Acme"),
    )
    .await;
    check(&[(CountryName, "JP".into())], None).await;
}

#[tokio::test]
async fn a_certificate_out_of_its_time_or_place_is_told_as_such() {
    let acme = Authority::acme();
    let (_folder, network) = trusting(&acme);
    let expired = acme.serve(year(2016)).await;
    let early = acme.serve(year(2096)).await;
    let elsewhere = acme
        .serve(|params| *params = CertificateParams::new(vec!["other.example".to_owned()]).unwrap())
        .await;
    for (address, expected) in [
        (
            expired,
            CertificateFault::Expired {
                at: Some("2017-01-01T00:00:00Z".parse().unwrap()),
            },
        ),
        (
            early,
            CertificateFault::NotYetValid {
                from: Some("2096-01-01T00:00:00Z".parse().unwrap()),
            },
        ),
        (elsewhere, CertificateFault::AnotherHost),
    ] {
        let error = refused(address, network.clone()).await;
        assert!(
            !format!("{error:?} {error}").contains("CANARY"),
            "{error:?}"
        );
        let HttpError::Certificate { fault, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(fault, expected);
    }
}

#[tokio::test]
async fn an_added_authority_is_trusted_and_no_other() {
    let (acme, other) = (Authority::acme(), Authority::acme());
    let (_folder, network) = trusting(&acme);
    let url = |address: SocketAddr| format!("https://localhost:{}/", address.port());
    let theirs = acme.serve(|_| {}).await;
    assert_eq!(
        ask(network.clone(), &url(theirs)).await.unwrap().status(),
        200
    );
    // The same names, another key.
    let forged = other.serve(|_| {}).await;
    let error = ask(network, &url(forged)).await.unwrap_err();
    assert!(matches!(error, HttpError::Intercepted { .. }), "{error:?}");
    // Without the file nothing is trusted that was not before.
    let error = ask(Network::default(), &url(theirs)).await.unwrap_err();
    assert!(matches!(error, HttpError::Intercepted { .. }), "{error:?}");
}

/// A proxy that answers whatever it is asked with this, and tells what it was asked.
async fn proxy(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = vec![0; 4096];
        let length = stream.read(&mut question).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&question[..length]).into_owned()
    });
    (address, asked)
}

const PASSWORD_ASKED: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_is_named() {
    let (address, _asked) = proxy(PASSWORD_ASKED).await;
    let network = Network {
        proxy: address.to_string().parse().unwrap(),
        extra_ca: None,
    };
    let error = ask(network, "https://idp.invalid/?code=CANARY")
        .await
        .unwrap_err();
    let HttpError::ProxyPassword { host, proxy } = error else {
        panic!("{error:?}")
    };
    assert_eq!((host.as_str(), proxy), ("idp.invalid", address.to_string()));
}

#[tokio::test]
async fn a_proxys_password_is_sent_to_it_and_told_to_nobody() {
    let (address, asked) = proxy(PASSWORD_ASKED).await;
    let network = Network {
        proxy: Proxy::Manual(format!("http://aiko:CANARY@{address}").parse().unwrap()),
        extra_ca: None,
    };
    assert!(!format!("{network:?}").contains("CANARY"));
    let error = ask(network, "https://idp.invalid/").await.unwrap_err();
    assert!(
        !format!("{error:?} {error}").contains("CANARY"),
        "{error:?}"
    );
    let asked = tokio::time::timeout(Duration::from_secs(5), asked)
        .await
        .unwrap()
        .unwrap();
    assert!(
        asked.to_lowercase().contains(
            "proxy-authorization: basic yWlrbzpDQU5BUlk="
                .to_lowercase()
                .as_str()
        ),
        "{asked}"
    );
}

/// Set for the process that plays the part of a program in such an environment.
const ASKED: &str = "KIRO_TEST_ASKED";

#[tokio::test]
async fn a_program_in_an_environment() {
    let Ok(url) = std::env::var(ASKED) else {
        return; // the test beside this one starts it
    };
    let told = ask(Network::default(), &url)
        .await
        .map(|answer| answer.status());
    writeln!(std::io::stdout(), "told: {told:?}").unwrap();
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_used_but_where_it_says_not_to() {
    for (excepted, url, expected) in [
        ("", "https://idp.invalid/", "ProxyPassword"),
        ("other.invalid", "https://idp.invalid/", "ProxyPassword"),
        ("idp.invalid", "https://idp.invalid/", "proxy: None"),
        ("invalid", "https://idp.invalid/", "proxy: None"),
        ("*", "https://idp.invalid/", "proxy: None"),
        ("", "http://127.0.0.1:1/", "proxy: None"),
        ("", "http://localhost:1/", "proxy: None"),
    ] {
        let (address, asked) = proxy(PASSWORD_ASKED).await;
        let program = std::env::current_exe().unwrap();
        let output = tokio::process::Command::new(program)
            .args(["--exact", "tls::a_program_in_an_environment", "--nocapture"])
            .env(ASKED, url)
            .env("HTTPS_PROXY", format!("http://{address}"))
            .env("HTTP_PROXY", format!("http://{address}"))
            .env("NO_PROXY", excepted)
            .env_remove("no_proxy")
            .output()
            .await
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains(expected), "{excepted} {url}: {told}");
        let through_it = expected == "ProxyPassword";
        assert_eq!(
            told.contains(&address.to_string()),
            through_it,
            "{excepted} {url}: {told}"
        );
        assert_eq!(asked.is_finished(), through_it, "{excepted} {url}");
    }
}

#[test]
fn proxies_as_they_are_written() {
    for (text, expected) in [
        ("system", Some("system")),
        ("none", Some("none")),
        ("10.1.1.1:3128", Some("http://10.1.1.1:3128")),
        (
            "proxy.acme.example:3128",
            Some("http://proxy.acme.example:3128"),
        ),
        (
            "http://proxy.acme.example:3128/",
            Some("http://proxy.acme.example:3128"),
        ),
        (
            "https://proxy.acme.example",
            Some("https://proxy.acme.example"),
        ),
        ("http://[::1]:3128", Some("http://[::1]:3128")),
        ("", None),
        ("System", Some("system")),
        ("socks5://proxy.acme.example:1080", None),
        ("file:///etc/passwd", None),
        ("http://", None),
        ("http://user@proxy.acme.example", None),
        ("http://user:pass@proxy.acme.example", None),
        ("http://proxy.acme.example/path", None),
        ("http://proxy.acme.example/?q", None),
        ("http://proxy.acme.example/#f", None),
        ("two words", None),
    ] {
        let read = text.parse::<Proxy>().ok().map(|proxy| proxy.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }
}
