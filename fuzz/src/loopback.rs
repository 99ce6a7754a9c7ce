//! Bytes of a stranger, to the listener of a sign-in that waits for its callback.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kiro_credentials::{Clock, Home, KeySource, Keys, Store};
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{
    AwsEndpoints, Context, Discovered, Inference, Organization, Request, Settings, Via, begin,
};
use tokio::runtime::Runtime;

const ISSUER: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";

/// A provider that tells its addresses and grants nothing.
struct Provider;

#[async_trait]
impl HttpClient for Provider {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let discovery = request.uri().path().ends_with("/openid-configuration");
        assert!(discovery, "a stranger's request led to {}", request.uri());
        let document = serde_json::json!({
            "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/authorize"),
            "token_endpoint": format!("{ISSUER}/token"), "jwks_uri": format!("{ISSUER}/keys"),
        });
        Ok(http::Response::new(document.to_string().into_bytes()))
    }
}

/// Stands still: a sign-in lives for ten minutes, and a long run for hours.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A sign-in under way.
struct Waiting {
    port: u16,
    attempt: tokio::task::JoinHandle<()>,
    _alive: (Runtime, tempfile::TempDir),
}

static WAITING: LazyLock<Waiting> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path().join("home"));
    let keys = Keys::new(&home);
    let context = Context {
        store: Store::new(home, keys, "fuzz/0"),
        http: Arc::new(Provider),
        clock: Arc::new(Still),
        managed_organizations: PathBuf::from("/nonexistent/organizations.toml"),
        aws: AwsEndpoints::default(),
        discovered: Discovered::default(),
    };
    let organization = Organization {
        name: "acme".into(),
        display_name: "Acme".into(),
        settings: Settings::Entra {
            tenant: "11111111-2222-3333-4444-555555555555".into(),
            client_id: "kiro".into(),
            authority: "https://login.microsoftonline.com".parse().unwrap(),
            allowed_tenants: Vec::new(),
            scopes: Vec::new(),
        },
        support_contact: None,
        inference: Inference::default(),
        managed: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut request = Request::new(organization, Via::Loopback);
    request.key_source = Some(KeySource::Plaintext);
    let attempt = runtime.block_on(begin(&context, request)).unwrap();
    let port = attempt
        .redirect_uri()
        .split([':', '/'])
        .nth(4)
        .unwrap()
        .parse()
        .unwrap();
    let attempt = runtime.spawn(async move {
        let _ = attempt.wait(&context).await;
    });
    Waiting {
        port,
        attempt,
        _alive: (runtime, folder),
    }
});

pub(crate) fn run(data: &[u8]) {
    let Waiting { port, attempt, .. } = &*WAITING;
    let mut stream = TcpStream::connect(("127.0.0.1", *port)).unwrap();
    // Longer than the listener's own patience: whoever is not answered by then never is.
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let _ = stream.write_all(data); // the listener may have had enough already
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let reset = std::io::ErrorKind::ConnectionReset;
        assert_eq!(error.kind(), reset, "neither answered nor closed");
    }
    let status = answer.split(|byte| *byte == b' ').nth(1);
    assert_ne!(
        status,
        Some(&b"200"[..]),
        "a stranger was told that somebody is signed in"
    );
    assert!(!attempt.is_finished(), "the sign-in waits on");
}
