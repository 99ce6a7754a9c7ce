//! A database on a port, spoken to in TLS.

use std::fs;
use std::net::TcpListener;

use super::server::Server;
use crate::store::{Store, StoreError};

fn authority(name: &str) -> (rcgen::CertificateParams, rcgen::KeyPair) {
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    (parameters, rcgen::KeyPair::generate().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_spoken_to_in_tls_that_proves_who_answers() {
    let folder = tempfile::tempdir().unwrap();
    let root = |name: &str| {
        let (parameters, key) = authority(name);
        let path = folder.path().join(format!("{name}.pem"));
        fs::write(&path, parameters.self_signed(&key).unwrap().pem()).unwrap();
        (path, rcgen::Issuer::new(parameters, key))
    };
    let ((right, issuer), (other, _)) = (root("right"), root("other"));
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let _server = Server::start(Some((port, &certificate.pem(), &key.serialize_pem())));

    let open = async |host: &str, query: String| {
        let url = format!("postgresql://kiro@{host}:{port}/postgres?{query}");
        Store::postgres(&url).await
    };
    let trusting =
        |path: &std::path::Path| format!("sslmode=verify-full&sslrootcert={}", path.display());
    let encrypted = async |store: Store| {
        let asked = store.read(|tx| {
            Box::pin(async move {
                let sql = "SELECT CAST(ssl AS TEXT) FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                let row = tx.row(sql, &[]).await?;
                row.unwrap().text(0).map(str::to_owned)
            })
        });
        asked.await.unwrap()
    };
    let store = open("localhost", trusting(&right)).await.unwrap();
    assert_eq!(encrypted(store).await, "true");
    let store = open("localhost", "sslmode=disable".to_owned())
        .await
        .unwrap();
    assert_eq!(encrypted(store).await, "false");
    for (host, query) in [
        ("localhost", trusting(&other)), // a stranger's certificate
        ("127.0.0.1", trusting(&right)), // another host's
        ("localhost", "sslmode=require".to_owned()), // nobody on this computer trusts it
    ] {
        let refused = open(host, query.clone()).await.err();
        let said = refused
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(said.contains("certificate"), "why is said: {said}");
        assert!(
            matches!(refused, Some(StoreError::Unavailable(_))),
            "{host} {query}: {refused:?}"
        );
    }
}
