//! TLS of the service's own: rustls, by a certificate and a key in files. They are read again on SIGHUP, and when they change: a
//! renewed certificate needs no restart. Files that cannot be used leave the certificate as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::Signal;
use tokio::time::interval;
use tokio_rustls::TlsAcceptor;

use crate::configuration::TlsFiles;

/// The files are looked at so often.
const LOOK: Duration = Duration::from_secs(30);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key is not the certificate's, or of a kind that TLS does not take.
    #[error("`{certificate}` and `{key}` cannot be used together: {why}")]
    Unusable {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        why: String,
    },
    /// TLS itself is not there.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The certificate in force.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    current: RwLock<(Arc<CertifiedKey>, Seen)>,
}

/// What tells a changed file.
type Seen = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub(super) fn read(files: &TlsFiles) -> Result<Certificate, TlsError> {
        let seen = seen(files);
        Ok(Certificate {
            current: RwLock::new((Arc::new(load(files)?), seen)),
            files: files.clone(),
        })
    }

    /// What takes connections with it.
    ///
    /// # Errors
    /// [`TlsError::Setup`].
    pub(super) fn acceptor(self: &Arc<Certificate>) -> Result<TlsAcceptor, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let versions = builder.with_safe_default_protocol_versions();
        let mut config = versions
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Follows the files until it is dropped.
    pub(super) async fn follow(self: Arc<Certificate>, mut asked: Signal) {
        let mut look = interval(LOOK);
        loop {
            let always = tokio::select! {
                heard = asked.recv() => heard.is_some(),
                _ = look.tick() => false,
            };
            self.renew(always);
        }
    }

    fn renew(&self, always: bool) {
        let now = seen(&self.files);
        if !always
            && self
                .current
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .1
                == now
        {
            return;
        }
        let loaded = load(&self.files);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.1 = now;
        match loaded {
            Ok(key) => {
                current.0 = Arc::new(key);
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current.0))
    }
}

fn seen(files: &TlsFiles) -> Seen {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn load(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let unreadable = |path: &Path, why: &dyn std::fmt::Display| TlsError::Unreadable {
        path: path.to_owned(),
        why: why.to_string(),
    };
    let read = |path: &Path| fs::read(path).map_err(|why: io::Error| unreadable(path, &why));
    let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<_, _>>()
        .map_err(|why| unreadable(&files.certificate, &why))?;
    if chain.is_empty() {
        return Err(unreadable(
            &files.certificate,
            &"there is no certificate in it (PEM)",
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|why| unreadable(&files.key, &why))?;
    let pair = CertifiedKey::from_der(chain, key, &default_provider());
    pair.map_err(|why| TlsError::Unusable {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        why: why.to_string(),
    })
}
