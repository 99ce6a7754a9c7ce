//! An `organizations.toml`, by whoever sent it round.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use kiro_credentials::{Home, Keys, Store};
use kiro_relying_party::{HttpClient, HttpError};
use kiro_sign_in::{AwsEndpoints, Context, Discovered, Organizations, SystemClock};

/// A file needs no network.
struct Nobody;

#[async_trait]
impl HttpClient for Nobody {
    async fn send(
        &self,
        _request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        unreachable!("reading a file asks nobody")
    }
}

static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
    let home = Home::at("/nonexistent");
    let keys = Keys::new(&home);
    Context {
        store: Store::new(home, keys, "fuzz/0"),
        http: Arc::new(Nobody),
        clock: Arc::new(SystemClock),
        managed_organizations: PathBuf::from("/nonexistent/organizations.toml"),
        aws: AwsEndpoints::default(),
        discovered: Discovered::default(),
    }
});

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(read) = Organizations::parse(text, &CONTEXT) else {
        return;
    };
    for organization in &read.list {
        let name = organization.name.as_bytes();
        assert!((1..=63).contains(&name.len()));
        assert!(
            name.iter()
                .all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        );
        for uri in organization.redirect_uris() {
            let loopback =
                uri.starts_with("http://localhost") || uri.starts_with("http://127.0.0.1");
            assert!(loopback || uri == "kiro://kiro.oauth/callback", "{uri}");
        }
    }
    let written = read.export();
    let again = Organizations::parse(&written, &CONTEXT).unwrap();
    assert_eq!(again.list, read.list, "{written}");
}
