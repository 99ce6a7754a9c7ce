//! A peer: a separate program on loopback that says in one line of JSON where it listens, and ends when its stdin closes.

use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::{checkout, patience};

/// A running identity provider.
pub struct Peer {
    child: Child,
    /// Kept open: a peer that writes to a closed pipe ends.
    _stdout: BufReader<ChildStdout>,
    /// The line it printed when it was ready: `origin`, `issuer`, `client_id`, `control`.
    pub ready: Value,
    /// What it keeps, if it keeps anything.
    pub(crate) folder: Option<TempDir>,
}

pub(crate) fn folder() -> PathBuf {
    checkout().join("tests/peers")
}

/// The Python with botocore: `KIRO_TEST_PYTHON`, else the one `scripts/setup` makes.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("KIRO_TEST_PYTHON")
        .map_or_else(|| checkout().join("target/venv/bin/python"), PathBuf::from)
}

/// Node.js whose V8 gives its threads nothing to do (a pool of none still has one), WebAssembly included, which Node reads CommonJS
/// with: starts were seen to wait for ever, the program in a futex or at its loop, and V8's thread in a futex.
fn node() -> Command {
    let mut node = Command::new("node");
    node.args(["--single-threaded", "--no-wasm-async-compilation"]);
    node
}

impl Peer {
    /// A program that says in one line of JSON where it listens, and ends when its stdin does.
    #[must_use]
    pub fn start(mut command: Command) -> Peer {
        patience::begin();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let who = format!("{} {command:?}", child.id());
        patience::first_word_of(who, || stdout.read_line(&mut line)).unwrap();
        let ready = serde_json::from_str(&line)
            .expect("the peer says where it listens (`npm ci` in tests/peers?)");
        Peer {
            child,
            _stdout: stdout,
            ready,
            folder: None,
        }
    }

    fn silent(mut command: Command) -> Peer {
        command.stderr(Stdio::null());
        Peer::start(command)
    }

    /// Like Okta; `leeway` in seconds for a rotated refresh token.
    #[must_use]
    pub fn okta(leeway: u32) -> Peer {
        let mut command = node();
        command
            .arg(folder().join("okta.mjs"))
            .env("LEEWAY", leeway.to_string());
        Peer::silent(command)
    }

    /// Like Okta at `https://login.acme.test`, a name that leads there by [`Peer::gateway`] alone.
    #[must_use]
    pub fn okta_elsewhere() -> Peer {
        let mut command = node();
        command
            .arg(folder().join("okta.mjs"))
            .env("ORIGIN", "https://login.acme.test");
        Peer::silent(command)
    }

    /// A company's proxy, by which every host is this peer, in TLS by an authority of its own.
    #[must_use]
    pub fn gateway(to: &Peer) -> Peer {
        let mut command = Command::new(python());
        command
            .arg(folder().join("gateway.py"))
            .env("UPSTREAM", format!("127.0.0.1:{}", to.ready["port"]));
        Peer::silent(command)
    }

    /// Like Entra ID; `tenant` is `organizations` or the id of the one tenant.
    #[must_use]
    pub fn entra(tenant: Option<&str>) -> Peer {
        let mut command = node();
        command.arg(folder().join("entra.mjs"));
        if let Some(tenant) = tenant {
            command.env("TENANT", tenant);
        }
        Peer::silent(command)
    }

    /// Like Entra ID by SAML (pysaml2), before our own Identity Center.
    #[must_use]
    pub fn entra_by_saml() -> Peer {
        let mut command = Command::new(python());
        command
            .arg(folder().join("saml_idp.py"))
            .env("KIND", "entra");
        Peer::silent(command)
    }

    /// Identity Center's wire with faults on demand and role credentials, each request checked against botocore's service model.
    #[must_use]
    pub fn aws() -> Peer {
        let mut command = Command::new(python());
        command.arg(folder().join("aws_sso.py"));
        Peer::silent(command)
    }

    /// AWS for who asks a model: STS and Bedrock, with an answer that says when it begins.
    #[must_use]
    pub fn bedrock() -> Peer {
        let mut command = Command::new(python());
        command.arg(folder().join("bedrock.py"));
        Peer::silent(command)
    }

    /// AWS STS, which believes what it has verified; the credentials are moto's.
    #[must_use]
    pub fn sts() -> Peer {
        let mut command = Command::new(python());
        command.arg(folder().join("sts.py"));
        Peer::silent(command)
    }

    /// oidc-provider in memory, with so many refresh tokens to begin with: what `make bench` measures our service beside.
    #[must_use]
    pub fn load(tokens: usize) -> Peer {
        let mut command = node();
        command
            .arg(folder().join("load.mjs"))
            .env("TOKENS", tokens.to_string());
        Peer::silent(command)
    }

    /// scim2-server in memory: what `make bench` measures our SCIM endpoint beside.
    #[must_use]
    pub fn scim() -> Peer {
        let mut command = Command::new(python());
        command.arg(folder().join("scim_served.py"));
        Peer::silent(command)
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A word of the ready line.
    #[must_use]
    pub fn word(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("a word of the ready line")
    }

    /// Changes the peer's behaviour (`{}` changes nothing) and returns what it has seen.
    pub async fn control(&self, asked: Value) -> Value {
        let answer = http()
            .post(self.word("control"))
            .json(&asked)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "the peer knows this control");
        answer.json().await.unwrap()
    }
}

/// A client for loopback that waits half a minute at most; the process needs a TLS provider even for that.
#[must_use]
pub fn http() -> reqwest::Client {
    client().build().unwrap()
}

pub(crate) fn client() -> reqwest::ClientBuilder {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
}

impl Drop for Peer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().rev().take(30).collect();
            for line in lines.iter().rev() {
                drop(writeln!(std::io::stderr().lock(), "{line}"));
            }
        }
        drop(self.child.stdin.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
