//! TLS of the service's own, and a certificate that is renewed while it serves.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::program::{Program, command};

const NAME: &str = "id.acme.example";

fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
    fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// The answer to a request by a client that trusts this certificate alone.
fn ask(address: &str, trusted: &CertificateDer<'static>) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(NAME).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_service_speaks_tls_and_a_renewed_certificate_needs_no_restart() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let first = certificate(folder.path());
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let settings = format!(
        "url = \"https://{NAME}\"\ndata = \"{}\"\nlisten = \"{address}\"\ntls_certificate = \"{}\"\ntls_key = \"{}\"\n",
        at("data"),
        at("tls.crt"),
        at("tls.key"),
    );
    fs::write(at("config.toml"), settings).unwrap();
    let mut program = Program::of({
        let mut command = command(
            &folder.path().join("data"),
            &["--listen", &address.to_string()],
        );
        command.args(["--settings", &at("config.toml")]);
        command
    });
    assert_eq!(program.text("issuer"), format!("https://{NAME}"));
    let address = address.to_string();
    assert!(ask(&address, &first).unwrap().starts_with("HTTP/1.1 200"));
    // In clear nothing is answered.
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");

    // What cannot be used changes nothing, and what can does.
    let kept = fs::read(at("tls.key")).unwrap();
    fs::write(at("tls.key"), "no key").unwrap();
    program.tell("HUP");
    program.until_log("the certificate stays as it was");
    assert!(ask(&address, &first).is_ok());
    fs::write(at("tls.key"), kept).unwrap();
    let second = certificate(folder.path());
    program.tell("HUP");
    let until = Instant::now() + Duration::from_secs(10);
    while ask(&address, &second).is_err() {
        assert!(Instant::now() < until, "the new certificate is not used");
    }
    assert!(ask(&address, &first).is_err());
    assert!(program.stop("TERM").0.success());
}
