//! TLS to the database: `sslmode` and `sslrootcert` of its URL.
//!
//! TLS here always proves who answers. `require`, `verify-ca` and `verify-full` therefore mean the same, and `prefer` and `allow`, which
//! go on in clear when somebody in between says so, are refused. Without `sslmode` TLS is used unless the database is on this computer.

use std::fs;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};
use tokio_rustls::{TlsConnector, client};

use crate::store::StoreError;

/// The database's address, and how it is spoken to.
pub(super) fn read(url: &str) -> Result<(Config, Tls), StoreError> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(decoded(value)),
            _ => rest.push(pair),
        }
    }
    let address = match rest.is_empty() {
        true => address.to_owned(),
        false => format!("{address}?{}", rest.join("&")),
    };
    // What the parser says of a URL names an option, never a value.
    let mut config: Config = address.parse().map_err(|error| wrong(&error))?;
    let wanted = match mode.as_deref() {
        Some("require" | "verify-ca" | "verify-full") => true,
        Some("disable") => false,
        None => !config.get_hosts().iter().all(is_here),
        Some(_) => {
            let why = "sslmode is `verify-full` (TLS, proved) or `disable`; what goes on in clear by itself is not offered";
            return Err(StoreError::Address(why.to_owned()));
        }
    };
    config.ssl_mode(if wanted {
        SslMode::Require
    } else {
        SslMode::Disable
    });
    let connector = match wanted {
        true => Some(TlsConnector::from(Arc::new(trusting(roots.as_deref())?))),
        false => None,
    };
    Ok((config, Tls(connector)))
}

fn decoded(value: &str) -> String {
    let pairs = format!("x={value}");
    let mut pairs = url::form_urlencoded::parse(pairs.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let address: Option<IpAddr> = name.parse().ok();
            name == "localhost" || address.is_some_and(|address| address.is_loopback())
        }
    }
}

fn wrong(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Address(why.to_string())
}

/// The computer's own roots, or those of a file.
fn trusting(file: Option<&str>) -> Result<ClientConfig, StoreError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?;
    let Some(path) = file else {
        let builder = builder
            .with_platform_verifier()
            .map_err(|error| wrong(&error))?;
        return Ok(builder.with_no_client_auth());
    };
    let unread =
        |why: &dyn std::fmt::Display| StoreError::Address(format!("sslrootcert {path}: {why}"));
    let text = fs::read(path).map_err(|error| unread(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| unread(&error))?;
        roots.add(certificate).map_err(|error| unread(&error))?;
    }
    if roots.is_empty() {
        return Err(unread(&"there is no certificate in it (PEM)"));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// How connections are made; without a connector none has TLS.
#[derive(Clone)]
pub(super) struct Tls(Option<TlsConnector>);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = To;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<To> {
        // It is asked for in any case, and then used as `sslmode` says.
        let to = self.0.clone().map(|connector| {
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            Ok((connector, name))
        });
        to.transpose().map(To)
    }
}

/// One connection's.
pub(super) struct To(Option<(TlsConnector, ServerName<'static>)>);

impl TlsConnect<Socket> for To {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let missing = || io::Error::other("TLS is not set up");
            let (connector, name) = self.0.ok_or_else(missing)?;
            let connected = connector.connect(name, stream).await;
            connected.map(|stream| Encrypted(Box::new(stream)))
        })
    }
}

/// A connection in TLS.
pub(super) struct Encrypted(Box<client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_database_elsewhere_is_spoken_to_in_tls() {
        let check = |url: &str, expected: SslMode| {
            let (config, Tls(connector)) = read(url).unwrap();
            assert_eq!(config.get_ssl_mode(), expected, "{url}");
            assert_eq!(connector.is_some(), expected == SslMode::Require, "{url}");
        };
        check("postgresql://kiro@db.acme.example/kiro", SslMode::Require);
        check("postgresql://kiro@192.0.2.1/kiro", SslMode::Require);
        check(
            "postgresql://kiro@db.acme.example/kiro?sslmode=disable",
            SslMode::Disable,
        );
        check("postgresql://kiro@localhost/kiro", SslMode::Disable);
        check("postgresql://kiro@127.0.0.1/kiro", SslMode::Disable);
        check("postgresql://kiro@%2Frun%2Fpg/kiro", SslMode::Disable);
        check(
            "postgresql://localhost/kiro?sslmode=require&connect_timeout=3",
            SslMode::Require,
        );
        check(
            "postgresql://localhost/kiro?connect_timeout=3&sslmode=verify-full",
            SslMode::Require,
        );
        for refused in ["prefer", "allow", "", "VERIFY-FULL"] {
            let url = format!("postgresql://kiro:hush@db/kiro?sslmode={refused}");
            let said = read(&url).err().unwrap().to_string();
            assert!(
                said.contains("sslmode is") && !said.contains("hush"),
                "{said}"
            );
        }
        let said = read("postgresql://kiro:hush@db/kiro?nonsense=hush")
            .err()
            .unwrap();
        assert!(!said.to_string().contains("hush"), "{said}");
        let said = read("postgresql://db/kiro?sslrootcert=%2Fnonexistent")
            .err()
            .unwrap();
        assert!(
            said.to_string().contains("sslrootcert /nonexistent"),
            "{said}"
        );
    }
}
